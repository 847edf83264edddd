package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/ledger"
	"purser/order"
	ledgerrecords "purser/records/ledger"
	"purser/records/recordstest"
)

// tampered serves what the bank serves, with the objects as tamper leaves them.
func (s *shop) tampered(bank http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change := s.tamper.Load()
		if change == nil {
			bank.ServeHTTP(w, r)
			return
		}
		served := httptest.NewRecorder()
		bank.ServeHTTP(served, r)
		var v any
		d := json.NewDecoder(served.Body)
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			s.Errorf("%s: %v", r.URL.Path, err)
		}
		code := served.Code
		if v = changed(v, *change); v == nil {
			v, code = map[string]any{"error": map[string]any{"type": "invalid_request_error", "code": "resource_missing", "message": "No such object"}}, http.StatusNotFound
		}
		b, _ := json.Marshal(v) // it was decoded from JSON
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = bytes.NewReader(b).WriteTo(w)
	})
}

// changed returns a value with all its objects changed, nil if it is hidden.
func changed(v any, change func(map[string]any) bool) any {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			v[name] = changed(field, change)
		}
		if !change(v) {
			return nil
		}
	case []any:
		kept := []any{}
		for _, element := range v {
			if element = changed(element, change); element != nil {
				kept = append(kept, element)
			}
		}
		return kept
	}
	return v
}

// sellAll has everything happen that a payment may go through, each to an order of its
// own: a capture, a refund, a dispute that is open, one that was won, a refund that failed, a
// conversion, a surplus and a transfer; then the balance is paid out, and one payout
// comes back.
func (s *shop) sellAll() {
	s.Helper()
	o := s.sell("pm_card_visa")
	p := o.Payments[0]
	p.Refunded = 450
	s.save(o, p, s.refund(o, 450))

	for _, status := range []string{"lost", "won"} {
		o := s.sell("pm_card_createDispute")
		p := o.Payments[0]
		p.Disputed = p.Captured
		o = s.save(o, p)
		d := s.disputeOf(p.Reference)
		s.must(s.bank.MoveDispute(d, status))
		if status == "won" {
			p.Disputed = 0
			s.save(o, p)
		}
	}
	s.refund(s.sell("pm_card_refundFail"), 450)

	for _, m := range []order.Money{{Amount: 1360, Currency: "JPY"}, {Amount: 1450, Currency: "GBP"}, {Amount: 4510, Currency: "KWD"}} {
		s.sellFor("pm_card_visa", m)
	}

	o = s.sell("pm_card_visa")
	p = o.Payments[0]
	p.Surplus, p.Refunded = true, 1450
	s.save(o, p, s.refund(o, 1450))

	o = recordstest.PlaceOrder(s.T, s.store, "c-1", time.Now().Truncate(time.Microsecond).UTC())
	s.save(o, order.Payment{Number: 1, Provider: order.Manual, Reference: "T-1", Captured: 1450, Receipts: []order.Receipt{{Reference: "1", Amount: 1450}}})

	s.ahead.Add(int64(49 * time.Hour))
	s.must(s.bank.Sweep())
	s.must(s.bank.FailPayout(s.payout()))
}

// settlements returns the balance's transactions, as the adapter reads them.
func (s *shop) settlements() (all []ledger.Settlement) {
	s.Helper()
	s.must(s.stripe.Settlements(s.Context(), time.Time{}, time.Time{}, func(page []ledger.Settlement) error {
		all = append(all, page...)
		return nil
	}))
	return all
}

// sources returns the ids of the sources of the balance's transactions of a type.
func (s *shop) sources(typ string) (ids []string) {
	s.Helper()
	req := httptest.NewRequestWithContext(s.Context(), http.MethodGet, "/v1/balance_transactions?limit=100&type="+typ, nil)
	req.SetBasicAuth(bankKey, "")
	w := httptest.NewRecorder()
	s.bank.Handler().ServeHTTP(w, req)
	var list struct {
		Data []struct{ Source string }
	}
	s.must(json.Unmarshal(w.Body.Bytes(), &list))
	for _, b := range list.Data {
		ids = append(ids, b.Source)
	}
	return ids
}

func (s *shop) payout() string { return s.sources("payout")[0] }

