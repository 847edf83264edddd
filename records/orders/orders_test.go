package orders_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

func TestOrders(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		var all []order.Order // newest first
		for i := range 11 {
			// Pairs share a time, so that only the id tells them apart.
			o := recordstest.PlaceOrder(t, s, fmt.Sprintf("c-%d", i%2), recordstest.Noon.Add(time.Duration(i/2)*time.Minute))
			if i%3 == 0 {
				c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
				if err := s.SaveOrder(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				o = c.Order
			}
			all = append([]order.Order{o}, all...)
		}
		for i := 1; i+1 < len(all); i += 2 {
			if all[i].ID < all[i+1].ID {
				all[i], all[i+1] = all[i+1], all[i]
			}
		}
		want := func(keep func(order.Order) bool) (ids []order.ID) {
			for _, o := range all {
				if keep(o) {
					ids = append(ids, o.ID)
				}
			}
			return ids
		}
		for name, c := range map[string]struct {
			filter order.Filter
			keep   func(order.Order) bool
		}{
			"ORD-10 all":   {order.Filter{}, func(order.Order) bool { return true }},
			"one customer": {order.Filter{Customer: "c-1"}, func(o order.Order) bool { return o.Customer == "c-1" }},
			"one status":   {order.Filter{Status: []order.Status{order.Placed}}, func(o order.Order) bool { return o.Status == order.Placed }},
			"two statuses": {order.Filter{Status: []order.Status{order.Placed, order.AwaitingPayment}}, func(order.Order) bool { return true }},
			"no such":      {order.Filter{Status: []order.Status{order.OnHold, order.Delivered}}, func(order.Order) bool { return false }},
			"customer and statuses": {
				order.Filter{Customer: "c-0", Status: []order.Status{order.AwaitingPayment, order.OnHold}},
				func(o order.Order) bool { return o.Customer == "c-0" && o.Status == order.AwaitingPayment },
			},
			"a time": {
				order.Filter{PlacedFrom: recordstest.Noon.Add(time.Minute), PlacedTo: recordstest.Noon.Add(3 * time.Minute)},
				func(o order.Order) bool {
					return !o.PlacedAt.Before(recordstest.Noon.Add(time.Minute)) && o.PlacedAt.Before(recordstest.Noon.Add(3*time.Minute))
				},
			},
		} {
			for _, size := range []int{1, 2, 3, 50} {
				f := c.filter
				f.Limit = size
				var got []order.ID
				for {
					p, err := s.Orders(t.Context(), f)
					if err != nil {
						t.Fatal(err)
					}
					for _, o := range p.Orders {
						got = append(got, o.ID)
					}
					if f.Cursor = p.Next; p.Next == "" {
						break
					}
				}
				if diff := cmp.Diff(want(c.keep), got); diff != "" {
					t.Errorf("%s, pages of %d (-want +got):\n%s", name, size, diff)
				}
			}
		}
		p, err := s.Orders(t.Context(), order.Filter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[:1], p.Orders); diff != "" {
			t.Errorf("newest (-want +got):\n%s", diff)
		}
		for _, bad := range append(recordstest.BadCursors, p.Next+"A") {
			if _, err := s.Orders(t.Context(), order.Filter{Cursor: bad}); !errors.Is(err, sqldb.ErrCursor) {
				t.Errorf("cursor %q: got %v, want ErrCursor", bad, err)
			}
		}
	})
}

func TestExternalIDs(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		a, b := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon), recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		save := func(o order.Order, intent, label, reference string) error {
			c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
			c.Order.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: intent, Status: order.PaymentPending}}
			c.Order.Shipments = []order.Shipment{{Number: 1, Reference: reference, LabelID: label}}
			c.Attempt = "capture"
			return s.SaveOrder(t.Context(), c)
		}
		if err := save(a, "pi_a", "lbl_a", "ref_a"); err != nil {
			t.Fatal(err)
		}
		// ORD-5: the ids are unique in storage, and nothing of the change is written.
		for _, ids := range [][3]string{{"pi_a", "lbl_b", "ref_b"}, {"pi_b", "lbl_a", "ref_b"}, {"pi_b", "lbl_b", "ref_a"}} {
			if err := save(b, ids[0], ids[1], ids[2]); !errors.Is(err, order.ErrTaken) {
				t.Errorf("%v: got %v, want ErrTaken", ids, err)
			}
		}
		if got, err := s.Order(t.Context(), b.ID); err != nil || got.Version != b.Version {
			t.Errorf("order b: got %+v %v, want it unchanged", got, err)
		}
		if got, err := s.OrderByIntent(t.Context(), "pi_a"); err != nil || got != a.ID {
			t.Errorf("by intent: got %q %v", got, err)
		}
		if got, err := s.OrderByParcel(t.Context(), "ref_a"); err != nil || got != a.ID {
			t.Errorf("by parcel: got %q %v", got, err)
		}
		if got, err := s.RequestHash(t.Context(), a.ID); err != nil || got != "hash-1" {
			t.Errorf("request hash: got %q %v", got, err)
		}
		for name, err := range map[string]error{
			"intent":  second(s.OrderByIntent(t.Context(), "pi_b")),
			"parcel":  second(s.OrderByParcel(t.Context(), "ref_b")),
			"hash":    second(s.RequestHash(t.Context(), "ord_none")),
			"order":   second(s.Order(t.Context(), "ord_none")),
			"no name": second(s.OrderByIntent(t.Context(), "")),
		} {
			if !errors.Is(err, order.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", name, err)
			}
		}
	})
}

func TestRecord(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Record(t, func(t *testing.T) porttest.RecordBench { return open(t) })
	})
}

func second[T any](_ T, err error) error { return err }
