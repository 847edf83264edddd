package order

import (
	"fmt"
	"strings"
	"time"
)

// Return is goods that a shopper sends back, or that the carrier brought back.
type Return struct {
	ID          string       `json:"id"`     // under which its caller asked for it; see ParcelReturnID
	Number      int          `json:"number"` // 1, 2 … within the order
	Lines       []ReturnLine `json:"lines"`
	Status      ReturnStatus `json:"status"`
	RequestedAt time.Time    `json:"requestedAt"`
	RequestedBy string       `json:"requestedBy"`
	DecidedBy   string       `json:"decidedBy,omitempty"` // who took the last step after the request
	Reason      string       `json:"reason"`              // of the last step
	// Parcel is the number of the parcel that came back; 0: the shopper sends the goods.
	// NoRefund says that nothing is refunded when they are received, because that was done
	// otherwise.
	Parcel   int  `json:"parcel,omitempty"`
	NoRefund bool `json:"noRefund,omitempty"`
	// Due is when the deadline of the state passes; zero if it has none, or it has passed.
	Due  time.Time `json:"due,omitzero"`
	Link string    `json:"link,omitempty"` // where the shopper gets the label to send it back
	// Label is the one that the carrier makes; zero: it was not asked to.
	Label ReturnLabel `json:"label,omitzero"`
	// Message is what the shopper is told about the decision; Reason is for operators.
	Message string `json:"message,omitempty"`
	// Fee and Damage are what the shop keeps of the price of the goods, in minor units.
	Fee    int64 `json:"fee,omitempty"`
	Damage int64 `json:"damage,omitempty"`
	// Refund is how much is refunded, less the fee and the damage; it is known from when
	// the goods were received.
	Refund   Money  `json:"refund,omitzero"`
	RefundID string `json:"refundId,omitempty"` // empty: nothing is refunded
	PaidOut  string `json:"paidOut,omitempty"`  // the proof of a refund that a person has paid out
	// Exchange is what the shopper wants instead of the money; nil: the money.
	Exchange *Exchange `json:"exchange,omitempty"`
	// Asked and Got are the hashes of the request and of what was received.
	Asked string `json:"asked,omitempty"`
	Got   string `json:"got,omitempty"`
}

// ReturnLine is the pieces of one product that are sent back.
type ReturnLine struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitempty"`
	Received int64  `json:"received,omitempty"` // pieces, also the damaged ones
	Damaged  int64  `json:"damaged,omitempty"`
	// Restock says that the pieces that are not damaged are for sale again.
	Restock bool `json:"restock,omitempty"`
	// Kept are the pieces of which nothing is refunded, because the shop keeps their whole
	// price, and KeptPrice is that price, in minor units: they count as refunded.
	Kept      int64 `json:"kept,omitempty"`
	KeptPrice int64 `json:"keptPrice,omitempty"`
}

// good returns how many pieces are for sale again.
func (l ReturnLine) good() int64 {
	if !l.Restock {
		return 0
	}
	return l.Received - l.Damaged
}

// ReturnStatus is the state of a return.
type ReturnStatus string

// The states of a return.
const (
	ReturnExpected  ReturnStatus = "expected"  // a parcel came back, and nobody has looked at its goods
	ReturnRequested ReturnStatus = "requested" // the shop has not decided
	ReturnApproved  ReturnStatus = "approved"  // the shopper was told how to send the goods
	ReturnRejected  ReturnStatus = "rejected"
	ReturnReceived  ReturnStatus = "received" // the goods are back, all or a part, and not settled
	ReturnExpired   ReturnStatus = "expired"  // the goods did not come in time
	ReturnCancelled ReturnStatus = "cancelled"
	ReturnClosed    ReturnStatus = "closed" // settled: with a refund, or with nothing
)

// ReturnStep is what is done about a return.
type ReturnStep string

// The steps that a person takes.
const (
	StepApprove ReturnStep = "approve"
	StepReject  ReturnStep = "reject"
	StepReceive ReturnStep = "receive"
	StepCancel  ReturnStep = "cancel"
)

// Result returns the state that a step leads to.
func (s ReturnStep) Result() ReturnStatus {
	for _, r := range ReturnRules() {
		for _, m := range r.Moves {
			if m.Step == s {
				return m.To
			}
		}
	}
	return ""
}

// Event returns the kind of the event about a return that enters the state.
func (s ReturnStatus) Event() Kind { return Kind("return." + string(s)) }

// Notification returns the mail about a return in the state, or "" if it has no mail.
func (s ReturnStatus) Notification() Notification {
	switch s {
	case ReturnExpected, ReturnClosed: // the mail about the goods that arrived says what is refunded
		return ""
	}
	return Notification("return_" + string(s))
}

// ReturnRule says what may happen to a return in a state. docs/returns.md has the same
// table.
type ReturnRule struct {
	Status ReturnStatus
	Moves  []ReturnMove
	Within time.Duration // the deadline, from when the state begins; 0: none
	Then   ReturnStatus  // the state after the deadline
	Says   string        // what happens at the deadline or, without one, by itself
}

// ReturnMove is a step that a state allows.
type ReturnMove struct {
	Step ReturnStep
	Who  string // the least role of the API key
	To   ReturnStatus
}

const (
	byShop     = "shop"
	byOperator = "operator"
)

