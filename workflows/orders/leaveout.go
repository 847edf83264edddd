package orders

import (
	"cmp"
	"fmt"
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
	if p := s.Order.Payment(); s.FundsReleased && p.Captured > 0 && p.Refunded >= p.Captured {
		pieces = 0
	}
	return max(pieces, restocked)
}

// toSend returns how many pieces of each product have to go into parcels that are not
// booked yet, if those that which selects do not count.
func (s *State) toSend(which func(order.Shipment) bool) map[string]int64 {
	left := map[string]int64{}
	for _, l := range s.Lines {
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

// none selects no parcel, and ended those that came back or whose label is void.
func none(order.Shipment) bool { return false }

func ended(s order.Shipment) bool {
	return s.Status == order.ParcelVoided || s.Status == order.ParcelReturned
}

// leavesNothing reports whether goods that are to be refunded are all that is left to
// send, while no parcel is booked.
func (s *State) leavesNothing(ask order.RefundRequest) bool {
	if s.Phase != Fulfilling || len(ask.Lines) == 0 || slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return !p.Replaced && p.Booked() }) {
		return false
	}
	left := s.toSend(none)
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
}

// replaceShipments plans new parcels instead of some that will not arrive, without the
// goods that were refunded.
func (w *orderWorkflow) replaceShipments(ctx workflow.Context, which func(order.Shipment) bool) {
	left := w.unplanned(which)
	for i := range w.Shipments {
		if s := w.Shipments[i]; !s.Replaced && which(s) {
			w.Shipments[i].Replaced = true
			w.addInstead(ctx, s, takeLines(left, s.Lines))
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
	return s.Replaced && !s.Booked() && s.Status != "" && s.Status != order.ParcelVoided
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

// packs reports whether a person makes parcels of the order, so that goods may wait for
// one.
func (s *State) packs() bool {
	return s.Placement.Terms.Parcels == ParcelsByOperator || slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return p.Key != "" || p.VoidBy != "" })
}

// unpacked reports whether goods that are to be sent are in no parcel.
func (s *State) unpacked() bool {
	if !s.packs() {
		return false
	}
	left := s.unplanned(none)
	return slices.ContainsFunc(s.Lines, func(l order.Line) bool { return left[l.SKU] > 0 })
}

// toPack returns how many pieces of each product a person can put into a parcel: also
// those of parcels that Purser has planned, and that are not booked.
func (s *State) toPack() map[string]int64 {
	left := s.toSend(none)
	for _, p := range s.Shipments {
		if !p.Replaced && !p.Booked() && p.Key != "" {
			takeLines(left, p.Lines)
		}
	}
	return left
}

// parcelRequest is a person's request about a parcel.
type parcelRequest interface {
	// may returns nil if the request is to be taken, while the order is being fulfilled.
	may(w *orderWorkflow) error
}

// takeParcel returns nil when a request is certainly in the history, and is to be taken.
func (w *orderWorkflow) takeParcel(ctx workflow.Context, r parcelRequest) error {
	return w.accept(ctx, func() error { return w.handle(ctx, message{kind: parcelMessage, parcel: r}) })
}

func (w *orderWorkflow) checkParcel(ctx workflow.Context, r parcelRequest) error {
	if !w.ready { // takeParcel checks
		return nil
	}
	return w.handle(ctx, message{kind: parcelMessage, parcel: r})
}

func (w *orderWorkflow) checkAddParcel(ctx workflow.Context, r AddParcelRequest) error {
	return w.checkParcel(ctx, r)
}

func (w *orderWorkflow) checkVoidLabel(ctx workflow.Context, r VoidLabelRequest) error {
	return w.checkParcel(ctx, r)
}

func (w *orderWorkflow) tooEarlyToPack(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": nothing is sent before it is paid")
}

func (w *orderWorkflow) decidesFirst(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is on hold: decide about that first")
}

// tooLateToPack refuses a request about an order whose parcels are settled.
func (w *orderWorkflow) tooLateToPack(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotHeld, "the order is "+string(w.Status)+": its parcels cannot be changed any more")
}

func (w *orderWorkflow) mayPack(ctx workflow.Context, m message) error {
	if w.Abort != nil || w.Cancel != nil {
		return workflows.Refuse(workflows.RefusalNotHeld, "the order is about to be cancelled")
	}
	return m.parcel.may(w)
}

// parcelOf returns the parcel that a person has made under an id, or nil.
func (s *State) parcelOf(key string) *order.Shipment {
	i := slices.IndexFunc(s.Shipments, func(p order.Shipment) bool { return key != "" && p.Key == key })
	if i < 0 {
		return nil
	}
	return &s.Shipments[i]
}

func (r AddParcelRequest) may(w *orderWorkflow) error {
	if err := r.Validate(); err != nil {
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	}
	if was := w.parcelOf(r.ID); was != nil {
		if was.Asked != r.Hash() {
			return workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("the parcel %s was asked for with another request", r.ID))
		}
		return nil
	}
	left := w.toPack()
	for i, l := range r.Lines {
		if !slices.ContainsFunc(w.Lines, func(own order.Line) bool { return own.SKU == l.SKU }) {
			return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%v: lines[%d].sku: the order has no %q", order.ErrInvalid, i, l.SKU))
		}
		if n := max(left[l.SKU], 0); l.Quantity > n {
			return workflows.Refuse(workflows.RefusalNotSendable, fmt.Sprintf("lines[%d]: %d of %q are left to send, not %d", i, n, l.SKU, l.Quantity))
		}
	}
	if len(takeLines(left, w.quantities())) == 0 {
		return workflows.Refuse(workflows.RefusalNotSendable, "all goods are in parcels already")
	}
	return nil
}

