package orders

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// returnWithin is how long a step of the compensation is tried until a person is
// asked.
const returnWithin = 24 * time.Hour

// beginCompensation notes why the order is not fulfilled. A cancellation overrules
// a hold. An order whose parcel the carrier has picked up in the meantime, or before
// its money was captured, ends otherwise only after a person has decided.
func (w *orderWorkflow) beginCompensation(ctx workflow.Context) error {
	if w.PendingChange() != nil {
		w.dropChange(ctx, "the order is cancelled")
	}
	w.Hold, w.Waiting, w.Reason = nil, nil, w.Abort.Reason
	w.ParcelsOut, w.MoneyResolved = w.Abort.ParcelsOut, false
	w.enter(ctx, Compensating)
	if w.Status == order.Shipped && !w.ParcelsOut {
		w.hold(ctx, order.HoldVoid, "the carrier has a parcel, and "+w.Abort.Reason, w.Shipment().Tracking)
	}
	w.note(ctx, order.CancelRequested, w.Abort.Actor, w.Abort.Reason, "")
	return w.save(ctx)
}

// compensate reverses what this order did, newest first: the parcels, the payments,
// the stock. Every step is harmless where there is nothing to reverse. While it is
// not certain that no parcel is out, the money and the goods wait; what cannot be
// reversed is a person's decision.
func (w *orderWorkflow) compensate(ctx workflow.Context) error {
	for _, step := range []func(workflow.Context) error{w.voidParcels, w.returnPayments} {
		if err := step(ctx); err != nil || ctx.Err() != nil || w.Hold != nil || w.Phase != Compensating {
			return err // what was interrupted begins again
		}
	}
	switch out := w.ParcelsOut || w.Abort.Ends == order.Returned; {
	case !out: // what was delivered without a parcel does not come back, and a person looks at what came back in its parcel
		w.Stock = order.StockMove{Action: order.StockRelease, Lines: append(w.DeliveredWithoutParcel(), w.inReturnedParcels()...)}
		w.note(ctx, order.StockReleased, workflows.ActorPurser, "", "")
	default: // the goods are gone, also if they were never captured, but for those that never left
		w.Stock = order.StockMove{Action: order.StockShip}
	}
	for i := range w.Returns {
		if back := &w.Returns[i]; back.Status == order.ReturnExpected {
			back.NoRefund = true
		}
	}
	w.enter(ctx, Closed)
	kind, notification := order.OrderCancelled, order.MailCancelled
	switch w.Abort.Ends {
	case order.Expired:
		kind, notification = order.OrderExpired, order.MailExpired
	case order.Returned:
		kind, notification = order.OrderReturned, "" // the mail about the refund says what the shopper must know
	}
	w.note(ctx, kind, workflows.ActorPurser, w.Reason, "")
	if w.Failure == "" && notification != "" { // with a failure, the caller was told that there is no such order
		w.mail(ctx, notification)
	}
	w.handleEarly(ctx)
	w.notifyRefunds(ctx)
	return nil
}

// inReturnedParcels returns the goods of the parcels that came back and that no other has
// replaced.
func (s *State) inReturnedParcels() (all []order.LineQuantity) {
	for _, p := range s.Shipments {
		if !p.Replaced && p.Status == order.ParcelReturned {
			all = append(all, p.Lines...)
		}
	}
	return all
}

// recallParcels adds the parcels that the record knows as perhaps booked to an order that
// has booked none. Their labels may be real: the attempt that booked them died before the
// workflow knew it, or the workflow was reset.
func (w *orderWorkflow) recallParcels(ctx workflow.Context) error {
	if slices.ContainsFunc(w.Shipments, func(s order.Shipment) bool { return s.Status != "" }) || !recallsParcels(ctx) {
		return nil
	}
	recorded, err := run(ctx, w, recallShipments, 0, "", "Read the parcels that this history does not know", w.ID)
	if err != nil {
		return err
	}
	for _, s := range recorded.Shipments {
		if own := w.shipment(s.Reference); own != nil {
			*own = s
		} else {
			w.Shipments = append(w.Shipments, s)
		}
		w.Tried[s.Reference] = true
	}
	return nil
}

