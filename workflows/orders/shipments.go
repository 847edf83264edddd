package orders

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// trackWithin is how long a carrier is asked about one parcel.
const trackWithin = 2 * time.Minute

// awaitDelivery follows the parcels to their delivery. Where no events come, it
// asks the carrier.
func (w *orderWorkflow) awaitDelivery(ctx workflow.Context) error {
	for w.Phase == Fulfilling && !w.stopped(ctx) {
		w.arriveUnmarked(ctx)
		if w.Phase != Fulfilling || w.reviewShipments(ctx) {
			return nil
		}
		byHand := w.byHandOnly()
		if !byHand && (w.TrackNow || !workflow.Now(ctx).Before(w.TrackAt)) {
			w.askAboutParcels(ctx)
			continue
		}
		on := order.Waiting{On: carrier, Until: w.TrackAt, Then: "the carrier is asked where the parcel is", About: w.Shipment().Tracking}
		if byHand {
			on.Until, on.Then = w.nextUnmarked(ctx), "nobody having said otherwise, the parcel counts as delivered, or must be looked for if it is to be collected"
		}
		if w.unpacked() {
			on.On = order.WaitPacking
			if !slices.ContainsFunc(w.Shipments, underWay) {
				on = order.Waiting{On: order.WaitPacking}
			}
		}
		for i := range w.Shipments {
			if s := &w.Shipments[i]; underWay(*s) {
				w.watchOverdue(ctx, s, &on)
			}
		}
		if err := w.wait(ctx, on); err != nil {
			return err
		}
	}
	return nil
}

// underWay reports whether the order waits for a parcel.
func underWay(s order.Shipment) bool {
	return !s.Replaced && !s.Kept && s.Status != order.ParcelDelivered && s.Status != order.ParcelReturned && s.Status != order.ParcelVoided
}

// labelled reports whether the carrier has a parcel of the order, has one booked, or perhaps
// has, whether a person has made one, or goods were delivered without one.
func (s *State) labelled() bool {
	return slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool {
		switch {
		case p.Method == order.NoParcel:
			return true
		case p.Status == order.ParcelVoided:
			return false
		}
		return p.Booked() || p.Status.HandedOver() || s.Tried[p.Reference] || p.Key != "" && !p.Replaced
	})
}

// lost reports whether the carrier does not know a parcel, or has not moved it for
// Terms.OverdueAfter.
func (s *State) lost(p order.Shipment) bool {
	overdue := !p.OverdueAt.IsZero() && p.OverdueAt.Equal(p.MovedAt.Add(s.Placement.Terms.OverdueAfter))
	return s.Phase == Fulfilling && underWay(p) && (p.Missing || overdue)
}

// watchOverdue makes the order wait for an operator if the carrier does not know a
// parcel, or if the parcel has not moved for Terms.OverdueAfter.
func (w *orderWorkflow) watchOverdue(ctx workflow.Context, s *order.Shipment, on *order.Waiting) {
	within := w.Placement.Terms.OverdueAfter
	overdue := within > 0 && workflow.Now(ctx).Sub(s.MovedAt) >= within
	switch since := s.MovedAt.UTC().Format(time.DateOnly); {
	case s.Missing:
		on.On, on.About, on.Then = operator, s.Tracking, "the carrier, which does not know the parcel, is asked again"
	case overdue:
		if at := s.MovedAt.Add(within); !s.OverdueAt.Equal(at) {
			s.OverdueAt = at
			w.note(ctx, order.ParcelIsOverdue, workflows.ActorPurser, "it has not moved since "+since, s.Tracking)
		}
		on.On, on.About, on.Then = operator, s.Tracking, "the carrier is asked again about the parcel, which has not moved since "+since
	}
}

// askAboutParcels asks the carrier where the parcels are.
func (w *orderWorkflow) askAboutParcels(ctx workflow.Context) {
	w.TrackNow = false
	for i := range w.Shipments {
		if s := w.Shipments[i]; underWay(s) && s.LabelID != "" {
			w.askAboutParcel(ctx, s)
		}
	}
	w.TrackAt = workflow.Now(ctx).Add(w.Placement.Terms.TrackAfter)
}

