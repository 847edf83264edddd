package orders

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// Phase says which part of its life an order is in. Its status, which people see,
// is derived from it and from the order's payments and shipments.
type Phase string

// The phases, in the sequence of a successful order, and then the two of one that
// is not fulfilled.
const (
	Opening         Phase = "opening" // until the shopper can pay
	AwaitingPayment Phase = "awaiting_payment"
	Fulfilling      Phase = "fulfilling" // the money is held or captured
	Completed       Phase = "completed"  // every parcel is delivered
	Compensating    Phase = "compensating"
	Closed          Phase = "closed" // compensated, or refused
)

// Phases lists every phase.
func Phases() []Phase {
	return []Phase{Opening, AwaitingPayment, Fulfilling, Completed, Compensating, Closed}
}

// ended reports whether an order in this phase needs nothing more.
func (p Phase) ended() bool { return p == Completed || p == Closed }

// State is everything that an order's behaviour depends on. It is carried whole to
// the next run of the workflow, and to the aftercare workflow by way of the record.
// Timers and background tasks are derived from it.
type State struct {
	order.Order
	Phase     Phase     `json:"phase"`
	Placement Placement `json:"placement"`
	Sealed    string    `json:"sealed,omitempty"` // the client secret, sealed
	// Answer is what Place returned to the caller; once the order is paid, its order is
	// empty, and stands for the order as it is.
	Answer  *Placed `json:"answer,omitempty"`
	Failure string  `json:"failure,omitempty"` // why the caller is refused the order
	Fence   int64   `json:"fence,omitempty"`   // of the last write

	// Cancel is the first request to cancel. It counts from when it was received;
	// the compensation begins when it is certainly in the history.
	Cancel *CancelRequest `json:"cancel,omitempty"`
	Abort  *Abort         `json:"abort,omitempty"` // nil: the order is to be fulfilled

	Seen    map[string]bool       `json:"seen,omitempty"`    // the IDs of the provider events received
	Early   []order.ProviderEvent `json:"early,omitempty"`   // payment events that came before the payment's reference was known
	Pending []order.Event         `json:"pending,omitempty"` // events not yet in the record
	Stock   order.StockMove       `json:"stock,omitzero"`    // what the next write does to the stock
	Attempt string                `json:"attempt,omitempty"` // the money operation that the next write announces

	AskNow   bool          `json:"askNow,omitempty"`   // the provider must be asked about the payment
	AskAt    time.Time     `json:"askAt,omitzero"`     // when it is asked in any case
	AskEvery time.Duration `json:"askEvery,omitempty"` // the last interval between two questions
	TrackNow bool          `json:"trackNow,omitempty"` // the carrier must be asked about the parcels
	TrackAt  time.Time     `json:"trackAt,omitzero"`

	StockKept     bool `json:"stockKept,omitempty"`     // the reservation does not expire
	Reserved      bool `json:"reserved,omitempty"`      // the same, while the payment is processing
	CapturedEarly bool `json:"capturedEarly,omitempty"` // the capture is in the timeline, before all parcels were booked
	Confirmed     bool `json:"confirmed,omitempty"`     // booked and captured, and the shopper mailed
	FundsReleased bool `json:"fundsReleased,omitempty"` // a person has decided to ship although money was refunded or is disputed
	ParcelsOut    bool `json:"parcelsOut,omitempty"`    // a person has decided that parcels are not waited for
	MoneyResolved bool `json:"moneyResolved,omitempty"` // a person has settled the money that cannot be returned
	Received      bool `json:"received,omitempty"`      // the shopper was mailed that the order was received
	LessAccepted  bool `json:"lessAccepted,omitempty"`  // a person has decided that less than the total is enough
	// CaptureAsked is the payment whose capture was asked for and has no result yet: under
	// the same key the provider takes no other amount.
	CaptureAsked string `json:"captureAsked,omitempty"`

	// DeclinedAt is when the shopper's last attempt failed, if no mail has reported
	// it yet; DeclineNotified is the last payment whose decline was mailed.
	DeclinedAt      time.Time `json:"declinedAt,omitzero"`
	DeclineNotified string    `json:"declineNotified,omitempty"`
	// Refusals counts how often a provider refused to return a payment. It is part of
	// the keys of refunds, so it must not start again at 0.
	Refusals map[string]int `json:"refusals,omitempty"`
	// Reversals are the payments that are being refunded or voided in the background,
	// with the reason; Unlisted are the payments whose refunds must be compared with
	// the provider's; Mails are being sent.
	Reversals map[string]string `json:"reversals,omitempty"`
	// Resolved are the payments, refunds and parcels of which a person has said that
	// they have been dealt with: nothing is tried about them any more.
	Resolved map[string]bool `json:"resolved,omitempty"`
	// Doubted is the payment of which an event says that it was captured, or that its
	// money is not held any more, while the provider is asked.
	Doubted  string          `json:"doubted,omitempty"`
	Unlisted map[string]bool `json:"unlisted,omitempty"`
	// DoubtedParcels are the parcels of which an event says that they were voided or
	// returned, while the carrier is asked.
	DoubtedParcels map[string]bool `json:"doubtedParcels,omitempty"`
	Mails          []order.Mail    `json:"mails,omitempty"`
	// Needs is what the workflow's memo says that a person must decide or look at.
	Needs string `json:"needs,omitempty"`
	// Unconfirmed are the parcels whose booking the carrier did not confirm before the
	// order was cancelled.
	Unconfirmed map[string]Unconfirmed `json:"unconfirmed,omitempty"`
	// Tried are the parcels that the carrier was asked to book.
	Tried map[string]bool `json:"tried,omitempty"`
	// Lapsing says that the hold is not relied on any more: nothing ships until the
	// shopper has paid again, by PayAgainBy.
	Lapsing    bool      `json:"lapsing,omitempty"`
	PayAgainBy time.Time `json:"payAgainBy,omitzero"`
	// GoodsOut says that a person has said that the carrier has the goods while a hold
	// lapses: it is captured before anything else.
	GoodsOut bool `json:"goodsOut,omitempty"`
	// CaseNumber is the number of the last case. HoldCase is the case of the hold, and
	// HoldDecided says that it was decided, although the hold lasts until the order has
	// acted on that; Decided has the same about what needs attention and lost parcels.
	CaseNumber  int64           `json:"caseNumber,omitempty"`
	HoldCase    string          `json:"holdCase,omitempty"`
	HoldDecided bool            `json:"holdDecided,omitempty"`
	Decided     map[string]bool `json:"decided,omitempty"`
	// CasesOpened and CasesEnded go into the next write.
	CasesOpened []order.Case    `json:"casesOpened,omitempty"`
	CasesEnded  []order.CaseEnd `json:"casesEnded,omitempty"`
	// GoodsStale says that a person has changed the products of a parcel that could not be
	// booked.
	GoodsStale bool `json:"goodsStale,omitempty"`
	// PayFrom is since when the shopper has time to pay; zero: since the order was placed.
	// ChangeSealed is the client secret of the payment that a change waits for, sealed.
	PayFrom      time.Time `json:"payFrom,omitzero"`
	ChangeSealed string    `json:"changeSealed,omitempty"`
	// Extended are the steps of the shop's own that were taken.
	Extended map[string]bool `json:"extended,omitempty"`
}

