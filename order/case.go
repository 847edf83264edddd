package order

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Case is a matter that a person decides: a hold of an order, what an order needs
// attention for, or something that belongs to no order. Its workflow is its only writer.
type Case struct {
	ID      string   `json:"id"`
	Kind    CaseKind `json:"kind"`
	OrderID ID       `json:"orderId,omitempty"` // empty: it belongs to no order
	About   string   `json:"about,omitempty"`   // the id to search for
	Why     string   `json:"why"`
	// Record and Provider are what both sides say about the matter when the case opens,
	// and Amount is the money that the decision is about; zero: no money.
	Record   string `json:"record,omitempty"`
	Provider string `json:"provider,omitempty"`
	Amount   Money  `json:"amount,omitzero"`

	Choices []Choice `json:"choices"`
	// Default is what is decided when DueAt passes; empty: a person is reminded instead.
	Default  Choice     `json:"default,omitempty"`
	Status   CaseStatus `json:"status"`
	OpenedAt time.Time  `json:"openedAt"`
	DueAt    time.Time  `json:"dueAt"`
	Overdue  bool       `json:"overdue,omitempty"` // DueAt has passed without a decision
	Assignee string     `json:"assignee,omitempty"`
	Notes    []CaseNote `json:"notes,omitempty"` // oldest first
	// Proposal is a decision that waits for a second person's approval.
	Proposal *CaseDecision `json:"proposal,omitempty"`
	Decision *CaseDecision `json:"decision,omitempty"` // nil: nobody has decided
	Outcome  string        `json:"outcome,omitempty"`  // how it ended, in a sentence
	ClosedAt time.Time     `json:"closedAt,omitzero"`
}

// CaseNote is what a person has noted about a case.
type CaseNote struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	Text string    `json:"text"`
}

// CaseDecision is a decision about a case.
type CaseDecision struct {
	Choice     Choice    `json:"choice"`
	Who        string    `json:"who"`
	Why        string    `json:"why"`
	ApprovedBy string    `json:"approvedBy,omitempty"` // the second person, if one was needed
	At         time.Time `json:"at"`
}

// String returns the decision in a sentence.
func (d CaseDecision) String() string {
	s := fmt.Sprintf("%s by %s", d.Choice, d.Who)
	if d.ApprovedBy != "" {
		s += ", approved by " + d.ApprovedBy
	}
	return s + ": " + d.Why
}

// CaseRef names an open case of an order.
type CaseRef struct {
	ID    string   `json:"id"`
	Kind  CaseKind `json:"kind"`
	About string   `json:"about,omitempty"`
}

// CaseEnd tells a case that its matter may be over, and how. Its workflow asks the record
// whether it is.
type CaseEnd struct {
	ID string `json:"id"`
	// Decision is how a person has decided; nil: the order went on by itself.
	Decision *CaseDecision `json:"decision,omitempty"`
	// Request names the request that the case has sent, if it was that one.
	Request string `json:"request,omitempty"`
	Outcome string `json:"outcome,omitempty"`
}

// CaseRequest asks for a decision about a case to be carried out.
type CaseRequest struct {
	Case     string       `json:"case"`
	Kind     CaseKind     `json:"kind"`
	OrderID  ID           `json:"orderId,omitempty"`
	Amount   Money        `json:"amount,omitzero"` // as the people who decided saw it
	Request  string       `json:"request"`         // names the request: repeated, it is the same one
	Decision CaseDecision `json:"decision"`
}

// CaseStatus is how far a case has come.
type CaseStatus string

// The statuses of a case.
const (
	CaseOpen    CaseStatus = "open"    // it waits for a decision, or for its approval
	CaseDecided CaseStatus = "decided" // a decision was carried out
	CaseClosed  CaseStatus = "closed"  // its matter ended without a decision
)

// Over reports whether the case has ended.
func (s CaseStatus) Over() bool { return s == CaseDecided || s == CaseClosed }

// CaseKind says what a case is about. That of a hold is CaseOfHold of its kind.
type CaseKind string

