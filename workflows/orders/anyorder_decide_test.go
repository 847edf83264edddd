package orders_test

import (
	"fmt"
	"slices"

	"purser/order"
	"purser/workflows/orders"
)

// decide takes a person's decision about an order on hold: one that was drawn or, to
// end it, the last that its hold allows. A person does not leave money behind or give
// goods away.
func (w *generated) decide(end bool) {
	w.payBack()
	h := w.order().Hold
	if h == nil || w.over {
		return
	}
	choices := h.Choices
	switch h.Kind {
	case order.HoldRefund:
		choices = choices[:1]
	case order.HoldVoid:
		choices = []order.Choice{order.ChooseRelease, order.ChooseKeep}
		if w.order().Payment().Status.Dead() { // the hold has lapsed, so nobody has paid for the goods
			choices = choices[:1]
		}
	}
	c := choices[len(choices)-1]
	if len(w.decisions) > 0 && !end {
		drawn := w.decisions[0]
		c = choices[drawn%len(choices)]
		w.decisions = w.decisions[1:]
		if drawn == 4 && h.Kind == order.HoldReturned { // the goods are there, and nothing is sent again
			w.receiveParcels()
			return
		}
	}
	if h.Kind == order.HoldParcel && end && slices.ContainsFunc(w.order().Shipments, func(s order.Shipment) bool { return s.Status.HandedOver() }) {
		w.leaveOut(h.About) // an order of which a part has left cannot be cancelled
		c = order.ChooseRelease
	}
	w.take(h, c)
}

// leaveOut refunds the goods in a parcel that cannot be sent.
func (w *generated) leaveOut(reference string) {
	o := w.order()
	ask := order.RefundRequest{ID: fmt.Sprint("left-", o.Version)}
	for _, s := range o.Shipments {
		for _, l := range s.Lines {
			refunded, _, _ := o.RefundedOf(l.SKU)
			for _, bought := range o.Lines {
				if n := min(l.Quantity, bought.Quantity-refunded); s.Reference == reference && bought.SKU == l.SKU && n > 0 {
					ask.Lines = append(ask.Lines, order.RefundItem{SKU: l.SKU, Quantity: n})
				}
			}
		}
	}
	if o.Payment().Manual() {
		ask.PaidOut = "transfer back"
	}
	if len(ask.Lines) > 0 {
		w.refund(ask)
	}
}

// take takes a decision about a hold: sent to the order or, for every other one, as the
// workflow of its case does.
func (w *generated) take(h *order.Hold, c order.Choice) {
	for _, of := range w.order().Cases {
		if of.Kind == order.CaseOfHold(h.Kind) && len(w.decisions)%2 == 0 {
			w.decideCase(of.ID, c)
			return
		}
	}
	w.resolve(c)
}

// decideCase sends the decision about a case as its workflow does.
func (w *generated) decideCase(caseID string, c order.Choice) {
	w.update(string(orders.Resolve), "", nil, orders.ResolveRequest{Choice: c, Case: caseID, Sender: sentBy("key:ada", "looked at it")})
}

// passDeadline does what the open cases do at their deadline.
func (w *generated) passDeadline() {
	for _, of := range w.order().Cases {
		if r, ok := of.Kind.Rule(); ok && r.Default != "" && !w.over {
			w.decideCase(of.ID, r.Default)
		}
	}
}
