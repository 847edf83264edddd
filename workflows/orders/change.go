package orders

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// Reason returns why the order is changed.
func (r ChangeRequest) Reason() string { return r.Sender.Reason() }

// complete returns the request with the reason that its sender gave.
func (r ChangeRequest) complete() order.ChangeRequest {
	ask := r.ChangeRequest
	if ask.Reason == "" {
		ask.Reason = r.Reason()
	}
	return ask
}

func (w *orderWorkflow) checkChange(ctx workflow.Context, r ChangeRequest) error {
	if !w.ready { // onChange checks
		return nil
	}
	ask := r.complete()
	if was := w.ChangeByID(ask.ID); was != nil { // its sender asks again what became of it
		if was.Asked != ask.Hash() {
			return workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("the change %s was asked for with another request", ask.ID))
		}
		return nil
	}
	if err := ask.Validate(); err != nil {
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	}
	return w.handle(ctx, message{kind: changeMessage, change: ask})
}

func (w *orderWorkflow) tooEarlyToChange(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalInFlight, "the order is being opened: ask again in a moment")
}

// changeHeld takes a change of an order on hold only if the hold is about its parcel, which
// another address or other goods may mend.
func (w *orderWorkflow) changeHeld(ctx workflow.Context, m message) error {
	if w.Hold.Kind != order.HoldParcel {
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is on hold: decide about that first")
	}
	return w.mayChange(ctx, m)
}

// tooLateToChange refuses a change, and says what is possible instead.
func (w *orderWorkflow) tooLateToChange(workflow.Context, message) error {
	instead := "nothing can be changed any more"
	switch {
	case w.Phase == Completed:
		instead = "the shopper can send goods back (a return), and money can be refunded"
	case w.Phase == Fulfilling && (w.inTransit() || w.HandedOver()):
		instead = "when it is delivered, the shopper can send goods back (a return); money can be refunded at any time"
	case w.Phase == Fulfilling && slices.ContainsFunc(w.Shipments, func(s order.Shipment) bool { return s.Method == order.NoParcel }):
		instead = "goods were delivered already; money can be refunded"
	case w.Phase == Fulfilling:
		instead = "a parcel is booked or is being booked. Until the carrier has it, the order can be cancelled, or its label voided and the order changed then; goods can be refunded, and sent back when they are delivered"
	case w.Abort != nil:
		instead = "place another order"
	}
	return workflows.Refuse(workflows.RefusalChangeTooLate, fmt.Sprintf("%v: it is %s: %s", order.ErrChangeTooLate, w.Status, instead))
}

// mayChange takes a change while no parcel is booked or perhaps booked.
func (w *orderWorkflow) mayChange(ctx workflow.Context, m message) error {
	pending := w.PendingChange()
	switch {
	case w.Abort != nil || w.Cancel != nil:
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is about to be cancelled")
	case w.Phase == Fulfilling && w.labelled():
		return w.tooLateToChange(ctx, m)
	case w.captureUnknown() && len(m.change.Lines) > 0:
		return workflows.Refuse(workflows.RefusalNotHeld, "the money is being captured at this moment: the goods can be changed when it is captured")
	case w.Lapsing || w.standby() != nil:
		return workflows.Refuse(workflows.RefusalNotHeld, "the hold on the money lapses: the order can be changed when the shopper has paid again")
	case pending != nil && pending.ID != m.change.ID:
		return notChangeable("the change %s waits for its payment: the order can be changed again when it is paid, or dropped at %s", pending.ID, pending.Until.UTC().Format("2006-01-02 15:04 MST"))
	case len(w.Changes) >= order.MaxChanges:
		return notChangeable("it was changed %d times: cancel it and place another order", len(w.Changes))
	case w.Phase == AwaitingPayment && !w.manual() && w.current() != nil && w.current().Status == order.PaymentProcessing:
		return workflows.Refuse(workflows.RefusalNotHeld, "the shopper's payment is being processed: the order can be changed when it is paid")
	case w.Phase == AwaitingPayment && w.Captured() > 0:
		return workflows.Refuse(workflows.RefusalNotHeld, "a part of the order is paid: it can be changed when all is paid")
	}
	return w.mayDiffer(m.change)
}

