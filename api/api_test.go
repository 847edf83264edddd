package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/api"
	"purser/api/httpkit"
	apiinbox "purser/api/inbox"
	"purser/api/mails"
	apiorders "purser/api/orders"
	apiproducts "purser/api/products"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

const (
	shopKey     = "shop-secret-0123456789"
	viewerKey   = "viewer-secret-0123456789"
	operatorKey = "operator-secret-0123456789"
)

// orders stands in for the workflows: it opens orders in the record, as they
// would, and fails as it is told.
type orders struct {
	store *records.Store

	mu     sync.Mutex
	placed []placement
	fail   error // of every message
	stall  bool  // answer only when the caller's patience ends
	hash   map[order.ID]string
}

type placement struct {
	ID                 order.ID
	Actor, Correlation string
}

func (f *orders) script() (error, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fail, f.stall
}

func (f *orders) Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (order.Order, string, error) {
	fail, stall := f.script()
	if fail != nil {
		return order.Order{}, "", fail
	}
	f.mu.Lock()
	known, again := f.hash[id]
	if !again {
		f.hash[id] = r.Hash()
		f.placed = append(f.placed, placement{id, actor, correlation})
	}
	f.mu.Unlock()
	if again && known != r.Hash() {
		return order.Order{}, "", order.ErrOtherRequest
	}
	now := time.Now()
	o, err := f.store.OpenOrder(context.WithoutCancel(ctx), order.Opening{
		ID: id, RunID: "run", RequestHash: r.Hash(), Request: r, Actor: actor, Correlation: correlation, Now: now, HoldUntil: now.Add(time.Hour),
	})
	if err != nil {
		return order.Order{}, "", err
	}
	if stall {
		<-ctx.Done()
		return order.Order{}, "", ctx.Err()
	}
	return o, "pi_1_secret_2", nil
}

func (f *orders) Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error) {
	return f.move(ctx, id, order.Cancelling, actor, reason, correlation)
}

func (f *orders) Release(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error) {
	return f.move(ctx, id, order.AwaitingPayment, actor, reason, correlation)
}

func (f *orders) move(ctx context.Context, id order.ID, to order.Status, actor, reason, correlation string) (order.Order, error) {
	fail, stall := f.script()
	if stall {
		<-ctx.Done()
		return order.Order{}, cmp.Or(fail, ctx.Err())
	}
	if fail != nil {
		return order.Order{}, fail
	}
	return f.save(ctx, id, to, order.CancelRequested, actor, reason, correlation)
}

// save writes the next event of an order, as its workflow would.
func (f *orders) save(ctx context.Context, id order.ID, to order.Status, kind order.Kind, actor, why, correlation string) (order.Order, error) {
	o, err := f.store.Order(ctx, id)
	if err != nil {
		return o, err
	}
	e := order.Event{OrderID: id, Seq: o.Version + 1, At: time.Now(), Kind: kind, From: o.Status, To: to, Actor: actor, Why: why, Correlation: correlation}
	o.Status, o.Version, o.UpdatedAt = to, e.Seq, e.At
	return o, f.store.SaveOrder(ctx, order.Change{Order: o, Events: []order.Event{e}})
}

// shop is an API over a real record, with the workflows scripted.
type shop struct {
	http.Handler
	store  *records.Store
	orders *orders
	log    *lines
}

func setUp(t testing.TB, mods ...func(*api.Config, *records.Store)) *shop {
	t.Helper()
	return setUpOn(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db"), mods...)
}

// setUpOn is setUp over the record at a URL.
func setUpOn(t testing.TB, url string, mods ...func(*api.Config, *records.Store)) *shop {
	t.Helper()
	store, err := records.Open(t.Context(), url, records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.PutProducts(t.Context(), catalog.Sample()); err != nil {
		t.Fatal(err)
	}
	keys, err := httpkit.ParseKeys("web:shop:" + shopKey + ",eve:viewer:" + viewerKey + ", ops:operator:" + operatorKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{store: store, orders: &orders{store: store, hash: map[order.ID]string{}}, log: &lines{}}
	c := api.Config{
		Config: httpkit.Config{
			Keys: keys, Log: slog.New(slog.NewJSONHandler(s.log, nil)), PlaceWithin: 5 * time.Second, SteerWithin: 5 * time.Second,
		},
		Orders:   &apiorders.Service{Workflows: s.orders, Records: store, PollEvery: 10 * time.Millisecond, Linger: 20 * time.Millisecond},
		Products: &apiproducts.Service{Records: store},
		Mails:    &mails.Service{Orders: store},
		Inbox:    &apiinbox.Service{Records: store},
	}
	for _, m := range mods {
		m(&c, store)
	}
	if s.Handler, err = api.New(c); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask is one request; headers are pairs.
func (s *shop) ask(method, target, key, body string, headers ...string) *answer {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return &answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// problem reads a problem document and checks its form.
func (a *answer) problem(t *testing.T) httpkit.Problem {
	t.Helper()
	var p httpkit.Problem
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%d %s: not a problem document: %v", a.status, a.body, err)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
	if p.Status != a.status || p.Code == "" || p.Detail == "" || p.Type != "urn:purser:problem:"+p.Code || p.Correlation != a.header.Get("X-Correlation-Id") {
		t.Errorf("%d: incomplete problem %s", a.status, a.body)
	}
	return p
}

func (a *answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

type placedBody struct {
	Order        order.Order `json:"order"`
	ClientSecret string      `json:"clientSecret"`
}

// place places the sample order for a customer.
func (s *shop) place(t *testing.T, customer string, headers ...string) order.Order {
	t.Helper()
	a := s.ask("POST", "/v1/orders", shopKey, orderBody(customer), headers...)
	if a.status != http.StatusCreated {
		t.Fatalf("place: %d %s", a.status, a.body)
	}
	var b placedBody
	a.into(t, &b)
	return b.Order
}

func orderBody(customer string) string {
	return `{"customerId":"` + customer + `","email":"jane@example.com","shipTo":{"name":"Jane Doe","line1":"Quay 1","city":"Hamburg","country":"DE"},"currency":"EUR","lines":[{"sku":"mug-blue","quantity":2}]}`
}

// lines is a log that can be looked into.
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
