package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	words "purser/mail"
	"purser/order"
	"purser/postgrestest"
	"purser/records"
	"purser/sandbox"
	sandboxcarrier "purser/sandbox/carrier"
	sandboxses "purser/sandbox/ses"
	sandboxstripe "purser/sandbox/stripe"
	"purser/shop"
)

// stack is `purser up` on a data directory, and who talks to it. Stopped or
// killed, it can be started again.
type stack struct {
	*process
	t    *testing.T
	dir  string
	cwd  string // the working directory; "": the test's
	env  []string
	args []string

	at      running
	shop    *shop.Client
	shopper *shop.Shopper
}

// running is what a stack leaves in its data directory.
type running struct {
	API            string `json:"api"`
	Key            string `json:"key"`
	Sandbox        string `json:"sandbox"`
	PublishableKey string `json:"publishableKey"`
	TemporalUI     string `json:"temporalUi"`
	Temporal       string `json:"temporal"`
}

// anyPort lets every part of a stack choose its port.
var anyPort = []string{"--listen=127.0.0.1:0", "--sandbox-port=0", "--temporal-port=0", "--ui-port=-1"}

// onEngines runs a test on SQLite and on Postgres.
func onEngines(t *testing.T, test func(t *testing.T, env []string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, nil) })
	t.Run("postgres", func(t *testing.T) { test(t, []string{"DATABASE_URL=" + postgrestest.Database(t)}) })
}

// newStack starts `purser up` in an empty data directory.
func newStack(t *testing.T, env []string, flags ...string) *stack {
	t.Helper()
	s := &stack{t: t, dir: t.TempDir(), env: env}
	s.args = append(append([]string{"up", "--data=" + s.dir, "--sandbox-pace=100ms"}, anyPort...), flags...)
	s.start()
	return s
}

// start runs the program until it is ready to take orders. Its doors are new
// ones each time.
func (s *stack) start() {
	s.t.Helper()
	s.process = launchIn(s.t, s.cwd, s.env, s.args...)
	s.says("Ctrl-C stops it")
	b, err := os.ReadFile(filepath.Join(s.dir, "running.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &s.at); err != nil {
		s.t.Fatal(err)
	}
	s.shop = &shop.Client{URL: s.at.API, Key: s.at.Key}
	s.shopper = &shop.Shopper{StripeURL: s.at.Sandbox + "/stripe", PublishableKey: s.at.PublishableKey}
}

// recordURL is where the stack's record lives.
func (s *stack) recordURL() string {
	for _, e := range s.env {
		if len(e) > 13 && e[:13] == "DATABASE_URL=" {
			return e[13:]
		}
	}
	return "sqlite://" + filepath.Join(s.dir, "record.db")
}

// record opens the stack's record; on SQLite the stack must be stopped.
func (s *stack) record() *records.Store {
	s.t.Helper()
	store, err := records.Open(s.t.Context(), s.recordURL(), records.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = store.Close() })
	return store
}

// world opens what the outside world keeps of a stack that is stopped.
func (s *stack) world() *sandbox.Sandbox {
	s.t.Helper()
	box, err := sandbox.New(sandbox.Config{
		DataDir: s.dir, Stripe: &sandboxstripe.Config{},
		Carrier: &sandboxcarrier.Config{Key: "unused", WebhookSecret: "unused"}, SES: &sandboxses.Config{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = box.Close() })
	return box
}

// count is what Stripe saw of one order.
type count = sandboxstripe.Count

// workflows counts the workflows the engine knows, open and closed.
func (s *stack) workflows() int64 {
	s.t.Helper()
	c := s.temporal()
	return s.count(c, ofOrders)
}

// ofOrders are the workflows of orders, as against those of the catalogue.
const ofOrders = "WorkflowType IN ('OrderWorkflow', 'LateWorkflow')"

func (s *stack) count(c client.Client, query string) int64 {
	s.t.Helper()
	resp, err := c.CountWorkflow(s.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default", Query: query})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.GetCount()
}

// awaitIdle waits until no order has anything left to do: a mail whose provider is
// down goes out after its order has ended.
func (s *stack) awaitIdle() {
	s.t.Helper()
	c := s.temporal()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(3 * time.Minute)
	for slices.ContainsFunc(s.running(c), func(id order.ID) bool { return !s.leftBehind(id) }) {
		select {
		case <-tick.C:
		case <-limit:
			s.t.Fatal("orders do not come to rest")
		}
	}
}

// running are the orders whose workflows are open.
func (s *stack) running(c client.Client) (ids []order.ID) {
	s.t.Helper()
	list, err := c.ListWorkflow(s.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Namespace: "default", Query: ofOrders + " AND ExecutionStatus = 'Running'"})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, w := range list.GetExecutions() {
		ids = append(ids, order.ID(strings.Split(w.GetExecution().GetWorkflowId(), "/")[1])) // order/ID, order/ID/late
	}
	return ids
}

// staleAfter is how long after it was begun a mail that is still being sent is
// so no more: no call lasts as long.
const staleAfter = 15 * time.Second

// leftBehind reports whether all that an order has left to do is to say of
// mails that nobody knows whether they went out. They were being sent when the
// program was killed, and it waits minutes before it says so: whoever was
// sending them might still be at it.
func (s *stack) leftBehind(id order.ID) bool {
	s.t.Helper()
	if !s.order(s.t, id).Status.Final() {
		return false
	}
	mails, err := s.shop.Mails(within(s.t), id)
	if err != nil {
		s.t.Fatal(err)
	}
	sending := 0
	for _, m := range mails {
		switch {
		case m.State == words.StateDue:
			return false
		case m.State == words.StateSending && time.Since(m.ClaimedAt) < staleAfter:
			return false
		case m.State == words.StateSending:
			sending++
		}
	}
	pendingMails := 0
	for _, e := range s.timeline(id) {
		if _, mailed := mailOf[e.Kind]; mailed {
			pendingMails++
		}
	}
	return sending > 0 && len(mails) >= pendingMails
}

// timeline is what an order's events are so far.
func (s *stack) timeline(id order.ID) []order.Event {
	s.t.Helper()
	var page struct{ Events []order.Event }
	send(s.t, http.MethodGet, s.at.API+"/v1/orders/"+string(id)+"/events?limit=500", s.at.Key, nil).decode(s.t, &page)
	return page.Events
}

// temporal is a client of the stack's engine.
func (s *stack) temporal() client.Client {
	s.t.Helper()
	c, err := client.DialContext(s.t.Context(), client.Options{HostPort: s.at.Temporal, Logger: quiet{}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// quiet is a log for the Temporal client that says nothing.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// intents counts the payment intents the sandbox has, by order.
func (s *stack) intents() map[string]count {
	s.t.Helper()
	var counts map[string]count
	getJSON(s.t, s.at.Sandbox+"/stripe/sandbox/counts", &counts)
	return counts
}

// within is the test's context with patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}
