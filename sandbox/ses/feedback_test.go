package ses

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/sandbox/faults"
)

// endpoint subscribes to the topic and collects its events. It does not verify
// signatures: providers/sns does, whose tests use this stand-in too.
type endpoint struct {
	*httptest.Server
	got chan object

	mu      sync.Mutex
	confirm bool // whether it confirms the subscription
	asked   int
}

func newEndpoint(t *testing.T) *endpoint {
	e := &endpoint{got: make(chan object, 100), confirm: true}
	e.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n note
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		if n.Signature == "" || n.SigningCertURL == "" || n.TopicArn != TopicARN || n.MessageID == "" {
			t.Errorf("incomplete: %+v", n)
		}
		if n.Type == "Notification" {
			var e0 object
			if err := json.Unmarshal([]byte(n.Message), &e0); err != nil {
				t.Error(err)
			}
			e0["id"] = n.MessageID
			e.got <- e0
			return
		}
		e.mu.Lock()
		e.asked++
		yes := e.confirm
		e.mu.Unlock()
		if yes {
			resp, err := http.Get(n.SubscribeURL)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("confirm: %v", err)
				return
			}
			resp.Body.Close()
		}
	}))
	t.Cleanup(e.Close)
	return e
}

// take waits for n events and returns them in the order of their arrival.
func (e *endpoint) take(t *testing.T, n int) (events []object) {
	t.Helper()
	for range n {
		select {
		case ev := <-e.got:
			events = append(events, ev)
		case <-time.After(10 * time.Second):
			t.Fatalf("got %v, want %d events", events, n)
		}
	}
	return events
}

// live runs a stand-in with an HTTP server of its own and subscribes the
// endpoint.
func live(t *testing.T, s *Server, e *endpoint) (stop func()) {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done; srv.Close() })
	t.Cleanup(stop)
	if err := s.Subscribe(srv.URL, e.URL); err != nil {
		t.Fatal(err)
	}
	return stop
}

func kindOf(e object) string {
	for _, name := range []string{"eventType", "notificationType"} {
		if k, ok := e[name].(string); ok {
			return k
		}
	}
	return ""
}

// TestPublishFeedback proves BNC-5: each kind of feedback can be published with
// its button.
func TestPublishFeedback(t *testing.T) {
	s := build(t, "", Config{})
	e := newEndpoint(t)
	live(t, s, e)
	_, _, id := send(s, simple("ada@example.com", "ord_1", "x"))
	for _, how := range FeedbackTypes {
		r := httptest.NewRequest("POST", "/"+id+"/answer", strings.NewReader(url.Values{"how": {string(how)}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.Mailbox().ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "../"+id {
			t.Fatalf("%s: %d %s", how, w.Code, w.Body)
		}
		ev := e.take(t, 1)[0]
		about, _ := ev["mail"].(object)
		if kindOf(ev) == "" || about["messageId"] != id || about["tags"] != nil {
			t.Errorf("%s: %v", how, ev)
		}
		if _, page, _ := get(s, "/"+id); !strings.Contains(page, how.Words()+" at ") {
			t.Errorf("%s: the mail's page does not show it", how)
		}
	}
	for _, tt := range []struct {
		path, how, origin string
		want              int
	}{{path: "/nope/answer", how: "deliver", want: 404}, {path: "/" + id + "/answer", how: "explode", want: 400}, {path: "/" + id + "/answer", how: "deliver", origin: "https://evil.example", want: 403}} {
		r := httptest.NewRequest("POST", tt.path, strings.NewReader("how="+tt.how))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		s.Mailbox().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%+v: %d", tt, w.Code)
		}
	}
}

// TestAutomaticFeedback checks the automatic feedback: for the simulator's
// addresses, and for all others if a Pace is set.
func TestAutomaticFeedback(t *testing.T) {
	for _, tt := range []struct {
		to   string
		pace time.Duration
		want string
	}{
		{to: "success@simulator.amazonses.com", want: "Delivery"},
		{to: "bounce@simulator.amazonses.com", want: "Bounce"},
		{to: "Bounce+label@simulator.amazonses.com", want: "Bounce"},
		{to: "complaint@simulator.amazonses.com", pace: time.Millisecond, want: "Delivery Complaint"},
		{to: "ooto@simulator.amazonses.com", pace: time.Millisecond, want: "Delivery Bounce"},
		{to: "ada@example.com", pace: time.Millisecond, want: "Delivery"},
	} {
		s := build(t, "", Config{Pace: tt.pace})
		s.webhooks.AtOnce = 1 // so that the events arrive in order
		e := newEndpoint(t)
		live(t, s, e)
		if status, _, _ := send(s, strings.Replace(simple(tt.to, "ord_1", "x"), `"EmailTags"`, `"ConfigurationSetName":"shop","EmailTags"`, 1)); status != 200 {
			t.Fatalf("%s: %d", tt.to, status)
		}
		var kinds []string
		for _, ev := range e.take(t, len(strings.Fields(tt.want))) {
			kinds = append(kinds, kindOf(ev))
			tags, _ := ev["mail"].(object)["tags"].(object)
			if order, _ := tags["order"].([]any); len(order) != 1 || order[0] != "ord_1" || ev["eventType"] == nil {
				t.Errorf("%s: an event of a configuration set without its tags: %v", tt.to, ev)
			}
		}
		if got := strings.Join(kinds, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.to, got, tt.want)
		}
	}
	quiet := build(t, "", Config{})
	if _, _, id := send(quiet, simple("ada@example.com", "ord_1", "x")); quiet.Pending() != 0 || id == "" {
		t.Error("there is feedback without a Pace")
	}
}

// TestTopicRestart checks that undelivered messages are delivered after a
// restart, from the stand-in's new address, to an endpoint that need not
// confirm again, and that the key stays the same.
func TestTopicRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ses.db")
	e := newEndpoint(t)
	s := build(t, path, Config{Secret: "x"})
	stop := live(t, s, e)
	_, _, id := send(s, simple("ada@example.com", "ord_1", "x"))
	if err := s.PublishFeedback(id, Deliver); err != nil {
		t.Fatal(err)
	}
	e.take(t, 1)
	stop()
	if err := s.PublishFeedback(id, Complain); err != nil { // accepted, not sent
		t.Fatal(err)
	}
	before, _ := s.signer()
	s.journal.Close()
	restarted := build(t, path, Config{Secret: "x"})
	stop = live(t, restarted, e)
	if got := kindOf(e.take(t, 1)[0]); got != "Complaint" {
		t.Errorf("got %s", got)
	}
	if after, _ := restarted.signer(); after.file != before.file {
		t.Error("the key was changed by a restart")
	}
	if e.asked != 1 {
		t.Errorf("asked %d times", e.asked)
	}
	if _, page, _ := get(restarted, "/"+id); !strings.Contains(page, "delivered at") || !strings.Contains(page, "complained at") {
		t.Errorf("the feedback is lost: %s", page)
	}
	stop()
	restarted.journal.Close()
	other := build(t, path, Config{Secret: "y"})
	if after, err := other.signer(); err != nil || after.file == before.file {
		t.Errorf("the certificate of the old key does not verify: %v", err)
	}
}