// disputeOf returns the dispute of a payment.
func (s *shop) disputeOf(ref string) string {
	s.Helper()
	req := httptest.NewRequestWithContext(s.Context(), http.MethodGet, "/v1/disputes?payment_intent="+ref, nil)
	req.SetBasicAuth(bankKey, "")
	w := httptest.NewRecorder()
	s.bank.Handler().ServeHTTP(w, req)
	var list struct{ Data []struct{ ID string } }
	s.must(json.Unmarshal(w.Body.Bytes(), &list))
	return list.Data[0].ID
}

// open returns the open differences.
func (s *shop) open() []ledger.Difference {
	s.Helper()
	all, err := s.store.Differences(s.Context(), ledgerrecords.DifferenceFilter{Limit: 100})
	s.must(err)
	return all
}

// red checks that a check is red once something is broken, with one mail, and green
// again, without another mail, once that is mended.
func (s *shop) red(name string, broken, mended func()) {
	s.Helper()
	before := len(s.mailer.Sent())
	broken()
	checks := []string{""}
	if before == 0 { // all are told of in the same way
		checks = append(checks, ", in the next check")
	}
	for _, when := range checks {
		found := s.check(true)
		if open := s.open(); len(open) == 0 || found.Differences != len(open) || len(s.mailer.Sent()) != before+1 {
			s.Errorf("%s%s: %+v, %d mails, want a difference and one mail: %+v", name, when, found, len(s.mailer.Sent())-before, open)
		}
	}
	mended()
	if found := s.check(true); len(s.open()) > 0 || found.Differences > 0 || len(s.mailer.Sent()) != before+1 {
		s.Errorf("%s, mended: %+v, %d mails: %+v", name, found, len(s.mailer.Sent())-before, s.open())
	}
}

// unlock lets the ledger's entries be deleted, as its owner can.
func (s *shop) unlock() {
	s.Helper()
	if s.db.Reader().BatchSize() > 1 {
		s.exec("ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only")
		return
	}
	s.exec("DROP TRIGGER ledger_entries_delete")
}

// TestAnyRemovedEntry (PAY-2, REC-3, REC-6): whichever entry is removed, the check is
// red, and a person is asked once.
func TestAnyRemovedEntry(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		s.sellAll()
		if found := s.check(true); found.Differences > 0 || found.Unreadable > 0 || found.Problem != "" {
			t.Fatalf("%+v: %+v", found, s.open())
		}
		s.unlock()
		var all []ledger.Entry
		kinds := map[string]bool{}
		s.must(s.store.EachEntry(t.Context(), time.Time{}, time.Time{}, func(e ledger.Entry) error {
			// One of each kind: the others are removed in the same way.
			if kind := fmt.Sprint(e.Kind, e.Debit, e.Credit, e.Party, e.Amount.Currency, e.OrderID == ""); !kinds[kind] {
				kinds[kind] = true
				all = append(all, e)
			}
			return nil
		}))
		for _, e := range all {
			id := fmt.Sprint(e.ID)
			s.red(fmt.Sprintf("%s %s: %s to %s", e.Kind, e.Amount, e.Credit, e.Debit), func() {
				s.exec("CREATE TABLE backup"+id+" AS SELECT * FROM ledger_entries WHERE id = "+id, "DELETE FROM ledger_entries WHERE id = "+id)
			}, func() { s.exec("INSERT INTO ledger_entries SELECT * FROM backup" + id) })
		}
		if len(all) < 24 {
			t.Errorf("only %d kinds of entries: the test proves less than it should", len(all))
		}
	})
}