// voidParcels voids the label of each parcel that is booked, or perhaps is. If the
// carrier does not void it, a person decides.
func (w *orderWorkflow) voidParcels(ctx workflow.Context) error {
	switch err := w.recallParcels(ctx); {
	case w.Hold != nil || w.Phase != Compensating || ctx.Err() != nil:
		return nil // what was interrupted begins again
	case err != nil:
		w.hold(ctx, order.HoldVoid, "it is not known whether a parcel is booked: "+workflows.Reason(err), "")
		return nil
	}
	for i := range w.Shipments {
		s := w.Shipments[i]
		tried := s.Status != "" && s.Status != order.ParcelVoided && s.Status != order.ParcelReturned
		if w.ParcelsOut || s.Replaced && !perhapsBooked(s) || !tried || s.Method == order.NoParcel {
			continue
		}
		if s.Method != order.ByCarrier {
			if s.Status.HandedOver() { // there is no label that could be voided
				w.hold(ctx, order.HoldVoid, fmt.Sprintf("parcel %d has left the shop without the carrier's API: it is %s", s.Number, s.Status), s.Reference)
				return nil
			}
			w.shipment(s.Reference).Status = order.ParcelVoided
			continue
		}
		_, err := run(ctx, w, voidParcel, returnWithin, "a person is asked", "Void parcel "+s.Reference,
			steps.VoidLabelRequest{Booked: s.LabelID != "", Asked: w.parcelRequest(s)})
		switch {
		case w.Hold != nil || w.Phase != Compensating || ctx.Err() != nil:
			return nil
		case err != nil:
			w.hold(ctx, order.HoldVoid, "the carrier cannot void the parcel: "+workflows.Reason(err), s.Reference)
			return nil
		}
		w.shipment(s.Reference).Status = order.ParcelVoided
		w.note(ctx, order.ParcelWasVoided, workflows.ActorPurser, "", s.LabelID)
		w.findLater(ctx, s)
	}
	return nil
}

// Unconfirmed is a parcel whose booking the carrier did not confirm.
type Unconfirmed struct {
	Since time.Time `json:"since"` // when its label was voided, if there was one
	Asked int       `json:"asked"` // how often the carrier was asked for it since
}

// findShares are the parts of Terms.FindParcelsWithin after which the carrier is asked
// for such a parcel: of a day, a minute, ten minutes, an hour and all.
var findShares = []time.Duration{24 * 60, 24 * 6, 24, 1}

// findLater has the carrier asked again for a parcel if it did not confirm the booking:
// the request may still be on its way, and make a label behind the void.
func (w *orderWorkflow) findLater(ctx workflow.Context, s order.Shipment) {
	if s.LabelID != "" || w.Placement.Terms.FindParcelsWithin == 0 {
		return
	}
	w.Unconfirmed[s.Reference] = Unconfirmed{Since: workflow.Now(ctx)}
	w.findInBackground(ctx, s.Reference)
}

// findInBackground asks the carrier for a parcel of a cancelled order, and voids what
// it finds. A parcel that the carrier does not void is shown to an operator.
func (w *orderWorkflow) findInBackground(ctx workflow.Context, ref string) {
	w.retryInBackground(ctx, "the carrier has a parcel of a cancelled order", ref, time.Time{}, func(ctx workflow.Context) error {
		for {
			u := w.Unconfirmed[ref]
			if u.Asked >= len(findShares) {
				return nil
			}
			at := u.Since.Add(w.Placement.Terms.FindParcelsWithin / findShares[u.Asked])
			if left := at.Sub(workflow.Now(ctx)); left > 0 {
				timer := workflow.NewTimerWithOptions(ctx, left, workflow.TimerOptions{Summary: "ask again whether the carrier has booked parcel " + ref})
				if err := timer.Get(ctx, nil); err != nil {
					return err
				}
			}
			if err := w.voidFound(ctx, ref); err != nil {
				return err
			}
			u.Asked++
			w.Unconfirmed[ref] = u
		}
	}, func() { delete(w.Unconfirmed, ref) })
}

// voidFound voids the label of a parcel that the carrier has, although it was voided.
func (w *orderWorkflow) voidFound(ctx workflow.Context, ref string) error {
	p, err := runBackground(ctx, w, trackParcel, 0, "Ask the carrier for parcel "+ref, steps.ParcelRef{Reference: ref})
	if workflows.IsFailure(err, activities.FailureNoSuch) || err == nil && p.Status == order.ParcelVoided {
		return nil
	}
	if err != nil {
		return err
	}
	own := w.shipment(ref)
	own.LabelID, own.Tracking, own.Carrier, own.Status = p.LabelID, p.Tracking, p.Carrier, p.Status
	if _, err := runBackground(ctx, w, voidParcel, 0, "Void parcel "+ref, steps.VoidLabelRequest{Booked: true, Asked: w.parcelRequest(*own)}); err != nil {
		return err
	}
	own = w.shipment(ref)
	own.Status = order.ParcelVoided
	w.note(ctx, order.ParcelWasVoided, workflows.ActorPurser, "the carrier had booked it after the order was cancelled", p.LabelID)
	w.changes++
	return nil
}

// returnPayments voids the authorizations, or refunds what was captured. Surplus
// payments are returned in the background.
func (w *orderWorkflow) returnPayments(ctx workflow.Context) error {
	for i := range w.Payments {
		p := w.Payments[i]
		if w.MoneyResolved || p.Surplus || p.Status.Dead() {
			continue
		}
		if p.Manual() {
			w.returnTransfer(ctx, &w.Payments[i])
			continue
		}
		back, err := w.returnAny(ctx, p)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			w.hold(ctx, order.HoldRefund, "the money cannot be refunded or voided: "+workflows.Reason(err), p.Reference)
			return nil
		}
		if back.kind != "" {
			w.note(ctx, back.kind, workflows.ActorPurser, back.what, w.Payments[i].Reference)
		}
	}
	return nil
}

