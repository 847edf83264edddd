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

// changeUnpaid makes a change of an order that is not paid yet. If it costs anything else
// now, the shopper is asked for another payment, and has as much time as for a new order;
// what is paid with the payment before is returned.
func (w *orderWorkflow) changeUnpaid(ctx workflow.Context) {
	a := w.PendingChange()
	own := w.current()
	asked := w.Asked(*own)
	next, err := w.amended(*a)
	if err != nil { // it was checked, and nothing differs since
		w.dropChange(ctx, workflows.Reason(err))
		return
	}
	w.amend(a, next)
	switch {
	case a.Amount == 0:
	case own.Manual():
		w.PayFrom = workflow.Now(ctx)
		l := w.MailFor(order.MailPrepayment)
		l.Ref, l.Until = l.Ref+"-"+a.ID, w.payBy()
		w.send(ctx, l)
	default:
		w.PayFrom = workflow.Now(ctx)
		own.Amount = asked.Amount // it was for the total before
		amount := asked.Amount + a.Amount
		if amount == w.Total.Amount {
			amount = 0
		}
		w.Payments = append(w.Payments, order.Payment{Number: len(w.Payments) + 1, Amount: amount})
		w.returnUnneeded(ctx, &w.Payments[own.Number-1], "the order was changed, and another payment asks for what it costs now")
		w.DeclinedAt = time.Time{}
	}
	w.noteChange(ctx, a)
}

// amend takes over what a change makes of the order.
func (w *orderWorkflow) amend(a *order.Amendment, next order.Order) {
	if w.Opened == nil {
		w.Opened = &order.Opened{ShipTo: w.ShipTo, Lines: w.Lines, Total: w.Total}
	}
	w.Lines, w.Total = next.Lines, next.Total
	if a.ShipTo != nil {
		w.ShipTo = *a.ShipTo
	}
	a.Status = order.AmendmentMade
}

// noteChange notes that a change is made; the order goes on with it.
func (w *orderWorkflow) noteChange(ctx workflow.Context, a *order.Amendment) {
	w.note(ctx, order.OrderChanged, a.By, describeChange(*a, w.Total.Currency)+": "+a.Reason, a.ID)
	w.changes++
	w.interrupt()
}

// makeChange makes a change of a paid order. What it takes out is refunded or, if it is not
// captured, not charged; the parcels that are planned are planned again.
func (w *orderWorkflow) makeChange(ctx workflow.Context) {
	a := w.PendingChange()
	next, err := w.With(a.Added)
	var parts []order.Refund
	if err == nil {
		parts, err = next.PlanFewer(*a)
	}
	if err != nil { // refunds have come first
		w.dropChange(ctx, workflows.Reason(err))
		return
	}
	for i := range w.Payments { // they were for the total before
		if p := &w.Payments[i]; !p.Manual() && p.Change == "" && p.Amount == 0 && len(a.Added) > 0 {
			p.Amount = w.Total.Amount
		}
	}
	was := w.ShipTo
	w.amend(a, next)
	w.addRefunds(ctx, parts, a.By)
	w.replan(ctx, was, a.ShipTo != nil || len(a.Added) > 0)
	w.leaveOut(ctx)
	w.noteChange(ctx, a)
	_ = w.makeRefunds(ctx, parts) // a write that the record refuses fails again when the order goes on
}

// replan plans the parcels again that are not booked, with the goods that the order has now.
// The carrier may have one of them all the same, because the workflow was reset, so others
// replace them, and they are voided.
func (w *orderWorkflow) replan(ctx workflow.Context, was order.Address, needed bool) {
	if w.Phase != Fulfilling || !needed || w.Placement.Terms.Parcels == ParcelsByOperator {
		return
	}
	var instead []string
	for i := range w.Shipments {
		s := &w.Shipments[i]
		if s.Replaced || s.Booked() || s.Key != "" || ended(*s) {
			continue
		}
		s.Replaced = true
		if s.To == nil && was != w.ShipTo {
			s.To = &was
		}
		instead = append(instead, s.Reference)
	}
	if w.packs() { // a person puts them into parcels
		return
	}
	first := len(w.Shipments)
	w.planShipments()
	for i := first; i < len(w.Shipments); i++ {
		s := &w.Shipments[i]
		if w.StockKept {
			s.Status = order.ParcelUnknown
		}
		if len(instead) > 0 {
			s.Replaces = instead[min(i-first, len(instead)-1)]
		}
	}
}

