package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"purser/ledger"
	"purser/order"
	"purser/records"
	ledgerrecords "purser/records/ledger"
	"purser/records/mails"
	"purser/records/recordstest"
	"purser/records/sqldb"
)

// paid places an order for a mug whose payment is captured.
func paid(t *testing.T, s *records.Store) order.Order {
	t.Helper()
	o := recordstest.PlaceOrder(t, s, "c-1", recordstest.Noon)
	held := recordstest.Next(o, order.AwaitingPayment, order.StockStays)
	held.Order.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_" + string(o.ID), Status: order.PaymentAuthorized, Authorized: 1450}}
	taken := recordstest.Next(held.Order, order.Authorized, order.StockStays)
	p := held.Order.Payments[0]
	p.Status, p.Captured = order.PaymentCaptured, 1450
	taken.Order.Payments = []order.Payment{p}
	for _, c := range []order.Change{held, taken} {
		if err := s.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return taken.Order
}

func entries(t *testing.T, s *records.Store) (all []ledger.Entry) {
	t.Helper()
	if err := s.EachEntry(t.Context(), time.Time{}, time.Time{}, func(e ledger.Entry) error {
		all = append(all, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// exec runs a statement on the database, past the store.
func exec(ctx context.Context, db *sqldb.DB, statement string) error {
	return db.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, statement)
		return err
	})
}

// open opens a record that sells mugs, and its database.
func open(t *testing.T, url string) (*records.Store, *sqldb.DB) {
	db := recordstest.OpenDB(t, url, records.Options{})
	return recordstest.Shop(t, func(*testing.T) *records.Store { return records.New(db, mails.Rules{}) }), db
}

// TestEntriesOfOrder (PAY-2): an authorization and a capture are booked in the
// transaction that records them.
func TestEntriesOfOrder(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, _ := open(t, url(t))
		o := paid(t, s)
		entry := ledger.Entry{
			Kind: ledger.ByOrder, OrderID: o.ID, Payment: 1, Ref: "pi_" + string(o.ID), Party: "stripe",
			Amount: o.Total, Version: 3, At: o.UpdatedAt, BookedAt: o.UpdatedAt, Debit: ledger.Authorized, Credit: ledger.Holds,
		}
		capture := entry
		capture.Version, capture.Debit, capture.Credit = 4, ledger.Clearing, ledger.Captured
		if diff := cmp.Diff([]ledger.Entry{entry, capture}, entries(t, s), cmpopts.IgnoreFields(ledger.Entry{}, "ID")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		want := []ledgerrecords.Sum{
			{Party: "stripe", Account: ledger.Authorized, Amount: order.Money{Amount: 1450, Currency: "EUR"}},
			{Party: "stripe", Account: ledger.Captured, Amount: order.Money{Amount: -1450, Currency: "EUR"}},
			{Party: "stripe", Account: ledger.Clearing, Amount: order.Money{Amount: 1450, Currency: "EUR"}},
			{Party: "stripe", Account: ledger.Holds, Amount: order.Money{Amount: -1450, Currency: "EUR"}},
		}
		got, err := s.Sums(t.Context(), time.Time{}, time.Time{})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v -want +got:\n%s", err, diff)
		}
	})
}

