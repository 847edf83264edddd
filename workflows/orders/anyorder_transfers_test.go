package orders_test

import (
	"fmt"

	"purser/order"
)

// transfer books a sum that came in without a payment provider: too little, all, too
// much, or what was booked before under its reference.
func (w *generated) transfer(s step) {
	if o := w.order(); o.ID != "" && o.Total.Currency == "EUR" {
		w.book(o.Total.Amount*int64(s.Times)/2, fmt.Sprint("statement ", s.On))
	}
}

// payBack lets a person pay back the transfers of an order that is not fulfilled.
func (w *generated) payBack() {
	o := w.order()
	if transfers(o) == 0 || fulfilled(o.Status) && !w.endedByRefund() || o.Hold != nil && o.Hold.Kind != order.HoldRefund {
		return
	}
	w.refund(order.RefundRequest{ID: fmt.Sprint("back-", o.Version), All: true, PaidOut: "transfer back"})
}

// transfers adds up what came in without a payment provider and was not paid back.
func transfers(o order.Order) (sum int64) {
	for _, p := range o.Payments {
		if p.Manual() {
			sum += p.Captured - p.Refunded
		}
	}
	return sum
}

// keptTransfers checks that the shop has nothing of a cancelled order's transfers, and
// that it was told of each sum that it must pay back.
func (c *checks) keptTransfers(o order.Order) {
	c.Helper()
	for _, p := range o.Payments {
		if !p.Manual() {
			continue
		}
		var booked int64
		for i, r := range p.Receipts {
			booked += r.Amount
			for _, other := range p.Receipts[:i] {
				if other.Reference == r.Reference {
					c.Errorf("IDEM-8: %s was booked twice", r.Reference)
				}
			}
		}
		if booked != p.Captured || p.Refunded > p.Captured {
			c.Errorf("%s: %d was booked, %d captured, %d refunded", p.Reference, booked, p.Captured, p.Refunded)
		}
		needed := int64(0)
		if !p.Surplus && fulfilled(o.Status) && !c.endedByRefund() {
			needed = o.Total.Amount - refundedGoods(o)
			if p.Captured < o.Due() && !c.state().LessAccepted {
				c.Errorf("%s: %d of %s was enough for the goods", p.Reference, p.Captured, o.Total)
			}
		}
		notified := c.state().Resolved[p.Reference] || c.state().MoneyResolved
		for _, a := range o.Attention {
			notified = notified || a.About == p.Reference
		}
		if left := p.Captured - p.Refunded - needed; left > 0 && !notified {
			c.Errorf("%s: nobody was told of %d that must be paid back", p.Reference, left)
		}
	}
}

// refundedGoods adds up the refunds of goods and of the shipping fee.
func refundedGoods(o order.Order) (sum int64) {
	for _, r := range o.Refunds {
		if !r.Status.Counts() {
			continue
		}
		sum += r.Shipping - r.Less
		for _, l := range r.Lines {
			sum += l.Amount
		}
	}
	return sum
}