// ReturnRules is the table of states, who may do what, deadlines, and what happens then.
func ReturnRules() []ReturnRule {
	cancel := ReturnMove{StepCancel, byShop, ReturnCancelled}
	receive := ReturnMove{StepReceive, byOperator, ReturnReceived}
	return []ReturnRule{
		{Status: ReturnExpected, Moves: []ReturnMove{receive, cancel}, Says: "the goods wait for a person, who receives them; the order is on hold, too"},
		{
			Status: ReturnRequested, Moves: []ReturnMove{{StepApprove, byOperator, ReturnApproved}, {StepReject, byOperator, ReturnRejected}, cancel},
			Within: 7 * day, Then: ReturnRequested, Says: "the order needs attention",
		},
		{
			Status: ReturnApproved, Moves: []ReturnMove{receive, cancel},
			Within: 30 * day, Then: ReturnExpired, Says: "the shopper is told, and nothing is refunded",
		},
		{Status: ReturnReceived, Then: ReturnClosed, Says: "closed as soon as the refund is made, if there is anything to refund; while the payment is disputed, it waits for the bank's decision"},
		{Status: ReturnExpired, Moves: []ReturnMove{receive}, Says: "goods that come late can still be received"},
		{Status: ReturnRejected, Says: "nothing"},
		{Status: ReturnCancelled, Says: "nothing"},
		{Status: ReturnClosed, Says: "nothing"},
	}
}

// Rule returns the row of the table for a state.
func (s ReturnStatus) Rule() ReturnRule {
	for _, r := range ReturnRules() {
		if r.Status == s {
			return r
		}
	}
	return ReturnRule{Status: s}
}

// Step returns the state that a step leads to, or ErrIllegalMove with what the state
// allows instead.
func (r Return) Step(step ReturnStep) (ReturnStatus, error) {
	var can []string
	for _, m := range r.Status.Rule().Moves {
		if m.Step == step {
			return m.To, nil
		}
		can = append(can, string(m.Step))
	}
	if len(can) == 0 {
		can = []string{"nothing more"}
	}
	return "", fmt.Errorf("%w: the return %s is %s, which takes %s, not %s", ErrIllegalMove, r.ID, r.Status, strings.Join(can, " or "), step)
}

// Enter returns the return in a state that begins now, with the deadline of the state.
func (r Return) Enter(s ReturnStatus, now time.Time) Return {
	r.Status, r.Due = s, time.Time{}
	if within := s.Rule().Within; within > 0 {
		r.Due = now.Add(within)
	}
	return r
}

// Open reports whether a workflow must attend the return: a deadline will pass, or it is
// to be settled.
func (r Return) Open() bool { return !r.Due.IsZero() || r.Status == ReturnReceived }

// Goods returns the pieces that are back or, before any are, expected.
func (r Return) Goods() (all []LineQuantity) {
	for _, l := range r.Lines {
		n := l.Quantity
		if r.Got != "" {
			n = l.Received
		}
		if n > 0 {
			all = append(all, LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return all
}

// RefundIDToBe returns the ID of the refund of a return. No caller can use it for another
// refund.
func (r Return) RefundIDToBe() string { return returnRefund + r.ID }

// ReturnOfRefund returns the ID of the return whose refund has an ID; empty if it is of
// none.
func ReturnOfRefund(id string) string {
	back, is := strings.CutPrefix(id, returnRefund)
	if !is {
		return ""
	}
	back, _, _ = strings.Cut(back, ":") // a part of it, or a later attempt
	return back
}

// returnRefund begins the IDs of the refunds of returns.
const returnRefund = "return-"

// awaited reports whether goods may still come, and are reserved for the return.
func (s ReturnStatus) awaited() bool {
	return s == ReturnExpected || s == ReturnRequested || s == ReturnApproved
}

// pieces returns how many pieces of a product are back, or expected.
func (r Return) pieces(sku string) (n int64) {
	for _, l := range r.Lines {
		switch {
		case l.SKU != sku:
		case r.Status.awaited():
			n += l.Quantity
		default:
			n += l.Received
		}
	}
	return n
}

// comingBack returns how many pieces of a product are expected in returns.
func (o Order) comingBack(sku string) (n int64) {
	for _, r := range o.Returns {
		if r.Status.awaited() {
			n += r.pieces(sku)
		}
	}
	return n
}

// delivered returns how many pieces of a product the carrier has delivered, and when the
// last of them.
func (o Order) delivered(sku string) (n int64, at time.Time) {
	for _, s := range o.Shipments {
		if s.Replaced || s.Status != ParcelDelivered {
			continue
		}
		for _, l := range s.Lines {
			if l.SKU == sku {
				n += l.Quantity
				if s.MovedAt.After(at) {
					at = s.MovedAt
				}
			}
		}
	}
	return n, at
}

// Returnable returns how many pieces of a product can still be sent back: those that were
// delivered, without those that are in another return and those that were refunded
// without one.
func (o Order) Returnable(sku string) int64 {
	delivered, _ := o.delivered(sku)
	refunded, _, _ := o.RefundedOf(sku)
	back, _ := o.ReturnedOf(sku)
	for _, l := range o.Lines {
		if l.SKU == sku {
			delivered = min(delivered, l.Quantity-(refunded-back))
		}
	}
	for _, r := range o.Returns {
		if r.Parcel == 0 { // the shopper does not have what came back in its parcel
			delivered -= r.pieces(sku)
		}
	}
	return max(delivered, 0)
}

// ReturnedOf returns how many pieces of a product that came back were refunded, and how
// many of them are for sale again.
func (o Order) ReturnedOf(sku string) (refunded, restocked int64) {
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.SKU == sku && r.ReturnID != "" && r.Status.Counts() {
				refunded += l.Quantity
			}
		}
	}
	for _, r := range o.Returns {
		for _, l := range r.Lines {
			if l.SKU == sku {
				refunded, restocked = refunded+l.Kept, restocked+l.good()
			}
		}
	}
	return refunded, restocked
}

// ReturnByID returns the order's return with an ID, or nil.
func (o *Order) ReturnByID(id string) *Return {
	for i := range o.Returns {
		if o.Returns[i].ID == id {
			return &o.Returns[i]
		}
	}
	return nil
}
