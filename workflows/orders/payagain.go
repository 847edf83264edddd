package orders

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// asksToPayAgain reports whether the shopper is asked to pay again before a hold
// lapses. Orders that were placed without that term are cancelled then.
func (w *orderWorkflow) asksToPayAgain() bool { return w.Placement.Terms.PayAgainBefore > 0 }

// standby returns the payment that the shopper is asked for because a hold lapses, or
// nil.
func (s *State) standby() *order.Payment {
	for i := range s.Payments {
		if s.Payments[i].Standby && s.Payments[i].Change == "" {
			return &s.Payments[i]
		}
	}
	return nil
}

// payAgainAt returns when the shopper is asked to pay again instead of a payment that
// is held.
func (w *orderWorkflow) payAgainAt(p order.Payment) time.Time {
	lapses := p.CaptureBefore
	if lapses.IsZero() {
		lapses = p.AuthorizedAt.Add(authorizationLasts)
	}
	return lapses.Add(-w.payAgainBefore(p))
}

// payAgainBefore returns how long before its lapse a hold is too short to be relied on.
func (w *orderWorkflow) payAgainBefore(p order.Payment) time.Duration {
	lasts := authorizationLasts
	if !p.CaptureBefore.IsZero() {
		lasts = p.CaptureBefore.Sub(p.AuthorizedAt)
	}
	return min(w.Placement.Terms.PayAgainBefore, max(lasts, 0)/2)
}

// beforeLapse asks the shopper to pay again when the hold comes near its lapse, and
// cancels the order if that cannot be asked. over reports whether the hold does not
// matter any more.
func (w *orderWorkflow) beforeLapse(ctx workflow.Context, over func() bool) {
	p := w.soonest()
	w.showPayAgainAt(ctx, w.payAgainAt(p))
	left := w.payAgainAt(p).Sub(workflow.Now(ctx))
	if done, err := workflow.AwaitWithTimeout(ctx, max(left, time.Millisecond), over); done || err != nil {
		return
	}
	until := w.reliedOnUntil(p)
	w.payAgain(ctx, until)
	if w.lapsedUnpaid() {
		w.lapseUncaptured()
		return
	}
	left = until.Sub(workflow.Now(ctx))
	if done, err := workflow.AwaitWithTimeout(ctx, max(left, time.Millisecond), over); !done && err == nil {
		w.lapseUncaptured()
	}
}

// showPayAgainAt shows, while a step is delayed, when the shopper is asked to pay again.
func (w *orderWorkflow) showPayAgainAt(ctx workflow.Context, at time.Time) {
	if !w.delayed || w.Waiting == nil || w.Hold != nil || !workflow.Now(ctx).Before(at) {
		return
	}
	on := *w.Waiting
	on.Until, on.Then = at, "the shopper is asked to pay again, because the hold on the money lapses"
	w.Waiting = &on
	if w.saveWaiting(ctx) == nil {
		_ = w.show(ctx)
	}
}

// lapsedUnpaid reports whether no hold can be relied on, and none is awaited. A payment
// that is perhaps created is cancelled with the order.
func (w *orderWorkflow) lapsedUnpaid() bool {
	p := w.standby()
	return w.Lapsing && w.Phase == Fulfilling && (p == nil || p.Reference == "") && w.Taken() == 0
}

