package orders

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// fulfil takes the goods, the parcels and the money, in this sequence, and follows
// the parcels to their delivery, with the shop's own steps in between. Each step is done once, whatever interrupts the
// order in between.
func (w *orderWorkflow) fulfil(ctx workflow.Context) error {
	for _, step := range []func(workflow.Context) error{w.keepStock, w.awaitHold, w.captureWhenPlaced, w.extendBeforeLabel, w.bookParcels, w.awaitParcels, w.capturePayments, w.deliverWithoutParcel, w.extendAfterCapture, w.sendByHand, w.awaitDelivery} {
		if err := step(ctx); err != nil || w.stopped(ctx) || w.Phase != Fulfilling {
			return err
		}
	}
	return nil
}

// keepStock makes the reservation permanent now that the money is held, if the order
// costs anything. If the reservation has lapsed and the goods are sold out, the order
// is cancelled.
func (w *orderWorkflow) keepStock(ctx workflow.Context) error {
	if w.StockKept {
		return nil
	}
	w.StockKept = true
	// A step may have put back that it waits for the payment.
	w.Waiting = nil
	for i := range w.Shipments { // from here on, they are perhaps booked
		if s := &w.Shipments[i]; s.Status == "" {
			s.Status = order.ParcelUnknown
		}
	}
	w.Stock = order.StockMove{Action: order.StockKeep}
	if !w.asksNothing() {
		w.Attempt = "capture"
	}
	err := w.save(ctx)
	if workflows.IsFailure(err, activities.FailureOutOfStock) {
		w.StockKept, w.Shipments, w.Stock = false, nil, order.StockMove{}
		w.abortFor(order.Cancelled, "sold out while the payment was on its way", "a product sold out while you were paying")
		return nil
	}
	return err
}

// keepReservation makes the goods stay reserved while a payment is processing, which
// may take longer than the time to pay. If they are sold out already, it is decided
// when the money is there.
func (w *orderWorkflow) keepReservation(ctx workflow.Context) error {
	if w.Reserved || w.current().Status != order.PaymentProcessing {
		return nil
	}
	on, _ := w.paymentDeadline(ctx)
	w.Waiting, w.Reserved, w.Stock = &on, true, order.StockMove{Action: order.StockKeep}
	err := w.save(ctx)
	if workflows.IsFailure(err, activities.FailureOutOfStock) {
		w.Stock = order.StockMove{}
		return nil
	}
	return err
}

// planShipments divides the goods that are in no parcel into parcels: one, or as many as
// the shop's limits of pieces and weight make necessary.
func (w *orderWorkflow) planShipments() {
	most, heaviest := w.Placement.Terms.ParcelPieces, w.Placement.Terms.ParcelWeight
	var lines []order.LineQuantity
	pieces, weight := int64(0), int64(0)
	end := func() {
		if len(lines) > 0 {
			w.addShipment(lines)
		}
		lines, pieces, weight = nil, 0, 0
	}
	left := w.unplanned(none)
	for _, l := range w.Lines {
		one := order.Weight([]order.Line{{Quantity: 1, Goods: l.Goods}})
		for rest := left[l.SKU]; rest > 0; {
			n := rest
			if most > 0 {
				n = min(n, most-pieces)
			}
			if heaviest > 0 && one > 0 {
				n = min(n, max(heaviest-weight, 0)/one)
			}
			if n == 0 && pieces > 0 { // nothing more fits
				end()
				continue
			}
			n = max(n, 1) // a piece that is too heavy by itself
			lines = append(lines, order.LineQuantity{SKU: l.SKU, Quantity: n})
			rest, pieces, weight = rest-n, pieces+n, weight+n*one
		}
	}
	end()
}

// addShipment adds a parcel that is to be booked under a reference of its own.
func (w *orderWorkflow) addShipment(lines []order.LineQuantity) {
	n := len(w.Shipments) + 1
	w.Shipments = append(w.Shipments, order.Shipment{
		Number: n, Lines: lines, Reference: fmt.Sprintf("%s-%d", w.ID, n),
	})
}

