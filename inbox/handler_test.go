package inbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/inbox"
	inboxrecords "purser/records/inbox"
)

const good = `{"id":"evt_1","type":"paid","orderId":"ord_a","intent":"pi_1"}`

func TestHandler(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tc := range []struct {
		name   string
		body   string
		mod    func(*http.Request)
		status int
		code   string
		state  inboxrecords.State // of the stored item; "": none is stored
	}{
		{name: "WHK-4 genuine", body: good, status: 202, state: inboxrecords.Delivered},
		{name: "WHK-1 F26 forged", body: good, mod: header("Post-Signature", "00"), status: 400, code: "signature_invalid"},
		{name: "WHK-3 F27 missing signature", body: good, mod: func(r *http.Request) { r.Header.Del("Post-Time") }, status: 400, code: "signature_invalid"},
		{name: "WHK-2 F29 stale", body: good, mod: func(r *http.Request) {
			at := time.Now().Add(-6 * time.Minute).Unix()
			r.Header.Set("Post-Time", strconv.FormatInt(at, 10))
			r.Header.Set("Post-Signature", testProvider{"s3cret"}.sign(at, []byte(good)))
		}, status: 400, code: "signature_invalid"},
		{name: "WHK-3 F27 malformed", body: `{"id":`, status: 400, code: "malformed"},
		{name: "without an id", body: `{"type":"paid"}`, status: 400, code: "malformed"},
		{name: "WHK-11 F33 unknown type", body: `{"id":"evt_1","type":"lunch","useless":true}`, status: 202, state: inboxrecords.Kept},
		{name: "PAY-16 other version", body: `{"id":"evt_1","type":"paid","version":"1999"}`, status: 202, state: inboxrecords.Parked},
		{name: "WHK-16 too large", body: `"` + strings.Repeat("x", 1<<20) + `"`, status: 413, code: "body_too_large"},
		{name: "too large, without a length", body: `"` + strings.Repeat("x", 1<<20) + `"`, mod: func(r *http.Request) { r.ContentLength = -1 }, status: 413, code: "body_too_large"},
		{name: "unknown provider", body: good, mod: func(r *http.Request) { r.URL.Path = "/webhooks/nobody" }, status: 404, code: "not_found"},
		{name: "deeper path", body: good, mod: func(r *http.Request) { r.URL.Path = "/webhooks/post/x" }, status: 404, code: "not_found"},
		{name: "GET", body: good, mod: func(r *http.Request) { r.Method = http.MethodGet }, status: 405, code: "method_not_allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t)
			mod := tc.mod
			if mod == nil {
				mod = func(*http.Request) {}
			}
			res := b.send(request(tc.body, mod))
			body := text(t, res)
			if res.StatusCode != tc.status {
				t.Fatalf("got %d %s, want %d", res.StatusCode, body, tc.status)
			}
			if tc.code != "" {
				var p struct {
					Code   string
					Status int
					Detail string
				}
				if err := json.Unmarshal([]byte(body), &p); err != nil || p.Code != tc.code || p.Status != tc.status || p.Detail == "" {
					t.Errorf("got %s (%v), want a problem with code %s", body, err, tc.code)
				}
				if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
					t.Errorf("Content-Type: %s", ct)
				}
			}
			if tc.state == "" {
				if got := b.stored(t, ""); len(got) != 0 {
					t.Errorf("stored %d items, want none", len(got))
				}
				return
			}
			b.awaitState(t, tc.state, 1)
		})
	}
}

// TestStoredBytes proves WHK-4: the body and the headers are stored as they
// were received, without credentials.
func TestStoredBytes(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	r := request(good, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer hush")
		r.RemoteAddr = "192.0.2.7:4711"
	})
	signature := r.Header.Get("Post-Signature")
	b.send(r)
	it := b.awaitState(t, inboxrecords.Delivered, 1)[0]
	if string(it.Body) != good || it.Source != "192.0.2.7" || it.EventID != "evt_1" || it.OrderID != "ord_a" || it.Ref != "pi_1" {
		t.Errorf("stored %+v", it)
	}
	if h := string(it.Headers); !strings.Contains(h, signature) || strings.Contains(h, "hush") {
		t.Errorf("stored headers %s", h)
	}
}

