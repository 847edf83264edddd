package apitest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"purser/order"
	"purser/records"
)

// Orders stands in for the orders' workflows: it opens orders in the record, as
// they would, and fails as configured.
type Orders struct {
	store *records.Store

	mu     sync.Mutex
	Placed []Placement
	Fail   error // of every message
	Stall  bool  // return only when the caller's context ends
	hash   map[order.ID]string
}

// Placement is an order that was placed.
type Placement struct {
	ID                 order.ID
	Actor, Correlation string
}

// FailWith makes every message fail.
func (f *Orders) FailWith(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Fail = err
}

func (f *Orders) script() (error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Fail, f.Stall
}

// Place opens the order, as its workflow would.
func (f *Orders) Place(ctx context.Context, id order.ID, r order.Request, decided *order.Pricing, actor, correlation string) (order.Order, string, error) {
	fail, stall := f.script()
	if fail != nil {
		return order.Order{}, "", fail
	}
	f.mu.Lock()
	known, again := f.hash[id]
	if !again {
		f.hash[id] = r.Hash()
		f.Placed = append(f.Placed, Placement{ID: id, Actor: actor, Correlation: correlation})
	}
	f.mu.Unlock()
	if again && known != r.Hash() {
		return order.Order{}, "", order.ErrOtherRequest
	}
	now := time.Now()
	o, err := f.store.OpenOrder(context.WithoutCancel(ctx), order.Opening{
		ID: id, RunID: "run", RequestHash: r.Hash(), Request: r, Pricing: decided, Actor: actor, Correlation: correlation, Now: now, HoldUntil: now.Add(time.Hour),
	})
	if err != nil {
		return order.Order{}, "", err
	}
	if stall {
		<-ctx.Done()
		return order.Order{}, "", ctx.Err()
	}
	return o, "pi_1_secret_2", nil
}

// ClientSecret returns the secret of an order that waits for its payment.
func (f *Orders) ClientSecret(ctx context.Context, id order.ID) (order.Order, string, error) {
	if fail, _ := f.script(); fail != nil {
		return order.Order{}, "", fail
	}
	o, err := f.store.Order(ctx, id)
	if err != nil || o.Free() || o.Status.Final() {
		return o, "", err
	}
	return o, "pi_1_secret_2", nil
}

// Cancel begins to cancel the order.
func (f *Orders) Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	return f.Save(ctx, id, order.Cancelling, order.CancelRequested, actor, reason, correlation)
}

// Resolve takes the choices of the order's hold, as its workflow would.
func (f *Orders) Resolve(ctx context.Context, id order.ID, choice order.Choice, actor, reason, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	if o.Hold == nil || !slices.Contains(o.Hold.Choices, choice) {
		return order.Order{}, fmt.Errorf("%w: %s %s", order.ErrIllegalMove, o.Status, choice)
	}
	return f.Change(ctx, id, order.OrderResolved, actor, reason, correlation, func(o *order.Order) {
		o.Status, o.Hold, o.Reason = afterChoice[choice], nil, reason
	})
}

// Refund refunds money, as the order's workflow would.
func (f *Orders) Refund(ctx context.Context, id order.ID, ask order.RefundRequest, actor, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	parts, err := o.PlanRefund(ask)
	if err != nil {
		return order.Order{}, err
	}
	return f.Change(ctx, id, order.RefundWasRequested, actor, ask.Reason, correlation, func(o *order.Order) {
		o.Refunds = append(o.Refunds, parts...)
	})
}

// RequestReturn adds a return, as the order's workflow would.
func (f *Orders) RequestReturn(ctx context.Context, id order.ID, ask order.ReturnRequest, actor, correlation string) (order.Order, error) {
	return f.changeReturn(ctx, id, order.ReturnWasRequested, actor, ask.Reason, correlation, func(o *order.Order) error {
		if known := o.ReturnByID(ask.ID); known != nil && known.Asked != ask.Hash() {
			return order.ErrOtherRequest
		} else if known != nil {
			return nil
		}
		if err := o.CheckReturn(ask, time.Now(), 30*24*time.Hour); err != nil {
			return err
		}
		o.Returns = append(o.Returns, o.NewReturn(ask, actor, time.Now()))
		return nil
	})
}

