package ledger_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/fake"
	steps "purser/activities/ledger"
	"purser/activities/mails"
	"purser/ledger"
	"purser/mail"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/stripe"
	"purser/records"
	ledgerrecords "purser/records/ledger"
	mailrecords "purser/records/mails"
	"purser/records/recordstest"
	"purser/records/sqldb"
	"purser/sandbox/faults"
	sandbox "purser/sandbox/stripe"
	workflow "purser/workflows/ledger"
	"purser/workflows/workflowtest"
)

// shop is a record, Stripe's stand-in with the adapter, and the check over both.
type shop struct {
	*testing.T
	store  *records.Store
	db     *sqldb.DB
	bank   *sandbox.Server
	faults *faults.Control
	stripe *stripe.Client
	ahead  *atomic.Int64 // how far the bank's clock is ahead, in nanoseconds
	mailer fake.Mailer
	mails  fake.Ledger
	steps  *steps.Activities
	// midway is called between the two looks of a check.
	midway func()
	// tamper changes, or hides by returning false, the objects that the bank returns;
	// nil: it changes none.
	tamper atomic.Pointer[func(object map[string]any) bool]
}

const bankKey = "sk_test_x"

func newShop(t *testing.T, url string) *shop {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &shop{T: t, faults: faults.New(1), ahead: new(atomic.Int64)}
	s.db = recordstest.OpenDB(t, url, records.Options{})
	s.store = recordstest.Shop(t, func(*testing.T) *records.Store { return records.New(s.db, mailrecords.Rules{}) })
	var err error
	if s.bank, err = sandbox.New(sandbox.Config{
		Faults: s.faults, Key: bankKey, Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
	}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.tampered(s.bank.Handler()))
	t.Cleanup(server.Close)
	if s.stripe, err = stripe.New(stripe.Config{Key: bankKey, BaseURL: server.URL, Log: log, Guard: guard.Config{Consecutive: 1000, Calls: 1_000_000}}); err != nil {
		t.Fatal(err)
	}
	s.steps = &steps.Activities{
		Books: s.store, Candidates: s.store, Doubts: s.store, Differences: s.store, Reports: s.store, Imports: s.store, Settlements: s.store,
		Payments: s.stripe, Balance: s.stripe, ToShop: mail.Address{Email: "shop@example.com"},
	}
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// check runs the workflow of a check.
func (s *shop) check(full bool) ledger.CheckResult {
	s.Helper()
	env := workflowtest.NewEnv(&workflowtest.Observer{})
	env.SetStartTime(time.Now())
	env.RegisterActivity(s.steps)
	env.RegisterActivity(&mails.Activities{MailRouter: &s.mailer, Templates: fake.MailTemplates{}, Ledger: &s.mails})
	if s.midway != nil {
		env.RegisterDelayedCallback(s.midway, workflow.Lasting/2)
	}
	env.ExecuteWorkflow(workflow.LedgerCheckWorkflow, workflow.Check{Full: full, Lasting: workflow.Lasting})
	s.must(env.GetWorkflowError())
	var found ledger.CheckResult
	s.must(env.GetWorkflowResult(&found))
	return found
}

// want checks how many orders differ, how many differences are open, and how many
// mails have gone out in all.
func (s *shop) want(name string, found ledger.CheckResult, orders, open, mails int) {
	s.Helper()
	all, err := s.store.Differences(s.Context(), ledgerrecords.DifferenceFilter{})
	s.must(err)
	if found.Differing != orders || len(all) != open || len(s.mailer.Sent()) != mails {
		s.Errorf("%s: %d orders differ, %d open, %d mails; want %d, %d, %d: %+v", name, found.Differing, len(all), len(s.mailer.Sent()), orders, open, mails, all)
	}
	for _, d := range all {
		if d.ReportedAt.IsZero() {
			s.Errorf("%s: nobody was asked about %+v", name, d)
		}
	}
	if found.Problem != "" || found.Unreadable > 0 {
		s.Errorf("%s: %+v", name, found)
	}
}

// sell places an order that is paid with a card, and has the record know it.
func (s *shop) sell(card string) order.Order {
	s.Helper()
	return s.sellFor(card, order.Money{Amount: 1450, Currency: "EUR"})
}

// sellFor sells for another price.
func (s *shop) sellFor(card string, price order.Money) order.Order {
	s.Helper()
	o := recordstest.PlaceOrder(s.T, s.store, "c-1", time.Now().Truncate(time.Microsecond).UTC())
	o.Total = price
	s.exec(fmt.Sprintf("UPDATE payments SET currency = '%s' WHERE order_id = '%s'", price.Currency, o.ID))
	in, err := s.stripe.CreateIntent(s.Context(), order.IntentRequest{OrderID: o.ID, Number: 1, Amount: o.Total, Key: order.Key(o.ID, "intent", 1)})
	s.must(err)
	_, err = s.bank.Confirm(in.ID, card)
	s.must(err)
	in, err = s.stripe.CaptureIntent(s.Context(), in.ID, o.Total, order.Key(o.ID, "capture", 1))
	s.must(err)
	return s.save(o, order.Payment{Number: 1, Provider: "stripe", Reference: in.ID, Status: in.Status, Authorized: o.Total.Amount, Captured: in.Received})
}

// save records a payment and refunds of an order.
func (s *shop) save(o order.Order, p order.Payment, refunds ...order.Refund) order.Order {
	s.Helper()
	c := recordstest.Next(o, o.Status, order.StockStays)
	c.Order.Payments, c.Order.Refunds = []order.Payment{p}, refunds
	s.must(s.store.SaveOrder(s.Context(), c))
	return c.Order
}

// refund refunds a payment in the provider's dashboard.
func (s *shop) refund(o order.Order, amount int64) order.Refund {
	s.Helper()
	r, err := s.stripe.RefundIntent(s.Context(), o.Payments[0].Reference, order.Money{Amount: amount, Currency: "EUR"}, fmt.Sprintf("dashboard-%s-%d", o.ID, amount))
	s.must(err)
	return r
}

// exec runs statements on the database, as its owner can.
func (s *shop) exec(statements ...string) {
	s.Helper()
	for _, statement := range statements {
		s.must(s.db.Write(s.Context(), func(ctx context.Context, q sqldb.Querier) error {
			_, err := q.Exec(ctx, statement)
			return err
		}))
	}
}

// TestCheck (PAY-2, REC-3, REC-5, REC-6): a removed entry, and a refund that nobody
// told the record of, turn the check red and ask a person, once; the check is green
// again when all agree.
func TestCheck(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		var sold []order.Order
		for range 8 { // more than are asked for one by one
			sold = append(sold, s.sell("pm_card_visa"))
		}
		found := s.check(false)
		s.want("all agree", found, 0, 0, 0)
		if found.Orders != 8 || found.Settlements != 16 {
			t.Errorf("%+v, want 8 orders, and 8 charges with their fees", found)
		}
		if found = s.check(false); found.Orders != 0 || found.Settlements != 0 {
			t.Errorf("the second check: %+v, want nothing to do", found)
		}
		s.sell("pm_card_visa")
		if found = s.check(true); found.Orders != 9 {
			t.Errorf("all are checked: %+v, want 9 orders, each once", found)
		}

		victim := sold[2]
		drop := "DROP TRIGGER ledger_entries_delete"
		if s.db.Reader().BatchSize() > 1 {
			drop = "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_append_only"
		}
		capture := fmt.Sprintf("order_id = '%s' AND credit = 'captured'", victim.ID)
		s.exec("CREATE TABLE backup AS SELECT * FROM ledger_entries WHERE "+capture, drop, "DELETE FROM ledger_entries WHERE "+capture)
		s.want("an entry is removed", s.check(true), 1, 2, 1)
		s.want("the next night", s.check(true), 1, 2, 1)
		text := s.mailer.Sent()[0].Content.Text
		if !strings.Contains(text, string(victim.ID)) || !strings.Contains(text, "record 14.50 EUR, ledger 0.00 EUR, provider 14.50 EUR") || strings.Contains(text, string(sold[0].ID)) {
			t.Errorf("the mail says %q", text)
		}
		s.exec("INSERT INTO ledger_entries SELECT * FROM backup")
		s.want("the entry is back", s.check(false), 0, 0, 1)

		made := s.refund(sold[5], 450)
		s.want("a refund in the dashboard", s.check(false), 1, 1, 2)
		s.want("in the next check", s.check(false), 1, 1, 2)
		p := sold[5].Payments[0]
		p.Refunded = 450
		s.save(sold[5], p, made)
		s.want("the order knows the refund", s.check(false), 0, 0, 2)

		s.sell("pm_card_createDispute")
		s.want("a dispute that nobody told", s.check(false), 1, 1, 3)
	})
}

