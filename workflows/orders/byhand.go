package orders

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
)

// sendByHand hands over the parcels that go out without the carrier's API, now that they
// are paid.
func (w *orderWorkflow) sendByHand(ctx workflow.Context) error {
	for i := range w.Shipments {
		s := &w.Shipments[i]
		if s.Method == order.ByCarrier || s.Replaced || s.Status != order.ParcelBooked {
			continue
		}
		s.MovedAt = workflow.Now(ctx)
		w.TrackAt = s.MovedAt.Add(w.Placement.Terms.TrackAfter)
		if s.Method == order.ByPickup {
			s.Status = order.ParcelReady
			w.note(ctx, order.ParcelIsReady, workflows.ActorPurser, "", s.Reference)
			w.mailAbout(ctx, order.MailReady, s.Reference)
			continue
		}
		s.Status = order.ParcelInTransit
		w.note(ctx, order.ParcelWasShipped, workflows.ActorPurser, s.Carrier, s.Tracking)
		w.mailAbout(ctx, order.MailShipped, s.Reference)
	}
	return nil
}

// arriveUnmarked counts the parcels that nobody reports about as delivered when they would
// be overdue with a carrier. The shopper is not mailed that they have arrived: nobody knows.
func (w *orderWorkflow) arriveUnmarked(ctx workflow.Context) {
	within := w.Placement.Terms.OverdueAfter
	for i := range w.Shipments {
		if s := &w.Shipments[i]; within > 0 && s.Method == order.ByHand && underWay(*s) && workflow.Now(ctx).Sub(s.MovedAt) >= within {
			w.arrived(ctx, s, workflows.ActorPurser, "nobody has said otherwise since "+s.MovedAt.UTC().Format(time.DateOnly))
		}
	}
}

// byHandOnly reports whether the order waits for parcels that no carrier reports about, and
// for no others.
func (s *State) byHandOnly() bool {
	waits := false
	for _, p := range s.Shipments {
		if underWay(p) {
			if p.Method == order.ByCarrier {
				return false
			}
			waits = true
		}
	}
	return waits
}

// nextUnmarked returns when the next of the parcels under way has not been reported about
// for too long; zero: never.
func (w *orderWorkflow) nextUnmarked(ctx workflow.Context) (next time.Time) {
	for _, p := range w.Shipments {
		at := p.MovedAt.Add(w.Placement.Terms.OverdueAfter)
		if underWay(p) && w.Placement.Terms.OverdueAfter > 0 && workflow.Now(ctx).Before(at) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// arrived notes that a parcel without the carrier's API is with the shopper.
func (w *orderWorkflow) arrived(ctx workflow.Context, s *order.Shipment, actor, why string) {
	s.Status, s.MovedAt = order.ParcelDelivered, workflow.Now(ctx)
	if w.delivered() && w.Confirmed && w.Hold == nil && w.Abort == nil {
		w.enter(ctx, Completed)
	}
	w.note(ctx, order.ParcelArrived, actor, why, cmp.Or(s.Tracking, s.Reference))
	w.changes++
}

func (w *orderWorkflow) checkMarkParcel(ctx workflow.Context, r MarkParcelRequest) error {
	return w.checkParcel(ctx, r)
}

func (r MarkParcelRequest) known(w *orderWorkflow) (bool, error) {
	s, err := w.parcelNumbered(r.Parcel)
	return err == nil && s.Method != order.ByCarrier && s.Status == r.Status && (r.Status == order.ParcelDelivered || r.Status == order.ParcelReturned), nil
}

func (r MarkParcelRequest) may(w *orderWorkflow) error {
	s, err := w.parcelNumbered(r.Parcel)
	if err != nil {
		return err
	}
	ends := r.Status == order.ParcelDelivered || r.Status == order.ParcelReturned && s.Method != order.NoParcel
	switch {
	case s.Method == order.ByCarrier:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the carrier says where parcel %d is", r.Parcel))
	case !ends:
		return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%v: status: a parcel of this kind cannot be marked %.20q", order.ErrInvalid, r.Status))
	case s.Replaced || s.VoidBy != "" || s.Status != order.ParcelInTransit && s.Status != order.ParcelReady:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("parcel %d is not on its way: it is %s", r.Parcel, s.Status))
	}
	return nil
}

// onMarkParcel says where a parcel is that the carrier does not report about.
func (w *orderWorkflow) onMarkParcel(ctx workflow.Context, r MarkParcelRequest) (order.Order, error) {
	if err := w.takeParcel(ctx, r); err != nil {
		return w.Order, err
	}
	s, err := w.parcelNumbered(r.Parcel)
	switch {
	case err != nil:
		return w.Order, err
	case s.Status == r.Status: // a repeated request
	case r.Status == order.ParcelReturned:
		s.Status, s.MovedAt = r.Status, workflow.Now(ctx)
		w.note(ctx, order.ParcelCameBack, r.Actor(), r.Reason(), s.Tracking)
		w.expectReturn(ctx, *s, r.Actor())
		w.hold(ctx, order.HoldReturned, "the parcel came back", cmp.Or(s.Tracking, s.Reference))
	default:
		w.arrived(ctx, s, r.Actor(), r.Reason())
		if s.Method == order.ByHand { // what was collected needs no mail
			w.mailAbout(ctx, order.MailDelivered, s.Reference)
		}
		w.interrupt()
	}
	err = w.save(ctx)
	return w.Order, err
}