// mayDiffer refuses what needs no prices to be refused.
func (w *orderWorkflow) mayDiffer(ask order.ChangeRequest) error {
	for i, l := range ask.Lines {
		if l.Quantity == 0 && !slices.ContainsFunc(w.Lines, func(own order.Line) bool { return own.SKU == l.SKU }) {
			return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%v: lines[%d].sku: the order has no %q", order.ErrInvalid, i, l.SKU))
		}
	}
	more, fewer := w.differs(ask)
	left := int64(0)
	for _, l := range w.Lines {
		left += w.pieces(l.SKU)
	}
	for _, l := range more {
		left += l.Quantity
	}
	for _, l := range fewer {
		left -= l.Quantity
	}
	paid := w.Phase == Fulfilling
	switch {
	case left == 0:
		return notChangeable("nothing would be left of it: cancel it instead")
	case w.ExchangeOf != nil && len(more)+len(fewer) > 0:
		return notChangeable("goods that came back were exchanged for it, so that only its address can be changed: cancel it, or send goods back when they are delivered")
	case w.Free() && len(more)+len(fewer) > 0:
		return notChangeable("it costs nothing, so that only its address can be changed: cancel it and place another order")
	case paid && w.manual() && len(more) > 0:
		return notChangeable("it was paid in advance: place another order for more goods")
	case paid && w.Confirmed && len(more) > 0:
		return notChangeable("it is confirmed: place another order for more goods")
	}
	return nil
}

func notChangeable(format string, args ...any) error {
	return workflows.Refuse(activities.FailureChange, fmt.Sprintf("%v: %s", order.ErrNotChangeable, fmt.Sprintf(format, args...)))
}

