package orders

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// Who does things in an order's events.
const (
	stripe  = "stripe"
	carrier = "carrier"
	// operator is a person with the right to decide.
	operator = "operator"
)

const (
	// reservationGrace is how much longer than the shopper may pay the stock
	// stays set aside: time to ask the provider at the deadline.
	reservationGrace = 15 * time.Minute
	// authorizationLasts is how long held money is counted on. Stripe keeps
	// an authorisation for seven days
	// (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method).
	authorizationLasts = 6 * 24 * time.Hour
	// refundWithin is how long money that moves is looked at again before
	// a person is told.
	refundWithin = 24 * time.Hour
	// trackWithin is how long a carrier is asked about one parcel.
	trackWithin = 2 * time.Minute
)

// orderWorkflow is the state of one running order.
type orderWorkflow struct {
	order.Order
	placement Placement
	sealed    string // the client secret, sealed

	cancelSelling func()         // ends the selling
	placing       bool           // a caller has asked for the order to be placed
	answer        *Placed        // what the caller was told
	failure       string         // why the caller is refused the order
	cancelled     *CancelRequest // who wants it undone
	released      *ReleaseRequest
	committed     bool // money may have been taken: too late to cancel
	compensating  bool
	refusals      map[string]int // how often the provider refused to give back an intent's money

	seen           map[string]bool       // News.ID of every report taken
	incoming       []order.ProviderEvent // reports not yet weighed
	pending        []order.Event         // events not yet in the record
	stock          order.StockMove       // what the next write does to the stock
	attempt        string                // the money operation the next write announces
	saving         bool                  // a write is under way
	written        *order.Waiting        // what the record says that the order waits for
	task           task
	pendingTasks   int                // what is being done in the background: mails, money given back
	found          order.ParcelStatus // where the parcel was when its booking was answered
	missing        bool               // the carrier, asked last, did not know the parcel
	moved          time.Time          // when the parcel was last heard of
	overdueSince   time.Time          // the moved for which the story says that it is overdue
	needsAttention []string           // what cannot be given back: intents' money, parcels
	// declined is when the shopper's last attempt failed, if no mail tells of
	// it yet; declineNotified is the intent of which one did.
	declined        time.Time
	declineNotified string
	customerMessage string // why it was cancelled, in words for the shopper
	alarm           alarm
	shown           shown
}

// Snapshot is what a run hands to the next when its history grows long.
type Snapshot struct {
	Order     order.Order           `json:"order"`
	Sealed    string                `json:"sealed,omitempty"`
	Answer    *Placed               `json:"answer,omitempty"`
	Seen      []string              `json:"heard,omitempty"`
	Incoming  []order.ProviderEvent `json:"news,omitempty"`
	Pending   []order.Event         `json:"pending,omitempty"`
	Committed bool                  `json:"committed,omitempty"`
	// Moved is when the parcel was last heard of, OverdueSince that for which it
	// was told that it does not move any more.
	Moved        time.Time `json:"moved,omitzero"`
	OverdueSince time.Time `json:"overdueSince,omitzero"`
	// Refusals choose the keys of money given back: they must not start again.
	Refusals map[string]int `json:"refusals,omitempty"`
	// Declined and DeclineNotified choose when a shopper is mailed about a
	// declined card.
	Declined        time.Time `json:"declined,omitzero"`
	DeclineNotified string    `json:"problemTold,omitempty"`
	// Missing keeps an order whose parcel the carrier does not know with the
	// operator.
	Missing bool `json:"missing,omitempty"`
}

// restore starts an order, or goes on where the last run stopped.
func restore(p Placement) *orderWorkflow {
	w := &orderWorkflow{placement: p, seen: map[string]bool{}, refusals: map[string]int{}, Order: order.Order{
		ID: p.ID, Customer: p.Request.Customer, Email: p.Request.Email, Locale: p.Request.Locale, ShipTo: p.Request.ShipTo,
	}}
	w.shown = shown{status: order.AwaitingPayment, on: waitPayment} // what the starter said
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

// abortError is why an order cannot go on: not a failure, an outcome.
type abortError struct {
	ends            order.Status // Cancelled or Expired
	reason          string       // for operators
	customerMessage string       // for the shopper; may be empty
}

func (s abortError) Error() string { return s.reason }
