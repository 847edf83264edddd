package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestReturns (REF-9, REC-10): orders are found by the state of their returns, and those
// of which a workflow must attend a return, as long as it must; a return that a lost
// attempt wrote is forgotten.
func TestReturns(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		fence := int64(10)
		save := func(from order.Order, returns ...order.Return) order.Order {
			c := recordstest.Next(from, from.Status, order.StockStays)
			fence++
			c.Order.Returns, c.Fence = returns, fence
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			return c.Order
		}
		found := func(f order.Filter) bool {
			p, err := s.Orders(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			return len(p.Orders) == 1
		}
		back := order.Return{ID: "rt1", Number: 1, Lines: []order.ReturnLine{{SKU: "mug", Quantity: 1, Reason: "too small"}}}
		for _, c := range []struct {
			status   order.ReturnStatus
			due      time.Time
			attended bool
		}{
			{order.ReturnRequested, recordstest.Noon, true},
			{order.ReturnRequested, time.Time{}, false}, // nobody has decided in time
			{order.ReturnApproved, recordstest.Noon, true},
			{order.ReturnReceived, time.Time{}, true},
			{order.ReturnClosed, time.Time{}, false},
		} {
			back.Status, back.Due = c.status, c.due
			o = save(o, back)
			if got := found(order.Filter{Unfinished: true}); got != c.attended {
				t.Errorf("%s until %s: attended: %t, want %t", c.status, c.due, got, c.attended)
			}
			if !found(order.Filter{Returns: c.status}) || found(order.Filter{Returns: order.ReturnRejected}) {
				t.Errorf("%s: it is not found by its state, or by another", c.status)
			}
			if got, err := s.Order(t.Context(), o.ID); err != nil || len(got.Returns) != 1 || got.Returns[0].Status != c.status || got.Returns[0].Lines[0] != back.Lines[0] {
				t.Errorf("%s: the record has %+v, %v", c.status, got.Returns, err)
			}
		}
		lost := back
		lost.ID, lost.Status, lost.Due = "rt2", order.ReturnApproved, recordstest.Noon
		save(o, back, lost)
		if !found(order.Filter{Unfinished: true}) {
			t.Error("the second return is not attended")
		}
		save(o, back) // the attempt that wrote it was lost
		if found(order.Filter{Unfinished: true}) || found(order.Filter{Returns: order.ReturnApproved}) {
			t.Error("a return that the order does not have is attended")
		}
	})
}
