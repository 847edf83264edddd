package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records"
	ledgerrecords "purser/records/ledger"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// remove deletes an entry, as the owner of the database can.
func remove(t *testing.T, db *sqldb.DB, condition string) {
	t.Helper()
	drop := []string{"DROP TRIGGER ledger_entries_delete"}
	if db.Reader().BatchSize() > 1 {
		drop = []string{"DROP TRIGGER ledger_entries_append_only ON ledger_entries"}
	}
	for _, statement := range append(drop, "DELETE FROM ledger_entries WHERE "+condition) {
		if err := exec(t.Context(), db, statement); err != nil {
			t.Fatal(err)
		}
	}
}

// differences compares the ledger with the record.
func differences(t testing.TB, s *records.Store, ids ...order.ID) (found []ledger.Difference) {
	t.Helper()
	books, err := s.Books(t.Context(), ids)
	if err != nil || len(books) != len(ids) {
		t.Fatalf("%d books of %d orders: %v", len(books), len(ids), err)
	}
	for _, b := range books {
		found = append(found, ledger.Compare(b, nil)...)
	}
	return found
}

// TestRemovedEntry: an entry that somebody removed is found, on every account that
// it was about.
func TestRemovedEntry(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, db := open(t, url(t))
		kept, o := paid(t, s), paid(t, s)
		if ids, err := s.UnbalancedOrders(t.Context(), "", 10); err != nil || len(ids) > 0 {
			t.Fatalf("unbalanced before: %v %v", ids, err)
		}
		remove(t, db, fmt.Sprintf("order_id = '%s' AND credit = 'captured'", o.ID))
		if ids, err := s.UnbalancedOrders(t.Context(), "", 10); err != nil || !slices.Equal(ids, []order.ID{o.ID}) {
			t.Errorf("unbalanced: %v %v", ids, err)
		}
		found := differences(t, s, kept.ID, o.ID)
		var got []string
		for _, d := range found {
			got = append(got, fmt.Sprintf("%s %s %d %d", d.OrderID, d.Account, d.Record, d.Ledger))
		}
		if want := []string{string(o.ID) + " captured 1450 0", string(o.ID) + " clearing 1450 0"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestUncheckedOrders: every order with a new entry is checked once, also if its entry
// becomes visible after others with higher IDs.
func TestUncheckedOrders(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, db := open(t, url(t))
		unchecked := func(limit int) []order.ID {
			t.Helper()
			ids, _, err := s.UncheckedOrders(t.Context(), 0, limit)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		check := func(ids ...order.ID) {
			t.Helper()
			books, err := s.Books(t.Context(), ids)
			if err != nil {
				t.Fatal(err)
			}
			last := map[order.ID]int64{}
			for _, b := range books {
				last[b.Order.ID] = b.LastEntry
			}
			if err := s.MarkChecked(t.Context(), last); err != nil {
				t.Fatal(err)
			}
		}
		a, b := paid(t, s), paid(t, s)
		if got := unchecked(1); !slices.Equal(got, []order.ID{a.ID}) {
			t.Errorf("the first: %v", got)
		}
		check(a.ID)
		if got := unchecked(10); !slices.Equal(got, []order.ID{b.ID}) {
			t.Errorf("after a check of %s: %v", a.ID, got)
		}
		check(b.ID)
		for range 3 { // the marks move on
			if got := unchecked(10); len(got) > 0 {
				t.Errorf("after both: %v", got)
			}
		}
		c := paid(t, s)
		if got := unchecked(10); !slices.Equal(got, []order.ID{c.ID}) {
			t.Errorf("a new order: %v", got)
		}
		check(c.ID)
		unchecked(10)
		// An entry of an older transaction, whose ID is below that of the last one seen.
		remove(t, db, fmt.Sprintf("order_id = '%s'", c.ID))
		hidden := "INSERT INTO ledger_entries (id, kind, order_id, payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at) " +
			"SELECT MAX(id) + 2, kind, '%s', payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at FROM ledger_entries WHERE order_id = '%s' GROUP BY kind, payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at ORDER BY 1 LIMIT 1"
		if err := exec(t.Context(), db, fmt.Sprintf(hidden, a.ID, b.ID)); err != nil {
			t.Fatal(err)
		}
		if got := unchecked(10); !slices.Equal(got, []order.ID{a.ID}) {
			t.Errorf("an entry that became visible late: %v", got)
		}
	})
}

// TestDifferencesOnce (REC-6): a person is asked once about a difference, however often
// it is found, and again only after it was gone.
func TestDifferencesOnce(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		has := int64(0)
		d := ledger.Difference{
			OrderID: "ord_1", Payment: 1, Ref: "pi_1", Party: "stripe", Account: ledger.Captured, Currency: "EUR", Record: 1450, Ledger: 1450, Provider: &has, Why: "why",
		}
		other := d
		other.Account, other.Provider = ledger.Refunded, nil
		ids := []ledger.Doubt{{OrderID: "ord_1"}}
		unreported := func() (n int) {
			t.Helper()
			report, _, n, err := s.ClaimReport(t.Context(), 10)
			if err == nil && report > 0 {
				err = s.MarkReported(t.Context(), report)
			}
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for i, step := range []struct {
			name  string
			found []ledger.Difference
			asked int
			open  int
		}{
			{name: "found", found: []ledger.Difference{d}, asked: 1, open: 1},
			{name: "found again", found: []ledger.Difference{d}, asked: 0, open: 1},
			{name: "and another", found: []ledger.Difference{d, other}, asked: 1, open: 2},
			{name: "one is gone", found: []ledger.Difference{other}, asked: 0, open: 1},
			{name: "all are gone", asked: 0, open: 0},
			{name: "it comes back", found: []ledger.Difference{d}, asked: 1, open: 1},
		} {
			if err := s.RecordDifferences(t.Context(), ids, step.found); err != nil {
				t.Fatal(err)
			}
			if n := unreported(); n != step.asked {
				t.Errorf("%d %s: a person is asked about %d, want %d", i, step.name, n, step.asked)
			}
			got, err := s.Differences(t.Context(), ledgerrecords.DifferenceFilter{OrderID: "ord_1"})
			if err != nil || len(got) != step.open {
				t.Errorf("%d %s: %d open, want %d: %v", i, step.name, len(got), step.open, err)
			}
			those, err := s.Differing(t.Context(), ledger.Doubt{}, 10)
			if err != nil || len(those) != min(step.open, 1) {
				t.Errorf("%d %s: orders %v, %v", i, step.name, those, err)
			}
		}
		all, err := s.Differences(t.Context(), ledgerrecords.DifferenceFilter{Resolved: true})
		if err != nil || len(all) != 3 || *all[0].Provider != 0 || all[1].Provider != nil || all[2].ResolvedAt.IsZero() {
			t.Errorf("%+v, %v", all, err)
		}
		if one, err := s.Differences(t.Context(), ledgerrecords.DifferenceFilter{Resolved: true, Before: all[1].ID, Limit: 5}); err != nil || len(one) != 1 {
			t.Errorf("the next page: %+v, %v", one, err)
		}
	})
}

