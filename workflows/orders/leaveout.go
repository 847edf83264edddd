package orders

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// leftOut returns how many pieces of a product are not sent: those that were refunded
// or left out before the capture, and those that are for sale again. If a person has
// decided to ship although all the money was refunded, only the latter.
func (s *State) leftOut(sku string) int64 {
	pieces, _, restocked := s.RefundedOf(sku)
	back, again := s.ReturnedOf(sku) // these were sent
	pieces, restocked = pieces-back, restocked-again
	if s.FundsReleased && s.allRefunded() {
		pieces = 0
	}
	return max(pieces, restocked)
}

// toSend returns how many pieces of each product have to go into parcels that are not
// booked yet, if those that which selects do not count.
func (s *State) toSend(which func(order.Shipment) bool) map[string]int64 {
	left := map[string]int64{}
	for _, l := range s.Lines {
		if !l.NeedsParcel() {
			continue
		}
		left[l.SKU] = l.Quantity - s.leftOut(l.SKU)
		for _, p := range s.Shipments {
			if !p.Replaced && p.Booked() && !which(p) {
				left[l.SKU] -= piecesOf(p.Lines, l.SKU)
			}
		}
	}
	return left
}

// takeLines returns as much of these goods as is left, and takes it.
func takeLines(left map[string]int64, goods []order.LineQuantity) (taken []order.LineQuantity) {
	for _, l := range goods {
		if n := min(l.Quantity, left[l.SKU]); n > 0 {
			taken = append(taken, order.LineQuantity{SKU: l.SKU, Quantity: n})
			left[l.SKU] -= n
		}
	}
	return taken
}

func piecesOf(goods []order.LineQuantity, sku string) (n int64) {
	for _, l := range goods {
		if l.SKU == sku {
			n += l.Quantity
		}
	}
	return n
}

// none selects no parcel, and ended those that came back or whose label is void, unless a
// person has settled that.
func none(order.Shipment) bool { return false }

func ended(s order.Shipment) bool {
	return !s.Kept && (s.Status == order.ParcelVoided || s.Status == order.ParcelReturned)
}

// leavesNothing reports whether goods that are to be refunded are all that is left to
// send or to deliver without a parcel, while no parcel is booked.
func (s *State) leavesNothing(ask order.RefundRequest) bool {
	if s.Phase != Fulfilling || len(ask.Lines) == 0 || slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return !p.Replaced && p.Booked() }) {
		return false
	}
	left := s.toSend(none)
	for _, l := range s.withoutParcel() {
		left[l.SKU] = l.Quantity
	}
	for _, l := range ask.Lines {
		left[l.SKU] -= l.Quantity
	}
	for _, l := range s.Lines {
		if left[l.SKU] > 0 {
			return false
		}
	}
	return true
}

// leaveOut takes the goods that are not sent out of the parcels that are not booked. The
// carrier may have such a parcel with all its goods, because a response was lost, so
// another one with the rest replaces it, and it is voided. Nothing replaces a parcel
// that would be empty.
func (w *orderWorkflow) leaveOut(ctx workflow.Context) {
	if w.Phase != Fulfilling {
		return
	}
	left := w.toSend(none)
	for _, byPerson := range []bool{true, false} { // what a person has made comes first
		for i := range w.Shipments {
			s := w.Shipments[i]
			if s.Replaced || s.Booked() || s.Status.HandedOver() || (s.Key != "") != byPerson {
				continue
			}
			rest := takeLines(left, s.Lines)
			if slices.Equal(rest, s.Lines) {
				continue
			}
			w.Shipments[i].Replaced = true
			w.addInstead(ctx, s, rest)
			w.interrupt()
		}
	}
}

// addInstead plans a parcel with goods of one that it replaces.
func (w *orderWorkflow) addInstead(ctx workflow.Context, of order.Shipment, goods []order.LineQuantity) {
	if len(goods) == 0 {
		w.note(ctx, order.LinesLeftOut, workflows.ActorPurser, "everything in the parcel was refunded or left out: nothing is sent instead of it", of.Reference)
		return
	}
	w.addShipment(goods)
	instead := &w.Shipments[len(w.Shipments)-1]
	instead.Replaces, instead.Status = of.Reference, order.ParcelUnknown
	instead.Method, instead.Carrier, instead.Tracking, instead.Link = of.Method, of.Carrier, of.Tracking, of.Link
}

