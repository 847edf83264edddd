package inbox_test

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	steps "purser/activities/inbox"
	"purser/inbox"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/stripe"
	"purser/records"
	inboxrecords "purser/records/inbox"
	"purser/records/recordstest"
	"purser/sandbox/faults"
	sandbox "purser/sandbox/stripe"
	workflow "purser/workflows/inbox"
	"purser/workflows/workflowtest"
)

const bankKey = "sk_test_missed"

// shop is a record with an inbox, and Stripe's stand-in, whose webhooks never come.
type shop struct {
	*testing.T
	store  *records.Store
	bank   *sandbox.Server
	faults *faults.Control
	stripe *stripe.Client
	inbox  *inbox.Handler
	ahead  *atomic.Int64 // how far the clocks are ahead, in nanoseconds
	began  time.Time
}

func (s *shop) now() time.Time { return s.began.Add(time.Duration(s.ahead.Load())) }

// pass lets time pass.
func (s *shop) pass(d time.Duration) { s.ahead.Add(int64(d)) }

func newShop(t *testing.T, url string) *shop {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &shop{T: t, faults: faults.New(1), ahead: new(atomic.Int64), began: time.Now().UTC().Truncate(time.Second)}
	s.store = recordstest.Shop(t, func(t *testing.T) *records.Store { return recordstest.Open(t, url) })
	var err error
	if s.bank, err = sandbox.New(sandbox.Config{Faults: s.faults, Key: bankKey, Log: log, Now: s.now}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.bank.Handler())
	t.Cleanup(server.Close)
	if s.stripe, err = stripe.New(stripe.Config{Key: bankKey, BaseURL: server.URL, Log: log, Guard: guard.Config{Consecutive: 1000, Calls: 1_000_000}}); err != nil {
		t.Fatal(err)
	}
	s.inbox = &inbox.Handler{Sources: map[string]inbox.Source{"stripe": s.stripe}, Keeper: s.store, Log: log, Now: s.now}
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// search runs the workflow of a search.
func (s *shop) search(overlap time.Duration) order.MissedEvents {
	s.Helper()
	env := workflowtest.NewEnv(&workflowtest.Observer{})
	env.SetStartTime(s.now())
	env.RegisterActivity(&steps.Activities{Provider: "stripe", Keeps: stripe.KeepsEvents, Events: s.stripe, Inbox: s.inbox, Record: s.store})
	env.ExecuteWorkflow(workflow.MissedEventsWorkflow, workflow.Search{Overlap: overlap})
	s.must(env.GetWorkflowError())
	var found order.MissedEvents
	s.must(env.GetWorkflowResult(&found))
	return found
}

// sell takes a payment with a card.
func (s *shop) sell(card string) order.Intent {
	s.Helper()
	o := recordstest.PlaceOrder(s.T, s.store, "c-1", s.now())
	in, err := s.stripe.CreateIntent(s.Context(), order.IntentRequest{OrderID: o.ID, Number: 1, Amount: o.Total, Key: order.Key(o.ID, "intent", 1)})
	s.must(err)
	_, err = s.bank.Confirm(in.ID, card)
	s.must(err)
	in, err = s.stripe.CaptureIntent(s.Context(), in.ID, o.Total, order.Key(o.ID, "capture", 1))
	s.must(err)
	return in
}

// kept returns how many events of each type that is due for delivery the inbox has, and
// checks that each is there once.
func (s *shop) kept() map[string]int {
	s.Helper()
	types := map[string]int{}
	ids := map[string]bool{}
	for cursor := ""; ; {
		page, err := s.store.Items(s.Context(), inboxrecords.Filter{Limit: 500, Cursor: cursor})
		s.must(err)
		for _, it := range page.Items {
			if ids[it.EventID] || it.State != inboxrecords.Received || it.Event == nil || it.Source == "" || it.NextAt.After(s.now()) {
				s.Errorf("%+v", it)
			}
			ids[it.EventID] = true
			types[it.Type]++
		}
		if cursor = page.Next; cursor == "" {
			return types
		}
	}
}

// TestMissedEvents (REC-2, WHK-20): events about a dispute, a refund in the provider's
// dashboard and a refund that failed are found without their webhooks, each once.
func TestMissedEvents(t *testing.T) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		s := newShop(t, url(t))
		if found := s.search(workflow.Overlap); found != (order.MissedEvents{}) {
			t.Errorf("without an order: %+v", found)
		}
		s.sell("pm_card_createDispute")
		byHand, fails := s.sell("pm_card_visa"), s.sell("pm_card_refundFail")
		_, err := s.stripe.RefundIntent(s.Context(), byHand.ID, order.Money{Amount: 450, Currency: "EUR"}, "dashboard")
		s.must(err)
		_, err = s.stripe.RefundIntent(s.Context(), fails.ID, order.Money{Amount: 450, Currency: "EUR"}, order.Key(fails.OrderID, "request-r1", 1))
		s.must(err)
		s.pass(5 * 24 * time.Hour) // longer than Stripe tries to send a webhook
		want := map[string]int{
			"payment_intent.amount_capturable_updated": 3, "payment_intent.succeeded": 3, "charge.dispute.created": 1,
			"charge.refunded": 2, "charge.refund.updated": 1,
		}
		found := s.search(workflow.Overlap)
		if got := s.kept(); !maps.Equal(got, want) || found.Found != 10 || found.Listed < found.Found || found.Unreadable > 0 || !found.Gone.IsZero() {
			t.Errorf("%+v: the inbox has %v, want %v", found, got, want)
		}
		for range 2 {
			if found := s.search(workflow.NightlyOverlap); found.Found != 0 || !maps.Equal(s.kept(), want) {
				t.Errorf("again: %+v", found)
			}
			s.pass(time.Hour)
		}
		_, err = s.stripe.RefundIntent(s.Context(), byHand.ID, order.Money{Amount: 100, Currency: "EUR"}, "dashboard-2")
		s.must(err)
		want["charge.refunded"]++
		if found := s.search(workflow.Overlap); found.Found != 1 || found.Listed != 1 || !maps.Equal(s.kept(), want) {
			t.Errorf("the next event: %+v, %v", found, s.kept())
		}
	})
}