// TestEntriesOfCredit (PAY-2, REF-9): the credit that pays for an order is booked with the
// order, once, and a check finds no difference.
func TestEntriesOfCredit(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, _ := open(t, url(t))
		opening := order.Opening{
			ID: order.NewID(), RunID: "run-1", RequestHash: "hash-1", Actor: "key:shop", Now: recordstest.Noon, HoldUntil: recordstest.Noon.Add(time.Hour),
			Request:    order.Request{Customer: "c-1", Email: "ada@example.com", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: 2}}},
			ExchangeOf: &order.ExchangeOf{OrderID: order.NewID(), ReturnID: "rt1", Credit: 1450},
		}
		var o order.Order
		for range 2 { // the second one is a repetition
			var err error
			if o, err = s.OpenOrder(t.Context(), opening); err != nil {
				t.Fatal(err)
			}
		}
		want := []ledger.Entry{{
			Kind: ledger.ByOrder, OrderID: o.ID, Payment: 1, Ref: opening.ExchangeOf.Reference(), Party: order.Credit,
			Amount: order.Money{Amount: 1450, Currency: "EUR"}, Version: o.Version, At: o.UpdatedAt, BookedAt: o.UpdatedAt, Debit: ledger.Clearing, Credit: ledger.Captured,
		}}
		if diff := cmp.Diff(want, entries(t, s), cmpopts.IgnoreFields(ledger.Entry{}, "ID")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		books, err := s.Books(t.Context(), []order.ID{o.ID})
		if err != nil {
			t.Fatal(err)
		}
		if found := ledger.Compare(books[0], nil); len(found) > 0 {
			t.Errorf("differences: %+v", found)
		}
	})
}

// TestAppendOnly (PAY-2): the database refuses to change, to delete and to replace
// entries and closed periods, and to add entries that do not add up to zero or that
// belong to a closed period.
func TestAppendOnly(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, db := open(t, url(t))
		o := paid(t, s)
		if _, err := s.ClosePeriod(t.Context(), "2026-01", "ada"); err != nil {
			t.Fatal(err)
		}
		before := entries(t, s)
		const values = "(id, kind, order_id, payment, ref, party, debit, credit, amount, currency, source, line, version, at, booked_at) VALUES "
		add := func(id int64, debit, credit string, amount int, at int64) string {
			return fmt.Sprintf("INTO ledger_entries %s (%d, 'order', '%s', 1, '', 'stripe', '%s', '%s', %d, 'EUR', '', 0, 9, %d, %d)", values, id, o.ID, debit, credit, amount, at, at)
		}
		now := recordstest.Noon.UnixMicro()
		attacks := []string{
			"UPDATE ledger_entries SET amount = 1",
			"UPDATE ledger_entries SET amount = amount WHERE id = -5",
			fmt.Sprintf("UPDATE ledger_entries SET order_id = '' WHERE id = %d", before[0].ID),
			"DELETE FROM ledger_entries",
			fmt.Sprintf("DELETE FROM ledger_entries WHERE id = %d", before[1].ID),
			"INSERT " + add(before[0].ID, "clearing", "captured", 5, now),
			"INSERT " + add(9001, "clearing", "clearing", 5, now),
			"INSERT " + add(9002, "clearing", "captured", 0, now),
			"INSERT " + add(9003, "clearing", "captured", -5, now),
			"INSERT " + add(9004, "clearing", "captured", 5, time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC).UnixMicro()),
			"UPDATE ledger_periods SET ends_at = 0",
			"DELETE FROM ledger_periods",
		}
		if db.Reader().BatchSize() == 1 { // SQLite
			attacks = append(attacks, "REPLACE "+add(before[0].ID, "clearing", "captured", 5, now),
				"UPDATE OR REPLACE ledger_entries SET id = 9005",
				"REPLACE INTO ledger_periods (period, ends_at, closed_at, closed_by) VALUES ('2026-01', 0, 0, 'eve')")
		} else {
			attacks = append(attacks, "TRUNCATE ledger_entries", "TRUNCATE ledger_periods",
				fmt.Sprintf("INSERT %s ON CONFLICT (id) DO UPDATE SET amount = 1", add(before[0].ID, "clearing", "captured", 5, now)),
				"SET LOCAL session_replication_role = replica; DELETE FROM ledger_entries")
		}
		for _, attack := range attacks {
			err := error(nil)
			if first, second, two := strings.Cut(attack, "; "); two {
				err = db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
					if _, err := q.Exec(ctx, first); err != nil {
						t.Fatal(err)
					}
					_, err := q.Exec(ctx, second)
					return err
				})
			} else {
				err = exec(t.Context(), db, attack)
			}
			// An UPDATE or DELETE of no row fires no trigger on SQLite, and changes nothing.
			if err == nil && !strings.Contains(attack, "-5") || err == nil && strings.Contains(attack, "INSERT") {
				t.Errorf("accepted: %s", attack)
			}
		}
		if diff := cmp.Diff(before, entries(t, s)); diff != "" {
			t.Errorf("the entries have changed (-before +after):\n%s", diff)
		}
	})
}