// TestAnyChange (PAY-2, REC-3): whatever changes are saved, in whatever sequence, with
// lost attempts replaced by others: the ledger equals the record.
func TestAnyChange(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		for seed := range uint64(12) {
			anyChanges(t, s, rand.New(rand.NewPCG(seed, 7)))
		}
		if ids, err := s.UnbalancedOrders(t.Context(), "", 10); err != nil || len(ids) > 0 {
			t.Errorf("unbalanced: %v %v", ids, err)
		}
		sums, err := s.Sums(t.Context(), time.Time{}, time.Time{})
		total := int64(0)
		for _, b := range sums {
			total += b.Amount.Amount
		}
		if err != nil || total != 0 || len(sums) < 8 {
			t.Errorf("%d accounts add up to %d: %v", len(sums), total, err)
		}
		corrected := 0
		for _, e := range entries(t, s) {
			if e.Kind == ledger.ByCorrection {
				corrected++
			}
		}
		if corrected == 0 {
			t.Error("no lost attempt was corrected: the test proves less than it should")
		}
	})
}

// anyChanges saves random changes of one order, and compares after each.
func anyChanges(t *testing.T, s *records.Store, r *rand.Rand) {
	t.Helper()
	o, fence := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon), int64(1)
	kept := []order.Order{o} // after each change that counts
	for range 25 {
		from := kept[len(kept)-1]
		if back := 1 + r.IntN(2); r.IntN(4) == 0 && len(kept) > back { // these changes were lost
			kept = kept[:len(kept)-back]
			from = kept[len(kept)-1]
			fence++
		}
		c := recordstest.Next(from, from.Status, order.StockStays)
		c.Fence = fence
		c.Order.UpdatedAt = c.Order.UpdatedAt.Add(time.Duration(r.IntN(1000)) * time.Minute)
		change(&c.Order, r)
		repeat := 1 + r.IntN(2)
		for range repeat {
			if err := s.SaveOrder(t.Context(), c); err != nil {
				t.Fatalf("%+v: %v", c.Order.Payments, err)
			}
		}
		if r.IntN(3) == 0 { // amounts change without an event
			fence++
			silent := order.Change{Order: c.Order, Fence: fence}
			change(&silent.Order, r)
			if err := s.SaveOrder(t.Context(), silent); err != nil {
				t.Fatal(err)
			}
			c = silent
		}
		kept = append(kept, c.Order)
		if found := differences(t, s, o.ID); len(found) > 0 {
			t.Fatalf("%+v, after %+v", found, c.Order.Payments)
		}
	}
}