// TestMissedPages (WHK-20): a long list is read page by page while the provider has
// accidents, and only the events that are missing are taken.
func TestMissedPages(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	in := s.sell("pm_card_refundFail")
	for i := range 70 { // each has two events
		_, err := s.stripe.RefundIntent(s.Context(), in.ID, order.Money{Amount: 1, Currency: "EUR"}, fmt.Sprint("dashboard-", i))
		s.must(err)
	}
	page, err := s.stripe.ListEvents(s.Context(), s.began, s.now(), "")
	if err != nil || len(page.Events) != 100 || !page.More {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	for _, e := range page.Events[:50] { // their webhooks came
		if fresh, err := s.inbox.TakeListed(t.Context(), "stripe", e.Body); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
	}
	for _, f := range []faults.Fault{
		{Provider: "stripe", Match: "GET /v1/events", Times: 2, Do: faults.Reset, When: faults.After},
		{Provider: "stripe", Match: "GET /v1/events", Times: 1, Do: faults.Malformed, When: faults.After},
		{Provider: "stripe", Match: "GET /v1/events", Times: 1, Do: faults.Status, Status: 500},
	} {
		s.must(s.faults.Add(f))
	}
	if found := s.search(workflow.Overlap); found.Listed != 142 || found.Found != 92 || s.kept()["charge.refunded"] != 70 {
		t.Errorf("%+v, %v", found, s.kept())
	}
}

// TestMissedTooLong (WHK-20): what the provider does not list any more is reported, and
// the rest is found. A clock that was ahead loses nothing.
func TestMissedTooLong(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	s.sell("pm_card_visa")
	s.pass(20 * 24 * time.Hour)
	s.sell("pm_card_createDispute")
	s.pass(15 * 24 * time.Hour)
	found := s.search(workflow.Overlap)
	if found.Found != 3 || !found.Gone.Equal(s.began) || !found.Since.Equal(s.now().Add(-stripe.KeepsEvents)) {
		t.Errorf("%+v", found)
	}
	s.sell("pm_card_visa")
	s.pass(10 * 24 * time.Hour) // the clock is wrong
	s.must(s.store.SetEventsListed(t.Context(), "stripe", s.now()))
	s.pass(-10 * 24 * time.Hour)
	s.pass(time.Minute)
	if found := s.search(workflow.Overlap); found.Found != 2 || !found.Gone.IsZero() {
		t.Errorf("%+v", found)
	}
}

// TestUnreadable (WHK-20): an event that cannot be read stops nothing else, and one
// that cannot be used is parked as a webhook is.
func TestUnreadable(t *testing.T) {
	s := newShop(t, recordstest.SQLite(t))
	for _, c := range []struct {
		name, body string
		fails      error
		state      inboxrecords.State
	}{
		{name: "no event", body: `{"id":"evt_1"}`, fails: order.ErrRejected},
		{name: "not JSON", body: `evt_2`, fails: order.ErrRejected},
		{name: "live", body: `{"id":"evt_3","object":"event","type":"charge.refunded","created":1,"livemode":true,"api_version":"` + stripe.APIVersion + `","data":{"object":{}}}`, state: inboxrecords.Parked},
		{name: "of a type that nobody needs", body: `{"id":"evt_4","object":"event","type":"charge.pending","created":1,"data":{"object":{}}}`, state: inboxrecords.Kept},
	} {
		fresh, err := s.inbox.TakeListed(t.Context(), "stripe", []byte(c.body))
		if c.fails != nil {
			if fresh || !strings.Contains(fmt.Sprint(err), c.fails.Error()) {
				t.Errorf("%s: %t, %v", c.name, fresh, err)
			}
			continue
		}
		page, readErr := s.store.Items(t.Context(), inboxrecords.Filter{State: c.state})
		if err != nil || readErr != nil || !fresh || !slices.ContainsFunc(page.Items, func(it inboxrecords.Item) bool { return strings.Contains(string(it.Body), it.EventID) }) {
			t.Errorf("%s: %t, %v, %v, %+v", c.name, fresh, err, readErr, page.Items)
		}
	}
	if _, err := s.inbox.TakeListed(t.Context(), "elsewhere", nil); err == nil {
		t.Error("an unknown provider has events")
	}
}
