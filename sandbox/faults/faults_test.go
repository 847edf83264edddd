package faults

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWrap proves TEST-7, F75, F78 and F79: the caller sees each fault as it
// should, and the work is done exactly when the rule says so.
func TestWrap(t *testing.T) {
	type seen struct {
		Status int
		Body   string
		Header string
		Failed bool // no HTTP response at all
		Worked int32
	}
	for _, tt := range []struct {
		name  string
		fault Fault
		want  seen
	}{
		{name: "none", fault: Fault{Do: Reset, Match: "GET /"}, want: seen{Status: 201, Body: `{"id":"it_1"}`, Worked: 1}},
		{name: "another provider's", fault: Fault{Do: Reset, Provider: "ses"}, want: seen{Status: 201, Body: `{"id":"it_1"}`, Worked: 1}},
		{name: "reset before", fault: Fault{Do: Reset}, want: seen{Failed: true}},
		{name: "reset after", fault: Fault{Do: Reset, When: After}, want: seen{Failed: true, Worked: 1}},
		{name: "timeout before", fault: Fault{Do: Timeout}, want: seen{Failed: true}},
		{name: "timeout after", fault: Fault{Do: Timeout, When: After}, want: seen{Failed: true, Worked: 1}},
		{name: "closed without a response", fault: Fault{Do: Timeout, Delay: time.Millisecond}, want: seen{Failed: true}},
		{name: "500 before", fault: Fault{Do: Status, Match: "POST /v1/lab"}, want: seen{Status: 500, Body: `{"error":{"code":"injected_fault","message":"injected fault"}}`}},
		{name: "503 after", fault: Fault{Do: Status, Status: 503, When: After}, want: seen{Status: 503, Body: `{"error":{"code":"injected_fault","message":"injected fault"}}`, Worked: 1}},
		{name: "429", fault: Fault{Do: Status, Status: 429, RetryAfter: 1500 * time.Millisecond}, want: seen{Status: 429, Header: "2", Body: `{"error":{"code":"injected_fault","message":"injected fault"}}`}},
		{name: "malformed before", fault: Fault{Do: Malformed}, want: seen{Status: 200, Body: `{"id`}},
		{name: "malformed after", fault: Fault{Do: Malformed, When: After}, want: seen{Status: 201, Body: `{"id":"`, Worked: 1}},
		{name: "slow before", fault: Fault{Do: Slow, Delay: time.Millisecond}, want: seen{Status: 201, Body: `{"id":"it_1"}`, Worked: 1}},
		{name: "slow after", fault: Fault{Do: Slow, Delay: time.Millisecond, When: After}, want: seen{Status: 201, Body: `{"id":"it_1"}`, Worked: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := New(1)
			if err := c.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			var worked atomic.Int32
			srv := httptest.NewServer(c.Wrap("carrier", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				worked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(201)
				_, _ = io.WriteString(w, `{"id":"it_1"}`)
			})))
			defer srv.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if tt.fault.Do != Timeout {
				ctx = t.Context()
			}
			req, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/v1/labels", strings.NewReader("{}"))
			got := seen{}
			resp, err := srv.Client().Do(req)
			if err != nil {
				got.Failed = true
			} else {
				b, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				got.Status, got.Body, got.Header = resp.StatusCode, string(b), resp.Header.Get("Retry-After")
			}
			got.Worked = worked.Load()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTimesAndRate(t *testing.T) {
	c := New(7)
	if err := c.AddWebhook(WebhookFault{Do: "drop", Times: 2}); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for range 10 {
		if c.Webhook("stripe", "x").Drop {
			dropped++
		}
	}
	if dropped != 2 || c.armed.Load() {
		t.Errorf("dropped %d, armed %v; want 2, and disarmed when spent", dropped, c.armed.Load())
	}
	c.Clear()
	if err := c.AddWebhook(WebhookFault{Do: "drop", Rate: 0.25}); err != nil {
		t.Fatal(err)
	}
	dropped = 0
	for range 4000 {
		if c.Webhook("stripe", "x").Drop {
			dropped++
		}
	}
	if dropped < 800 || dropped > 1200 {
		t.Errorf("dropped %d of 4000 at a rate of 0.25", dropped)
	}
	if got := c.List().Webhooks[0].Struck; got != dropped {
		t.Errorf("counted %d, dropped %d", got, dropped)
	}
}

func TestAddRefuses(t *testing.T) {
	for name, f := range map[string]Fault{
		"no kind":         {},
		"unknown kind":    {Do: "explode"},
		"unknown moment":  {Do: Reset, When: "during"},
		"a good status":   {Do: Status, Status: 200},
		"negative times":  {Do: Reset, Times: -1},
		"rate above one":  {Do: Reset, Rate: 1.5},
		"delay of a year": {Do: Slow, Delay: 9000 * time.Hour},
	} {
		if err := New(1).Add(f); !errors.Is(err, ErrRule) {
			t.Errorf("%s: got %v, want ErrRule", name, err)
		}
	}
}

func TestHandler(t *testing.T) {
	c := New(1)
	call := func(method, target, body string) (int, string) {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	for _, tt := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{method: "GET", target: "/", status: 200, want: `{"faults":[],"webhooks":[]}`},
		{
			method: "POST", target: "/", body: `{"faults":[{"id":"a","do":"slow","delay":"20ms","provider":"ses"}],"webhooks":[{"do":"delay","delay":"1m"}]}`, status: 201,
			want: `{"faults":[{"id":"a","provider":"ses","when":"before","do":"slow","struck":0,"delay":"20ms"}],"webhooks":[{"id":"fault-1","do":"delay","struck":0,"delay":"1m0s"}]}`,
		},
		{method: "POST", target: "/", body: `{"faults":[{"do":"slow","dellay":"20ms"}]}`, status: 400},
		{method: "POST", target: "/", body: `{"faults":[{"do":"slow"},{"do":"?"}]}`, status: 400},
		{method: "POST", target: "/", body: `{"faults":[{"do":"slow","delay":"soon"}]}`, status: 400},
		{method: "POST", target: "/", body: `{`, status: 400},
		{method: "DELETE", target: "/?id=fault-1", status: 200, want: `{"faults":[{"id":"a","provider":"ses","when":"before","do":"slow","struck":0,"delay":"20ms"}],"webhooks":[]}`},
		{method: "DELETE", target: "/?id=fault-1", status: 404, want: `{"error":"no such fault"}`},
		{method: "PUT", target: "/", status: 405},
		{method: "DELETE", target: "/", status: 200, want: `{"faults":[],"webhooks":[]}`},
	} {
		status, body := call(tt.method, tt.target, tt.body)
		if status != tt.status || tt.want != "" && body != tt.want {
			t.Errorf("%s %s %s: %d %s\nwant %d %s", tt.method, tt.target, tt.body, status, body, tt.status, tt.want)
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	if c.Handler().ServeHTTP(w, r); w.Code != 415 {
		t.Errorf("plain text: %d, want 415", w.Code)
	}
}

// TestTask proves F54: a task fails if a rule for tasks says so, and a rule for
// calls does not affect it.
func TestTask(t *testing.T) {
	var none *Control
	if err := none.Task(t.Context(), "search", "x"); err != nil {
		t.Error(err)
	}
	c := New(1)
	for _, f := range []Fault{{Do: Reset}, {Do: Status, Status: 400, Match: "TASK add", Times: 1}, {Do: Slow, Delay: time.Millisecond, Match: "TASK", Times: 1}} {
		if err := c.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	var fault *TaskFault
	if err := c.Task(t.Context(), "search", "addition"); !errors.As(err, &fault) || fault.Status != 400 {
		t.Errorf("got %v, want a fault of 400", err)
	}
	for range 2 { // the first one is slow
		if err := c.Task(t.Context(), "search", "addition"); err != nil {
			t.Error(err)
		}
	}
	if err := c.Add(Fault{Do: Slow, Delay: time.Hour, Match: "TASK"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Task(ctx, "search", "addition"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