// payAgain asks the shopper for another payment, which the order goes on with if its
// money is held by then. Until then the old hold stays, so that goods that can ship
// in the meantime are paid with it.
func (w *orderWorkflow) payAgain(ctx workflow.Context, until time.Time) {
	if w.standby() == nil { // appended before the step, so that compensate knows of it
		w.Payments = append(w.Payments, order.Payment{Number: len(w.Payments) + 1, Amount: w.payAgainAmount(), Standby: true})
	}
	number := w.standby().Number
	w.PayAgainBy, w.unsaved, w.following = until, true, true
	defer func() { w.following = false }()
	if err := w.save(ctx); err != nil { // the record must know it first, for the aftercare
		return
	}
	before := w.payAgainBefore(w.Order.Payment())
	left := max(until.Sub(workflow.Now(ctx)), before/2)
	made, err := runBackground(ctx, w, createIntent, left, "Create another payment intent", w.intentRequest(number))
	own := &w.Payments[number-1]
	switch {
	case err != nil:
		if workflows.IsFailure(err, activities.FailureRejected) || workflows.IsFailure(err, activities.FailureMinimum) {
			own.Status = order.PaymentFailed // nothing was created
		}
		w.note(ctx, order.OrderNeedsAttention, workflows.ActorPurser, "the shopper cannot be asked to pay again: "+workflows.Reason(err), "")
		w.changes++
	case own.Reference == "": // it is not being cancelled by now
		own.Provider, own.Reference, own.Status = made.Intent.Provider, made.Intent.ID, made.Intent.Status
	}
	if own.Status.Dead() || err != nil {
		w.endStandby(ctx)
		return
	}
	if w.payAgainOver() {
		w.endStandby(ctx)
		return
	}
	if enough := workflow.Now(ctx).Add(before / 2); until.Sub(workflow.Now(ctx)) < before/4 { // it took long: the hold does not last until the deadline
		until, w.Lapsing = enough, true
		w.PayAgainBy = until
		w.interrupt()
	}
	w.Sealed = made.SealedSecret
	if w.Answer != nil {
		w.Answer.SealedSecret = w.Sealed
	}
	w.note(ctx, order.PaymentAskedAgain, workflows.ActorPurser, "the hold lapses; the shopper can pay "+w.Asked(*own).String()+" again until "+until.UTC().Format(time.RFC3339), own.Reference)
	l := w.MailAbout(order.MailPayAgain, own.Reference)
	l.Until = until
	w.send(ctx, l)
	if w.Hold == nil {
		w.Waiting = w.waitingForPayAgain(ctx)
	}
	w.changes++
	if err := w.save(ctx); err != nil {
		return
	}
	if err := w.show(ctx); err != nil {
		return
	}
	w.followStandby(ctx)
}

// payAgainAmount returns the amount of the payment with which the shopper pays again: for
// the order, and for the changes that other payments pay for, also one whose hold has ended.
// 0: the order's total.
func (w *orderWorkflow) payAgainAmount() int64 {
	own := w.Order.Payment()
	of := w.paymentsOfChanges()
	if len(of) == 0 {
		return own.Amount
	}
	sum := w.Asked(own).Amount
	for _, p := range of {
		sum += w.Asked(p).Amount
	}
	return sum
}

// waitingForPayAgain says that the order waits for the payment on standby.
func (w *orderWorkflow) waitingForPayAgain(ctx workflow.Context) *order.Waiting {
	on := &order.Waiting{On: waitPayment, Then: "the payment provider is asked; if the shopper has not paid again, the order is cancelled"}
	if p := w.standby(); p != nil {
		on.About = p.Reference
	}
	if workflow.Now(ctx).Before(w.PayAgainBy) {
		on.Until = w.PayAgainBy
	}
	return on
}

// payAgainOver reports whether the order does not need the payment on standby.
func (w *orderWorkflow) payAgainOver() bool {
	return w.standby() == nil || w.Phase != Fulfilling || w.Abort != nil || w.Taken() > 0
}

// followStandby waits until the payment on standby holds the money, or is not needed.
// At the deadline the provider is asked once more: if it is not paid by then, the
// order is cancelled.
func (w *orderWorkflow) followStandby(ctx workflow.Context) {
	for !w.payAgainOver() {
		if left := w.PayAgainBy.Sub(workflow.Now(ctx)); left > 0 && !w.askAgain {
			_, _ = workflow.AwaitWithTimeout(ctx, left, func() bool { return w.payAgainOver() || w.askAgain })
			continue
		}
		w.askAgain = false
		last := !workflow.Now(ctx).Before(w.PayAgainBy)
		if last { // nothing ships from now on
			_ = workflow.Await(ctx, func() bool { return !w.capturing || w.payAgainOver() })
			if w.payAgainOver() {
				break
			}
			w.Lapsing = true
			w.interrupt()
		}
		ref := w.standby().Reference
		in, err := runBackground(ctx, w, getIntent, 0, "Ask about payment "+ref, steps.IntentRef{ID: ref})
		_ = workflow.Await(ctx, func() bool { return !w.capturing || w.payAgainOver() })
		switch {
		case w.payAgainOver():
		case err == nil && in.Status.HasMoney():
			w.replaceHold(ctx, in)
		case last:
			w.abortFor(order.Cancelled, "the hold on the money lapsed, and the shopper did not pay again until "+w.PayAgainBy.UTC().Format(time.RFC3339), "it was not paid for again in time")
			w.changes++
		}
	}
	w.endStandby(ctx)
}