func (w *orderWorkflow) askAboutParcel(ctx workflow.Context, s order.Shipment) {
	summary := "Ask the carrier about " + s.Reference
	ref := steps.ParcelRef{Reference: s.Reference}
	w.task.began(ctx)
	p, err := trackParcel.Run(ctx, trackWithin, summary, ref, nil)
	if ctx.Err() != nil {
		w.TrackNow = true
		return
	}
	own := w.shipment(s.Reference)
	own.Missing = workflows.IsFailure(err, activities.FailureNoSuch)
	if err != nil {
		w.note(ctx, order.EventIgnored, carrier, "asked, no response: "+workflows.Reason(err), s.Tracking)
		return
	}
	if s.Missing {
		w.note(ctx, order.ParcelScanned, carrier, "the carrier knows it again: "+string(p.Status), s.Tracking)
	}
	w.moveParcel(ctx, order.ShipmentEvent{Reference: p.Reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: p.Status, Note: asked})
}

// asked is the note of a state for which the carrier was asked.
const asked = "asked"

// scan handles a carrier's event about an order that was not cancelled. That a label
// was voided, which cancels the order or stops it, is believed once the carrier, asked,
// says the same.
func (w *orderWorkflow) scan(ctx workflow.Context, m message) error {
	p := *m.event.Parcel
	s := w.shipment(p.Reference)
	if s != nil && !s.Replaced && s.VoidBy == "" && p.Status == order.ParcelVoided && p.Status.Overtakes(s.Status) && verifiesParcels(ctx) {
		w.verifyParcelInBackground(ctx, p.Reference)
		return nil
	}
	w.moveParcel(ctx, p)
	return nil
}

// verifyParcelInBackground asks the carrier about a parcel of which an event says that
// it was voided or returned, and acts on the response.
func (w *orderWorkflow) verifyParcelInBackground(ctx workflow.Context, reference string) {
	w.DoubtedParcels[reference] = true
	w.inBackground(ctx, func(ctx workflow.Context) {
		p, err := runBackground(ctx, w, trackParcel, 0, "Ask the carrier about "+reference, steps.ParcelRef{Reference: reference})
		delete(w.DoubtedParcels, reference)
		w.changes++
		found := order.ShipmentEvent{Reference: reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: p.Status, Note: asked}
		switch {
		case err != nil:
			w.note(ctx, order.EventIgnored, carrier, "asked after an event, no response: "+workflows.Reason(err), reference)
		case w.Phase == Compensating || w.Phase == Closed:
			w.moveCancelled(ctx, found)
		default:
			if p.Status != order.ParcelVoided {
				w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("an event says that the parcel is voided, but it is %q", p.Status), p.Tracking)
			}
			w.moveParcel(ctx, found)
		}
	})
}

// scanTooEarly notes an event about a parcel that cannot be booked yet.
func (w *orderWorkflow) scanTooEarly(ctx workflow.Context, m message) error {
	w.note(ctx, order.EventIgnored, carrier, "a parcel event before there is a parcel: "+m.event.Type, m.event.ID)
	return nil
}

// scanOfCancelled handles a carrier's event about an order that is being cancelled, or
// was. A label is only left alone if the carrier, asked, says that it is not valid any
// more: that it was voided need not be known, because it can be voided again.
func (w *orderWorkflow) scanOfCancelled(ctx workflow.Context, m message) error {
	p := *m.event.Parcel
	s := w.shipment(p.Reference)
	ends := p.Status == order.ParcelVoided || p.Status == order.ParcelReturned
	switch {
	case s == nil || !ends || !p.Status.Overtakes(s.Status) || !verifiesParcels(ctx):
		w.moveCancelled(ctx, p)
	case p.Status == order.ParcelReturned:
		w.verifyParcelInBackground(ctx, p.Reference)
	default:
		w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("the order is %s: %s", w.Status, m.event.Type), p.Tracking)
	}
	return nil
}