// TestConcurrentDuplicates proves WHK-6, WHK-7, WHK-8, TEST-2, F22 and F23: an
// event that arrives a hundred times at once is stored once, delivered once and
// acknowledged each time.
func TestConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	var wg sync.WaitGroup
	var fresh, known atomic.Int64
	for range 100 {
		wg.Go(func() {
			switch res := b.send(request(good)); res.StatusCode {
			case http.StatusAccepted:
				fresh.Add(1)
			case http.StatusOK:
				known.Add(1)
			}
		})
	}
	wg.Wait()
	if fresh.Load() != 1 || known.Load() != 99 {
		t.Errorf("%d new and %d known, want 1 and 99", fresh.Load(), known.Load())
	}
	b.awaitState(t, inboxrecords.Delivered, 1)
	if got := b.send(request(good)); got.StatusCode != http.StatusOK { // F28: replayed later
		t.Errorf("replay: got %d, want 200", got.StatusCode)
	}
	b.stop()
	if n := len(b.stored(t, "")); n != 1 {
		t.Errorf("%d items stored, want 1", n)
	}
	if diff := cmp.Diff([]string{"post:evt_1"}, b.workflows.received("ord_a")); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
	want := inbox.Counts{Fresh: 1, Duplicates: 100}
	if diff := cmp.Diff(want, b.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// flaky is a record that can be down.
type flaky struct {
	inbox.Keeper
	down atomic.Bool
}

func (f *flaky) Receive(ctx context.Context, it *inboxrecords.Item) (bool, error) {
	if f.down.Load() {
		return false, errors.New("disk on fire at /secret/path")
	}
	return f.Keeper.Receive(ctx, it)
}

// TestRecordDown proves F35: while the record is down, the provider is asked to
// send the event again, and nothing is lost when it does.
func TestRecordDown(t *testing.T) {
	t.Parallel()
	var record *flaky
	b := setUp(t, func(b *bench) {
		record = &flaky{Keeper: b.store}
		b.Keeper = record
	})
	record.down.Store(true)
	res := b.send(request(good))
	if body := text(t, res); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || strings.Contains(body, "secret") {
		t.Errorf("got %d %s, Retry-After %q", res.StatusCode, body, res.Header.Get("Retry-After"))
	}
	record.down.Store(false)
	if res := b.send(request(good)); res.StatusCode != http.StatusAccepted {
		t.Errorf("sent again: got %d, want 202", res.StatusCode)
	}
	b.workflows.await(t, "ord_a", 1)
}

// TestForgeriesAreCapped proves WHK-3, WHK-16 and F34: a sender that keeps
// sending forgeries is refused with 429, the log stays short, and genuine
// webhooks from the same address are still accepted.
func TestForgeriesAreCapped(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.BadPerMinute = 3 })
	forge := func(r *http.Request) { r.Header.Set("Post-Signature", "00") }
	var got []int
	for range 5 {
		res := b.send(request(good, forge))
		got = append(got, res.StatusCode)
		if res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
	if diff := cmp.Diff([]int{400, 400, 400, 429, 429}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if res := b.send(request(good)); res.StatusCode != http.StatusAccepted {
		t.Errorf("a genuine webhook from a capped address: got %d, want 202", res.StatusCode)
	}
	if n := strings.Count(b.log.String(), "webhook refused"); n != 1 {
		t.Errorf("%d log lines about forgeries, want 1", n)
	}
	if c := b.Counts(); c.Forged != 5 || c.Capped != 2 {
		t.Errorf("counts %+v, want 5 forged and 2 capped", c)
	}
}

// endlessBody is a body that does not end before ended is closed.
type endlessBody struct{ reading, ended chan struct{} }

func (d endlessBody) Read([]byte) (int, error) {
	d.reading <- struct{}{}
	<-d.ended
	return 0, io.ErrUnexpectedEOF
}

// TestSlowSenders proves WHK-16: slow senders and forgeries take no slot from
// genuine webhooks.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(b *bench) { b.AtOnce, b.ReadAtOnce = 1, 3 })
	d := endlessBody{make(chan struct{}, 1), make(chan struct{})}
	var senders sync.WaitGroup
	defer senders.Wait()
	defer close(d.ended)
	for range 3 { // as many as one address may
		senders.Go(func() { b.send(httptest.NewRequest(http.MethodPost, "/webhooks/post", d)) })
		<-d.reading
	}
	res := b.send(request(good, func(r *http.Request) { r.RemoteAddr = "198.51.100.7:1" }))
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("a genuine webhook: got %d, want 202", res.StatusCode)
	}
}

// TestManyForgers proves WHK-16: forgeries from many addresses fill neither the
// memory nor the log.
func TestManyForgers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	b := setUp(t, func(b *bench) { b.Now = func() time.Time { return now } })
	for i := range 3000 {
		b.send(request(good, func(r *http.Request) {
			r.Header.Set("Post-Signature", "00")
			r.RemoteAddr = fmt.Sprintf("198.51.%d.%d:1", i/256, i%256)
		}))
	}
	if n := strings.Count(b.log.String(), "webhook refused"); n > 1100 {
		t.Errorf("%d log lines, want about one for each of the first thousand", n)
	}
}

// TestLogIsClean proves OBS-8, SEC-5 and F94: neither bodies nor secrets get
// into the log.
func TestLogIsClean(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.send(request(`{"id":"evt_1","type":"jane@example.com"`))
	b.send(request(`{"id":"evt_2","type":"paid","version":"1","intent":"jane@example.com"}`))
	b.send(request(good, func(r *http.Request) { r.Header.Set("Post-Signature", "jane@example.com") }))
	if log := b.log.String(); strings.Contains(log, "jane@") || strings.Contains(log, "s3cret") {
		t.Errorf("log holds personal data: %s", log)
	}
}

func FuzzHandler(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{`))
	f.Add([]byte{0xff, 0x00})
	store := discard{}
	h := &inbox.Handler{Sources: map[string]inbox.Source{"post": testProvider{"s3cret"}}, Keeper: store}
	b := &bench{Handler: h}
	f.Fuzz(func(t *testing.T, body []byte) {
		switch res := b.send(request(string(body))); res.StatusCode {
		case 200, 202, 400, 413:
		default:
			t.Errorf("got %d for %q", res.StatusCode, body)
		}
	})
}

type discard struct{ inbox.Keeper }

func (discard) Receive(context.Context, *inboxrecords.Item) (bool, error) { return true, nil }
