package order

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The errors of an action on many orders at once.
var (
	ErrNoBulk     = errors.New("no such bulk")
	ErrBulkEnded  = errors.New("the bulk has ended")
	ErrBulkEmpty  = errors.New("the selection has no order")
	ErrBulkTooBig = errors.New("the selection has too many orders")
)

// BulkAction is what is done to each order of a bulk.
type BulkAction string

// The actions.
const (
	BulkCancel  BulkAction = "cancel"
	BulkRefund  BulkAction = "refund" // everything that is left
	BulkResolve BulkAction = "resolve"
	BulkResend  BulkAction = "resend" // a mail
)

// BulkRequest is one decision about many orders.
type BulkRequest struct {
	Action BulkAction `json:"action" enum:"cancel,refund,resolve,resend" doc:"What is done to each order. refund refunds everything that is left"`
	// Choice is the decision of BulkResolve.
	Choice Choice `json:"choice,omitempty" enum:"release,rebook,void,refund,keep" doc:"The decision, for resolve"`
	// Template is the mail of BulkResend.
	Template Notification `json:"template,omitempty" maxLength:"40" doc:"The mail, for resend"`
	Reason   string       `json:"reason" minLength:"1" maxLength:"150" doc:"The reason, which is recorded in each order's events together with the bulk's id; no personal data"`
	// DryRun finds out what the action would do, and does nothing.
	DryRun bool `json:"dryRun,omitempty" doc:"Find out which orders would take it, and change nothing"`
}

// maxBulkReason leaves space for the bulk's id in the reason that an order records.
const maxBulkReason = 150

// Validate checks everything that can be checked without the orders. It fails with
// ErrInvalid.
func (r BulkRequest) Validate() error {
	switch {
	case (r.Action == BulkResolve) != (r.Choice != ""):
		return fmt.Errorf("%w: choice: want one for resolve, and none for another action", ErrInvalid)
	case (r.Action == BulkResend) != (r.Template != ""):
		return fmt.Errorf("%w: template: want one for resend, and none for another action", ErrInvalid)
	case r.Template.OnRequest():
		return fmt.Errorf("%w: template: %s is sent for one order at a time", ErrInvalid, r.Template)
	}
	return CheckText("reason", r.Reason, true, maxBulkReason)
}

// Check returns why an order, as the record has it, would not take the action, or nil.
// The order's workflow decides in the end: it may know more than the record.
func (r BulkRequest) Check(o Order) error {
	switch r.Action {
	case BulkCancel:
		return checkCancel(o)
	case BulkRefund:
		if o.Status == Cancelling {
			return &Refusal{ErrNotRefundable, "the order is cancelling: its money is refunded anyway"}
		}
		if _, err := o.PlanRefund(RefundRequest{ID: "bulk", All: true, Reason: r.Reason}); err != nil {
			return &Refusal{ErrNotRefundable, err.Error()}
		}
	case BulkResolve:
		return checkResolve(o, r.Choice)
	}
	return nil
}

func checkCancel(o Order) error {
	switch {
	case o.Status.Final():
		return &Refusal{ErrTooLate, "the order is " + string(o.Status)}
	case o.Status == Shipped || o.HandedOver():
		return &Refusal{ErrTooLate, "the order is " + string(o.Status) + ", and the carrier has a parcel of it"}
	}
	return nil
}

func checkResolve(o Order, c Choice) error {
	choices := []Choice{ChooseRelease, ChooseKeep}
	switch {
	case o.Hold != nil:
		choices = o.Hold.Choices
	case slices.ContainsFunc(o.Cases, func(c CaseRef) bool { return c.Kind == CaseParcelLost }):
		lost, _ := CaseParcelLost.Rule()
		choices = lost.Choices
	case len(o.Attention) == 0:
		return &Refusal{ErrIllegalMove, "the order is " + string(o.Status) + ": it is not on hold, so there is nothing to decide"}
	}
	if slices.Contains(choices, c) {
		return nil
	}
	var words []string
	for _, c := range choices {
		words = append(words, string(c))
	}
	return &Refusal{ErrIllegalMove, "the order does not take " + string(c) + ": it takes " + strings.Join(words, ", ")}
}

// Bulk is one action on many orders, which were selected once.
type Bulk struct {
	ID string `json:"id"`
	BulkRequest
	Actor string    `json:"actor" doc:"Who asked for it"`
	State BulkState `json:"state" enum:"running,stopping,done,stopped" doc:"done: every order has an outcome; stopping: no more orders are begun; stopped: the orders that are due are left as they are"`
	Why   string    `json:"why,omitempty" doc:"Who stopped it, and why"`
	// Customer restricts it to one customer's orders; empty: it is not restricted.
	Customer  string     `json:"customerId,omitempty"`
	Counts    BulkCounts `json:"counts"`
	CreatedAt time.Time  `json:"createdAt"`
	EndedAt   time.Time  `json:"endedAt,omitzero"`
}