// TestSettlements (REC-4): a settlement is booked once, with the order of its
// payment, in the currency of the balance.
func TestSettlements(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, _ := open(t, url(t))
		o := paid(t, s)
		at := recordstest.Noon.Add(time.Hour)
		charge := ledger.Settlement{
			ID: "txn_1", Party: "stripe", Kind: ledger.SettlementCharge, Ref: "pi_" + string(o.ID), Paid: o.Total,
			Amount: order.Money{Amount: 1600, Currency: "USD"}, Fee: 47, Net: 1553, At: at,
		}
		payout := ledger.Settlement{ID: "txn_2", Party: "stripe", Kind: ledger.SettlementPayout, Amount: order.Money{Amount: -1553, Currency: "USD"}, Net: -1553, At: at}
		for i, want := range []int64{4, 0} {
			if b, err := s.AddSettlements(t.Context(), []ledger.Settlement{charge, payout}, at); err != nil || b.Entries != want || b.Unbooked > 0 {
				t.Errorf("import %d: %+v, want %d entries: %v", i+1, b, want, err)
			}
		}
		var got []string
		for _, e := range entries(t, s)[2:] {
			got = append(got, fmt.Sprintf("%s/%d %s %s: %s to %s", e.Source, e.Line, e.Amount, e.Kind, e.Credit, e.Debit))
			if of := e.Source == "txn_1"; of != (e.OrderID == o.ID) || of != (e.Payment == 1) {
				t.Errorf("%s is of %q", e.Source, e.OrderID)
			}
		}
		want := []string{
			"txn_1/1 14.50 EUR settlement: settlements to exchange",
			"txn_1/2 16.00 USD settlement: exchange to balance",
			"txn_1/3 0.47 USD settlement: balance to fees",
			"txn_2/1 15.53 USD settlement: balance to payouts",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if doubts, err := s.Doubts(t.Context(), at, ledger.Doubt{}, 10); err != nil || len(doubts) > 0 {
			t.Errorf("in doubt: %v, %v", doubts, err)
		}
		wrong, other := charge, charge
		wrong.ID, wrong.Net, other.ID = "txn_3", 1600, "txn_4"
		payout.Amount.Amount, payout.Net = -1000, -1000
		if b, err := s.AddSettlements(t.Context(), []ledger.Settlement{payout, wrong, other}, at); err != nil || b.Entries != 3 || b.Unbooked != 1 {
			t.Errorf("a settlement that does not add up, and one that has changed, stop another: %+v, %v", b, err)
		}
		doubts, err := s.Doubts(t.Context(), at, ledger.Doubt{}, 10)
		if want := []ledger.Doubt{{Party: "stripe", Source: "txn_2"}, {Party: "stripe", Source: "txn_3"}}; err != nil || !slices.Equal(doubts, want) {
			t.Errorf("in doubt: %v, want %v: %v", doubts, want, err)
		}
		if ids, err := s.UnbalancedOrders(t.Context(), "", 10); err != nil || len(ids) > 0 {
			t.Errorf("settlements unbalance %v: %v", ids, err)
		}
	})
}