// change changes amounts of an order's payments as they might change.
func change(o *order.Order, r *rand.Rand) {
	o.Payments, o.Refunds = slices.Clone(o.Payments), slices.Clone(o.Refunds)
	if len(o.Payments) == 0 || len(o.Payments) < 3 && r.IntN(5) == 0 {
		o.Payments = append(o.Payments, order.Payment{Number: len(o.Payments) + 1})
	}
	p := &o.Payments[r.IntN(len(o.Payments))]
	if p.Reference == "" {
		p.Provider = []string{"stripe", order.Manual}[r.IntN(2)]
		p.Reference = strings.Join([]string{p.Provider, string(o.ID), fmt.Sprint(p.Number), fmt.Sprint(r.IntN(1 << 30))}, "-")
	}
	switch r.IntN(7) {
	case 0:
		p.Authorized = 1450
	case 1:
		p.Authorized = 0
	case 2:
		p.Captured += int64(r.IntN(1000))
	case 3:
		p.Surplus = !p.Surplus
	case 4:
		p.Disputed = int64(r.IntN(2)) * p.Captured
	default:
		status := []order.RefundStatus{order.RefundRequested, order.RefundPending, order.RefundSucceeded, order.RefundFailed}[r.IntN(4)]
		if n := len(o.Refunds); n > 0 && r.IntN(2) == 0 {
			o.Refunds[r.IntN(n)].Status = status
		} else {
			o.Refunds = append(o.Refunds, order.Refund{
				ID: fmt.Sprintf("r%d", n), PaymentRef: p.Reference, Amount: order.Money{Amount: 1 + int64(r.IntN(300)), Currency: "EUR"}, Status: status, PaidOut: r.IntN(3) == 0,
			})
		}
	}
	for i := range o.Payments {
		o.Payments[i].Refunded = 0
		for _, refund := range o.Refunds {
			if refund.PaymentRef == o.Payments[i].Reference && refund.Status.Moves() {
				o.Payments[i].Refunded += refund.Amount.Amount
			}
		}
	}
}

// TestLatestOrders: the orders of a time are listed page by page, the oldest first, each
// once.
func TestLatestOrders(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		var want []order.ID
		for i := range 7 {
			o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon.Add(time.Duration(i/2)*time.Hour))
			if i >= 2 {
				want = append(want, o.ID)
			}
		}
		for i := 0; i < 4; i += 2 { // two orders of one moment are in the order of their IDs
			slices.Sort(want[i : i+2])
		}
		var got []order.ID
		for after := order.ID(""); ; {
			page, err := s.LatestOrders(t.Context(), recordstest.Noon.Add(time.Hour), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