// DecideReturn takes a step, as the order's workflow would.
func (f *Orders) DecideReturn(ctx context.Context, id order.ID, d order.ReturnDecision, actor, why, correlation string) (order.Order, error) {
	return f.changeReturn(ctx, id, d.Step.Result().Event(), actor, why, correlation, func(o *order.Order) error {
		r := o.ReturnByID(d.ID)
		if r == nil {
			return order.ErrNoReturn
		}
		to, err := r.Step(d.Step)
		if err == nil {
			*r = r.Enter(to, time.Now())
			r.DecidedBy, r.Reason, r.Link, r.Message = actor, why, d.Link, d.Message
		}
		return err
	})
}

// ReceiveReturn takes goods, as the order's workflow would.
func (f *Orders) ReceiveReturn(ctx context.Context, id order.ID, returnID string, got order.ReturnReceipt, actor, why, correlation string) (order.Order, error) {
	return f.changeReturn(ctx, id, order.ReturnHasArrived, actor, why, correlation, func(o *order.Order) error {
		r := o.ReturnByID(returnID)
		if r == nil {
			return order.ErrNoReturn
		}
		received, err := o.Receive(*r, got, time.Now())
		if err == nil {
			*r = received
		}
		return err
	})
}

// changeReturn changes an order's returns, or fails and changes nothing.
func (f *Orders) changeReturn(ctx context.Context, id order.ID, kind order.Kind, actor, why, correlation string, change func(*order.Order) error) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	o, err := f.store.Order(ctx, id)
	if err == nil {
		err = change(&o)
	}
	if err != nil {
		return order.Order{}, err
	}
	return f.Change(ctx, id, kind, actor, why, correlation, func(now *order.Order) { now.Returns = o.Returns })
}

// ChangeOrder adds a change that waits for its payment, as the order's workflow would: each
// piece costs 100.
func (f *Orders) ChangeOrder(ctx context.Context, id order.ID, ask order.ChangeRequest, actor, correlation string) (order.Order, string, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, "", err
	}
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return order.Order{}, "", err
	}
	const secret = "cs_change"
	switch known := o.ChangeByID(ask.ID); {
	case known != nil && known.Asked != ask.Hash():
		return order.Order{}, "", order.ErrOtherRequest
	case known != nil:
		return o, secret, nil
	case o.HandedOver():
		return order.Order{}, "", &order.Refusal{Kind: order.ErrChangeTooLate, Text: "too late to change the order: it is shipped"}
	}
	a := order.Amendment{ID: ask.ID, Asked: ask.Hash(), Status: order.AmendmentPending, By: actor, Reason: ask.Reason, At: time.Now().UTC(), Until: time.Now().UTC().Add(time.Hour), ShipTo: ask.ShipTo}
	for _, l := range ask.Lines {
		a.Added = append(a.Added, order.Line{SKU: l.SKU, Name: l.SKU, Quantity: l.Quantity, Price: 100, Subtotal: 100 * l.Quantity})
		a.Amount += 100 * l.Quantity
	}
	o, err = f.Change(ctx, id, order.ChangeRequested, actor, ask.Reason, correlation, func(o *order.Order) {
		a.Payment = len(o.Payments) + 1
		o.Payments = append(o.Payments, order.Payment{Number: a.Payment, Amount: a.Amount, Standby: true, Change: a.ID})
		o.Changes = append(o.Changes, a)
	})
	return o, secret, err
}