// pieces returns how many pieces of a product the order is to send.
func (s *State) pieces(sku string) (n int64) {
	for _, l := range s.Lines {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	if n > 0 {
		n = max(n-s.leftOut(sku), 0)
	}
	return n
}

// differs returns which goods a change adds, and which it takes out.
func (s *State) differs(ask order.ChangeRequest) (more []order.RequestLine, fewer []order.LineQuantity) {
	for _, l := range ask.Lines {
		switch n := l.Quantity - s.pieces(l.SKU); {
		case n > 0:
			more = append(more, order.RequestLine{SKU: l.SKU, Quantity: n})
		case n < 0:
			fewer = append(fewer, order.LineQuantity{SKU: l.SKU, Quantity: -n})
		}
	}
	return more, fewer
}

// onChange changes the order, and returns it when the change is made, or waits for a
// payment that the shopper can make.
func (w *orderWorkflow) onChange(ctx workflow.Context, r ChangeRequest) (Placed, error) {
	check := func() error { return w.checkChange(ctx, r) }
	if err := w.accept(ctx, check); err != nil {
		return Placed{}, err
	}
	if err := workflow.Await(ctx, func() bool { return !w.changing }); err != nil {
		return Placed{}, err
	}
	ask := r.complete()
	w.changing = true
	err := check() // another change may have come first
	if err == nil && w.ChangeByID(ask.ID) == nil {
		err = w.change(ctx, ask, r.Actor(), check)
	}
	w.changing = false
	if err != nil {
		return Placed{}, err
	}
	err = workflow.Await(ctx, func() bool { return w.changeAnswered(ask.ID) })
	if err == nil {
		err = w.save(ctx)
	}
	return w.changed(ask.ID), err
}

// changeAnswered reports whether the caller of a change can be told what becomes of it.
func (w *orderWorkflow) changeAnswered(id string) bool {
	a := w.ChangeByID(id)
	switch {
	case a == nil || w.Abort != nil || a.Status == order.AmendmentDropped:
		return true
	case a.Status == order.AmendmentPending:
		return a.Payment > 0 && w.Payments[a.Payment-1].Reference != ""
	}
	return w.Phase != AwaitingPayment || w.manual() || w.current() != nil && w.current().Reference != ""
}

// changed returns the result of a change: the order, and the secret of the payment that the
// shopper is asked for.
func (w *orderWorkflow) changed(id string) Placed {
	p := Placed{Order: w.document()}
	switch a := w.ChangeByID(id); {
	case a == nil:
	case a.Status == order.AmendmentPending:
		p.SealedSecret = w.ChangeSealed
	case a.Status == order.AmendmentMade && w.Phase == AwaitingPayment && !w.manual():
		p.SealedSecret = w.Sealed
	}
	return p
}

// change prices a change, reserves the goods that it adds, and makes it, or asks for its
// payment. check fails once the order does not take it any more.
func (w *orderWorkflow) change(ctx workflow.Context, ask order.ChangeRequest, actor string, check func() error) error {
	more, fewer := w.differs(ask)
	priced, err := w.priceChange(ctx, ask, more, fewer)
	if err != nil {
		return err
	}
	// Another payment may be being created, because of the change before.
	if err := workflow.Await(ctx, func() bool {
		return w.Phase != AwaitingPayment || w.manual() || w.current().Reference != "" || w.Abort != nil
	}); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	if again, out := w.differs(ask); !slices.Equal(again, more) || !slices.Equal(out, fewer) {
		return workflows.Refuse(workflows.RefusalInFlight, "the order was changed at the same time: ask again")
	}
	a := order.Amendment{
		ID: ask.ID, Status: order.AmendmentPending, Asked: ask.Hash(), By: actor, Reason: ask.Reason, At: workflow.Now(ctx),
		Added: priced.Added, Removed: fewer,
	}
	if ask.ShipTo != nil && *ask.ShipTo != w.ShipTo {
		a.ShipTo = ask.ShipTo
	}
	if err := w.costs(&a); err != nil {
		return err
	}
	if err := w.reserveChange(ctx, a); err != nil {
		return err
	}
	if w.cancelPending() { // it is decided in a moment whether the order is cancelled
		_ = workflow.Await(ctx, func() bool { return !w.cancelPending() })
	}
	w.proceed(ctx, a.ID)
	if a := w.ChangeByID(ask.ID); a.Status == order.AmendmentDropped {
		if err := w.save(ctx); err != nil {
			return err
		}
		if err := w.handle(ctx, message{kind: changeMessage, change: ask}); err != nil {
			return err
		}
		return notChangeable("%s", a.Why)
	}
	return nil
}

// priceChange returns what the goods cost that a change adds. It refuses an address at which
// the other goods would cost anything else.
func (w *orderWorkflow) priceChange(ctx workflow.Context, ask order.ChangeRequest, more []order.RequestLine, fewer []order.LineQuantity) (steps.PricedChange, error) {
	in := steps.ChangeToPrice{Request: order.Request{
		Customer: w.Customer, Locale: w.Locale, Currency: w.Total.Currency, Lines: more, ShipTo: taxedAt(w.ShipTo),
	}}
	if ask.ShipTo != nil && taxedAt(*ask.ShipTo) != taxedAt(w.ShipTo) {
		to := taxedAt(*ask.ShipTo)
		in.To = &to
		for _, l := range w.Lines {
			if l.Quantity = w.pieces(l.SKU) - piecesOf(fewer, l.SKU); l.Quantity > 0 {
				in.Goods = append(in.Goods, l)
			}
		}
	}
	if len(more) == 0 && len(in.Goods) == 0 {
		return steps.PricedChange{}, nil
	}
	priced, err := priceChange.Local(ctx, "Price the change", in)
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return priced, nil
	case errors.As(err, &app) && (app.NonRetryable() || app.Type() == activities.FailurePricingDown):
		return priced, workflows.Refuse(app.Type(), app.Message())
	}
	return priced, workflows.Refuse(workflows.RefusalInFlight, "the change cannot be priced at this moment: ask again")
}

