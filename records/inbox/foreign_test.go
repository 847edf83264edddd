package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/records"
	"purser/records/inbox"
	"purser/records/mails"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// TestUsableCopy (WHK-6, PAY-16): a usable copy of an event that could not be used is
// stored in its place and is due; a copy that cannot be used either, or of an event
// that was usable, is a duplicate.
func TestUsableCopy(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		for _, c := range []struct {
			was, is inbox.State
			fresh   bool
		}{
			{was: inbox.Parked, is: inbox.Received, fresh: true},
			{was: inbox.Parked, is: inbox.Kept, fresh: true},
			{was: inbox.Dismissed, is: inbox.Received, fresh: true},
			{was: inbox.Parked, is: inbox.Parked},
			{was: inbox.Dismissed, is: inbox.Parked},
			{was: inbox.Received, is: inbox.Received},
			{was: inbox.Held, is: inbox.Received},
			{was: inbox.Foreign, is: inbox.Received},
			{was: inbox.Kept, is: inbox.Received},
			{was: inbox.Received, is: inbox.Parked},
		} {
			name := fmt.Sprintf("%s, then %s", c.was, c.is)
			first := event(name, "")
			first.State, first.Body, first.Note = c.was, []byte("old"), "version 1"
			was := receive(t, s, first)
			copied := event(name, "ord_1")
			copied.State, copied.Body, copied.ReceivedAt = c.is, []byte("new"), recordstest.Noon.Add(time.Hour)
			fresh, err := s.Receive(t.Context(), &copied)
			got, readErr := s.Item(t.Context(), was.ID)
			if err != nil || readErr != nil || fresh != c.fresh || copied.ID != was.ID {
				t.Errorf("%s: fresh %t, id %d of %d, %v, %v", name, fresh, copied.ID, was.ID, err, readErr)
				continue
			}
			want := inbox.Item{State: c.was, Body: []byte("old"), OrderID: "", Note: "version 1"}
			if c.fresh {
				want = inbox.Item{State: c.is, Body: []byte("new"), OrderID: "ord_1"}
			}
			if got.State != want.State || string(got.Body) != string(want.Body) || got.OrderID != want.OrderID || got.Note != want.Note || copied.State != want.State {
				t.Errorf("%s: stored %s %q for %q, %q", name, got.State, got.Body, got.OrderID, got.Note)
			}
			if due := !got.NextAt.IsZero(); due != (got.State == inbox.Received || got.State == inbox.Held) {
				t.Errorf("%s: next at %v", name, got.NextAt)
			}
		}
	})
}

// TestDismiss (WHK-19, RES-12): a person can end the wait of a parked or held event,
// and no late attempt takes that back.
func TestDismiss(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		for _, st := range inbox.States() {
			it := event(string(st), "ord_1")
			it.State = st
			it = receive(t, s, it)
			got, err := s.Dismiss(t.Context(), it.ID, "nobody needs it")
			if st != inbox.Parked && st != inbox.Held {
				if !errors.Is(err, inbox.ErrNotDismissible) || !strings.Contains(err.Error(), string(st)) {
					t.Errorf("%s: %v", st, err)
				}
				continue
			}
			recordDelivery(t, s, inbox.Held, recordstest.Noon, it.ID)
			after, readErr := s.Item(t.Context(), it.ID)
			if err != nil || readErr != nil || got.State != inbox.Dismissed || after.State != inbox.Dismissed || after.Note != "nobody needs it" || !after.NextAt.IsZero() {
				t.Errorf("%s: %+v, %v, %v", st, after, err, readErr)
			}
			recordDelivery(t, s, inbox.Delivered, time.Time{}, it.ID) // the attempt that was under way has succeeded
			if after, _ = s.Item(t.Context(), it.ID); after.State != inbox.Delivered {
				t.Errorf("%s: %s after its delivery", st, after.State)
			}
		}
		if _, err := s.Dismiss(t.Context(), 999, ""); !errors.Is(err, inbox.ErrNoItem) {
			t.Errorf("999: %v", err)
		}
	})
}

// TestRecall (WHK-12, WHK-21): events that were kept as foreign are due as soon as the
// record has their payment, or the payment of the order that they name; no others.
func TestRecall(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
		due := map[string]bool{}
		for name, c := range map[string]struct {
			ref string
			id  order.ID
			st  inbox.State
			due bool
		}{
			"its payment":     {ref: "pi_1", st: inbox.Foreign, due: true},
			"its order":       {ref: "pi_9", id: o.ID, st: inbox.Foreign, due: true},
			"both":            {ref: "pi_1", id: o.ID, st: inbox.Foreign, due: true},
			"another payment": {ref: "pi_2", st: inbox.Foreign},
			"another order":   {id: "ord_2", st: inbox.Foreign},
			"nothing":         {st: inbox.Foreign},
			"dismissed":       {ref: "pi_1", st: inbox.Dismissed},
			"parked":          {ref: "pi_1", st: inbox.Parked},
			"delivered":       {ref: "pi_1", st: inbox.Delivered},
		} {
			it := event(name, c.id)
			it.Ref, it.State = c.ref, c.st
			receive(t, s, it)
			due[name] = c.due
		}
		old := event("pruned", "")
		old.Ref, old.State, old.ReceivedAt = "pi_1", inbox.Foreign, recordstest.Noon.Add(-time.Hour)
		receive(t, s, old)
		if _, err := s.PruneInbox(t.Context(), recordstest.Noon.Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		c := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
		c.Order.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentPending}}
		if err := s.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		found, err := s.Due(t.Context(), recordstest.Noon.Add(240*time.Hour), inbox.Place{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range found {
			if !due[it.EventID] {
				t.Errorf("%q is due", it.EventID)
			}
			delete(due, it.EventID)
		}
		for name, missing := range due {
			if missing {
				t.Errorf("%q is not due", name)
			}
		}
	})
}

// TestCountsAreBounded (WHK-19, ORD-10): the counts of a large inbox stop at a limit.
func TestCountsAreBounded(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		db := recordstest.OpenDB(t, url(t), records.Options{})
		s := records.New(db, mails.Rules{})
		var rows []any
		for n := range inbox.CountedTo - 1 {
			rows = append(rows, "stripe", "", fmt.Sprint(n), "t", "", "", "foreign", 0, 0, 1, 1, "", "", "")
		}
		if err := db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
			return sqldb.InsertRows(ctx, q, `INSERT INTO inbox (provider, account, event_id, type, order_id, ref, state, attempts, next_at,
				received_at, provider_at, note, correlation, source)`, 14, rows)
		}); err != nil {
			t.Fatal(err)
		}
		for n, want := range []int64{inbox.CountedTo - 1, inbox.CountedTo, inbox.CountedTo} {
			if counts, _, err := s.InboxCounts(t.Context()); err != nil || counts[inbox.Foreign] != want {
				t.Errorf("%d more: %v, %v", n, counts, err)
			}
			it := event(fmt.Sprint("more ", n), "")
			it.State = inbox.Foreign
			receive(t, s, it)
		}
	})
}