// BookPayment books a sum, as the order's workflow would.
func (f *Orders) BookPayment(ctx context.Context, id order.ID, r order.Receipt, currency, actor, why, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	return f.Change(ctx, id, order.PaymentReceived, actor, why, correlation, func(o *order.Order) {
		o.Payments = []order.Payment{{Number: 1, Provider: order.Manual, Receipts: []order.Receipt{r}, Captured: r.Amount}}
	})
}

// AddParcel books a parcel, as the order's workflow would.
func (f *Orders) AddParcel(ctx context.Context, id order.ID, p order.ParcelPlan, actor, why, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	return f.Change(ctx, id, order.ParcelWasBooked, actor, why, correlation, func(o *order.Order) {
		n := len(o.Shipments) + 1
		ref := fmt.Sprintf("%s-%d", id, n)
		o.Shipments = append(o.Shipments, order.Shipment{Number: n, Lines: p.Lines, Reference: ref, LabelID: "lbl_" + ref, Status: order.ParcelBooked, Key: p.ID, Asked: p.Hash()})
	})
}

// VoidLabel voids a label, as the order's workflow would.
func (f *Orders) VoidLabel(ctx context.Context, id order.ID, number int, actor, why, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	if number > len(o.Shipments) {
		return order.Order{}, order.ErrNoParcel
	}
	return f.Change(ctx, id, order.ParcelWasVoided, actor, why, correlation, func(o *order.Order) {
		s := &o.Shipments[number-1]
		s.VoidBy, s.Replaced, s.Status = actor, true, order.ParcelVoided
	})
}

// MarkParcel marks a parcel, as the order's workflow would.
func (f *Orders) MarkParcel(ctx context.Context, id order.ID, number int, s order.ParcelStatus, actor, why, correlation string) (order.Order, error) {
	if err := f.fails(ctx); err != nil {
		return order.Order{}, err
	}
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	if number > len(o.Shipments) {
		return order.Order{}, order.ErrNoParcel
	}
	return f.Change(ctx, id, order.ParcelArrived, actor, why, correlation, func(o *order.Order) { o.Shipments[number-1].Status = s })
}

// afterChoice are the statuses that the choices lead to.
var afterChoice = map[order.Choice]order.Status{
	order.ChooseRelease: order.AwaitingPayment, order.ChooseRebook: order.Paid, order.ChooseVoid: order.Cancelling,
	order.ChooseRefund: order.Cancelling, order.ChooseKeep: order.Returned,
}

// fails returns the scripted error of a message, if there is one.
func (f *Orders) fails(ctx context.Context) error {
	fail, stall := f.script()
	if stall {
		<-ctx.Done()
		return cmp.Or(fail, ctx.Err())
	}
	return fail
}

// Hold puts the order on hold, as its workflow would.
func (f *Orders) Hold(ctx context.Context, id order.ID, kind order.HoldKind, why string) (order.Order, error) {
	return f.Change(ctx, id, order.OrderOnHold, "purser", why, "", func(o *order.Order) {
		o.Status, o.Hold = order.OnHold, &order.Hold{Kind: kind, Why: why, Choices: kind.Choices()}
	})
}

// Save writes the next event of an order and its new status, as its workflow would.
func (f *Orders) Save(ctx context.Context, id order.ID, to order.Status, kind order.Kind, actor, why, correlation string) (order.Order, error) {
	return f.Change(ctx, id, kind, actor, why, correlation, func(o *order.Order) { o.Status = to })
}

// Change writes the next event of an order and what it changes, as its workflow
// would.
func (f *Orders) Change(ctx context.Context, id order.ID, kind order.Kind, actor, why, correlation string, change func(*order.Order)) (order.Order, error) {
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return o, err
	}
	from := o.Status
	change(&o)
	e := order.Event{OrderID: id, Seq: o.Version + 1, At: time.Now(), Kind: kind, From: from, To: o.Status, Actor: actor, Why: why, Correlation: correlation}
	o.Version, o.UpdatedAt = e.Seq, e.At
	return o, f.store.SaveOrder(ctx, order.Change{Order: o, Events: []order.Event{e}})
}