// The kinds of cases beside those of holds.
const (
	CaseRefundFailed     CaseKind = "refund_failed"        // the provider or the bank refused a refund
	CaseRefundNotMade    CaseKind = "refund_not_made"      // a refund was asked for, and fails again and again
	CaseRefundsUnknown   CaseKind = "refunds_unknown"      // the provider does not list a payment's refunds
	CaseOverRefunded     CaseKind = "over_refunded"        // more was refunded of a payment than was captured
	CaseNotReturned      CaseKind = "payment_not_returned" // a surplus or late payment can be neither refunded nor voided
	CasePayBack          CaseKind = "pay_back"             // more came in by transfer than the order needs
	CaseParcelLost       CaseKind = "parcel_lost"          // the carrier does not know a parcel, or does not move it
	CaseParcelUnexpected CaseKind = "parcel_unexpected"    // the carrier has a parcel that should not be on its way
	CaseDispute          CaseKind = "dispute"              // a bank disputes a payment, and wants evidence
	CaseReturnUndecided  CaseKind = "return_undecided"     // nobody has approved or rejected a return in time
	CaseReturnUnpaid     CaseKind = "return_not_refunded"  // goods came back, and cannot be refunded yet
	CaseReturnLabel      CaseKind = "return_label"         // the carrier does not make, or void, the label of a return
	CaseOwnStep          CaseKind = "own_step"             // a step of the shop's own fails again and again
	CaseDifference       CaseKind = "ledger_difference"    // ledger, record and provider do not agree
	CaseUndelivered      CaseKind = "undelivered_event"    // a provider's event cannot be delivered
)

const holdPrefix = "hold_"

// CaseOfHold returns the kind of the cases about a kind of hold.
func CaseOfHold(k HoldKind) CaseKind { return CaseKind(holdPrefix + string(k)) }

// IsHold reports whether cases of this kind are about a hold.
func (k CaseKind) IsHold() bool { return strings.HasPrefix(string(k), holdPrefix) }

// OfOrder reports whether cases of this kind are decided by an order.
func (k CaseKind) OfOrder() bool { return k != CaseDifference && k != CaseUndelivered }

// UndeliveredEvent is an event of a provider that many attempts have not delivered.
type UndeliveredEvent struct {
	ID         int64
	Provider   string
	EventID    string
	Type       string
	OrderID    ID // empty: the event does not say
	Attempts   int
	ReceivedAt time.Time
}

// CaseRule says what is decided about the cases of a kind, and until when.
type CaseRule struct {
	Kind    CaseKind
	Choices []Choice
	Within  time.Duration // from the opening to the deadline
	// Default is decided at the deadline; empty: a person is reminded, and the case is
	// overdue. Only a choice that can do no harm is decided without a person.
	Default Choice
}

const day = 24 * time.Hour

// caseRules is the one table of the kinds of cases; docs/cases.md shows it.
var caseRules = []CaseRule{
	{CaseOfHold(HoldPayment), HoldPayment.Choices(), day, ""},
	{CaseOfHold(HoldFunds), HoldFunds.Choices(), 2 * day, ""},
	{CaseOfHold(HoldLabel), HoldLabel.Choices(), 2 * day, ChooseRelease},
	{CaseOfHold(HoldReturned), HoldReturned.Choices(), 7 * day, ""},
	{CaseOfHold(HoldVoid), HoldVoid.Choices(), day, ChooseRelease},
	{CaseOfHold(HoldRefund), HoldRefund.Choices(), day, ""},
	{CaseOfHold(HoldUnderpaid), HoldUnderpaid.Choices(), 7 * day, ""},
	{CaseOfHold(HoldParcel), HoldParcel.Choices(), 2 * day, ""},
	{CaseRefundFailed, []Choice{ChooseRelease, ChooseKeep}, 3 * day, ""},
	{CaseRefundNotMade, []Choice{ChooseRelease, ChooseKeep}, 2 * day, ""},
	{CaseRefundsUnknown, []Choice{ChooseRelease, ChooseKeep}, 3 * day, ""},
	{CaseOverRefunded, []Choice{ChooseKeep}, 3 * day, ""},
	{CaseNotReturned, []Choice{ChooseRelease, ChooseKeep}, 2 * day, ""},
	{CasePayBack, []Choice{ChooseRelease, ChooseKeep}, 7 * day, ""},
	{CaseParcelLost, []Choice{ChooseRelease, ChooseRebook, ChooseRefund}, 3 * day, ""},
	{CaseParcelUnexpected, []Choice{ChooseRelease, ChooseKeep}, 2 * day, ""},
	{CaseDispute, []Choice{ChooseKeep}, 5 * day, ""},
	{CaseReturnUndecided, []Choice{ChooseRelease, ChooseKeep}, 3 * day, ""},
	{CaseReturnUnpaid, []Choice{ChooseRelease, ChooseKeep}, 3 * day, ""},
	{CaseReturnLabel, []Choice{ChooseRelease, ChooseKeep}, 2 * day, ""},
	{CaseOwnStep, []Choice{ChooseRelease, ChooseKeep}, 2 * day, ""},
	{CaseDifference, []Choice{ChooseKeep}, 3 * day, ""},
	{CaseUndelivered, []Choice{ChooseKeep}, day, ""},
}