// Abort says why an order is not fulfilled: an outcome, not a failure.
type Abort struct {
	Ends    order.Status `json:"ends"`              // Cancelled, Expired or Returned
	Actor   string       `json:"actor"`             // who decided
	Reason  string       `json:"reason"`            // for operators
	Shopper string       `json:"shopper,omitempty"` // the reason in words for the shopper; may be empty
	// ParcelsOut says that the parcels on their way are not waited for.
	ParcelsOut bool `json:"parcelsOut,omitempty"`
}

func newState(p Placement) State {
	return State{
		Placement: p, Phase: Opening, Seen: map[string]bool{}, Refusals: map[string]int{}, Reversals: map[string]string{}, Unlisted: map[string]bool{}, Resolved: map[string]bool{}, Unconfirmed: map[string]Unconfirmed{}, DoubtedParcels: map[string]bool{}, Tried: map[string]bool{}, Decided: map[string]bool{},
		Order: order.Order{ID: p.ID, Customer: p.Request.Customer, Email: p.Request.Email, Locale: p.Request.Locale, ShipTo: p.Request.ShipTo, ExchangeOf: p.ExchangeOf},
	}
}

// SnapshotVersion is the form in which this build writes snapshots.
const SnapshotVersion = 1

// upgrades turn a snapshot of each older version into one of the next. A change of
// State that encoding/json does not bridge by itself gets a version and a function
// here, and a saved snapshot in testdata/snapshots.
var upgrades = map[int]func(json.RawMessage) (json.RawMessage, error){}