// TestCheckWhileChanging: a change that reaches the record between the two looks of a
// check is no difference.
func TestCheckWhileChanging(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	o := s.sell("pm_card_visa")
	made := s.refund(o, 1450)
	s.midway = func() {
		p := o.Payments[0]
		p.Refunded = 1450
		s.save(o, p, made)
	}
	s.want("a refund under way", s.check(false), 0, 0, 0)
	s.midway = nil
	s.want("after it", s.check(true), 0, 0, 0)
}

// TestUnknownPayment (REC-5): a payment that the provider does not have is a
// difference if the record has money of it, and one that was never made is not.
func TestUnknownPayment(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	unpaid := recordstest.PlaceOrder(t, s.store, "c-1", time.Now().Truncate(time.Microsecond).UTC())
	s.save(unpaid, order.Payment{Number: 1, Provider: "stripe", Reference: "pi_never"})
	s.want("no money", s.check(true), 0, 0, 0)
	o := recordstest.PlaceOrder(t, s.store, "c-1", time.Now().Truncate(time.Microsecond).UTC())
	s.save(o, order.Payment{Number: 1, Provider: "stripe", Reference: "pi_nowhere", Captured: 1450})
	s.want("money of nowhere", s.check(true), 1, 1, 1)
	manual := recordstest.PlaceOrder(t, s.store, "c-1", time.Now().Truncate(time.Microsecond).UTC())
	s.save(manual, order.Payment{Number: 1, Provider: order.Manual, Reference: "T-1", Captured: 1450, Receipts: []order.Receipt{{Reference: "1", Amount: 1450}}})
	s.want("a transfer", s.check(true), 1, 1, 1)
}

// TestCheckDuringFaults: the provider's accidents delay a check, and a provider that
// does not list the balance does not stop the comparison.
func TestCheckDuringFaults(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	o := s.sell("pm_card_visa")
	s.refund(o, 450)
	for _, f := range []faults.Fault{
		{Provider: "stripe", Match: "GET /v1/payment_intents", Times: 2, Do: faults.Reset},
		{Provider: "stripe", Match: "GET /v1/refunds", Times: 1, Do: faults.Status},
		{Provider: "stripe", Match: "GET /v1/balance_transactions", Times: 1, Do: faults.Malformed, When: faults.After},
	} {
		s.must(s.faults.Add(f))
	}
	found := s.check(false)
	s.want("accidents", found, 1, 1, 1)
	if found.Settlements != 3 {
		t.Errorf("%+v, want a charge with its fee and a refund", found)
	}
	s.must(s.faults.Add(faults.Fault{Provider: "stripe", Match: "GET /v1/balance_transactions", Times: 1_000_000, Do: faults.Status, Status: 403}))
	if found = s.check(true); found.Problem == "" || found.Differing != 1 {
		t.Errorf("denied: %+v", found)
	}
}
