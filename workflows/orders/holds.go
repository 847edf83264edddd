package orders

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// hold stops the order, whatever it is doing, until a person decides. An order that
// is on hold already only notes the second reason.
func (w *orderWorkflow) hold(ctx workflow.Context, kind order.HoldKind, why, about string) {
	if w.Hold != nil {
		w.note(ctx, order.OrderNeedsAttention, workflows.ActorPurser, why, about)
		return
	}
	w.Hold = &order.Hold{Kind: kind, Why: why, About: about, Choices: kind.Choices()}
	w.HoldCase, w.HoldDecided = "", false
	w.Reason = why
	w.note(ctx, order.OrderOnHold, workflows.ActorPurser, why, about)
	w.changes++
	w.mailReceivedInBackground(ctx)
	if w.asksToPayAgain() {
		w.watchLapseInBackground(ctx)
	}
	w.interrupt()
}

// awaitResolution waits until a person has decided, or the order is cancelled.
func (w *orderWorkflow) awaitResolution(ctx workflow.Context) error {
	for w.Hold != nil && !w.cancelPending() && ctx.Err() == nil {
		on := order.Waiting{On: operator, About: w.Hold.About}
		if w.standby() != nil {
			again := w.waitingForPayAgain(ctx)
			on.Until, on.Then = again.Until, again.Then
		}
		if err := w.wait(ctx, on); err != nil {
			return err
		}
	}
	return nil
}

func (w *orderWorkflow) checkResolve(ctx workflow.Context, r ResolveRequest) error {
	if !w.ready { // onResolve checks
		return nil
	}
	return w.handle(ctx, message{kind: resolveMessage, resolve: r})
}

// mayResolve takes a decision that the hold allows.
func (w *orderWorkflow) mayResolve(_ workflow.Context, m message) error {
	switch {
	case w.Abort != nil && w.Phase != Compensating:
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+" and about to be cancelled")
	case m.resolve.Choice == order.ChooseRebook && slices.Contains(w.Hold.Choices, order.ChooseRebook) && !w.sendsAgain(ended):
		return errNothingToSend
	case slices.Contains(w.Hold.Choices, m.resolve.Choice):
		if err := w.mayDecideCase(m.resolve); err != nil {
			return err
		}
		return w.mayMoveMoney(m.resolve)
	}
	return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the order is %s (%s: %s), which takes %v, not %q", w.Status, w.Hold.Kind, w.Hold.Why, w.Hold.Choices, m.resolve.Choice))
}

// mayResolveAttention takes a decision about what Purser cannot finish by itself,
// while the order is not on hold.
func (w *orderWorkflow) mayResolveAttention(_ workflow.Context, m message) error {
	if err := w.mayDecideCase(m.resolve); err != nil {
		return err
	}
	switch choices := w.choicesOf(m.resolve.Case); {
	case len(choices) == 0:
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": it is not on hold, so there is nothing to decide")
	case !slices.Contains(choices, m.resolve.Choice):
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the order is %s, and what needs attention takes %v, not %q", w.Status, choices, m.resolve.Choice))
	case m.resolve.Choice == order.ChooseRebook && !w.sendsAgain(w.lost):
		return errNothingToSend
	}
	return w.mayMoveMoney(m.resolve)
}

// choicesOf returns the decisions that the order takes about a case, or about whatever
// there is to decide if none is named.
func (s *State) choicesOf(id string) []order.Choice {
	i := slices.IndexFunc(s.Cases, func(c order.CaseRef) bool { return c.ID == id })
	if i < 0 || s.Hold != nil {
		return s.choices()
	}
	rule, _ := s.Cases[i].Kind.Rule()
	return rule.Choices
}

// choices returns the decisions that the order takes now.
func (s *State) choices() []order.Choice {
	switch {
	case s.Hold != nil:
		return s.Hold.Choices
	case slices.ContainsFunc(s.Shipments, s.lost):
		return []order.Choice{order.ChooseRelease, order.ChooseRebook, order.ChooseRefund}
	}
	return slices.DeleteFunc([]order.Choice{order.ChooseRelease, order.ChooseKeep}, func(c order.Choice) bool {
		return !slices.ContainsFunc(s.Attention, func(a order.Attention) bool { return s.attentionKind(a.About).Takes(c) })
	})
}

var errNothingToSend = workflows.Refuse(workflows.RefusalNotHeld, "everything in the parcel was refunded, so nothing is left to send: choose otherwise, or cancel the order")