// TestUnconfirmedEndpoint checks that an endpoint that has not confirmed
// receives no events and is asked again.
func TestUnconfirmedEndpoint(t *testing.T) {
	s := build(t, "", Config{})
	e := newEndpoint(t)
	e.confirm = false
	live(t, s, e)
	_, _, id := send(s, simple("ada@example.com", "ord_1", "x"))
	if err := s.PublishFeedback(id, Deliver); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	e.confirm = true
	e.mu.Unlock()
	s.ask <- struct{}{}
	e.take(t, 1)
	for _, bad := range []string{"/sns/?Action=ConfirmSubscription&TopicArn=" + TopicARN + "&Token=guess", "/sns/", "/sns/other.pem", "/sns/?Action=Publish"} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", bad, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
}

// TestTopicFaults proves WHK-8 and WHK-9: faults repeat and drop messages, and
// a repetition has the id of the first.
func TestTopicFaults(t *testing.T) {
	faultControl := faults.New(1)
	if err := faultControl.AddWebhook(faults.WebhookFault{Provider: "ses", Type: "Bounce", Do: "repeat", Copies: 2}); err != nil {
		t.Fatal(err)
	}
	if err := faultControl.AddWebhook(faults.WebhookFault{Provider: "ses", Type: "Delivery", Do: "drop"}); err != nil {
		t.Fatal(err)
	}
	s := build(t, "", Config{Faults: faultControl})
	e := newEndpoint(t)
	live(t, s, e)
	_, _, id := send(s, simple("ada@example.com", "ord_1", "x"))
	for _, how := range []FeedbackType{Deliver, BouncePermanent} {
		if err := s.PublishFeedback(id, how); err != nil {
			t.Fatal(err)
		}
	}
	got := e.take(t, 3)
	for _, ev := range got {
		if ev["id"] != got[0]["id"] || kindOf(ev) != "Bounce" {
			t.Errorf("got %v", ev)
		}
	}
}

// TestRoot checks that the authority is derived from the secret.
func TestRoot(t *testing.T) {
	a, b, c := Root("x"), Root("x"), Root("y")
	if !a.Equal(b) || a.Equal(c) {
		t.Error("the root is not derived from the secret")
	}
}
