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
	// known reports whether the request was taken before, whatever became of the order
	// since. It fails if another one was taken under its id.
	known(w *orderWorkflow) (bool, error)
	// may returns nil if the request is to be taken, while the order is being fulfilled.
	may(w *orderWorkflow) error
}

// takeParcel returns nil when a request is certainly in the history, and is to be taken.
func (w *orderWorkflow) takeParcel(ctx workflow.Context, r parcelRequest) error {
	return w.accept(ctx, func() error { return w.checkParcel(ctx, r) })
}

func (w *orderWorkflow) checkParcel(ctx workflow.Context, r parcelRequest) error {
	if !w.ready { // takeParcel checks
		return nil
	}
	if known, err := r.known(w); known || err != nil { // its sender asks again what became of it
		return err
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

// decidesFirst refuses a request about an order on hold, unless its goods can go into other
// parcels than the one that the carrier does not take.
func (w *orderWorkflow) decidesFirst(ctx workflow.Context, m message) error {
	if w.Hold.Kind == order.HoldParcel {
		return w.mayPack(ctx, m)
	}
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

func (r AddParcelRequest) known(w *orderWorkflow) (bool, error) {
	was := w.parcelOf(r.ID)
	if was != nil && was.Asked != r.Hash() {
		return true, workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("the parcel %s was asked for with another request", r.ID))
	}
	return was != nil, nil
}

func (r AddParcelRequest) may(w *orderWorkflow) error {
	if err := r.Validate(); err != nil {
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	}
	if len(w.Shipments) >= order.MaxParcels {
		return workflows.Refuse(workflows.RefusalNotSendable, fmt.Sprintf("an order has at most %d parcels", order.MaxParcels))
	}
	left := w.toPack()
	for i, l := range r.Lines {
		if !slices.ContainsFunc(w.Lines, func(own order.Line) bool { return own.SKU == l.SKU }) {
			return workflows.Refuse(workflows.RefusalInvalid, fmt.Sprintf("%v: lines[%d].sku: the order has no %q", order.ErrInvalid, i, l.SKU))
		}
		if slices.ContainsFunc(w.Lines, func(own order.Line) bool { return own.SKU == l.SKU && !own.NeedsParcel() }) {
			return workflows.Refuse(workflows.RefusalNotSendable, fmt.Sprintf("lines[%d]: %q needs no parcel: it is delivered when the order is paid", i, l.SKU))
		}
		if n := max(left[l.SKU], 0); l.Quantity > n {
			return workflows.Refuse(workflows.RefusalNotSendable, fmt.Sprintf("lines[%d]: %d of %q are left to send, not %d", i, n, l.SKU, l.Quantity))
		}
	}
	if len(takeLines(left, w.quantities())) == 0 {
		return workflows.Refuse(workflows.RefusalNotSendable, "all goods that need a parcel are in parcels already")
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
	own.Method, own.Carrier, own.Tracking, own.Link = r.Method, r.Carrier, r.Tracking, r.Link
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

// parcelNumbered returns the parcel with a number, or the refusal of a request about one
// that the order does not have.
func (s *State) parcelNumbered(n int) (*order.Shipment, error) {
	i := slices.IndexFunc(s.Shipments, func(p order.Shipment) bool { return p.Number == n })
	if i < 0 {
		return nil, workflows.Refuse(workflows.RefusalNoParcel, fmt.Sprintf("the order has %d parcels, and none with number %d", len(s.Shipments), n))
	}
	return &s.Shipments[i], nil
}

func (r VoidLabelRequest) known(w *orderWorkflow) (bool, error) {
	s, err := w.parcelNumbered(r.Parcel)
	return err == nil && s.VoidBy != "" && (s.Replaced || !s.Status.HandedOver()), nil
}

func (r VoidLabelRequest) may(w *orderWorkflow) error {
	s, err := w.parcelNumbered(r.Parcel)
	switch {
	case err != nil:
		return err
	case s.Method == order.NoParcel:
		return workflows.Refuse(workflows.RefusalNotHeld, fmt.Sprintf("the goods of %d were delivered without a parcel", r.Parcel))
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
	parcel := func() *order.Shipment { s, _ := w.parcelNumbered(r.Parcel); return s } // takeParcel has found it
	if s := parcel(); s.VoidBy == "" {
		s.VoidBy = r.Actor()
		w.note(ctx, order.ParcelVoidAsked, r.Actor(), r.Reason(), cmp.Or(s.LabelID, s.Reference))
		w.changes++
		w.interrupt()
	}
	err := workflow.Await(ctx, func() bool {
		s := parcel()
		return s.VoidBy == "" || s.Replaced || w.parcelsWait()
	})
	if err == nil {
		err = w.save(ctx)
	}
	if s := parcel(); err == nil && s.VoidBy == "" {
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
		var err error
		if s.Method == order.ByCarrier {
			_, err = run(ctx, w, voidParcel, 0, "", "Void parcel "+s.Reference, steps.VoidLabelRequest{Booked: s.Booked(), Asked: w.parcelRequest(s)})
		}
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
		if s.Method == order.ByCarrier {
			w.findLater(ctx, s)
		}
	}
	return nil
}
