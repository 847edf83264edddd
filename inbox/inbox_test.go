package inbox_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"purser/catalog"
	"purser/inbox"
	"purser/mail"
	"purser/order"
	"purser/records"
	inboxrecords "purser/records/inbox"
)

// testProvider is a small provider that signs as Stripe does.
type testProvider struct{ secret string }

type testEvent struct {
	ID      string   `json:"id"`
	Type    string   `json:"type"`
	OrderID order.ID `json:"orderId"`
	Intent  string   `json:"intent"`
	Part    bool     `json:"part"` // only a part was captured
	Held    bool     `json:"held"` // nothing was captured: the amount is held
	Parcel  string   `json:"parcel"`
	Version string   `json:"version"`
	Useless bool     `json:"useless"`
	Mail    string   `json:"mail"`
	Dispute string   `json:"dispute"`
}

func (p testProvider) Verify(h http.Header, body []byte, now time.Time) error {
	at, err := strconv.ParseInt(h.Get("Post-Time"), 10, 64)
	if err != nil {
		return errors.New("no signature")
	}
	if age := now.Sub(time.Unix(at, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return errors.New("signature is too old")
	}
	if h.Get("Post-Signature") == "later" {
		return &order.ProviderError{Provider: "post", Op: "verify", Kind: order.ErrUnavailable}
	}
	if !hmac.Equal([]byte(h.Get("Post-Signature")), []byte(p.sign(at, body))) {
		return errors.New("signature does not match")
	}
	return nil
}

func (p testProvider) sign(at int64, body []byte) string {
	mac := hmac.New(sha256.New, []byte(p.secret))
	fmt.Fprintf(mac, "%d.", at)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (p testProvider) Parse(body []byte) (order.Delivery, error) {
	var e testEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return order.Delivery{}, errors.New("not an event")
	}
	d := order.Delivery{Provider: "post", EventID: e.ID, Type: e.Type, At: time.Unix(1, 0), OrderID: e.OrderID, Ref: e.Intent + e.Parcel}
	if e.Version != "" {
		d.Problem = "version " + e.Version
		return d, nil
	}
	if e.Useless {
		return d, nil
	}
	if e.Mail != "" {
		d.Mail = &mail.Report{Feedback: []mail.Feedback{{Provider: "post", ProviderID: e.Mail, Recipient: "ada@example.com", Kind: mail.Bounced}}}
		return d, nil
	}
	d.Event = &order.ProviderEvent{ID: "post:" + e.ID, Provider: "post", Type: e.Type, At: d.At, OrderID: e.OrderID}
	if e.Intent != "" {
		d.Event.Payment = &order.PaymentEvent{Reference: e.Intent, Status: order.PaymentCaptured}
		if e.Part {
			d.Event.Payment.Status = order.PaymentPartiallyCaptured
		}
		if e.Held {
			d.Event.Payment.Status = order.PaymentAuthorized
		}
	}
	if e.Dispute != "" {
		d.Event.Dispute = &order.Dispute{ID: e.Dispute, PaymentRef: "pi_x", Status: order.DisputeWon}
	}
	if e.Parcel != "" {
		d.Event.Parcel = &order.ShipmentEvent{Reference: e.Parcel, Status: order.ParcelDelivered}
	}
	return d, nil
}

// workflows stands in for the orders' workflows and records what the relay
// reports to them.
type workflows struct {
	mu      sync.Mutex
	respond func(id order.ID) error // the result of Report; nil: every workflow runs
	reports []report
	changed chan struct{}
}

type report struct {
	id     order.ID
	late   bool
	events []order.ProviderEvent
}

func newWorkflows() *workflows { return &workflows{changed: make(chan struct{}, 1)} }

func (w *workflows) Report(_ context.Context, id order.ID, events []order.ProviderEvent) error {
	w.mu.Lock()
	respond := w.respond
	w.mu.Unlock()
	if respond != nil {
		if err := respond(id); err != nil {
			return err
		}
	}
	w.record(report{id, false, events})
	return nil
}

func (w *workflows) ReportLate(_ context.Context, id order.ID, events []order.ProviderEvent) error {
	w.record(report{id, true, events})
	return nil
}

func (w *workflows) record(r report) {
	w.mu.Lock()
	w.reports = append(w.reports, r)
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *workflows) set(respond func(order.ID) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.respond = respond
}

// received returns the ids of the events that an order's workflow received, in
// order.
func (w *workflows) received(id order.ID) (ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.reports {
		if r.id == id {
			for _, n := range r.events {
				ids = append(ids, n.ID)
			}
		}
	}
	return ids
}

// await waits until an order's workflow has received n events.
func (w *workflows) await(t *testing.T, id order.ID, n int) []string {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		if ids := w.received(id); len(ids) >= n {
			return ids
		}
		select {
		case <-w.changed:
		case <-limit:
			t.Fatalf("%s received %d events, want %d", id, len(w.received(id)), n)
		}
	}
}