// onResolve carries a decision out, and returns the order when the record has it.
func (w *orderWorkflow) onResolve(ctx workflow.Context, r ResolveRequest) (order.Order, error) {
	if err := w.accept(ctx, func() error { return w.checkResolve(ctx, r) }); err != nil {
		return w.Order, err
	}
	about := w.decides(r)
	switch {
	case w.Hold != nil:
		w.resolveHold(ctx, r)
	case slices.ContainsFunc(about, func(m matter) bool { return m.kind == order.CaseParcelLost }):
		w.resolveLost(ctx, r)
	default:
		w.resolveAttention(ctx, r, about)
	}
	w.endCases(ctx, r, about)
	w.changes++
	err := w.save(ctx)
	return w.Order, err
}

// resolveAttention tries again at once what failed, or gives it up: all of it, or what
// the case is about that the request names.
func (w *orderWorkflow) resolveAttention(ctx workflow.Context, r ResolveRequest, about []matter) {
	for _, a := range slices.Clone(w.Attention) {
		if !slices.ContainsFunc(about, func(m matter) bool { return m.about == a.About }) {
			continue
		}
		if id, failed := strings.CutPrefix(a.About, failedRefund); failed && r.Choice == order.ChooseRelease {
			w.dropAttention(a.About)
			w.refundAgain(ctx, id)
		}
		if id, is := strings.CutPrefix(a.About, aboutReturn); is {
			w.tryReturnAgain(ctx, id, r.Choice)
		}
		if r.Choice == order.ChooseKeep {
			w.Resolved[a.About] = true
			if stop := w.trying[a.About]; stop != nil {
				stop()
			}
		}
		w.retrying[a.About] = r.Choice == order.ChooseRelease
		w.note(ctx, order.OrderResolved, r.Actor(), fmt.Sprintf("%s: %s", r.Choice, r.Reason()), a.About)
		if r.Choice == order.ChooseKeep {
			w.dropAttention(a.About)
		}
	}
	for _, m := range about {
		if m.kind == order.CaseDispute {
			w.note(ctx, order.OrderResolved, r.Actor(), fmt.Sprintf("%s: %s", r.Choice, r.Reason()), m.about)
		}
	}
}

// tryReturnAgain acts on a person's decision about a return that needs attention. A return
// that is not decided about gets its deadline again; the refund of one that was received is
// planned again, or given up.
func (w *orderWorkflow) tryReturnAgain(ctx workflow.Context, id string, c order.Choice) {
	back := w.ReturnByID(id)
	if c == order.ChooseRelease {
		delete(w.Resolved, aboutReturn+id) // an exchange that was ended is tried again
		if !back.Exchanging() {            // otherwise what is tried in the background sees to it
			w.dropAttention(aboutReturn + id) // what fails again is shown again
		}
		if back.Status == order.ReturnRequested {
			*back = back.Enter(order.ReturnRequested, workflow.Now(ctx))
			w.watchReturn(ctx, id)
		}
	}
	w.refundReturnsInBackground(ctx)
}

// resolveLost asks the carrier again for a parcel that it does not know or that does
// not move, books another one instead, or refunds the order.
func (w *orderWorkflow) resolveLost(ctx workflow.Context, r ResolveRequest) {
	tracking := w.Shipment().Tracking
	if r.Choice != order.ChooseRelease { // the order is not on its way any more
		w.hold(ctx, order.HoldReturned, "the parcel is lost", tracking)
	}
	w.note(ctx, order.OrderResolved, r.Actor(), fmt.Sprintf("%s: %s", r.Choice, r.Reason()), tracking)
	switch r.Choice {
	case order.ChooseRelease:
		w.TrackNow = true
	case order.ChooseRebook:
		w.Hold, w.Reason = nil, ""
		w.replaceShipments(ctx, w.lost)
	case order.ChooseRefund:
		w.abort(Abort{Ends: order.Cancelled, Actor: r.Actor(), Reason: "the parcel is lost; " + r.Reason(), ParcelsOut: true})
	}
	w.interrupt()
}