// returnAny refunds or voids one of the order's payments, or gives credit back.
func (w *orderWorkflow) returnAny(ctx workflow.Context, p order.Payment) (reversal, error) {
	if p.Credit() {
		return w.returnRest(ctx, p)
	}
	return w.returnPayment(ctx, foreground, p)
}

// returnPayment refunds or voids one of the order's payments, also one of which it
// is unknown whether its creation succeeded.
func (w *orderWorkflow) returnPayment(ctx workflow.Context, r runner, p order.Payment) (reversal, error) {
	if p.Reference != "" {
		return w.refundOrVoid(ctx, r, p.Reference)
	}
	in, err := runAs(ctx, w, r, cancelIntent, "Cancel the payment intent",
		steps.CancelPaymentRequest{Created: w.intentRequest(p.Number), Key: order.Key(w.ID, "cancel", p.Number)})
	if workflows.IsFailure(err, activities.FailureState) { // its creation succeeded, and perhaps it was captured
		return w.returnFound(ctx, r, p, err)
	}
	if err == nil {
		own := &w.Payments[p.Number-1]
		own.Provider, own.Reference, own.Status = in.Provider, in.ID, in.Status
	}
	return reversal{kind: order.PaymentVoided}, err
}

// returnFound finds a payment that cannot be cancelled and whose reference is not
// known, and refunds it if it was captured; otherwise it returns refused. The creation
// under the same key may return the payment as it was then, so its state is asked for.
func (w *orderWorkflow) returnFound(ctx workflow.Context, r runner, p order.Payment, refused error) (reversal, error) {
	made, err := runAs(ctx, w, r, createIntent, "Find the payment intent", w.intentRequest(p.Number))
	if err != nil {
		return reversal{}, err
	}
	own := &w.Payments[p.Number-1]
	own.Provider, own.Reference, own.Status = made.Intent.Provider, made.Intent.ID, made.Intent.Status
	in, err := runAs(ctx, w, r, getIntent, "Ask about payment "+made.Intent.ID, steps.IntentRef{ID: made.Intent.ID})
	if err != nil || !in.Status.HasMoney() {
		return reversal{}, refused
	}
	return w.refundOrVoid(ctx, r, in.ID)
}

func (w *orderWorkflow) checkCancel(ctx workflow.Context, _ CancelRequest) error {
	if !w.ready { // onCancel checks
		return nil
	}
	return w.handle(ctx, message{kind: cancelMessage})
}

// mayCancel takes a request to cancel for as long as the carrier has no parcel.
func (w *orderWorkflow) mayCancel(ctx workflow.Context, m message) error {
	if w.inTransit() {
		return w.tooLateToCancel(ctx, m)
	}
	return nil
}

// joinCancel lets a caller wait for the compensation that is under way.
func (w *orderWorkflow) joinCancel(workflow.Context, message) error { return nil }

func (w *orderWorkflow) tooLateToCancel(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalTooLate, "the order is "+string(w.Status))
}

// onCancel cancels the order and returns it when everything is compensated. The
// order takes no further step from the moment the request arrives, but nothing is
// undone before the request is certainly in the history.
func (w *orderWorkflow) onCancel(ctx workflow.Context, r CancelRequest) (order.Order, error) {
	if err := w.awaitReady(ctx); err != nil {
		return w.Order, err
	}
	if err := w.checkCancel(ctx, r); err != nil {
		return w.Order, err
	}
	if err := w.requestCancel(ctx, r); err != nil {
		return w.Order, err
	}
	// A person may decide that the order goes on all the same.
	goesOn := func() bool { return w.Abort == nil && w.Cancel == nil }
	if err := workflow.Await(ctx, func() bool { return w.Status.Final() || goesOn() }); err != nil {
		return w.Order, err
	}
	if w.Phase != Closed {
		return w.Order, w.tooLateToCancel(ctx, message{})
	}
	return w.Order, nil
}

func (w *orderWorkflow) requestCancel(ctx workflow.Context, r CancelRequest) error {
	if w.Cancel != nil || w.Abort != nil {
		return nil // the first request counts
	}
	w.Cancel = &r
	w.changes++
	w.interrupt()
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return err
	}
	if w.Abort != nil { // the order was aborted in the meantime for a reason of its own
		return nil
	}
	if err := w.checkCancel(ctx, r); err != nil { // the carrier has picked the parcel up in the meantime
		w.Cancel = nil
		return err
	}
	w.abort(Abort{Ends: order.Cancelled, Actor: r.Actor(), Reason: r.Reason()})
	return nil
}

// watchCancellation takes a cancellation of the workflow itself, as from the
// Temporal UI, as a request to cancel the order, if that is still possible.
func (w *orderWorkflow) watchCancellation(ctx workflow.Context) {
	done := ctx.Done()
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(disconnected, func(ctx workflow.Context) {
		done.Receive(ctx, nil)
		if w.checkCancel(ctx, CancelRequest{}) == nil {
			w.abort(Abort{Ends: order.Cancelled, Actor: workflows.ActorTemporalUI, Reason: "cancelled in the Temporal UI"})
		}
	})
}