// replaceHold goes on with the payment on standby, and releases the old hold. If it
// holds another amount, it is returned instead.
func (w *orderWorkflow) replaceHold(ctx workflow.Context, in order.Intent) {
	own, old := w.standby(), w.Order.Payment()
	money := max(in.Capturable, in.Received)
	if asked := w.Asked(*own); in.Amount != asked || money != asked.Amount {
		w.note(ctx, order.PaymentSurplus, own.Provider, "the shopper has paid again, but not "+asked.String(), in.ID)
		w.returnSurplus(ctx, in.ID, "it is not what the shopper was asked for")
		return
	}
	own.Standby, own.Status, own.Authorized, own.Captured = false, in.Status, money, in.Received
	own.AuthorizedAt, own.CaptureBefore, own.Decline = workflow.Now(ctx), in.CaptureBefore, nil
	w.Lapsing, w.PayAgainBy, w.Attempt = false, time.Time{}, "capture"
	w.note(ctx, order.PaymentRenewed, own.Provider, w.Asked(*own).String()+" held again, instead of payment "+old.Reference, own.Reference)
	for _, p := range append(w.paymentsOfChanges(), old) {
		if p.Change != "" && p.Status.Dead() { // nothing is held
			w.payment(p.Reference).Surplus = true
			continue
		}
		w.returnSurplus(ctx, p.Reference, "another payment has replaced it")
	}
	w.refundReleased(ctx)
	w.changes++
	w.interrupt() // a step that relied on the old hold begins again
}

// returnSurplus refunds or voids one of the order's payments that it does not need.
func (w *orderWorkflow) returnSurplus(ctx workflow.Context, ref, why string) {
	own := w.payment(ref)
	if own == nil {
		return
	}
	own.Surplus, own.Standby = true, false
	if _, runs := w.Reversals[ref]; !runs {
		w.Reversals[ref] = why
		w.returnInBackground(ctx, ref)
	}
}

// endStandby gives up the payment on standby, unless the compensation cancels it. One of
// which it is not known whether it was created may exist at the provider.
func (w *orderWorkflow) endStandby(ctx workflow.Context) {
	p := w.standby()
	if p != nil && w.Abort == nil && (p.Reference != "" || p.Status.Dead() || w.Taken() > 0) {
		w.returnUnneeded(ctx, p, "the order does not need another payment")
	}
}

// returnUnneeded refunds or voids a payment that the order does not need, also one of which it
// is not known whether it was created.
func (w *orderWorkflow) returnUnneeded(ctx workflow.Context, p *order.Payment, why string) {
	if p.Reference != "" {
		w.returnSurplus(ctx, p.Reference, why)
		return
	}
	p.Surplus, p.Standby = true, false
	w.cancelLostInBackground(ctx, *p)
}

// cancelLostInBackground cancels or refunds a payment that the order does not need, if it
// is not known whether it was created.
func (w *orderWorkflow) cancelLostInBackground(ctx workflow.Context, p order.Payment) {
	if !p.Surplus || p.Reference != "" || p.Status.Dead() || !cancelsLostPayments(ctx) {
		return
	}
	w.retryInBackground(ctx, "a payment that was perhaps created cannot be cancelled", fmt.Sprintf("payment %d", p.Number), time.Time{}, func(ctx workflow.Context) error {
		back, err := w.returnPayment(ctx, background, w.Payments[p.Number-1])
		if err == nil && back.kind != "" {
			w.note(ctx, back.kind, workflows.ActorPurser, cmp.Or(back.what, "the order does not need another payment"), w.Payments[p.Number-1].Reference)
			w.notifyRefunds(ctx)
		}
		return err
	}, func() {
		if own := &w.Payments[p.Number-1]; own.Status == "" { // a person has settled it
			own.Status = order.PaymentCanceled
		}
	})
}

