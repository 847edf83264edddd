package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	inboxrecords "purser/records/inbox"
)

// mailReports stands in for the handler of reports about mails and records the
// reports by their inbox ids.
type mailReports struct {
	mu      sync.Mutex
	respond func(id int64) error
	reports map[int64][]mail.Report
	events  []order.ProviderEvent // returned for each report
	calls   int
}

func (e *mailReports) Handle(_ context.Context, id int64, r mail.Report) ([]order.ProviderEvent, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	if e.respond != nil {
		if err := e.respond(id); err != nil {
			return nil, err
		}
	}
	if e.reports == nil {
		e.reports = map[int64][]mail.Report{}
	}
	e.reports[id] = append(e.reports[id], r)
	return e.events, nil
}

func (e *mailReports) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.reports)
}

func about(n int) testEvent {
	return testEvent{ID: fmt.Sprintf("evt_%d", n), Type: "bounce", Mail: fmt.Sprintf("m%d", n)}
}

// TestMails proves BNC-5 and WHK-14: reports about mails are handled as
// reliably as events of orders, and only by the handler of reports.
func TestMails(t *testing.T) {
	t.Parallel()
	e := &mailReports{}
	b := setUp(t, func(b *bench) { b.relay.Mails = e })
	for n := range 40 {
		for range 2 { // each is sent twice
			if res := b.sendEvent(t, about(n)); res.StatusCode >= 300 {
				t.Fatalf("got %d", res.StatusCode)
			}
		}
	}
	b.sendEvent(t, testEvent{ID: "evt_x", Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	b.awaitState(t, inboxrecords.Delivered, 41)
	if n := e.count(); n != 40 || e.calls != 40 {
		t.Errorf("%d reports handled in %d calls, want 40", n, e.calls)
	}
	if c := b.relay.Counts(); c.Mails != 40 || c.Delivered != 1 || c.ReportLate != 0 {
		t.Errorf("counts %+v", c)
	}
	for _, r := range e.reports {
		if f := r[0].Feedback; len(f) != 1 || f[0].Recipient != "ada@example.com" {
			t.Errorf("handled %+v", r)
		}
	}
}

// TestMails_crash checks that reports are handled by the next process if this
// one dies after it has stored them.
func TestMails_crash(t *testing.T) {
	t.Parallel()
	b := setUp(t, noRelay)
	b.stop()
	for n := range 250 {
		b.sendEvent(t, about(n))
	}
	e := &mailReports{}
	restarted := newRelay(b.store, b.workflows, nil)
	restarted.Mails, restarted.Now = e, ahead
	run(t, restarted)
	b.awaitState(t, inboxrecords.Delivered, 250)
	if e.count() != 250 {
		t.Errorf("%d reports handled, want 250", e.count())
	}
}

// TestMails_fail checks that a report that fails is retried, that a report that
// is refused permanently is parked for an operator, and that neither delays an
// order's events.
func TestMails_fail(t *testing.T) {
	t.Parallel()
	var tries sync.Map
	e := &mailReports{respond: func(id int64) error {
		n, _ := tries.LoadOrStore(id, new(int))
		if *n.(*int)++; *n.(*int) < 4 {
			return errors.New("disk full")
		}
		return nil
	}}
	b := setUp(t, func(b *bench) { b.relay.Mails = e })
	b.sendEvent(t, about(1))
	b.sendEvent(t, testEvent{ID: "evt_x", Type: "paid", OrderID: "ord_a", Intent: "pi_1"})
	b.workflows.await(t, "ord_a", 1)
	b.awaitState(t, inboxrecords.Delivered, 2)
	if e.calls != 4 {
		t.Errorf("%d tries, want 4", e.calls)
	}
	e.mu.Lock()
	e.respond = func(int64) error {
		return &order.ProviderError{Provider: "sns", Op: "confirm", Kind: order.ErrRejected, Status: 404}
	}
	e.mu.Unlock()
	b.sendEvent(t, about(2))
	if it := b.awaitState(t, inboxrecords.Parked, 1)[0]; it.Note == "" {
		t.Error("parked without a reason")
	}
}

// TestMails_no_handler checks that a process that receives webhooks but handles
// no reports leaves them to another process.
func TestMails_no_handler(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.sendEvent(t, about(1))
	for tick := time.NewTicker(2 * time.Millisecond); b.relay.Counts().Failed == 0; <-tick.C {
	}
	if got := b.stored(t, inboxrecords.Received); len(got) != 1 {
		t.Errorf("stored %+v", got)
	}
}

// TestUndecided proves F51: a webhook that cannot be verified at the moment is
// neither accepted nor counted as forged.
func TestUndecided(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	res := b.send(request(good, func(r *http.Request) { r.Header.Set("Post-Signature", "later") }))
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("got %d", res.StatusCode)
	}
	if c := b.Handler.Counts(); c.Forged != 0 || c.Failed != 1 || c.Undecided != 1 || c.Fresh != 0 {
		t.Errorf("counts %+v", c)
	}
}

// TestUndecidedAreCounted proves WHK-16 and F51: a sender of many webhooks that
// cannot be verified at the moment is asked to wait longer, always with 503;
// its forgeries are refused with 429.
func TestUndecidedAreCounted(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.BadPerMinute = 3 })
	as := func(signature string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Post-Signature", signature) }
	}
	for i := range 5 {
		res := b.send(request(good, as("later")))
		wait, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || (wait > 5) != (i >= 3) {
			t.Errorf("attempt %d: got %d, retry after %d s, %v", i+1, res.StatusCode, wait, err)
		}
	}
	if res := b.send(request(good, as("00"))); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a forgery from the same address: got %d", res.StatusCode)
	}
	if res := b.send(request(good)); res.StatusCode != http.StatusAccepted {
		t.Errorf("a genuine webhook from the same address: got %d", res.StatusCode)
	}
	if c := b.Handler.Counts(); c.Undecided != 5 || c.Forged != 1 || c.Capped != 1 {
		t.Errorf("counts %+v", c)
	}
	if n := strings.Count(b.log.String(), "cannot be verified now"); n != 1 {
		t.Errorf("%d log lines", n)
	}
}

// TestMails_notify proves BNC-5: an order is notified of the report about its
// mail, also if its workflow has ended, and the notification is retried until
// it arrives. An unknown order delays nothing.
func TestMails_notify(t *testing.T) {
	t.Parallel()
	bounced := func(id order.ID) order.ProviderEvent {
		return order.ProviderEvent{ID: "mail:" + string(id), OrderID: id, Mail: &order.MailTrouble{ProviderID: "m1"}}
	}
	e := &mailReports{events: []order.ProviderEvent{bounced("ord_gone"), bounced("ord_open"), bounced("ord_ended")}}
	b := setUp(t, func(b *bench) { b.relay.Mails = e })
	var tries atomic.Int64
	b.workflows.set(func(id order.ID) error {
		switch {
		case id == "ord_gone":
			return order.ErrNotFound
		case id == "ord_ended":
			return order.ErrClosed
		case tries.Add(1) < 4:
			return errors.New("the engine is down")
		}
		return nil
	})
	b.sendEvent(t, about(1))
	b.awaitState(t, inboxrecords.Delivered, 1)
	if got := b.workflows.received("ord_open"); len(got) != 1 || got[0] != "mail:ord_open" {
		t.Errorf("the order received %v", got)
	}
	if c := b.relay.Counts(); c.ReportLate != 1 || len(b.workflows.received("ord_ended")) != 1 || c.Mails != 1 || e.calls != 4 {
		t.Errorf("counts %+v in %d calls", c, e.calls)
	}
}