// onAddParcel plans a parcel, and returns the order when the carrier has responded or the
// order waits for something else.
func (w *orderWorkflow) onAddParcel(ctx workflow.Context, r AddParcelRequest) (order.Order, error) {
	if err := w.takeParcel(ctx, r); err != nil {
		return w.Order, err
	}
	if w.parcelOf(r.ID) == nil {
		w.planParcel(ctx, r)
	}
	err := workflow.Await(ctx, func() bool {
		s := w.parcelOf(r.ID)
		return s == nil || s.Booked() || s.Replaced || w.parcelsWait()
	})
	if err == nil {
		err = w.save(ctx)
	}
	if s := w.parcelOf(r.ID); err == nil && s != nil && s.Refusal != "" {
		err = workflows.Refuse(workflows.RefusalNotSendable, "the carrier does not accept the parcel: "+s.Refusal)
	}
	return w.Order, err
}

// parcelsWait reports whether no parcel is booked or voided at present.
func (w *orderWorkflow) parcelsWait() bool {
	return w.delayed || w.Lapsing || w.Hold != nil || w.Abort != nil || w.Cancel != nil || w.Phase != Fulfilling
}

// planParcel adds the parcel of a request. Parcels that Purser has planned and not booked
// give up their goods for it.
func (w *orderWorkflow) planParcel(ctx workflow.Context, r AddParcelRequest) {
	lines := r.Lines
	if len(lines) == 0 {
		lines = takeLines(w.toPack(), w.quantities())
	}
	w.addShipment(lines)
	own := &w.Shipments[len(w.Shipments)-1]
	own.Key, own.Asked = r.ID, r.Hash()
	if w.StockKept { // perhaps booked from here on
		own.Status = order.ParcelUnknown
	}
	w.note(ctx, order.ParcelWasPlanned, r.Actor(), r.Reason(), own.Reference)
	w.leaveOut(ctx)
	w.changes++
	w.interrupt()
}

// parcelRefused goes on without a parcel that a person has made and the carrier does not
// accept. If the carrier has another parcel under its reference, because the workflow was
// reset, a person must look at that one.
func (w *orderWorkflow) parcelRefused(ctx workflow.Context, s order.Shipment, err error) {
	own := w.shipment(s.Reference)
	own.Replaced, own.Status, own.Refusal = true, order.ParcelVoided, workflows.Reason(err)
	w.note(ctx, order.ParcelWasRefused, carrier, own.Refusal, s.Reference)
	if workflows.IsFailure(err, activities.FailureState) {
		_ = w.needAttention(ctx, s.Reference, "the carrier has another parcel under this reference, which the order does not know")
	}
}

func (r VoidLabelRequest) may(w *orderWorkflow) error {
	i := slices.IndexFunc(w.Shipments, func(p order.Shipment) bool { return p.Number == r.Parcel })
	if i < 0 {
		return workflows.Refuse(workflows.RefusalNoParcel, fmt.Sprintf("the order has %d parcels, and none with number %d", len(w.Shipments), r.Parcel))
	}
	switch s := w.Shipments[i]; {
	case s.VoidBy != "" && (s.Replaced || !s.Status.HandedOver()):
		return nil // it was asked for before
	case s.Status.HandedOver():
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the carrier has parcel %d already: it is %s", r.Parcel, s.Status))
	case s.Replaced:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("another parcel has replaced parcel %d", r.Parcel))
	}
	return nil
}

// onVoidLabel has a label voided, and returns the order when the carrier has responded or
// the order waits for something else.
func (w *orderWorkflow) onVoidLabel(ctx workflow.Context, r VoidLabelRequest) (order.Order, error) {
	if err := w.takeParcel(ctx, r); err != nil {
		return w.Order, err
	}
	if s := &w.Shipments[r.Parcel-1]; s.VoidBy == "" {
		s.VoidBy = r.Actor()
		w.note(ctx, order.ParcelVoidAsked, r.Actor(), r.Reason(), cmp.Or(s.LabelID, s.Reference))
		w.changes++
		w.interrupt()
	}
	err := workflow.Await(ctx, func() bool {
		s := w.Shipments[r.Parcel-1]
		return s.VoidBy == "" || s.Replaced || w.parcelsWait()
	})
	if err == nil {
		err = w.save(ctx)
	}
	if s := w.Shipments[r.Parcel-1]; err == nil && s.VoidBy == "" {
		err = workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the carrier has parcel %d already: it is %s", r.Parcel, s.Status))
	}
	return w.Order, err
}

// voidUnwanted voids the labels that a person does not want. The goods wait for another
// parcel then. If the carrier has the parcel already, it stays.
func (w *orderWorkflow) voidUnwanted(ctx workflow.Context) error {
	for i := range w.Shipments {
		s := w.Shipments[i]
		if s.VoidBy == "" || s.Replaced {
			continue
		}
		_, err := run(ctx, w, voidParcel, 0, "", "Void parcel "+s.Reference, steps.VoidLabelRequest{Booked: s.Booked(), Asked: w.parcelRequest(s)})
		own := w.shipment(s.Reference)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil || own.Status.HandedOver(): // it was picked up in the meantime
			why := "the carrier has the parcel"
			if err != nil {
				why = workflows.Reason(err)
			}
			own.VoidBy, w.TrackNow = "", true
			w.note(ctx, order.EventIgnored, carrier, "the label is not voided: "+why, s.Reference)
			continue
		}
		own.Status, own.Replaced = order.ParcelVoided, true
		w.note(ctx, order.ParcelWasVoided, own.VoidBy, "its goods go into another parcel", cmp.Or(s.LabelID, s.Reference))
		w.findLater(ctx, s)
	}
	return nil
}
