package e2e_test

import (
	"context"
	"encoding/json"
	"hash/crc32"
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
	"purser/soak"
)

// stack is `purser up` on a data directory, with clients of it. After it was
// stopped or killed it can be started again.
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

// running holds the addresses that a stack writes to its data directory.
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

// database is what a stack keeps its record and the engine's state in.
type database struct {
	name string
	env  func(*testing.T) []string
}

var databases = []database{
	{"sqlite", func(*testing.T) []string { return nil }},
	{"postgres", func(t *testing.T) []string { return []string{"DATABASE_URL=" + postgrestest.Database(t)} }},
}

func (d database) run(t *testing.T, test func(t *testing.T, env []string)) {
	t.Run(d.name, func(t *testing.T) {
		t.Parallel()
		test(t, d.env(t))
	})
}

// onEngines runs a test on SQLite and on Postgres, at the same time.
func onEngines(t *testing.T, test func(t *testing.T, env []string)) {
	for _, d := range databases {
		d.run(t, test)
	}
}

// onOneEngine runs a test on SQLite or on Postgres, which its name decides, and on both at full
// length.
func onOneEngine(t *testing.T, test func(t *testing.T, env []string)) {
	if soak.Full() {
		onEngines(t, test)
		return
	}
	databases[crc32.ChecksumIEEE([]byte(t.Name()))%2].run(t, test)
}

// newStack starts `purser up` in an empty data directory.
func newStack(t *testing.T, env []string, flags ...string) *stack {
	t.Helper()
	s := &stack{t: t, dir: t.TempDir(), env: env}
	s.args = append(append([]string{"up", "--data=" + s.dir, "--sandbox-pace=100ms"}, anyPort...), flags...)
	s.start()
	return s
}

// start starts the program and waits until it takes orders. Its ports differ after
// each start.
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

// recordURL returns the URL of the stack's record.
func (s *stack) recordURL() string {
	for _, e := range s.env {
		if len(e) > 13 && e[:13] == "DATABASE_URL=" {
			return e[13:]
		}
	}
	return "sqlite://" + filepath.Join(s.dir, "record.db")
}

// record opens the stack's record. On SQLite the stack must be stopped.
func (s *stack) record() *records.Store {
	s.t.Helper()
	store, err := records.Open(s.t.Context(), s.recordURL(), records.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = store.Close() })
	return store
}

// sandboxData opens the data of the sandbox of a stack that is stopped.
func (s *stack) sandboxData() *sandbox.Sandbox {
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

// count holds what the stand-in for Stripe counted for one order.
type count = sandboxstripe.Count

// workflows counts the workflows of orders, open and closed.
func (s *stack) workflows() int64 {
	s.t.Helper()
	c := s.temporal()
	return s.count(c, ofOrders)
}

// ofOrders is a visibility query for the workflows of orders; the catalogue has
// workflows of its own.
const ofOrders = "WorkflowType IN ('OrderWorkflow', 'AftercareWorkflow')"

func (s *stack) count(c client.Client, query string) int64 {
	s.t.Helper()
	resp, err := c.CountWorkflow(s.t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default", Query: query})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.GetCount()
}

// awaitIdle waits until no order has work left, also after its end: a mail whose
// provider was down is sent after its order has ended.
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
			s.t.Fatal("orders still have work to do")
		}
	}
}

// running returns the orders whose workflows are open.
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

// staleAfter is the age at which a mail in the state sending is no longer being
// sent: no call lasts as long.
const staleAfter = 15 * time.Second

// leftBehind reports whether an order's only work left is to record mails as
// unknown. They were being sent when the program was killed; it waits minutes
// before it records that, since another process might still be sending them.
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

// timeline returns an order's events so far.
func (s *stack) timeline(id order.ID) []shop.Event {
	s.t.Helper()
	var page struct{ Events []shop.Event }
	send(s.t, http.MethodGet, s.at.API+"/v1/orders/"+string(id)+"/events?limit=500", s.at.Key, nil).decode(s.t, &page)
	return page.Events
}

// temporal returns a client of the stack's engine.
func (s *stack) temporal() client.Client {
	s.t.Helper()
	c, err := client.DialContext(s.t.Context(), client.Options{HostPort: s.at.Temporal, Logger: quiet{}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// quiet is a logger for the Temporal client that discards everything.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

// intents returns the sandbox's counts of payment intents, by order.
func (s *stack) intents() map[string]count {
	s.t.Helper()
	var counts map[string]count
	getJSON(s.t, s.at.Sandbox+"/stripe/sandbox/counts", &counts)
	return counts
}

// within returns the test's context with testTimeout.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	return ctx
}