// moveCancelled keeps where the parcel of an order is that is being cancelled, or was:
// the parcel could not be voided.
func (w *orderWorkflow) moveCancelled(ctx workflow.Context, p order.ShipmentEvent) {
	s := w.shipment(p.Reference)
	if s != nil && w.goesOut(ctx, s, p) {
		return
	}
	moves := s != nil && p.Status.Overtakes(s.Status)
	if moves {
		s.Status, s.MovedAt = p.Status, workflow.Now(ctx)
	}
	w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("the order is %s, but its parcel is %q", w.Status, p.Status), p.Tracking)
	if moves && p.Status == order.ParcelReturned {
		w.expectReturn(ctx, *s, carrier)
	}
}

// expectReturn begins the return of a parcel that came back: its goods wait for a person.
func (w *orderWorkflow) expectReturn(ctx workflow.Context, s order.Shipment, actor string) {
	back, ok := w.ExpectReturn(s, actor, "the parcel came back", workflow.Now(ctx))
	if !ok {
		return
	}
	back.NoRefund = w.Phase == Closed // it was compensated
	w.Returns = append(w.Returns, back)
	w.returnEntered(ctx, back.ID, actor)
}

// reduceReturn takes goods that are sent again out of the return of their parcel. The others
// were refunded, and are still expected.
func (w *orderWorkflow) reduceReturn(ctx workflow.Context, s order.Shipment, again []order.LineQuantity) {
	back := w.ReturnByID(order.ParcelReturnID(s.Number))
	if back == nil || back.Status != order.ReturnExpected {
		return
	}
	var rest []order.ReturnLine
	for _, l := range back.Lines {
		if l.Quantity -= piecesOf(again, l.SKU); l.Quantity > 0 {
			rest = append(rest, l)
		}
	}
	back.DecidedBy, back.Reason = workflows.ActorPurser, "the goods are sent again"
	if len(rest) == 0 {
		*back = back.Enter(order.ReturnCancelled, workflow.Now(ctx))
	} else {
		back.Lines, back.NoRefund, back.Reason = rest, true, "the other goods are sent again, and these were refunded"
	}
	w.returnEntered(ctx, back.ID, workflows.ActorPurser)
}

// goesOut asks a person, once, about a parcel that the carrier picks up or delivers
// although its label was voided or another parcel has replaced it. It reports whether
// the event is about such a parcel.
func (w *orderWorkflow) goesOut(ctx workflow.Context, s *order.Shipment, p order.ShipmentEvent) bool {
	void := s.Status == order.ParcelVoided
	if !p.Status.HandedOver() || p.Status == order.ParcelReturned || perhapsBooked(*s) || !void && !(s.Replaced && p.Status.Overtakes(s.Status)) {
		return false
	}
	s.Tracking = cmp.Or(s.Tracking, p.Tracking)
	why := fmt.Sprintf("another parcel has replaced this one, which is %q", p.Status)
	if void {
		why = fmt.Sprintf("the label of the parcel is void, but the parcel is %q", p.Status)
	}
	if !void || w.Abort != nil { // otherwise the order is on hold because of the label
		s.Status, s.MovedAt = p.Status, workflow.Now(ctx)
	}
	switch {
	case w.Phase == Compensating && !s.Replaced && !w.ParcelsOut: // the money is not refunded unasked
		w.hold(ctx, order.HoldVoid, why, s.Tracking)
	case w.needsAttention(s.Reference) || w.Resolved[s.Reference]:
		w.note(ctx, order.EventIgnored, carrier, why, s.Tracking)
	default:
		_ = w.needAttention(ctx, s.Reference, why)
	}
	return true
}

