package webhooksender

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
)

// receiver is a webhook endpoint that collects the bodies it has accepted.
type receiver struct {
	*httptest.Server
	got    chan string
	status atomic.Int32 // the status to respond with
	seen   chan int     // the status of each attempt
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{got: make(chan string, 1000), seen: make(chan int, 1000)}
	r.status.Store(200)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		st := int(r.status.Load())
		w.WriteHeader(st)
		if st == 200 {
			r.got <- string(b) + " " + req.Header.Get("Test-Signature")
		}
		r.seen <- st
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		select {
		case s := <-r.got:
			all = append(all, s)
		case <-time.After(10 * time.Second):
			t.Fatalf("got %v, want %d", all, n)
		}
	}
	return all
}

func sign(_ []byte, at time.Time) http.Header {
	return http.Header{"Test-Signature": {"signed " + at.Format("2006")}}
}

func build(t *testing.T, path string, faultControl *faults.Control) *Sender {
	t.Helper()
	j, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(j, "carrier", sign, faultControl, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.FirstWait, c.MaxWait = time.Millisecond, 5*time.Millisecond
	return c
}

// run starts the sender and returns a function that stops it.
func run(t *testing.T, c *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func send(t *testing.T, c *Sender, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := c.Send(id, "x.y", fmt.Appendf(nil, "%q", id)); err != nil {
			t.Fatal(err)
		}
	}
}

func signed(id string) string { return fmt.Sprintf("%q signed %d", id, time.Now().Year()) }

func TestDeliversUntilAccepted(t *testing.T) {
	r := newReceiver(t)
	r.status.Store(500)
	c := build(t, "", nil)
	c.SetURL(r.URL)
	run(t, c)
	send(t, c, "e1")
	for range 3 {
		if st := <-r.seen; st != 500 {
			t.Fatalf("responded with %d", st)
		}
	}
	if c.Pending() != 1 {
		t.Errorf("pending %d, want 1", c.Pending())
	}
	r.status.Store(200)
	if got := r.take(t, 1); got[0] != signed("e1") {
		t.Errorf("got %q", got)
	}
}

// TestRepeatsAtOnce: an attempt may begin as soon as the one before it has failed,
// whatever is still done about that one; the race detector watches.
func TestRepeatsAtOnce(t *testing.T) {
	r := newReceiver(t)
	r.status.Store(500)
	c := build(t, "", nil)
	c.FirstWait, c.MaxWait = time.Nanosecond, time.Nanosecond
	c.SetURL(r.URL)
	run(t, c)
	send(t, c, "e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8")
	for range 2000 {
		if st := <-r.seen; st != 500 {
			t.Fatalf("responded with %d", st)
		}
	}
}

// TestDiscards checks that an event that fails for too long is lost, also over a
// restart.
func TestDiscards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	r := newReceiver(t)
	r.status.Store(500)
	first := build(t, path, nil)
	first.DiscardAfter = time.Hour
	first.SetURL(r.URL)
	stop := run(t, first)
	send(t, first, "e1")
	for range 3 {
		<-r.seen
	}
	stop()
	if first.Pending() != 1 {
		t.Fatalf("%d pending within the hour, want 1", first.Pending())
	}
	first.journal.Close()
	again := build(t, path, nil)
	again.DiscardAfter = time.Nanosecond
	again.SetURL(r.URL)
	stop = run(t, again)
	<-r.seen // the first attempt after it was too late
	stop()
	if again.Pending() != 0 {
		t.Errorf("%d pending after it was discarded", again.Pending())
	}
	again.journal.Close()
	if last := build(t, path, nil); last.Pending() != 0 {
		t.Errorf("%d pending after a restart", last.Pending())
	}
}

func TestSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	c := build(t, path, nil)
	send(t, c, "e1", "e2")
	r := newReceiver(t)
	c.journal.Close()
	again := build(t, path, nil)
	if again.Pending() != 2 {
		t.Fatalf("pending %d after restart, want 2", again.Pending())
	}
	stop := run(t, again)
	again.SetURL(r.URL) // while the sender runs
	got := r.take(t, 2)
	slices.Sort(got)
	if !slices.Equal(got, []string{signed("e1"), signed("e2")}) {
		t.Errorf("got %q", got)
	}
	stop()
	again.journal.Close()
	if third := build(t, path, nil); third.Pending() != 0 {
		t.Errorf("pending %d after all were delivered", third.Pending())
	}
}

func TestManyAtOnce(t *testing.T) {
	r := newReceiver(t)
	c := build(t, filepath.Join(t.TempDir(), "j"), nil)
	c.SetURL(r.URL)
	run(t, c)
	for i := range 200 {
		send(t, c, fmt.Sprint("e", i))
	}
	got := r.take(t, 200)
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 200 {
		t.Errorf("%d different events, want 200", n)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault faults.WebhookFault
		want  []string
	}{
		{name: "WHK-9 drop", fault: faults.WebhookFault{Do: "drop", Times: 1}, want: []string{"e2"}},
		{name: "WHK-8 repeat", fault: faults.WebhookFault{Do: "repeat", Times: 1, Copies: 2}, want: []string{"e1", "e1", "e1", "e2"}},
		{name: "delay", fault: faults.WebhookFault{Do: "delay", Times: 1, Delay: 50 * time.Millisecond}, want: []string{"e2", "e1"}},
		{name: "reorder", fault: faults.WebhookFault{Do: "reorder", Times: 1, Delay: time.Hour}, want: []string{"e2", "e1"}},
		{name: "reorder, nothing follows", fault: faults.WebhookFault{Do: "reorder", Type: "x.y", Delay: 30 * time.Millisecond}, want: []string{"e1", "e2"}},
		{name: "another provider's", fault: faults.WebhookFault{Do: "drop", Provider: "stripe"}, want: []string{"e1", "e2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			faultControl := faults.New(1)
			if err := faultControl.AddWebhook(tt.fault); err != nil {
				t.Fatal(err)
			}
			r := newReceiver(t)
			c := build(t, "", faultControl)
			c.AtOnce = 1 // so that the order can be compared
			c.SetURL(r.URL)
			run(t, c)
			send(t, c, "e1", "e2")
			got := r.take(t, len(tt.want))
			for i, id := range tt.want {
				if got[i] != signed(id) {
					t.Fatalf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}