// CaseRules lists what holds for every kind of case.
func CaseRules() []CaseRule { return slices.Clone(caseRules) }

// Rule returns what holds for the kind; ok is false for an unknown one.
func (k CaseKind) Rule() (r CaseRule, ok bool) {
	i := slices.IndexFunc(caseRules, func(r CaseRule) bool { return r.Kind == k })
	if i < 0 {
		return CaseRule{Kind: k}, false
	}
	return caseRules[i], true
}

// Takes reports whether cases of the kind take a choice.
func (k CaseKind) Takes(c Choice) bool {
	r, _ := k.Rule()
	return slices.Contains(r.Choices, c)
}

// NewCase returns a case of a kind that opens now.
func NewCase(id string, k CaseKind, now time.Time) Case {
	r, _ := k.Rule()
	return Case{
		ID: id, Kind: k, Choices: slices.Clone(r.Choices), Default: r.Default,
		Status: CaseOpen, OpenedAt: now.UTC(), DueAt: now.Add(r.Within).UTC(),
	}
}

// RemindAt returns when a person is reminded that the case is due: when a quarter of the
// time is left.
func (c Case) RemindAt() time.Time { return c.DueAt.Add(-c.DueAt.Sub(c.OpenedAt) / 4) }

// CaseWorkflowID returns the ID of the workflow that is the only writer of a case.
func CaseWorkflowID(id string) string { return "case/" + id }

// CaseID returns the id of an order's case with a number.
func (id ID) CaseID(number int64) string { return string(id) + "-" + strconv.FormatInt(number, 36) }

// MovesMoney reports whether a decision pays money back or leaves it where it is.
func (c Choice) MovesMoney() bool {
	return c == ChooseVoid || c == ChooseRefund || c == ChooseKeep
}

// Approval says above which amounts a decision needs a second person, in minor units by
// currency. If it has any, every amount in a currency that is missing needs one, so that
// a currency that was forgotten is not unguarded. An empty one never needs a second person.
type Approval map[string]int64

// Needs reports whether a decision about an amount needs a second person.
func (a Approval) Needs(c Choice, about Money) bool {
	return len(a) > 0 && c.MovesMoney() && about.Amount > a[about.Currency]
}

// CaseFilter selects cases; an empty field does not restrict.
type CaseFilter struct {
	Status   []CaseStatus
	Kind     CaseKind
	OrderID  ID
	Assignee string
	DueBy    time.Time // those that are open and due before this time
	Limit    int       // default 50, at most 500
	Cursor   string    // CasePage.Next of the previous page
}

// CasePage is one page of cases, the latest first.
type CasePage struct {
	Cases []Case
	Next  string // the next page's cursor; empty on the last page
}

// The errors of a case.
var (
	ErrNoCase        = errors.New("no such case")
	ErrNeedsApproval = errors.New("a second person must approve this decision")
)

// ApprovalRefusal is ErrNeedsApproval with the money that the decision is about, which the
// second person must see.
type ApprovalRefusal struct {
	Text   string
	Amount Money
}

func (r *ApprovalRefusal) Error() string { return r.Text }

// Unwrap returns the kind.
func (r *ApprovalRefusal) Unwrap() error { return ErrNeedsApproval }
