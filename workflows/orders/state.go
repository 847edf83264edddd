package orders

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// The actors in an order's events, besides workflows.ActorPurser.
const (
	stripe  = "stripe"
	carrier = "carrier"
	// operator is a person with the right to decide.
	operator = "operator"
)

const (
	// reservationGrace is how long the stock stays reserved after the shopper's
	// deadline: the time it takes to ask the provider then.
	reservationGrace = 15 * time.Minute
	// authorizationLasts is how long an authorization is relied on. Stripe keeps
	// one for seven days
	// (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method).
	authorizationLasts = 6 * 24 * time.Hour
	// refundWithin is how long a payment in motion is looked at again before
	// an operator is notified.
	refundWithin = 24 * time.Hour
	// trackWithin is how long a carrier is asked about one parcel.
	trackWithin = 2 * time.Minute
)

// orderWorkflow is the state of one running order.
type orderWorkflow struct {
	order.Order
	placement Placement
	sealed    string // the client secret, sealed

	cancelSelling func()         // cancels the context of sell
	placing       bool           // a caller has asked for the order to be placed
	answer        *Placed        // what Place returned to the caller
	failure       string         // why the caller is refused the order
	cancelled     *CancelRequest // nil: nobody has asked to cancel
	released      *ReleaseRequest
	committed     bool // money may have been captured: too late to cancel
	compensating  bool
	refusals      map[string]int // how often the provider refused to refund or void an intent

	seen           map[string]bool       // ProviderEvent.ID of every event received
	incoming       []order.ProviderEvent // events not yet handled
	pending        []order.Event         // events not yet in the record
	stock          order.StockMove       // what the next write does to the stock
	attempt        string                // the money operation the next write announces
	saving         bool                  // a write is under way
	written        *order.Waiting        // Waiting as the record has it
	task           task
	pendingTasks   int                // tasks in the background: mails, refunds
	found          order.ParcelStatus // where the parcel was when its booking succeeded
	missing        bool               // the carrier did not know the parcel when last asked
	moved          time.Time          // when the carrier last reported a change of the parcel
	overdueSince   time.Time          // the value of moved for which ParcelIsOverdue was noted
	needsAttention []string           // intents that cannot be refunded and parcels that cannot be voided
	// declined is when the shopper's last attempt failed, if no mail has reported
	// it yet; declineNotified is the last intent whose decline was mailed.
	declined        time.Time
	declineNotified string
	customerMessage string // why the order was cancelled, in words for the shopper
	alarm           alarm
	shown           shown
}

// Snapshot is the state that a run hands to the next when its history has grown
// long.
type Snapshot struct {
	Order     order.Order           `json:"order"`
	Sealed    string                `json:"sealed,omitempty"`
	Answer    *Placed               `json:"answer,omitempty"`
	Seen      []string              `json:"heard,omitempty"`
	Incoming  []order.ProviderEvent `json:"news,omitempty"`
	Pending   []order.Event         `json:"pending,omitempty"`
	Committed bool                  `json:"committed,omitempty"`
	// Moved is when the carrier last reported a change of the parcel; OverdueSince
	// is the value of Moved for which it was noted that the parcel is overdue.
	Moved        time.Time `json:"moved,omitzero"`
	OverdueSince time.Time `json:"overdueSince,omitzero"`
	// Refusals are part of the keys of refunds, so they must not start again at 0.
	Refusals map[string]int `json:"refusals,omitempty"`
	// Declined and DeclineNotified decide when a shopper is mailed about a
	// declined card.
	Declined        time.Time `json:"declined,omitzero"`
	DeclineNotified string    `json:"problemTold,omitempty"`
	// Missing keeps an order waiting for an operator while the carrier does not
	// know its parcel.
	Missing bool `json:"missing,omitempty"`
}

// restore returns the state of a new order, or the state in which the last run
// ended.
func restore(p Placement) *orderWorkflow {
	w := &orderWorkflow{placement: p, seen: map[string]bool{}, refusals: map[string]int{}, Order: order.Order{
		ID: p.ID, Customer: p.Request.Customer, Email: p.Request.Email, Locale: p.Request.Locale, ShipTo: p.Request.ShipTo,
	}}
	w.shown = shown{status: order.AwaitingPayment, on: waitPayment} // as the starter set it
	if c := p.Snapshot; c != nil {
		w.Order, w.sealed, w.answer, w.incoming, w.pending, w.committed = c.Order, c.Sealed, c.Answer, c.Incoming, c.Pending, c.Committed
		w.placing, w.shown, w.written = true, shown{}, c.Order.Waiting
		w.declined, w.declineNotified, w.missing = c.Declined, c.DeclineNotified, c.Missing
		w.moved, w.overdueSince = c.Moved, c.OverdueSince
		for _, id := range workflow.DeterministicKeys(c.Refusals) {
			w.refusals[id] = c.Refusals[id]
		}
		for _, id := range c.Seen {
			w.seen[id] = true
		}
	}
	return w
}

// continueAsNew ends this run and starts the next with the state as it is.
func (w *orderWorkflow) continueAsNew(ctx workflow.Context) error {
	w.listenNow(ctx)
	p := w.placement
	p.Snapshot = &Snapshot{
		Order: w.Order, Sealed: w.sealed, Answer: w.answer, Incoming: w.incoming, Pending: w.pending, Committed: w.committed,
		Seen: workflow.DeterministicKeys(w.seen), Refusals: w.refusals, Declined: w.declined, DeclineNotified: w.declineNotified,
		Missing: w.missing, Moved: w.moved, OverdueSince: w.overdueSince,
	}
	return workflow.NewContinueAsNewError(ctx, OrderWorkflow, p)
}

// abortError says why an order cannot go on: an outcome, not a failure.
type abortError struct {
	ends            order.Status // Cancelled or Expired
	reason          string       // for operators
	customerMessage string       // for the shopper; may be empty
}

func (s abortError) Error() string { return s.reason }
