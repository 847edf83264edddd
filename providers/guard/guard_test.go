package guard_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"purser/providers/guard"
)

// partner responds with the status that it is set to, without a network.
type partner struct {
	status atomic.Int64
	calls  atomic.Int64
	hold   chan struct{} // if set, responses wait for it
	err    error
}

func (p *partner) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls.Add(1)
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return &http.Response{StatusCode: int(p.status.Load()), Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
}

func quiet(c guard.Config) guard.Config {
	c.Log = slog.New(slog.DiscardHandler)
	return c
}

func call(t *testing.T, rt http.RoundTripper) error {
	t.Helper()
	return callWith(t, rt, context.Background())
}

func callWith(t *testing.T, rt http.RoundTripper, ctx context.Context) error {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://partner.test/", strings.NewReader("a=b"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close()
}

// TestBreaker (RES-6, RES-7, RES-8, TEST-3) takes the breaker through its
// states.
func TestBreaker(t *testing.T) {
	t.Run("F84_a_failed_probe_opens_it_again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &partner{}
			p.status.Store(503)
			g := guard.Transport(p, quiet(guard.Config{Consecutive: 2}))
			_, _ = call(t, g), call(t, g)
			for range 3 {
				time.Sleep(90 * time.Second) // fake time: past the open phase and its jitter
				before := p.calls.Load()
				if err := call(t, g); err != nil {
					t.Fatalf("the probe: %v", err)
				}
				if err := call(t, g); !errors.Is(err, guard.ErrOpen) || p.calls.Load() != before+1 {
					t.Fatalf("after a failed probe: %v, %d calls", err, p.calls.Load()-before)
				}
			}
			time.Sleep(90 * time.Second)
			p.status.Store(200)
			if err := call(t, g); err != nil || g.State() != "closed" {
				t.Fatalf("after a good probe: %v, %s", err, g.State())
			}
		})
	})
	t.Run("F85_few_failures_among_many_calls_do_not_open_it", func(t *testing.T) {
		p := &partner{}
		g := guard.Transport(p, quiet(guard.Config{}))
		for i := range 1000 {
			p.status.Store(200)
			if i%20 == 0 {
				p.status.Store(500)
			}
			if err := call(t, g); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
		}
	})
	t.Run("RES-6_opens_on_failures_in_a_row_and_recovers_by_one_probe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &partner{}
			p.status.Store(503)
			g := guard.Transport(p, quiet(guard.Config{Consecutive: 3}))
			for range 3 {
				_ = call(t, g)
			}
			if err := call(t, g); !errors.Is(err, guard.ErrOpen) || !guard.NotSent(err) {
				t.Fatalf("fourth call: got %v, want ErrOpen, not sent", err)
			}
			time.Sleep(13 * time.Second) // fake time: past the open phase and its jitter
			p.hold = make(chan struct{})
			probe := make(chan error)
			go func() { probe <- call(t, g) }()
			synctest.Wait()
			if err := call(t, g); !errors.Is(err, guard.ErrOpen) {
				t.Fatalf("second caller while half-open: got %v, want ErrOpen", err)
			}
			p.status.Store(200)
			close(p.hold)
			if err := <-probe; err != nil {
				t.Fatal(err)
			}
			if got := g.State(); got != "closed" {
				t.Fatalf("after a good probe: %s", got)
			}
		})
	})
	t.Run("RES-6_refusals_are_signs_of_health", func(t *testing.T) {
		p := &partner{}
		g := guard.Transport(p, quiet(guard.Config{Consecutive: 3, Calls: 5}))
		for _, s := range []int64{400, 401, 402, 404, 409, 429} {
			p.status.Store(s)
			for range 10 {
				if err := call(t, g); err != nil {
					t.Fatalf("HTTP %d: %v", s, err)
				}
			}
		}
	})
	t.Run("RES-8_opens_on_the_rate", func(t *testing.T) {
		p := &partner{}
		g := guard.Transport(p, quiet(guard.Config{Calls: 20}))
		for i := range 40 {
			p.status.Store([]int64{200, 500, 500}[i%3])
			_ = call(t, g)
		}
		if g.State() != "open" {
			t.Fatalf("two thirds failing: %s", g.State())
		}
	})
	t.Run("RES-7_late_results_are_harmless", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			slow := &partner{hold: make(chan struct{})}
			slow.status.Store(200)
			fast := &partner{}
			fast.status.Store(500)
			next := &switched{to: slow}
			g := guard.Transport(next, quiet(guard.Config{Consecutive: 2}))
			late := make(chan error)
			go func() { late <- call(t, g) }()
			synctest.Wait()
			next.to = fast
			_, _ = call(t, g), call(t, g)
			close(slow.hold)
			if err := <-late; err != nil {
				t.Fatal(err)
			}
			if g.State() != "open" {
				t.Fatalf("a late success closed the breaker: %s", g.State())
			}
		})
	})
	t.Run("a_caller_who_gives_up_is_no_failure", func(t *testing.T) {
		p := &partner{hold: make(chan struct{})}
		g := guard.Transport(p, quiet(guard.Config{Consecutive: 2}))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range 5 {
			_ = callWith(t, g, ctx)
		}
		if g.State() != "closed" {
			t.Fatal(g.State())
		}
	})
}

