// Package apitest provides what the tests of the API's operations share: an API
// over a real record, stand-ins for the workflows and the stores, and requests
// to the API.
package apitest

import (
	"bytes"
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
	"purser/api/bulks"
	"purser/api/httpkit"
	"purser/api/inbox"
	"purser/api/mails"
	"purser/api/orders"
	"purser/api/products"
	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/records"
)

// The secrets of the principals web (a shop), eve (a viewer) and ops (an
// operator).
const (
	ShopKey     = "shop-secret-0123456789"
	ViewerKey   = "viewer-secret-0123456789"
	OperatorKey = "operator-secret-0123456789"
)

// Shop is an API over a real record, with the orders' workflows scripted.
type Shop struct {
	http.Handler
	Store  *records.Store
	Orders *Orders
	Bulks  *Bulks
	Log    *LogBuffer
}

// Option changes the configuration of the API under test, whose record is store.
type Option = func(c *api.Config, store *records.Store)

// New returns an API over a new SQLite record.
func New(t testing.TB, options ...Option) *Shop {
	t.Helper()
	return NewOn(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db"), options...)
}

// NewOn returns an API over the record at a URL.
func NewOn(t testing.TB, url string, options ...Option) *Shop {
	t.Helper()
	store, err := records.Open(t.Context(), url, records.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.PutProducts(t.Context(), catalog.Sample()); err != nil {
		t.Fatal(err)
	}
	keys, err := httpkit.ParseKeys("web:shop:" + ShopKey + ",eve:viewer:" + ViewerKey + ", ops:operator:" + OperatorKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &Shop{Store: store, Orders: &Orders{store: store, hash: map[order.ID]string{}}, Log: &LogBuffer{}}
	s.Bulks = &Bulks{store: store, orders: s.Orders}
	c := api.Config{
		Config: httpkit.Config{
			Keys: keys, Log: slog.New(slog.NewJSONHandler(s.Log, nil)), PlaceWithin: 5 * time.Second, SteerWithin: 5 * time.Second,
		},
		Orders:   &orders.Service{Workflows: s.Orders, Records: store, PollEvery: 10 * time.Millisecond, Linger: 20 * time.Millisecond},
		Products: &products.Service{Records: store},
		Mails:    &mails.Service{Orders: store},
		Inbox:    &inbox.Service{Records: store},
		Bulks:    &bulks.Service{Workflows: s.Bulks, Records: store},
	}
	for _, option := range options {
		option(&c, store)
	}
	if s.Handler, err = api.New(c); err != nil {
		t.Fatal(err)
	}
	return s
}

// Ask sends one request; headers are pairs of name and value.
func (s *Shop) Ask(method, target, key, body string, headers ...string) *Answer {
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
	return NewAnswer(rec)
}

// Answer is the response to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// NewAnswer returns the recorded response.
func NewAnswer(rec *httptest.ResponseRecorder) *Answer {
	return &Answer{Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}
}

// Problem parses a problem document and checks that it is complete.
func (a *Answer) Problem(t *testing.T) httpkit.Problem {
	t.Helper()
	var p httpkit.Problem
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("%d %s: not a problem document: %v", a.Status, a.Body, err)
	}
	if ct := a.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
	if p.Status != a.Status || p.Code == "" || p.Detail == "" || p.Type != "urn:purser:problem:"+p.Code || p.Correlation != a.Header.Get("X-Correlation-Id") {
		t.Errorf("%d: incomplete problem %s", a.Status, a.Body)
	}
	return p
}

// Into parses a JSON document into v.
func (a *Answer) Into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
}

// PlacedBody is the response to an order that was placed.
type PlacedBody struct {
	Order        orders.Order `json:"order"`
	ClientSecret string       `json:"clientSecret"`
}

// Place places the sample order for a customer, and returns it as the API shows it.
func (s *Shop) Place(t *testing.T, customer string, headers ...string) orders.Order {
	t.Helper()
	a := s.Ask("POST", "/v1/orders", ShopKey, OrderBody(customer), headers...)
	if a.Status != http.StatusCreated {
		t.Fatalf("place: %d %s", a.Status, a.Body)
	}
	var b PlacedBody
	a.Into(t, &b)
	return b.Order
}

// Recorded returns an order as the record has it.
func (s *Shop) Recorded(t *testing.T, id order.ID) order.Order {
	t.Helper()
	o, err := s.Store.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// OrderBody returns the sample order as JSON.
func OrderBody(customer string) string {
	return `{"customerId":"` + customer + `","email":"jane@example.com","shipTo":{"name":"Jane Doe","line1":"Quay 1","city":"Hamburg","postalCode":"20457","country":"DE"},"currency":"EUR","lines":[{"sku":"mug-blue","quantity":2}]}`
}

// LogBuffer is a log that a test can read.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to the log.
func (l *LogBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns what was logged.
func (l *LogBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Serve starts a server that is closed when the test ends, even if streams are
// open.
func Serve(t *testing.T, h http.Handler) *httptest.Server {
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv
}

// Links returns the unsubscribe links of marketing mails.
func Links() mail.Links {
	return mail.Links{Key: []byte("key"), Base: "https://shop.example"}
}