// BulkState is how far a bulk is.
type BulkState string

// The states of a bulk.
const (
	BulkRunning  BulkState = "running"
	BulkStopping BulkState = "stopping" // it begins no more orders
	BulkDone     BulkState = "done"     // every order has an outcome
	BulkStopped  BulkState = "stopped"  // the orders that are due are left as they are
)

// Final reports whether nothing happens any more.
func (s BulkState) Final() bool { return s == BulkDone || s == BulkStopped }

// BulkOutcome is what became of one order of a bulk.
type BulkOutcome string

// The outcomes.
const (
	OutcomeDue      BulkOutcome = "due"      // nothing was done to it yet
	OutcomeBegun    BulkOutcome = "begun"    // the order was asked, and the response is not recorded yet
	OutcomeDone     BulkOutcome = "done"     // the order has carried it out
	OutcomeAccepted BulkOutcome = "accepted" // the order has taken it, and works on it
	OutcomePossible BulkOutcome = "possible" // the order would take it; of a dry run
	OutcomeRefused  BulkOutcome = "refused"  // the order does not take it
	OutcomeFailed   BulkOutcome = "failed"   // the order did not respond, or it is not known what became of it
)

// Open reports whether an order of a bulk has no outcome yet.
func (o BulkOutcome) Open() bool { return o == OutcomeDue || o == OutcomeBegun }

// BulkCounts counts the orders of a bulk by their outcomes.
type BulkCounts struct {
	Total    int64 `json:"total"`
	Due      int64 `json:"due" doc:"Nothing was done to them"`
	Begun    int64 `json:"begun" doc:"They were asked, and their response is not recorded yet"`
	Done     int64 `json:"done"`
	Accepted int64 `json:"accepted" doc:"They have taken it and work on it: their own events tell how it ends"`
	Possible int64 `json:"possible" doc:"Of a dry run: they would take it"`
	Refused  int64 `json:"refused"`
	Failed   int64 `json:"failed" doc:"They did not respond, or it is not known what became of it"`
}

// Add counts n orders with an outcome.
func (c *BulkCounts) Add(o BulkOutcome, n int64) {
	c.Total += n
	switch o {
	case OutcomeDue:
		c.Due += n
	case OutcomeBegun:
		c.Begun += n
	case OutcomeDone:
		c.Done += n
	case OutcomeAccepted:
		c.Accepted += n
	case OutcomePossible:
		c.Possible += n
	case OutcomeRefused:
		c.Refused += n
	case OutcomeFailed:
		c.Failed += n
	}
}

// Resolved returns how many orders have an outcome.
func (c BulkCounts) Resolved() int64 { return c.Total - c.Due - c.Begun }

// BulkOrder is one order of a bulk.
type BulkOrder struct {
	N       int64       `json:"n" doc:"Its number in the bulk, from 1"`
	OrderID ID          `json:"orderId"`
	Outcome BulkOutcome `json:"outcome" enum:"due,begun,done,accepted,possible,refused,failed"`
	Why     string      `json:"why,omitempty" doc:"In the order's own words"`
	Tries   int         `json:"tries,omitempty" doc:"How often it did not respond"`
	At      time.Time   `json:"at,omitzero" doc:"When the outcome was recorded"`
}

// BulkIDForKey returns the id of the bulk that belongs to a principal's idempotency key,
// so that a request that is repeated joins the first.
func BulkIDForKey(principal, key string) string {
	sum := sha256.Sum256([]byte("purser bulk\n" + principal + "\n" + key))
	return "bulk_" + idEncoding.EncodeToString(sum[:])[:idLength]
}

// Key returns the key under which an order is asked. It is a refund's id, so it is the
// same for every try, and no other request has it.
func (b Bulk) Key(id ID) string {
	sum := sha256.Sum256([]byte(b.ID + "\n" + string(id)))
	return "bulk-" + idEncoding.EncodeToString(sum[:])[:idLength]
}

// RecordedReason returns the reason that an order records: with the bulk's id, so that its
// timeline tells where the request came from.
func (b Bulk) RecordedReason() string { return b.Reason + " (" + b.ID + ")" }

// BulkHash returns the fingerprint of a request and its selection. Equal requests have
// equal hashes.
func BulkHash(r BulkRequest, selection any) (string, error) {
	b, err := json.Marshal([]any{r, selection})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))[:32], nil
}