// Snapshot returns the state as the record keeps it. encoding/json sorts the keys of
// maps, so a replay gets the same.
//
//workflowcheck:ignore
func (s *State) Snapshot() (order.Snapshot, error) {
	data, err := json.Marshal(s)
	return order.Snapshot{Version: SnapshotVersion, Data: data}, err
}

// Restore returns the state of a snapshot of this or an older version.
//
//workflowcheck:ignore
func Restore(snapshot order.Snapshot) (State, error) {
	data := snapshot.Data
	for v := snapshot.Version; v != SnapshotVersion; v++ {
		upgrade := upgrades[v]
		if upgrade == nil {
			return State{}, fmt.Errorf("a snapshot of version %d cannot be read: this build reads up to version %d", snapshot.Version, SnapshotVersion)
		}
		var err error
		if data, err = upgrade(data); err != nil {
			return State{}, fmt.Errorf("upgrade a snapshot of version %d: %w", v, err)
		}
	}
	s := newState(Placement{})
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("read a snapshot: %w", err)
	}
	return s, nil
}

// orderWorkflow is one run of an order: its state, and what belongs to this run
// only.
type orderWorkflow struct {
	State
	course    Course
	extending map[string]bool // steps of the shop's own that this run takes in the background
	interrupt func()          // ends the wait or the step that the order is in
	ready     bool            // the state is loaded
	callers   int             // requests that wait for that
	aftercare bool            // it runs as AftercareWorkflow
	reads     bool            // the state is read from the record
	placing   bool            // a caller waits for the order to be placed
	changes   int             // rises with each message handled
	saving    bool            // a write is under way
	written   *order.Waiting
	unsaved   bool // the state has changed without an event
	task      task
	pending   int               // background tasks
	sending   int               // mails that are tried for the first time
	delayed   bool              // the order waits for a step that failed
	capturing bool              // the request to capture is under way
	exchanges map[string]bool   // the returns whose goods are being exchanged
	watched   bool              // watchLapseInBackground runs
	following bool              // the payment on standby is followed
	askAgain  bool              // the provider must be asked about the payment on standby
	receiving bool              // mailReceivedInBackground waits
	changing  bool              // a request to change the order is being worked on
	askChange bool              // the provider must be asked about the payment of a change
	follows   bool              // the change that waits for its payment is followed
	retrying  map[string]bool   // attention that is to be tried now
	trying    map[string]func() // ends what is being tried in the background, by what it is about
	labelling map[string]bool   // returns whose label is being made or voided
	alarm     alarm
	shown     shown
}

// status derives the order's status.
func (s *State) status() order.Status {
	if s.Hold != nil {
		return order.OnHold
	}
	switch s.Phase {
	case Opening:
		return order.Placed
	case AwaitingPayment:
		return order.AwaitingPayment
	case Fulfilling:
		switch {
		case s.inTransit():
			return order.Shipped
		case (s.Paid() || s.LessAccepted) && (s.booked() || s.Taken() > 0 && !s.sendsParcels()):
			return order.Paid
		case s.Lapsing && !s.Covered():
			return order.AwaitingPayment
		}
		return order.Authorized
	case Completed:
		return order.Delivered
	case Compensating:
		return order.Cancelling
	case Closed:
		return s.Abort.Ends
	}
	return ""
}