// replaceShipments plans new parcels instead of some that will not arrive, without the
// goods that were refunded.
func (w *orderWorkflow) replaceShipments(ctx workflow.Context, which func(order.Shipment) bool) {
	left, replaced := w.unplanned(which), map[int][]order.LineQuantity{}
	for i := range w.Shipments {
		if s := w.Shipments[i]; !s.Replaced && which(s) {
			w.Shipments[i].Replaced = true
			again := takeLines(left, s.Lines)
			replaced[i] = again
			if s.Method == order.ByCarrier && w.Placement.Terms.Parcels != ParcelsByOperator { // otherwise a person makes it
				w.addInstead(ctx, s, again)
			}
		}
	}
	for i := range w.Shipments {
		if again, ok := replaced[i]; ok {
			w.reduceReturn(ctx, w.Shipments[i], again)
		}
	}
}

// sendsAgain reports whether any goods are left to send instead of parcels that will
// not arrive.
func (s *State) sendsAgain(which func(order.Shipment) bool) bool {
	left := s.unplanned(which)
	return slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool {
		return !p.Replaced && which(p) && len(takeLines(left, p.Lines)) > 0
	})
}

// unplanned returns the pieces that are to be sent and are in no parcel but those that
// which selects.
func (s *State) unplanned(which func(order.Shipment) bool) map[string]int64 {
	left := s.toSend(which)
	for _, p := range s.Shipments {
		if !p.Replaced && !p.Booked() && !which(p) {
			takeLines(left, p.Lines)
		}
	}
	return left
}

// perhapsBooked reports whether the carrier may have a parcel that another one has
// replaced because goods were left out of it.
func perhapsBooked(s order.Shipment) bool {
	return s.Replaced && s.Method == order.ByCarrier && !s.Booked() && s.Status != "" && s.Status != order.ParcelVoided
}

// voidReplaced voids the parcels that the carrier may have, and that are not sent because
// goods were left out of them. If the carrier has one already, it is the one that is sent.
func (w *orderWorkflow) voidReplaced(ctx workflow.Context) error {
	for i := range w.Shipments {
		s := w.Shipments[i]
		if !perhapsBooked(s) {
			continue
		}
		_, err := run(ctx, w, voidParcel, w.carrierWithin(ctx), "the order is cancelled", "Void parcel "+s.Reference, steps.VoidLabelRequest{Asked: w.parcelRequest(s)})
		switch {
		case ctx.Err() != nil:
			return nil
		case workflows.IsFailure(err, activities.FailureState):
			w.sendAfterAll(ctx, s)
			continue
		case err != nil:
			w.abortFor(order.Cancelled, "the carrier could not be reached while the money was held: "+workflows.Reason(err), "it could not be shipped in time")
			return nil
		}
		w.shipment(s.Reference).Status = order.ParcelVoided
		w.note(ctx, order.ParcelWasVoided, workflows.ActorPurser, "goods were left out of it", s.Reference)
		w.findLater(ctx, s)
	}
	return nil
}

// sendAfterAll goes on with a parcel that the carrier has already, instead of the one
// that was planned to replace it, and tells a person which goods are on their way.
func (w *orderWorkflow) sendAfterAll(ctx workflow.Context, s order.Shipment) {
	w.shipment(s.Reference).Replaced = false
	for i, ref := 0, s.Reference; i < len(w.Shipments); i++ { // each parcel comes after the one that it replaces
		p := &w.Shipments[i]
		switch {
		case p.Replaces != ref:
		case p.Replaced: // by yet another one
			ref = p.Reference
		case !w.Tried[p.Reference]:
			p.Replaced, p.Status = true, ""
		}
	}
	_ = w.needAttention(ctx, s.Reference, "the carrier has the parcel already, with goods that were left out of it")
}