// bench is one process: a handler and a relay over a record.
type bench struct {
	*inbox.Handler
	store     *records.Store
	relay     *inbox.Relay
	workflows *workflows
	log       *lines
	stop      func()
}

type option func(*bench)

// noRelay makes the process die between storing an event and relaying it.
func noRelay(b *bench) { b.Handler.Relay = nil }

func setUp(t *testing.T, opts ...option) *bench {
	t.Helper()
	store, err := records.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "record.db"), records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w, log := newWorkflows(), &lines{}
	logger := slog.New(slog.NewJSONHandler(log, nil))
	b := &bench{store: store, workflows: w, log: log}
	b.relay = newRelay(store, w, logger)
	b.Handler = &inbox.Handler{Sources: map[string]inbox.Source{"post": testProvider{"s3cret"}}, Keeper: store, Relay: b.relay, Log: logger}
	for _, o := range opts {
		o(b)
	}
	b.stop = run(t, b.relay)
	return b
}

func newRelay(store *records.Store, w *workflows, log *slog.Logger) *inbox.Relay {
	return &inbox.Relay{
		Orders: w, Ledger: store, Finder: store, Log: log,
		SweepEvery: 10 * time.Millisecond, RetryAfter: 10 * time.Millisecond, RetryAtMost: 50 * time.Millisecond,
	}
}

// run starts a relay that stops when the test ends.
func run(t *testing.T, r *inbox.Relay) (stop func()) {
	stop = start(r)
	t.Cleanup(stop)
	return stop
}

// start starts a relay; stop waits until it has ended.
func start(r *inbox.Relay) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	return sync.OnceFunc(func() { cancel(); <-done })
}

// lines is a log that the test can read.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// request returns a signed webhook, changed by mod.
func request(body string, mod ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/post", bytes.NewReader([]byte(body)))
	at := time.Now().Unix()
	r.Header.Set("Post-Time", strconv.FormatInt(at, 10))
	r.Header.Set("Post-Signature", testProvider{"s3cret"}.sign(at, []byte(body)))
	for _, m := range mod {
		m(r)
	}
	return r
}

func (b *bench) send(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, r)
	return rec.Result()
}

func (b *bench) sendEvent(t *testing.T, e testEvent) *http.Response {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b.send(request(string(body)))
}

// stored returns the stored items in a state; "" means any state.
func (b *bench) stored(t *testing.T, st inboxrecords.State) []inboxrecords.Item {
	t.Helper()
	f := inboxrecords.Filter{State: st, Limit: 500}
	var items []inboxrecords.Item
	for {
		page, err := b.store.Items(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
		if f.Cursor = page.Next; f.Cursor == "" {
			return items
		}
	}
}

// awaitState waits until n items are in a state and returns them.
func (b *bench) awaitState(t *testing.T, st inboxrecords.State, n int) []inboxrecords.Item {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for {
		if counts, _, err := b.store.InboxCounts(t.Context()); err != nil {
			t.Fatal(err)
		} else if counts[st] == int64(n) {
			return b.stored(t, st)
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d items are %s, want %d", len(b.stored(t, st)), st, n)
		}
	}
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sell fills the catalogue and returns the SKU of a product.
func sell(t *testing.T, s *records.Store) string {
	t.Helper()
	products := catalog.Sample()
	if err := s.PutProducts(t.Context(), products); err != nil {
		t.Fatal(err)
	}
	return products[0].SKU
}