// TestClosedPeriod: what belongs to a closed period is booked in the first open one,
// with its own date; a period that is not over cannot be closed.
func TestClosedPeriod(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, _ := open(t, url(t))
		o := paid(t, s)
		for period, problem := range map[string]string{"2026-13": "want a month", "March": "want a month", "2999-01": "is not over", "2026-3": "want a month"} {
			if _, err := s.ClosePeriod(t.Context(), period, "ada"); err == nil || !strings.Contains(err.Error(), problem) {
				t.Errorf("close %s: %v", period, err)
			}
		}
		first, err := s.ClosePeriod(t.Context(), "2026-03", "ada")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.ClosePeriod(t.Context(), "2026-03", "eve"); err != nil || again != first {
			t.Errorf("closed again: %+v, %v, want %+v", again, err, first)
		}
		c := recordstest.Next(o, order.Paid, order.StockStays)
		c.Order.Refunds = []order.Refund{{ID: "r", PaymentRef: o.Payments[0].Reference, Amount: order.Money{Amount: 450, Currency: "EUR"}, Status: order.RefundSucceeded}}
		p := o.Payments[0]
		p.Refunded = 450
		c.Order.Payments = []order.Payment{p}
		if err := s.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		all := entries(t, s)
		got := all[len(all)-1]
		if want := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC); got.Debit != ledger.Refunded || !got.At.Equal(o.UpdatedAt) || !got.BookedAt.Equal(want) || got.Corrects() != "2026-03" {
			t.Errorf("booked as %+v, corrects %q", got, got.Corrects())
		}
		if all[0].Corrects() != "" {
			t.Errorf("an entry from before the closing corrects %q", all[0].Corrects())
		}
	})
}

// TestCloseWaitsForEntries: an entry that is being written while its period is
// closed is either before the closing, or in the next period.
func TestCloseWaitsForEntries(t *testing.T) {
	url := recordstest.Postgres(t)
	s, conn := recordstest.OpenWithConn(t, url)
	db := recordstest.OpenDB(t, url, records.Options{})
	closed := make(chan error, 1)
	err := db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
		e := ledger.Entry{Kind: ledger.ByOrder, Debit: ledger.Clearing, Credit: ledger.Captured, Amount: order.Money{Amount: 1, Currency: "EUR"}, At: recordstest.Noon}
		if _, err := ledgerrecords.Insert(ctx, q, []ledger.Entry{e}); err != nil {
			return err
		}
		go func() {
			_, err := s.ClosePeriod(t.Context(), "2026-03", "ada")
			closed <- err
		}()
		recordstest.AwaitLock(t, conn)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	var n int
	if err := conn.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM ledger_entries").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d entries, %v", n, err)
	}
}

// TestExportPages: all entries are read, each once, whatever their number.
func TestExportPages(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s, db := open(t, url(t))
		var all []ledger.Entry
		for i := range 2_345 {
			all = append(all, ledger.Entry{
				Kind: ledger.BySettlement, Party: "stripe", Source: fmt.Sprint(i), Debit: ledger.Balance, Credit: ledger.Settlements,
				Amount: order.Money{Amount: 1, Currency: "EUR"}, At: recordstest.Noon.Add(time.Duration(i/700) * time.Hour),
			})
		}
		if err := db.Write(t.Context(), func(ctx context.Context, q sqldb.Querier) error {
			_, err := ledgerrecords.Insert(ctx, q, all)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		count := func(from, to time.Time) (n int) {
			seen := map[string]bool{}
			if err := s.EachEntry(t.Context(), from, to, func(e ledger.Entry) error {
				seen[e.Source] = true
				n++
				return nil
			}); err != nil || len(seen) != n {
				t.Errorf("%d entries, %d of them different: %v", n, len(seen), err)
			}
			return n
		}
		for _, c := range []struct {
			name     string
			from, to time.Time
			want     int
		}{
			{name: "all", want: 2_345},
			{name: "the first hour", to: recordstest.Noon.Add(time.Hour), want: 700},
			{name: "from the second hour on", from: recordstest.Noon.Add(time.Hour), want: 1_645},
			{name: "nothing", from: recordstest.Noon.Add(24 * time.Hour), want: 0},
		} {
			if got := count(c.from, c.to); got != c.want {
				t.Errorf("%s: %d entries, want %d", c.name, got, c.want)
			}
		}
	})
}