// moveParcel moves a parcel, and the order with it, never backwards.
func (w *orderWorkflow) moveParcel(ctx workflow.Context, p order.ShipmentEvent) {
	s := w.shipment(p.Reference)
	switch {
	case s == nil:
		w.note(ctx, order.EventIgnored, carrier, "event about another parcel: "+p.Reference, p.LabelID)
		return
	case p.Status == order.ParcelException && p.Note == asked: // it was reported, or it is not news
		return
	case p.Status == order.ParcelException:
		if s.Status != order.ParcelDelivered { // from then on, the time to send goods back runs
			s.MovedAt = workflow.Now(ctx)
		}
		w.note(ctx, order.ParcelScanned, carrier, "problem: "+p.Note, p.Tracking)
		return
	case w.goesOut(ctx, s, p):
		return
	case s.VoidBy != "" && p.Status == order.ParcelVoided: // see voidUnwanted
		return
	case !p.Status.Overtakes(s.Status):
		if p.Note != asked && p.Status != s.Status {
			w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("late event %q, the parcel is %q", p.Status, s.Status), p.Tracking)
		}
		return
	}
	first := !s.Status.HandedOver()
	s.Status, s.Missing, s.MovedAt = p.Status, false, workflow.Now(ctx)
	s.Tracking = cmp.Or(s.Tracking, p.Tracking) // the response to the booking may be late
	if s.Replaced {
		w.note(ctx, order.EventIgnored, carrier, fmt.Sprintf("another parcel has replaced this one, which is %q", p.Status), s.Tracking)
		return
	}
	switch p.Status {
	case order.ParcelInTransit, order.ParcelOutForDelivery:
		if !first {
			w.note(ctx, order.ParcelScanned, carrier, string(p.Status), s.Tracking)
			return
		}
		w.note(ctx, order.ParcelWasShipped, carrier, p.Note, s.Tracking)
		w.mailAbout(ctx, order.MailShipped, s.Reference)
	case order.ParcelDelivered:
		if w.delivered() && w.Confirmed && w.Hold == nil && w.Abort == nil {
			w.enter(ctx, Completed)
		}
		w.note(ctx, order.ParcelArrived, carrier, p.Note, s.Tracking)
		w.mailAbout(ctx, order.MailDelivered, s.Reference)
	case order.ParcelReturned:
		w.note(ctx, order.ParcelCameBack, carrier, p.Note, s.Tracking)
		w.expectReturn(ctx, *s, carrier)
		w.hold(ctx, order.HoldReturned, "the carrier brought the parcel back", s.Tracking)
	case order.ParcelVoided:
		w.parcelVoided(ctx, *s)
	default:
		w.note(ctx, order.ParcelScanned, carrier, string(p.Status), s.Tracking)
	}
}

// parcelVoided handles a label that the carrier has voided: the shopper must not be
// charged or, if that was done or the carrier had a parcel, a person decides.
func (w *orderWorkflow) parcelVoided(ctx workflow.Context, s order.Shipment) {
	if w.unpaid() && w.Status != order.Shipped {
		w.note(ctx, order.ParcelWasVoided, carrier, "", s.LabelID)
		w.abortFor(order.Cancelled, "the carrier has voided the parcel", "it could not be shipped")
		return
	}
	w.hold(ctx, order.HoldLabel, "the carrier has voided the parcel of an order that is paid or was shipped", s.Tracking)
}

// reviewShipments completes an order whose parcels were delivered before its money
// was captured, or while it was being cancelled, and holds one whose parcel came back
// or was voided then. It reports whether it did either.
func (w *orderWorkflow) reviewShipments(ctx workflow.Context) bool {
	if w.delivered() {
		w.enter(ctx, Completed)
		w.note(ctx, order.OrderCompleted, workflows.ActorPurser, "", w.Shipment().Tracking)
		return true
	}
	for _, s := range w.Shipments {
		switch {
		case s.Replaced || s.Kept:
		case s.Status == order.ParcelReturned:
			w.hold(ctx, order.HoldReturned, "the carrier brought the parcel back", s.Tracking)
			return true
		case s.Status == order.ParcelVoided:
			w.hold(ctx, order.HoldLabel, "the label of a paid order is void", s.Tracking)
			return true
		}
	}
	return false
}