// taxedAt returns the part of an address that taxes and shipping fees depend on.
func taxedAt(a order.Address) order.Address {
	return order.Address{Country: a.Country, PostalCode: a.PostalCode}
}

// costs sets how much more or less the shopper pays. It refuses a change that cannot be made
// or paid.
func (w *orderWorkflow) costs(a *order.Amendment) error {
	next, err := w.amended(*a)
	if err != nil {
		return refuseChange(err)
	}
	a.Amount = next.Due() - w.Due()
	total := order.Money{Amount: next.Due(), Currency: w.Total.Currency}
	switch more := (order.Money{Amount: a.Amount, Currency: w.Total.Currency}); {
	case a.Amount == 0:
	case total.Amount <= 0:
		return notChangeable("nothing of its price would be left: cancel it instead")
	case w.Phase == AwaitingPayment:
		return refuseChange(total.Payable())
	case a.Amount > 0:
		if err := more.Payable(); err != nil {
			return workflows.Refuse(activities.FailureType(err), fmt.Sprintf("%s more: %v: place another order for it", more, err))
		}
		return refuseChange(total.Chargeable())
	}
	return nil
}

// amended returns the order as a change makes it. Of a paid order, what the change takes out
// is refunded or released.
func (w *orderWorkflow) amended(a order.Amendment) (order.Order, error) {
	if w.Phase == AwaitingPayment {
		next, err := w.Without(a.Removed)
		if err != nil {
			return next, err
		}
		return next.With(a.Added)
	}
	next, err := w.With(a.Added)
	if err != nil {
		return next, err
	}
	parts, err := next.PlanFewer(a)
	for i := range parts { // they count the same, whether they are refunded or not charged
		parts[i].Status = order.RefundReleased
	}
	next.Refunds = append(slices.Clip(w.Refunds), parts...)
	return next, err
}

func refuseChange(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, order.ErrInvalid):
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	case errors.Is(err, order.ErrNotRefundable):
		return workflows.Refuse(workflows.RefusalNotLeft, err.Error())
	}
	return workflows.Refuse(activities.FailureType(err), err.Error())
}

// reserveChange writes a change down and reserves the goods that it adds, both or neither.
func (w *orderWorkflow) reserveChange(ctx workflow.Context, a order.Amendment) error {
	if err := workflow.Await(ctx, func() bool { return !w.saving }); err != nil {
		return err
	}
	w.Changes = append(slices.Clip(w.Changes), a)
	if w.Phase == AwaitingPayment {
		w.Stock.Until = w.Placement.Terms.PayBy(w.method(), workflow.Now(ctx)).Add(reservationGrace)
	}
	err := w.write(ctx)
	if err == nil {
		return nil
	}
	w.Changes = slices.DeleteFunc(slices.Clone(w.Changes), func(b order.Amendment) bool { return b.ID == a.ID })
	w.Stock.Until = time.Time{}
	if workflows.IsFailure(err, activities.FailureOutOfStock) {
		return workflows.Refuse(activities.FailureOutOfStock, workflows.Reason(err))
	}
	return err
}

// proceed goes on with a change whose goods are reserved: it is made, or its payment is asked
// for.
func (w *orderWorkflow) proceed(ctx workflow.Context, id string) {
	a := w.ChangeByID(id)
	switch why := w.endsChange(); {
	case a == nil || a.Status != order.AmendmentPending:
	case why != "":
		w.dropChange(ctx, why)
	case w.Phase == AwaitingPayment:
		w.changeUnpaid(ctx)
	case a.Amount > 0:
		w.askForChange(ctx)
	default:
		w.makeChange(ctx)
	}
}
