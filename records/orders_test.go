package records_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/sandbox/postgres"
)

// badCursors are not ours, in one way or another.
var badCursors = []string{"x", "cDE", "????", "cDEuMS5vcmRfMQ==", "cDEuMDAxLm9yZF8x", "aTEuMDAx", "aTIuMQ", "cDIuMS5vcmRfMQ"}

// shop opens a store that sells mugs.
func shop(t *testing.T, open func(*testing.T) *records.Store) *records.Store {
	t.Helper()
	s := open(t)
	if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 100}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func place(t *testing.T, s *records.Store, customer string, at time.Time) order.Order {
	t.Helper()
	o, err := s.OpenOrder(t.Context(), order.Opening{
		ID: order.NewID(), RunID: "run-1", RequestHash: "hash-1", Actor: "key:shop", Now: at, HoldUntil: at.Add(time.Hour),
		Request: order.Request{Customer: customer, Email: "ada@example.com", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// next takes the order to a status.
func next(o order.Order, to order.Status, stock order.StockMove) order.Change {
	from := o.Status
	o.Status, o.Version = to, o.Version+1
	return order.Change{Order: o, Stock: stock, Events: []order.Event{{
		OrderID: o.ID, Seq: o.Version, At: o.UpdatedAt, Kind: order.PaymentReady, From: from, To: to, Actor: "purser",
	}}}
}

func TestOrders(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := shop(t, open)
		var all []order.Order // newest first
		for i := range 11 {
			// Pairs share a time, so that only the id tells them apart.
			o := place(t, s, fmt.Sprintf("c-%d", i%2), noon.Add(time.Duration(i/2)*time.Minute))
			if i%3 == 0 {
				c := next(o, order.AwaitingPayment, order.StockStays)
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
			filter records.Filter
			keep   func(order.Order) bool
		}{
			"ORD-10 all":   {records.Filter{}, func(order.Order) bool { return true }},
			"one customer": {records.Filter{Customer: "c-1"}, func(o order.Order) bool { return o.Customer == "c-1" }},
			"one status":   {records.Filter{Status: []order.Status{order.Placed}}, func(o order.Order) bool { return o.Status == order.Placed }},
			"two statuses": {records.Filter{Status: []order.Status{order.Placed, order.AwaitingPayment}}, func(order.Order) bool { return true }},
			"no such":      {records.Filter{Status: []order.Status{order.OnHold, order.Delivered}}, func(order.Order) bool { return false }},
			"customer and statuses": {
				records.Filter{Customer: "c-0", Status: []order.Status{order.AwaitingPayment, order.OnHold}},
				func(o order.Order) bool { return o.Customer == "c-0" && o.Status == order.AwaitingPayment },
			},
			"a time": {
				records.Filter{PlacedFrom: noon.Add(time.Minute), PlacedTo: noon.Add(3 * time.Minute)},
				func(o order.Order) bool {
					return !o.PlacedAt.Before(noon.Add(time.Minute)) && o.PlacedAt.Before(noon.Add(3*time.Minute))
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
		p, err := s.Orders(t.Context(), records.Filter{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all[:1], p.Orders); diff != "" {
			t.Errorf("newest (-want +got):\n%s", diff)
		}
		for _, bad := range append(badCursors, p.Next+"A") {
			if _, err := s.Orders(t.Context(), records.Filter{Cursor: bad}); !errors.Is(err, records.ErrCursor) {
				t.Errorf("cursor %q: got %v, want ErrCursor", bad, err)
			}
		}
	})
}

func TestExternalIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := shop(t, open)
		a, b := place(t, s, "c-1", noon), place(t, s, "c-1", noon)
		save := func(o order.Order, intent, label, reference string) error {
			c := next(o, order.AwaitingPayment, order.StockStays)
			c.Order.Payment = order.Payment{Generation: 1, IntentID: intent, Status: order.RequiresPaymentMethod}
			c.Order.Shipment = order.Shipment{Reference: reference, LabelID: label}
			c.Attempt = "capture"
			return s.SaveOrder(t.Context(), c)
		}
		if err := save(a, "pi_a", "lbl_a", "ref_a"); err != nil {
			t.Fatal(err)
		}
		// ORD-5: unique in storage, and nothing of the change is written.
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

func second[T any](_ T, err error) error { return err }

func TestWatch(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := shop(t, open)
		o, other := place(t, s, "c-1", noon), place(t, s, "c-1", noon)
		changed, stop := s.Watch(o.ID)
		wantWake := func(want bool) {
			t.Helper()
			select {
			case <-changed:
				if !want {
					t.Error("woken for nothing")
				}
			default: // a write wakes before it returns
				if want {
					t.Error("not woken")
				}
			}
		}
		c := next(o, order.AwaitingPayment, order.StockStays)
		for _, c := range []order.Change{c, next(c.Order, order.Authorized, order.StockStays)} {
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		wantWake(true) // two writes, one wake-up
		if err := s.SaveOrder(t.Context(), next(other, order.AwaitingPayment, order.StockStays)); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		m := porttest.MessageOf(o.ID, order.MailConfirmation)
		if _, err := s.ClaimMail(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		sent := mail.Outcome{State: mail.StateSent, Receipt: mail.Receipt{Provider: "ses", ProviderID: "msg-1"}}
		if err := s.SettleMail(t.Context(), m, sent); err != nil {
			t.Fatal(err)
		}
		wantWake(true)
		stop()
		stop()
		if err := s.SettleMail(t.Context(), m, sent); err != nil {
			t.Fatal(err)
		}
		wantWake(false)
		mails, err := s.Mails(t.Context(), string(o.ID))
		if err != nil || len(mails) != 1 || mails[0].State != mail.StateSent || mails[0].ProviderID != "msg-1" || mails[0].Attempts != 1 || mails[0].SettledAt.IsZero() {
			t.Errorf("mails: got %+v %v", mails, err)
		}
	})
}

func TestProducts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		want := catalog.Sample()
		for range 2 {
			if err := s.PutProducts(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
		var got []catalog.Product
		for after := ""; ; after = got[len(got)-1].SKU {
			some, err := s.Products(t.Context(), 3, after)
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, some...); len(some) < 3 {
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("got %d products, want %d", len(got), len(want))
		}
		if err := s.PutProducts(t.Context(), []catalog.Product{{SKU: "x", Name: "X", Price: 1, Currency: "???"}}); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("currency ???: got %v, want ErrInvalid", err)
		}
	})
}

// TestReopen also proves IDEM-7: what was written is there in another process.
func TestReopen(t *testing.T) {
	for name, url := range map[string]string{
		"sqlite":   "sqlite://" + filepath.Join(t.TempDir(), "record.db"),
		"postgres": postgres.ForTest(t),
	} {
		t.Run(name, func(t *testing.T) {
			open := func(t *testing.T) *records.Store {
				s, err := records.Open(t.Context(), url, records.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			s := shop(t, open)
			o := place(t, s, "c-1", noon)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			// F35: a database that is gone is an error, never a silent yes.
			it := event("evt_1", o.ID)
			fresh, err := s.Receive(t.Context(), &it)
			if err == nil || fresh {
				t.Errorf("receive after close: got %v %v, want an error", fresh, err)
			}
			// RES-1: nothing was done, and a step is told so.
			if errors.Is(err, records.ErrClosed) != errors.Is(err, order.ErrUnavailable) || name == "sqlite" && !errors.Is(err, records.ErrClosed) {
				t.Errorf("receive after close: got %v, want ErrClosed, which is ErrUnavailable", err)
			}
			if err := s.Ping(t.Context()); err == nil {
				t.Error("ping after close: got no error")
			}
			s = open(t)
			defer s.Close()
			got, err := s.Order(t.Context(), o.ID)
			if diff := cmp.Diff(o, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestProcessesMigrateOneAtATime(t *testing.T) {
	url := postgres.ForTest(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := records.Open(context.WithoutCancel(t.Context()), url, records.Options{Connections: 2})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	all.Wait()
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "mysql://u:secret@h/d", "record.db", "sqlite:///no/such/dir/x.db"} {
		if s, err := records.Open(t.Context(), url, records.Options{}); err == nil {
			_ = s.Close()
			t.Errorf("%q was opened", url)
		}
	}
}