// resolveHold ends the hold as a person has decided.
func (w *orderWorkflow) resolveHold(ctx workflow.Context, r ResolveRequest) {
	h := *w.Hold
	ends := h.Kind != order.HoldVoid && (r.Choice == order.ChooseVoid || r.Choice == order.ChooseRefund)
	if h.Kind == order.HoldReturned && r.Choice == order.ChooseKeep {
		w.keepReturned()
		ends = w.unpaid() && w.allKept() && !w.unpacked() // there is no money to keep: what is held is voided
	}
	decision := fmt.Sprintf("%s: %s", r.Choice, r.Reason())
	if ends { // it stays on hold until it is being cancelled
		w.note(ctx, order.OrderResolved, r.Actor(), decision, h.About)
	}
	if !ends {
		w.Hold, w.Waiting, w.Reason = nil, nil, ""
	}
	if w.Abort != nil {
		w.Reason = w.Abort.Reason
	}
	switch {
	case ends: // see below
	case r.Choice == order.ChooseRelease:
		w.release(h.Kind)
	case r.Choice == order.ChooseRebook:
		w.enter(ctx, Fulfilling)
		w.replaceShipments(ctx, ended)
		w.TrackNow = false
	case r.Choice == order.ChooseRefund:
		w.ParcelsOut = h.Kind == order.HoldVoid
	case r.Choice == order.ChooseKeep:
		w.keep(ctx, h)
	}
	if ends {
		a := Abort{Ends: order.Cancelled, Actor: r.Actor(), Reason: h.Why + "; " + r.Reason()}
		if h.Kind == order.HoldReturned {
			a.Ends = order.Returned
		}
		w.abort(a)
	} else {
		w.note(ctx, order.OrderResolved, r.Actor(), decision, h.About)
	}
	w.interrupt()
}

// release lets the order do again what it stopped at.
func (w *orderWorkflow) release(k order.HoldKind) {
	switch k {
	case order.HoldPayment:
		w.AskNow = true
	case order.HoldUnderpaid: // it waits for the rest
	case order.HoldParcel:
		w.GoodsStale = true
	case order.HoldFunds:
		w.FundsReleased = true
	case order.HoldLabel:
		for i := range w.Shipments {
			if s := &w.Shipments[i]; !s.Replaced && s.Status == order.ParcelVoided {
				s.Status = order.ParcelBooked
			}
		}
		w.TrackNow = true
	}
}

// keepReturned marks the parcels that came back.
func (w *orderWorkflow) keepReturned() {
	for i := range w.Shipments {
		if s := &w.Shipments[i]; s.Status == order.ParcelReturned && !s.Replaced {
			s.Kept = true
		}
	}
}

// parcelReceived settles a parcel that came back, now that its goods have arrived: the
// order goes on without it, or ends, as with keep. It stays on hold because of others.
func (w *orderWorkflow) parcelReceived(ctx workflow.Context, number int, by workflows.Sender) {
	s, err := w.parcelNumbered(number)
	if err != nil || s.Kept || s.Replaced || w.Phase != Fulfilling && w.Phase != Completed {
		return
	}
	if w.Hold == nil { // it came back while the order was being cancelled, and now goes on
		w.hold(ctx, order.HoldReturned, "the parcel came back", cmp.Or(s.Tracking, s.Reference))
	}
	s.Kept = true
	if i := slices.IndexFunc(w.Shipments, func(p order.Shipment) bool { return !p.Replaced && !p.Kept && p.Status == order.ParcelReturned }); i >= 0 {
		w.Hold.About = cmp.Or(w.Shipments[i].Tracking, w.Shipments[i].Reference)
		return
	}
	r := ResolveRequest{Choice: order.ChooseKeep, Sender: by}
	about := w.decides(r)
	w.resolveHold(ctx, r)
	w.endCases(ctx, r, about)
}

// allKept reports whether every parcel that was not replaced came back and is kept.
func (w *orderWorkflow) allKept() bool {
	return !slices.ContainsFunc(w.Shipments, func(s order.Shipment) bool { return !s.Replaced && !s.Kept })
}

// keep leaves things as they are: a person has dealt with them.
func (w *orderWorkflow) keep(ctx workflow.Context, h order.Hold) {
	switch h.Kind {
	case order.HoldReturned:
		switch {
		case w.delivered() && w.Confirmed:
			w.enter(ctx, Completed)
		case w.allKept() && !w.unpacked() && len(w.withoutParcel()) == 0:
			if !w.Confirmed {
				w.Stock = order.StockMove{Action: order.StockShip}
			}
			w.Abort = &Abort{Ends: order.Returned, Reason: h.Why}
			w.Reason = h.Why
			w.enter(ctx, Closed)
		}
	case order.HoldVoid: // the parcel is on its way: the order goes on, if its money is there
		if !w.Covered() && !w.LessAccepted {
			w.ParcelsOut = true
			return
		}
		w.Abort, w.Cancel, w.Reason = nil, nil, ""
		if asksAboutDisputed(ctx) {
			w.FundsReleased = true // whatever became of the money, the goods are on their way
		}
		w.captureNow(ctx)
		w.enter(ctx, Fulfilling)
	case order.HoldRefund:
		w.MoneyResolved = true
	case order.HoldUnderpaid:
		w.LessAccepted = true
		w.enter(ctx, Fulfilling)
	}
}
