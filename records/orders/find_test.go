package orders_test

import (
	"testing"
	"time"

	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestFindOrders (SRCH-10) checks that an operator finds an order by any detail
// of it.
func TestFindOrders(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		first := recordstest.PlaceOrder(t, s, "cus_Ada", recordstest.Noon)
		second := recordstest.PlaceOrder(t, s, "cus_50%_off", recordstest.Noon.Add(time.Minute))
		paid := recordstest.Next(second, order.AwaitingPayment, order.StockStays)
		paid.Order.Payments = []order.Payment{{Number: 1, Reference: "pi_42"}, {Number: 2, Reference: "pi_43"}}
		paid.Order.Shipments = []order.Shipment{{Number: 1, Reference: "ref-7", LabelID: "lbl_7", Tracking: "TRACK-7"}, {Number: 2, Reference: "ref-8"}}
		paid.Order.Refunds = []order.Refund{{ID: "broken-1", Reference: "re_7"}, {ID: "re_8"}}
		paid.Order.ShipTo = order.Address{Name: `Zoë "Z" <O'Hara>`, Line1: `1\2 Quay`, City: "Cork", Country: "IE"}
		if err := s.SaveOrder(t.Context(), paid); err != nil {
			t.Fatal(err)
		}
		// An order that only mentions an id is not found by it while another order has it.
		mentions := recordstest.Next(first, order.AwaitingPayment, order.StockStays)
		mentions.Order.ShipTo.City = "pi_42 pi_43 ref-7 ref-8 lbl_7 broken-1 re_7 re_8"
		if err := s.SaveOrder(t.Context(), mentions); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string][]order.ID{
			string(first.ID): {first.ID}, "pi_42": {second.ID}, "pi_43": {second.ID}, "ref-7": {second.ID}, "ref-8": {second.ID}, "lbl_7": {second.ID},
			"broken-1": {second.ID}, "re_7": {second.ID}, "re_8": {second.ID}, "track-": {second.ID}, "lbl": {second.ID, first.ID}, "cus_Ada": {first.ID}, "ada@EXAMPLE.com": {second.ID, first.ID},
			"mug": {second.ID, first.ID}, `"z" <o'h`: {second.ID}, `1\2`: {second.ID}, "50%": {second.ID}, "%": {second.ID},
			"cus_": {second.ID, first.ID}, "cusXAda": nil, "customerId": nil, "placed": nil, "nobody": nil, "' OR 1=1 --": nil,
		} {
			found, err := s.FindOrders(t.Context(), text, 10)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			var got []order.ID
			for _, o := range found {
				got = append(got, o.ID)
			}
			if len(got) != len(want) || len(want) > 0 && got[0] != want[0] || len(want) > 1 && got[1] != want[1] {
				t.Errorf("%q: found %v, want %v", text, got, want)
			}
		}
		if found, err := s.FindOrders(t.Context(), "mug", 1); err != nil || len(found) != 1 {
			t.Errorf("found %d, %v; want 1", len(found), err)
		}
	})
}