type switched struct{ to http.RoundTripper }

func (s *switched) RoundTrip(r *http.Request) (*http.Response, error) { return s.to.RoundTrip(r) }

func TestBulkhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &partner{hold: make(chan struct{})}
		p.status.Store(200)
		g := guard.Transport(p, quiet(guard.Config{Concurrent: 2}))
		done := make(chan error, 2)
		for range 2 {
			go func() { done <- call(t, g) }()
		}
		synctest.Wait()
		if err := call(t, g); !errors.Is(err, guard.ErrFull) || !guard.NotSent(err) {
			t.Fatalf("third at once: got %v, want ErrFull, not sent", err)
		}
		close(p.hold)
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		if err := call(t, g); err != nil {
			t.Fatalf("slots were not released: %v", err)
		}
	})
}

func TestNotSent(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	hangUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer hangUp.Close()
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	selfSigned.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer selfSigned.Close()
	for _, c := range []struct {
		name, url string
		notSent   bool
	}{
		{name: "F75 connection refused", url: "http://" + dead.Addr().String(), notSent: true},
		{name: "F76 no such name", url: "http://partner.invalid/", notSent: true},
		{name: "F77 certificate not trusted", url: selfSigned.URL, notSent: true},
		{name: "F78 connection lost after sending", url: hangUp.URL},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := &http.Client{Transport: guard.Transport(nil, quiet(guard.Config{}))}
			_, err := client.Post(c.url, "text/plain", strings.NewReader("x"))
			if err == nil || guard.NotSent(err) != c.notSent {
				t.Errorf("NotSent(%v) = %v, want %v", err, !c.notSent, c.notSent)
			}
		})
	}
	if guard.NotSent(io.ErrUnexpectedEOF) {
		t.Error("an unexplained error must count as sent")
	}
}

// TestNoHiddenRetry (RES-4) checks that one call is one request, with its
// idempotency key unchanged.
func TestNoHiddenRetry(t *testing.T) {
	var writes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		writes.Add(1)
		if r.Header.Get("Idempotency-Key") != "k" {
			t.Errorf("the key did not arrive: %v", r.Header)
		}
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	client := &http.Client{Transport: guard.Transport(nil, quiet(guard.Config{}))}
	resp, err := client.Get(server.URL) // leaves a connection that can be used again
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	req, _ := http.NewRequest("POST", server.URL, strings.NewReader("a=b"))
	req.Header.Set("Idempotency-Key", "k")
	if _, err := client.Do(req); err == nil || guard.NotSent(err) {
		t.Errorf("lost response: got %v", err)
	}
	if n := writes.Load(); n != 1 {
		t.Errorf("one attempt was sent %d times", n)
	}
	if req.Header.Get("Idempotency-Key") != "k" {
		t.Error("the caller's request was changed")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "-1": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := guard.RetryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", v, got, want)
		}
	}
}