// askForChange asks the shopper for what a change costs. The order goes on as it was until
// the money is held.
func (w *orderWorkflow) askForChange(ctx workflow.Context) {
	a := w.PendingChange()
	number := len(w.Payments) + 1
	a.Payment, a.Until = number, workflow.Now(ctx).Add(w.Placement.Terms.PayWithin)
	w.Payments = append(w.Payments, order.Payment{Number: number, Amount: a.Amount, Standby: true, Change: a.ID})
	w.note(ctx, order.ChangeRequested, a.By, describeChange(*a, w.Total.Currency)+": "+a.Reason, a.ID)
	w.followChange(ctx)
}

// followChange follows the change that waits for its payment, in the background: it does not
// keep the workflow from continuing as new.
func (w *orderWorkflow) followChange(ctx workflow.Context) {
	if w.follows {
		return
	}
	w.follows = true
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		every := w.Placement.Terms.AskAfter
		for a := w.PendingChange(); a != nil; a = w.PendingChange() {
			why, now := w.endsChange(), workflow.Now(ctx)
			at := a.Until
			if soon := now.Add(every); every > 0 && soon.Before(at) {
				at = soon
			}
			if why == "" && a.Payment > 0 && w.Payments[a.Payment-1].Reference != "" && !w.askChange && now.Before(at) {
				called, err := workflow.AwaitWithTimeout(ctx, at.Sub(now), func() bool { return w.askChange || w.PendingChange() == nil || w.endsChange() != "" })
				if err != nil || called {
					continue
				}
				every *= 2
			}
			w.pending++
			w.advanceChange(ctx)
			_ = w.save(ctx)
			w.pending--
			w.changes++
		}
		w.follows = false
	})
}

// endsChange says why a change cannot be made any more; empty: it can.
func (w *orderWorkflow) endsChange() string {
	a := w.PendingChange()
	switch {
	case a == nil:
		return ""
	case w.Abort != nil:
		return "the order is cancelled"
	case w.Phase == AwaitingPayment && a.Payment == 0:
		return ""
	case w.Phase != Fulfilling:
		return "the order is " + string(w.Status)
	case w.labelled():
		return "a parcel is booked, or is being booked"
	case w.Lapsing || w.standby() != nil:
		return "the hold on the money lapses, and the shopper is asked for all of it"
	}
	return ""
}

// advanceChange creates the payment that a change waits for, or asks the provider about it
// and makes the change if it is paid.
func (w *orderWorkflow) advanceChange(ctx workflow.Context) {
	a := w.PendingChange()
	switch why := w.endsChange(); {
	case why != "":
		w.dropChange(ctx, why)
		return
	case a.Payment == 0: // the run that was at it is lost
		w.proceed(ctx, a.ID)
		return
	case w.Payments[a.Payment-1].Reference == "":
		w.createForChange(ctx, *a)
		return
	}
	w.askChange = false
	last := !workflow.Now(ctx).Before(a.Until)
	ref := w.Payments[a.Payment-1].Reference
	in, err := runBackground(ctx, w, getIntent, 0, "Ask about payment "+ref, steps.IntentRef{ID: ref})
	_ = workflow.Await(ctx, func() bool { return !w.cancelPending() && !w.changing })
	if a = w.PendingChange(); a == nil {
		return
	}
	switch why := w.endsChange(); {
	case why != "":
		w.dropChange(ctx, why)
	case err != nil:
		w.dropChange(ctx, unreadable(err))
	case in.Status.HasMoney():
		w.changePaid(ctx, a, in)
	case in.Status.Dead():
		w.dropChange(ctx, "its payment was cancelled at the provider")
	case last:
		w.dropChange(ctx, "it was not paid by "+a.Until.UTC().Format(time.RFC3339))
	}
}