// bookedLines returns all goods that are in no parcel that is still to be booked: those
// of the parcels that were booked, and those that are not sent.
func (w *orderWorkflow) bookedLines() (all []order.LineQuantity) {
	unpacked := w.unplanned(none)
	for _, l := range w.Lines {
		n := l.Quantity
		for _, s := range w.Shipments {
			if !s.Replaced && !s.Booked() {
				n -= piecesOf(s.Lines, l.SKU)
			}
		}
		if w.packs() {
			n -= unpacked[l.SKU]
		}
		if n > 0 || w.packs() { // without any line, all goods would count as sent
			all = append(all, order.LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return all
}

// bookParcels books each parcel with the carrier under its reference. While the
// carrier is down, the order waits for as long as the money stays held; if the
// carrier refuses, the order is cancelled.
func (w *orderWorkflow) bookParcels(ctx workflow.Context) error {
	for _, first := range []func(workflow.Context) error{w.refreshGoods, w.voidReplaced, w.voidUnwanted} {
		if err := first(ctx); err != nil || w.stopped(ctx) {
			return err
		}
	}
	w.reviewFunds(ctx) // perhaps the money has gone while the order was on hold
	for i := range w.Shipments {
		if s := w.Shipments[i]; !s.Booked() && !s.Replaced {
			if err := w.save(ctx); err != nil || w.stopped(ctx) { // the record must know a new reference first
				return err
			}
			if own := w.payment(w.soonest().Reference); own != nil && w.isTooOld(ctx, *own) { // while the record was down
				w.mailReceivedInBackground(ctx)
				w.holdRanOut(ctx, own, own.Status)
				return nil
			}
			if err := w.book(ctx, s); err != nil || w.stopped(ctx) {
				return err
			}
			if w.Placement.Terms.Capture == CaptureBooked && w.unbooked() {
				if err := w.captureEarly(ctx); err != nil || w.stopped(ctx) || w.Phase != Fulfilling {
					return err
				}
			}
		}
	}
	return nil
}

// unbooked reports whether a parcel is still to be booked.
func (s *State) unbooked() bool {
	return slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return !p.Booked() && !p.Replaced })
}

func (w *orderWorkflow) book(ctx workflow.Context, s order.Shipment) error {
	if s.Method != order.ByCarrier {
		w.shipment(s.Reference).Status = order.ParcelBooked
		w.note(ctx, order.ParcelWasBooked, workflows.ActorPurser, strings.TrimSpace("without the carrier's API: "+string(s.Method)+" "+s.Carrier), cmp.Or(s.Tracking, s.Reference))
		return nil
	}
	ask := w.parcelRequest(s)
	if lacks := ask.MissingCustoms(); lacks != "" {
		w.hold(ctx, order.HoldParcel, "the parcel to "+ask.To.Country+" needs customs data, and these products lack it: "+lacks, s.Reference)
		return nil
	}
	w.Tried[s.Reference] = true
	within := w.carrierWithin(ctx)
	if s.Key != "" { // the order goes on without it; what is held is watched
		within = 0
	}
	p, err := run(ctx, w, bookParcel, within, "the order is cancelled", "Book parcel "+s.Reference, ask)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && s.Key != "":
		w.parcelRefused(ctx, s, err)
		return nil
	case workflows.IsFailure(err, activities.FailureUnfit):
		delete(w.Tried, s.Reference) // it is certain that it is not booked
		w.hold(ctx, order.HoldParcel, "the carrier does not take the parcel as it is: "+workflows.Reason(err), s.Reference)
		return nil
	case workflows.IsFailure(err, activities.FailureRejected):
		w.abortFor(order.Cancelled, "the carrier does not accept the parcel: "+workflows.Reason(err), "it cannot be delivered to this address")
		return nil
	case err != nil:
		w.abortFor(order.Cancelled, "the carrier could not be reached while the money was held: "+workflows.Reason(err), "it could not be shipped in time")
		return nil
	}
	own := w.shipment(s.Reference)
	own.LabelID, own.Tracking, own.Carrier = p.LabelID, p.Tracking, p.Carrier
	own.MovedAt, w.TrackAt = workflow.Now(ctx), workflow.Now(ctx).Add(w.Placement.Terms.TrackAfter)
	if !own.Status.HandedOver() { // no event has come first
		own.Status = order.ParcelBooked
	}
	w.note(ctx, order.ParcelWasBooked, carrier, fmt.Sprintf("%s, tracking %s", p.Carrier, p.Tracking), p.LabelID)
	// A parcel that was booked before may be voided, or in transit, already.
	w.moveParcel(ctx, order.ShipmentEvent{Reference: s.Reference, Status: p.Status, Note: "found in transit"})
	return nil
}

