package orders_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// TestAudience (F41) checks which orders make their customers recipients, page
// by page.
func TestAudience(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1250, Currency: "EUR", OnHand: 10_000}}); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		place := func(n int, age time.Duration, customer string, moves ...order.Status) order.Order {
			t.Helper()
			id := order.ID(fmt.Sprintf("ord_%026d", n))
			o, err := s.OpenOrder(t.Context(), order.Opening{
				ID: id, RunID: "run", Now: now.Add(-age), HoldUntil: now.Add(time.Hour),
				Request: order.Request{
					Customer: customer, Email: customer + "@example.com", Currency: "EUR", ShipTo: order.Address{Name: "N", Line1: "1", City: "C", Country: "DE"},
					Lines: []order.RequestLine{{SKU: "mug", Quantity: 1}},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range moves {
				e := order.Event{OrderID: id, Seq: o.Version + 1, At: now, Kind: order.PaymentReady, From: o.Status, To: to, Actor: "test"}
				o.Status, o.Version = to, e.Seq
				if err := s.SaveOrder(t.Context(), order.Change{Order: o, Events: []order.Event{e}, Fence: e.Seq}); err != nil {
					t.Fatal(err)
				}
			}
			return o
		}
		paid := []order.Status{order.AwaitingPayment, order.Authorized, order.Paid}
		first := place(1, 5*time.Hour, "ada", order.AwaitingPayment)
		place(2, 6*time.Hour, "bob", order.AwaitingPayment, order.Cancelling, order.Expired)
		place(3, 3*time.Hour, "kim", order.AwaitingPayment)    // too fresh to remind
		place(4, 5*time.Hour, "lou", paid...)                  // paid
		place(5, 9*24*time.Hour, "max", order.AwaitingPayment) // too old
		place(6, 5*time.Hour, "eve", order.AwaitingPayment, order.Cancelling, order.Cancelled)
		debit := place(8, 5*time.Hour, "sue", order.AwaitingPayment) // the bank takes days
		debit.Version++
		debit.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_8", Status: order.PaymentProcessing}}
		processing := order.Event{OrderID: debit.ID, Seq: debit.Version, At: now, Kind: order.PaymentIsProcessing, From: debit.Status, To: debit.Status, Actor: "test"}
		if err := s.SaveOrder(t.Context(), order.Change{Order: debit, Events: []order.Event{processing}, Fence: debit.Version}); err != nil {
			t.Fatal(err)
		}
		for i := range 600 { // more than a page
			place(100+i, 7*time.Hour, fmt.Sprint("many", i), order.AwaitingPayment)
		}
		ask := func(a mail.Audience) map[string]bool {
			t.Helper()
			got, pages := map[string]bool{}, 0
			for cursor, more := "", true; more; pages++ {
				orders, next, err := s.AudienceOrders(t.Context(), a, now, cursor)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range orders {
					if len(o.Customer) == 3 {
						got[o.Customer] = true
					}
				}
				cursor, more = next, next != ""
			}
			return got
		}
		if diff := cmp.Diff(map[string]bool{"ada": true, "bob": true}, ask(mail.Audience{Kind: mail.AudienceUnpaid, OlderThanHours: 4})); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]bool{"lou": true}, ask(mail.Audience{Kind: mail.AudienceOrdered, Since: now.Add(-24 * time.Hour)})); diff != "" {
			t.Error(diff)
		}
		if bought, err := s.BoughtSince(t.Context(), "ada", first.PlacedAt); bought || err != nil {
			t.Errorf("ada has bought nothing: %t, %v", bought, err)
		}
		place(7, time.Hour, "ada", paid...)
		if bought, err := s.BoughtSince(t.Context(), "ada", first.PlacedAt); !bought || err != nil {
			t.Errorf("ada has bought since: %t, %v", bought, err)
		}
	})
}