// TestAnyChangedObject (REC-3, REC-5, REC-6): whichever object changes at the provider,
// or disappears, the check is red, and a person is asked once.
func TestAnyChangedObject(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	s.sellAll()
	if found := s.check(true); found.Differences > 0 {
		t.Fatalf("%+v: %+v", found, s.open())
	}
	first := func(ids []string) string { return ids[len(ids)-1] }
	txn := func(kind ledger.SettlementKind, currency string) string {
		for _, b := range s.settlements() {
			if b.Kind == kind && b.Paid.Currency == currency {
				return b.ID
			}
		}
		t.Fatalf("no settlement of %s in %q", kind, currency)
		return ""
	}
	plus := func(field string) func(map[string]any) bool {
		return func(o map[string]any) bool {
			n, err := o[field].(json.Number).Int64()
			s.must(err)
			o[field] = n + 1
			return true
		}
	}
	both := func(a, b func(map[string]any) bool) func(map[string]any) bool {
		return func(o map[string]any) bool { return a(o) && b(o) }
	}
	set := func(field, value string) func(map[string]any) bool {
		return func(o map[string]any) bool {
			o[field] = value
			return true
		}
	}
	hide := func(map[string]any) bool { return false }
	charge, refund, payout := first(s.sources("charge")), first(s.sources("refund")), s.sources("payout")
	var paid string // a payout that did not come back
	for _, id := range payout {
		if id != s.sources("payout_failure")[0] {
			paid = id
		}
	}
	for _, c := range []struct {
		name, id string
		change   func(map[string]any) bool
	}{
		{name: "a charge captured more", id: charge, change: plus("amount_captured")},
		{name: "a charge refunded more", id: charge, change: plus("amount_refunded")},
		{name: "a refund of more", id: refund, change: plus("amount")},
		{name: "a refund failed", id: refund, change: set("status", "failed")},
		{name: "a refund is gone", id: refund, change: hide},
		{name: "a lost dispute of more", id: s.sources("adjustment")[2], change: plus("amount")},
		{name: "a lost dispute is won", id: first(s.sources("adjustment")), change: set("status", "won")},
		{name: "a transaction of a charge of more", id: txn(ledger.SettlementCharge, "EUR"), change: both(plus("amount"), plus("net"))},
		{name: "a transaction of a charge that does not add up", id: txn(ledger.SettlementCharge, "EUR"), change: plus("net")},
		{name: "a transaction of a charge in yen", id: txn(ledger.SettlementCharge, "JPY"), change: both(plus("amount"), plus("net"))},
		{name: "a fee", id: txn(ledger.SettlementCharge, "GBP"), change: func(o map[string]any) bool {
			o["fee"], o["net"] = 0, o["amount"]
			return true
		}},
		{name: "a transaction of a refund is gone", id: txn(ledger.SettlementRefund, "EUR"), change: hide},
		{name: "a transaction of a charge is gone", id: txn(ledger.SettlementCharge, "EUR"), change: hide},
		{name: "a transaction of a dispute of another kind", id: txn(ledger.SettlementDispute, "EUR"), change: set("reporting_category", "fee")},
		{name: "the last transaction, of a payout, is gone", id: s.settlements()[0].ID, change: hide},
		{name: "a transaction of a payout of more", id: txn(ledger.SettlementPayout, ""), change: both(plus("amount"), plus("net"))},
		{name: "a payout of more", id: paid, change: plus("amount")},
		{name: "a payout failed", id: paid, change: set("status", "failed")},
	} {
		if c.id == "" {
			t.Fatalf("%s: no such object", c.name)
		}
		change := func(o map[string]any) bool { return o["id"] != c.id || c.change(o) }
		s.red(c.name, func() { s.tamper.Store(&change) }, func() { s.tamper.Store(nil) })
	}
}

// TestCorruptedRow (REC-6): a row of the payments that is not what the order has is
// reported with both.
func TestCorruptedRow(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		o, other := s.sell("pm_card_visa"), s.sell("pm_card_visa")
		s.check(false)
		at := fmt.Sprintf(" WHERE order_id = '%s'", o.ID)
		for _, c := range []struct {
			name, set, back, says string
		}{
			{name: "captured", set: "captured = 9999", back: "captured = 1450", says: "captured: record 14.50 EUR, its row in the database 99.99 EUR, ledger 14.50 EUR, provider 14.50 EUR"},
			{name: "authorized", set: "authorized = 1", back: "authorized = 1450", says: "authorized: record 14.50 EUR, its row in the database 0.01 EUR, ledger 14.50 EUR"},
			{name: "refunded", set: "refunded = 5", back: "refunded = 0", says: "refunded: record 0.00 EUR, its row in the database 0.05 EUR, ledger 0.00 EUR, provider 0.00 EUR"},
			{name: "the reference", set: "reference = 'pi_other'", back: "reference = '" + o.Payments[0].Reference + "'", says: `names stripe "pi_other"`},
			{name: "lost", set: "status = 'lost'", back: "status = 'captured'", says: "has no row in the database"},
			{name: "the currency", set: "currency = 'USD'", back: "currency = 'EUR'", says: `is in "USD"`},
		} {
			s.red(c.name, func() { s.exec("UPDATE payments SET " + c.set + at) }, func() { s.exec("UPDATE payments SET " + c.back + at) })
			sent := s.mailer.Sent()
			if text := sent[len(sent)-1].Content.Text; !strings.Contains(text, c.says) || strings.Contains(text, string(other.ID)) {
				t.Errorf("%s: %q, want %q", c.name, text, c.says)
			}
		}
	})
}