// payAgainReported handles an event about the payment on standby. What it says about
// money is asked of the provider before the old hold is released.
func (w *orderWorkflow) payAgainReported(ctx workflow.Context, own *order.Payment, p order.PaymentEvent) {
	switch {
	case p.Status.HasMoney():
		w.askAgain = true
		if !w.following {
			w.following = true
			w.inBackground(ctx, func(ctx workflow.Context) {
				defer func() { w.following = false }()
				w.followStandby(ctx)
			})
		}
	case p.Failed && p.Decline != nil:
		own.Decline = p.Decline
		w.note(ctx, order.PaymentDeclined, own.Provider, p.Decline.Message, p.Reference)
	default:
		w.note(ctx, order.EventIgnored, own.Provider, "the payment on standby is "+string(p.Status), p.Reference)
	}
}

// ranOut reports whether the provider does not let the order capture a payment because
// the hold has ended by itself, before its time or not. A hold that a person has released
// is another matter.
func (w *orderWorkflow) ranOut(ctx workflow.Context, own order.Payment, in order.Intent) bool {
	if own.CaptureBefore.IsZero() {
		own.CaptureBefore = in.CaptureBefore
	}
	lapsed := in.Status == order.PaymentExpired || in.Status == order.PaymentAuthorized && !workflow.Now(ctx).Before(w.reliedOnUntil(own))
	return w.asksToPayAgain() && lapsed && own.Captured == 0 && own.Authorized > 0 && w.Taken() == 0
}

// isTooOld reports whether nothing is shipped on a hold any more, although the provider
// may not have said yet that it has lapsed.
func (w *orderWorkflow) isTooOld(ctx workflow.Context, own order.Payment) bool {
	return w.asksToPayAgain() && w.Taken() == 0 && own.Authorized > 0 && !workflow.Now(ctx).Before(w.reliedOnUntil(own))
}

// holdRanOut asks the shopper to pay again, unless that was asked before, because the
// hold has lapsed. Nothing ships in the meantime. The status is what is known of the
// payment: one that the provider still holds is released when it is replaced, or the
// order is cancelled.
func (w *orderWorkflow) holdRanOut(ctx workflow.Context, own *order.Payment, status order.PaymentStatus) {
	own.Status, own.Authorized, own.CaptureBefore = status, 0, time.Time{}
	asked := w.following || w.standby() != nil
	w.Lapsing = true
	w.note(ctx, order.PaymentHasLapsed, own.Provider, "the hold has lapsed before the money was captured", own.Reference)
	if !asked {
		until := workflow.Now(ctx).Add(w.Placement.Terms.PayAgainBefore)
		w.PayAgainBy = until
		w.inBackground(ctx, func(ctx workflow.Context) {
			w.payAgain(ctx, until)
			if w.lapsedUnpaid() {
				w.lapseUncaptured()
			}
		})
	}
	w.changes++
	w.interrupt()
}

// awaitHold waits while no hold can be relied on, until the shopper has paid again.
// Labels that were booked for a hold that has lapsed are voided: nothing ships unpaid.
func (w *orderWorkflow) awaitHold(ctx workflow.Context) error {
	for w.Lapsing && w.Phase == Fulfilling && !w.stopped(ctx) {
		if !w.Covered() {
			if err := w.voidUnpaid(ctx); err != nil || w.stopped(ctx) {
				return err
			}
		}
		if err := w.wait(ctx, *w.waitingForPayAgain(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// voidUnpaid voids the labels that are booked, or perhaps are, and plans other parcels
// instead. If the carrier has one, the order is cancelled, and a person decides.
func (w *orderWorkflow) voidUnpaid(ctx workflow.Context) error {
	for i := range w.Shipments {
		s := w.Shipments[i]
		if s.Replaced || s.LabelID == "" && !w.Tried[s.Reference] {
			continue
		}
		_, err := run(ctx, w, voidParcel, returnWithin, "the order is cancelled", "Void parcel "+s.Reference,
			steps.VoidLabelRequest{Booked: s.LabelID != "", Asked: w.parcelRequest(s)})
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			w.abortFor(order.Cancelled, "the hold on the money lapsed, and the carrier does not void the parcel: "+workflows.Reason(err), "the payment could not be taken")
			return nil
		}
		w.shipment(s.Reference).Status = order.ParcelVoided
		w.note(ctx, order.ParcelWasVoided, workflows.ActorPurser, "the hold on the money has lapsed", cmp.Or(s.LabelID, s.Reference))
		w.findLater(ctx, s)
		w.replaceShipments(ctx, func(other order.Shipment) bool { return other.Reference == s.Reference })
	}
	return nil
}