// awaitParcels waits until a person has made the first parcel, if Purser makes none: the
// money is not captured before. What is held is watched in the meantime.
func (w *orderWorkflow) awaitParcels(ctx workflow.Context) error {
	for w.unpacked() && !w.Confirmed && !w.sends() && !w.stopped(ctx) && w.Phase == Fulfilling {
		w.mailReceivedInBackground(ctx)
		w.watchLapseInBackground(ctx)
		on := order.Waiting{On: order.WaitPacking}
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

// sends reports whether a parcel is booked that no other has replaced.
func (s *State) sends() bool {
	return slices.ContainsFunc(s.Shipments, func(p order.Shipment) bool { return p.Booked() && !p.Replaced })
}

// carrierWithin returns how long the order waits for the carrier; 0: for ever.
func (w *orderWorkflow) carrierWithin(ctx workflow.Context) time.Duration {
	switch {
	case w.Taken() > 0 || w.asksNothing(): // no hold can lapse
		return authorizationLasts
	case w.asksToPayAgain(): // the hold is watched; see beforeLapse
		return 0
	}
	return max(w.reliedOnUntil(w.soonest()).Sub(workflow.Now(ctx)), time.Second)
}

// withoutParcel returns the goods that need no parcel, and that are neither delivered nor
// left out.
func (s *State) withoutParcel() (due []order.LineQuantity) {
	for _, l := range s.Lines {
		if l.NeedsParcel() {
			continue
		}
		if n := l.Quantity - s.leftOut(l.SKU) - piecesOf(s.DeliveredWithoutParcel(), l.SKU); n > 0 {
			due = append(due, order.LineQuantity{SKU: l.SKU, Quantity: n})
		}
	}
	return due
}

// sendsParcels reports whether goods of the order need a parcel, and are not left out.
func (s *State) sendsParcels() bool {
	return slices.ContainsFunc(s.Lines, func(l order.Line) bool { return l.NeedsParcel() && l.Quantity > s.leftOut(l.SKU) })
}

// deliverWithoutParcel delivers the goods that need no parcel, now that they are paid: the
// shopper is mailed the links and the instructions that their products have by now.
func (w *orderWorkflow) deliverWithoutParcel(ctx workflow.Context) error {
	due := w.withoutParcel()
	if len(due) == 0 {
		return nil
	}
	found, err := run(ctx, w, readGoods, 0, "", "Read how the goods are delivered", steps.ProductRefs{SKUs: skusOf(due)})
	switch due = w.withoutParcel(); {
	case ctx.Err() != nil || w.Phase != Fulfilling || len(due) == 0:
		return nil
	case err != nil:
		return err
	}
	w.addShipment(due)
	own := &w.Shipments[len(w.Shipments)-1]
	own.Method, own.Status, own.MovedAt = order.NoParcel, order.ParcelDelivered, workflow.Now(ctx)
	for _, l := range w.Lines {
		if text := found.Products[l.SKU].Delivery; text != "" && piecesOf(due, l.SKU) > 0 {
			own.Delivered = append(own.Delivered, order.DigitalDelivery{SKU: l.SKU, Name: l.Name, Text: text})
		}
	}
	w.note(ctx, order.GoodsDelivered, workflows.ActorPurser, goods(due)+" without a parcel", own.Reference)
	if len(own.Delivered) > 0 {
		w.mailAbout(ctx, order.MailDigital, own.Reference)
	}
	return nil
}

func skusOf(lines []order.LineQuantity) []string {
	all := make([]string, 0, len(lines))
	for _, l := range lines {
		all = append(all, l.SKU)
	}
	return all
}

func (w *orderWorkflow) parcelRequest(s order.Shipment) order.ParcelRequest {
	to := w.ShipTo
	if s.To != nil {
		to = *s.To
	}
	r := order.ParcelRequest{OrderID: w.ID, Reference: s.Reference, To: to, Lines: w.LinesOf(s), From: w.Placement.Terms.ShipFrom}
	if r.NeedsCustoms() {
		r.Currency = w.Total.Currency
	}
	return r
}

// refreshGoods reads again what the catalogue has about the goods of parcels that are not
// booked, after a person has decided that the order goes on with it.
func (w *orderWorkflow) refreshGoods(ctx workflow.Context) error {
	if !w.GoodsStale {
		return nil
	}
	var open []order.LineQuantity
	for _, s := range w.Shipments {
		if !s.Booked() && !s.Replaced {
			open = append(open, s.Lines...)
		}
	}
	found, err := run(ctx, w, readGoods, 0, "", "Read the products again", steps.ProductRefs{SKUs: skusOf(open)})
	if err != nil || ctx.Err() != nil {
		return err
	}
	w.Lines = slices.Clone(w.Lines) // the record may be reading them
	for i := range w.Lines {
		l := &w.Lines[i]
		now, known := found.Products[l.SKU]
		if piecesOf(open, l.SKU) == 0 || !known {
			continue
		}
		if now.Shipping = order.ShippingParcel; !l.NeedsParcel() {
			now.Shipping = order.ShippingNone
		}
		l.Goods = now.Goods.Known()
	}
	w.GoodsStale, w.unsaved = false, true
	return nil
}