// createForChange creates the payment that a change waits for, and mails the shopper.
func (w *orderWorkflow) createForChange(ctx workflow.Context, a order.Amendment) {
	if err := w.save(ctx); err != nil { // the record must know it first, for the aftercare
		w.dropChange(ctx, "it cannot be written: "+workflows.Reason(err))
		return
	}
	left := max(a.Until.Sub(workflow.Now(ctx)), time.Second)
	made, err := runBackground(ctx, w, createIntent, left, "Create the payment intent of a change", w.intentRequest(a.Payment))
	own := &w.Payments[a.Payment-1]
	switch {
	case w.PendingChange() == nil:
		return
	case err != nil:
		if workflows.IsFailure(err, activities.FailureRejected) || workflows.IsFailure(err, activities.FailureMinimum) {
			own.Status = order.PaymentFailed // nothing was created
		}
		w.dropChange(ctx, "the shopper cannot be asked for its payment: "+workflows.Reason(err))
		return
	}
	own.Provider, own.Reference, own.Status, w.ChangeSealed = made.Intent.Provider, made.Intent.ID, made.Intent.Status, made.SealedSecret
	if w.endsChange() != "" {
		return // it is dropped next
	}
	w.note(ctx, order.PaymentReady, workflows.ActorPurser, "the shopper can pay "+w.Asked(*own).String()+" for the change "+a.ID+" until "+a.Until.UTC().Format(time.RFC3339), own.Reference)
	w.send(ctx, w.MailAbout(order.MailPayMore, own.Reference))
}

// changePaid makes a change whose money is held, if it is what the shopper was asked for.
func (w *orderWorkflow) changePaid(ctx workflow.Context, a *order.Amendment, in order.Intent) {
	own := &w.Payments[a.Payment-1]
	money, asked := max(in.Capturable, in.Received), w.Asked(*own)
	if in.Amount != asked || money != asked.Amount {
		w.dropChange(ctx, fmt.Sprintf("the shopper has paid %s of %s instead of %s", order.Money{Amount: money, Currency: in.Amount.Currency}, in.Amount, asked))
		return
	}
	own.Standby, own.Status, own.Authorized, own.Captured = false, in.Status, money, in.Received
	own.AuthorizedAt, own.CaptureBefore, own.Decline = workflow.Now(ctx), in.CaptureBefore, nil
	what := " held"
	if in.Status == order.PaymentCaptured {
		what = " received"
	}
	w.note(ctx, order.PaymentWasAuthorized, own.Provider, asked.String()+what+" for the change "+a.ID, own.Reference)
	if w.makeChange(ctx); a.Status == order.AmendmentMade {
		w.refundReleased(ctx)
	}
}

// dropChange gives up the change that waits: its goods are for sale again, and what was paid
// for it is returned.
func (w *orderWorkflow) dropChange(ctx workflow.Context, why string) {
	a := w.PendingChange()
	a.Status, a.Why = order.AmendmentDropped, why
	w.ChangeSealed = ""
	w.note(ctx, order.ChangeDropped, workflows.ActorPurser, why, a.ID)
	w.changes++
	if a.Payment == 0 {
		return
	}
	w.returnUnneeded(ctx, &w.Payments[a.Payment-1], "the change that it was for was dropped")
}

// changePaymentReported handles an event about a payment that is or was for a change. What it
// says about money is asked of the provider.
func (w *orderWorkflow) changePaymentReported(ctx workflow.Context, own *order.Payment, p order.PaymentEvent) {
	switch {
	case p.Status.HasMoney(), p.Status.Dead():
		w.askChange = true
	case p.Failed && p.Decline != nil:
		own.Decline = p.Decline
		w.note(ctx, order.PaymentDeclined, own.Provider, p.Decline.Message, p.Reference)
	default:
		w.note(ctx, order.EventIgnored, own.Provider, "the payment of a change is "+string(p.Status), p.Reference)
	}
}

// counts reports whether a payment is one of those that pay for the order: its own, or that
// of a change that was made.
func (s *State) counts(p *order.Payment) bool {
	return p != nil && !p.Surplus && !p.Standby && (p.Change != "" || p.Number == s.Order.Payment().Number)
}

// soonest returns the payment whose hold lapses first, of those that are not captured, or
// the order's payment if no money is held.
func (w *orderWorkflow) soonest() order.Payment {
	first := w.Order.Payment()
	for _, p := range w.Payments {
		if held := w.counts(&p) && p.Authorized > 0 && p.Captured == 0; held && w.reliedOnUntil(p).Before(w.reliedOnUntil(first)) {
			first = p
		}
	}
	return first
}

// paymentsOfChanges returns the payments of changes that were made, and that are not captured.
// The hold of one may have ended.
func (s *State) paymentsOfChanges() []order.Payment {
	return slices.DeleteFunc(slices.Clone(s.Payments), func(p order.Payment) bool {
		return p.Change == "" || p.Surplus || p.Standby || p.Captured > 0
	})
}
