package orders_test

import (
	"slices"
	"testing"
	"time"

	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestOrdersByWait: the list of the orders that wait for something follows each write
// of an order, also one without an event, and goes with the other filters.
func TestOrdersByWait(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		var placed []order.Order
		for i := range 6 {
			o := recordstest.PlaceOrder(t, s, []string{"c-0", "c-1"}[i%2], recordstest.Noon.Add(time.Duration(i)*time.Minute))
			c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
			c.Order.Waiting = &order.Waiting{On: order.WaitPayment}
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			placed = append(placed, c.Order)
		}
		change := func(i int, on *order.Waiting, attention ...order.Attention) {
			t.Helper()
			placed[i].Waiting, placed[i].Attention = on, attention
			if err := s.SaveOrder(t.Context(), order.Change{Order: placed[i]}); err != nil {
				t.Fatal(err)
			}
		}
		change(1, &order.Waiting{On: order.WaitCarrier})
		change(2, &order.Waiting{On: order.WaitPayment}, order.Attention{About: "re_1", Why: "it failed"})
		change(3, nil)
		change(5, &order.Waiting{On: order.WaitOperator})
		for _, tt := range []struct {
			name   string
			filter order.Filter
			want   []int // newest first
		}{
			{name: "payment", filter: order.Filter{WaitsFor: order.WaitPayment}, want: []int{4, 0}},
			{name: "carrier", filter: order.Filter{WaitsFor: order.WaitCarrier}, want: []int{1}},
			{name: "operator, and what needs attention", filter: order.Filter{WaitsFor: order.WaitOperator}, want: []int{5, 2}},
			{name: "nobody waits for it", filter: order.Filter{WaitsFor: order.WaitMail}},
			{name: "one customer's", filter: order.Filter{WaitsFor: order.WaitOperator, Customer: "c-1"}, want: []int{5}},
			{name: "a status", filter: order.Filter{WaitsFor: order.WaitPayment, Status: []order.Status{order.OnHold}}},
			{name: "several statuses", filter: order.Filter{WaitsFor: order.WaitPayment, Status: []order.Status{order.OnHold, order.AwaitingPayment}}, want: []int{4, 0}},
			{name: "a time", filter: order.Filter{WaitsFor: order.WaitPayment, PlacedFrom: recordstest.Noon.Add(time.Minute)}, want: []int{4}},
		} {
			for _, size := range []int{1, 50} {
				var got []int
				for f, more := tt.filter, true; more; {
					f.Limit = size
					p, err := s.Orders(t.Context(), f)
					if err != nil {
						t.Fatal(err)
					}
					for _, o := range p.Orders {
						got = append(got, slices.IndexFunc(placed, func(p order.Order) bool { return p.ID == o.ID }))
					}
					f.Cursor, more = p.Next, p.Next != ""
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s, pages of %d: %v, want %v", tt.name, size, got, tt.want)
				}
			}
		}
	})
}
