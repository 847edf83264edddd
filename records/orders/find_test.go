package orders_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
			found, err := s.FindOrders(t.Context(), text, "", 10)
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
		if found, err := s.FindOrders(t.Context(), "mug", "", 1); err != nil || len(found) != 1 {
			t.Errorf("found %d, %v; want 1", len(found), err)
		}
	})
}

// found returns the numbers of the orders that a search finds, in their order.
func found(t *testing.T, s *records.Store, text, customer string, limit int, number map[order.ID]int) []int {
	t.Helper()
	list, err := s.FindOrders(t.Context(), text, customer, limit)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	numbers := []int{}
	for _, o := range list {
		numbers = append(numbers, number[o.ID])
	}
	return numbers
}

// TestFindNames (SRCH-10) checks that a name is found however its letters are
// written, on databases that know the case of ASCII letters only.
func TestFindNames(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		number := map[order.ID]int{}
		for i, name := range []string{
			1: "Özgür Çelik", 2: "ÅSA ÖBERG", 3: "Ирина Ёлкина", 4: "İbrahim Straße", 5: "Zoe\u0308 Ødegård", 6: "ΣΊΣΥΦΟΣ", 7: "50% _off_ \\ \"sale\"",
		} {
			if name == "" {
				continue
			}
			o := recordstest.PlaceOrder(t, s, "cus_1", recordstest.Noon.Add(time.Duration(i)*time.Minute))
			named := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
			named.Order.ShipTo.Name, number[o.ID] = name, i
			if err := s.SaveOrder(t.Context(), named); err != nil {
				t.Fatal(err)
			}
		}
		for text, want := range map[string][]int{
			"Özgür": {1}, "özgür ç": {1}, "ÖZGÜR ÇELİK": {1}, "ozgur celik": {1}, "O\u0308zgu\u0308r": {1},
			"åsa öberg": {2}, "Åsa": {2}, "Öberg": {2},
			"ёлкина": {3}, "ИРИНА": {3},
			"ibrahim": {4}, "İBRAHİM": {4}, "STRASSE": {4}, "strasse": {4},
			"Zoë": {5}, "zoe\u0308 ødegård": {5}, "ØDEGÅRD": {5},
			"σίσυφος": {6}, "ΣΊσυφοσ": {6},
			"50%": {7}, "_OFF_": {7}, "\\ \"SALE": {7}, "5%f": {}, "_o_": {}, "shipto": {}, "null": {},
		} {
			if diff := cmp.Diff(want, found(t, s, text, "", 10, number)); diff != "" {
				t.Errorf("%q: %s", text, diff)
			}
		}
	})
}

// TestFindByCarrier (SRCH-10) checks that an order is found by what the carrier
// calls its parcels, however old the order is: also by a number that only the table
// of the parcels has.
func TestFindByCarrier(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "cus_1", recordstest.Noon)
		other := recordstest.PlaceOrder(t, s, "cus_2", recordstest.Noon)
		number := map[order.ID]int{o.ID: 1, other.ID: 2}
		booked := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		booked.Order.Shipments = []order.Shipment{{Number: 1, Reference: "ref-1", LabelID: "lbl_1", Tracking: "1Z999AA10123456784"}, {Number: 2, Reference: "ref-2"}}
		if err := s.SaveOrder(t.Context(), booked); err != nil {
			t.Fatal(err)
		}
		replaced := recordstest.Next(booked.Order, order.AwaitingPayment, order.StockStays)
		replaced.Order.Shipments = nil
		if err := s.SaveOrder(t.Context(), replaced); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string][]int{
			"1Z999AA10123456784": {1}, "1z999aa10123456784": {1}, "1Z 999 AA1 01 2345 6784": {1}, "  1Z999AA10123456784 ": {1}, "lbl_1": {1}, "ref-2": {1}, "ref-1 ": {1},
			"1Z999AA1012345678": {}, " ": {2, 1},
		} {
			if diff := cmp.Diff(want, found(t, s, text, "", 10, number), cmpopts.SortSlices(func(a, b int) bool { return a < b })); diff != "" {
				t.Errorf("%q: %s", text, diff)
			}
		}
		if got := found(t, s, "1Z999AA10123456784", "cus_2", 10, number); len(got) != 0 {
			t.Errorf("another customer's parcel: %v", got)
		}
	})
}

// TestFindOfCustomer (SRCH-10) checks that a search for one customer's orders is
// not cut off by the orders of others.
func TestFindOfCustomer(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		number := map[order.ID]int{}
		for i, customer := range []string{"cus_1", "cus_2", "cus_2", "cus_1", "cus_2", "cus_2"} {
			number[recordstest.PlaceOrder(t, s, customer, recordstest.Noon.Add(time.Duration(i)*time.Minute)).ID] = i
		}
		for _, tt := range []struct {
			text, customer string
			limit          int
			want           []int
		}{
			{text: "mug", customer: "cus_1", limit: 2, want: []int{3, 0}},
			{text: "mug", customer: "cus_1", limit: 1, want: []int{3}},
			{text: "ada@example.com", customer: "cus_2", limit: 3, want: []int{5, 4, 2}},
			{text: "mug", customer: "cus_3", limit: 10, want: []int{}},
			{text: "cus_2", customer: "cus_1", limit: 10, want: []int{}},
			{text: "mug", limit: 4, want: []int{5, 4, 3, 2}},
		} {
			if diff := cmp.Diff(tt.want, found(t, s, tt.text, tt.customer, tt.limit, number)); diff != "" {
				t.Errorf("%+v: %s", tt, diff)
			}
		}
	})
}