// inTransit reports whether the carrier has a parcel that no other has replaced.
func (s *State) inTransit() bool {
	return slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return !p.Replaced && p.Method != order.NoParcel && p.Status.HandedOver() })
}

func (s *State) booked() bool {
	return slices.ContainsFunc(s.Shipments, order.Shipment.Booked)
}

// unpaid reports whether the shop has nothing of the shopper's money for the order yet. An
// order that asks the shopper for nothing counts as paid when it is confirmed.
func (s *State) unpaid() bool {
	if s.asksNothing() {
		return !s.Confirmed
	}
	return s.Taken() == 0
}

// asksNothing reports whether the shopper is asked to pay nothing, because the order costs
// nothing or is paid with credit.
func (s *State) asksNothing() bool { return s.Free() || s.PaidByCredit() }

// delivered reports whether every parcel that was not replaced has ended, goods were
// delivered, and none wait for a parcel or are still to be delivered without one.
func (s *State) delivered() bool {
	delivered := false
	if s.unpacked() || len(s.withoutParcel()) > 0 {
		return false
	}
	for _, p := range s.Shipments {
		switch {
		case p.Replaced, p.Kept:
		case p.Status == order.ParcelDelivered:
			delivered = true
		default:
			return false
		}
	}
	return delivered
}

// enter moves the order to a phase. The next note shows the status that follows.
func (w *orderWorkflow) enter(ctx workflow.Context, p Phase) {
	w.Phase = p
	now := workflow.Now(ctx)
	switch p {
	case AwaitingPayment:
		w.AskEvery = w.Placement.Terms.AskAfter
		w.AskAt = now.Add(w.AskEvery)
	case Fulfilling:
		w.Waiting = nil // nobody waits for the payment any more
		if w.Answer != nil {
			w.Answer.Order = order.Order{}
		}
		if len(w.Shipments) == 0 && w.Placement.Terms.Parcels != ParcelsByOperator {
			w.planShipments()
		}
		if w.delayed {
			w.mailReceivedInBackground(ctx)
		}
	}
	w.refundReturnsInBackground(ctx)
}

// abort decides that the order is not fulfilled, and ends what it waits for.
func (w *orderWorkflow) abort(a Abort) {
	if w.Abort == nil && w.Phase != Compensating {
		w.Abort = &a
		w.interrupt()
	}
}

// abortFor aborts the order for a reason of Purser's own.
func (w *orderWorkflow) abortFor(ends order.Status, reason, shopper string) {
	w.abort(Abort{Ends: ends, Actor: workflows.ActorPurser, Reason: reason, Shopper: shopper})
}

// cancelPending reports whether a request to cancel has arrived that is perhaps not
// in the history yet.
func (w *orderWorkflow) cancelPending() bool { return w.Cancel != nil && w.Abort == nil }

// stopped reports whether the order must not take its next step.
func (w *orderWorkflow) stopped(ctx workflow.Context) bool {
	return ctx.Err() != nil || w.Hold != nil || w.Abort != nil || w.Cancel != nil
}

// payment returns the order's payment with a reference, or nil.
func (s *State) payment(reference string) *order.Payment {
	i := slices.IndexFunc(s.Payments, func(p order.Payment) bool { return reference != "" && p.Reference == reference })
	if i < 0 {
		return nil
	}
	return &s.Payments[i]
}

// current returns the payment that the order asks the shopper for, or nil.
func (s *State) current() *order.Payment {
	for i := range slices.Backward(s.Payments) {
		if s.Payments[i].Main() {
			return &s.Payments[i]
		}
	}
	return nil
}

// shipment returns the order's shipment with a reference, or nil.
func (s *State) shipment(reference string) *order.Shipment {
	i := slices.IndexFunc(s.Shipments, func(p order.Shipment) bool { return p.Reference == reference })
	if i < 0 {
		return nil
	}
	return &s.Shipments[i]
}
