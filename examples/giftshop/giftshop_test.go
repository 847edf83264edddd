package giftshop_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"purser/activities/fake"
	"purser/activities/mails"
	steps "purser/activities/orders"
	"purser/catalog"
	"purser/examples/giftshop"
	"purser/order"
	"purser/workers"
	"purser/workflows"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

const id = order.ID("ord_00000000000000000000000001")

// shop is one order of the shop under test: the real workflow and activities, with the
// outside parties in memory.
type shop struct {
	t       *testing.T
	bank    fake.Bank
	carrier fake.Carrier
	mailer  fake.Mailer
	ledger  fake.Ledger
	record  fake.Record
	cases   casebook
	short   bool // the first run of the workflow ends after the capture
	runs    int
	env     *testsuite.TestWorkflowEnvironment
	events  int

	mu   sync.Mutex
	done []string // what was done, in its sequence
	keys map[string]int
	fail func(call string) error // before and after each call of the two systems
}

// casebook has the cases that are open, by their ids, and the kinds of all.
type casebook struct {
	open  map[string]order.Case
	kinds []order.CaseKind
}

func (b *casebook) StartCase(_ context.Context, c order.Case) error {
	if b.open == nil {
		b.open = map[string]order.Case{}
	}
	b.open[c.ID] = c
	b.kinds = append(b.kinds, c.Kind)
	return nil
}

func (b *casebook) ReviewCase(_ context.Context, e order.CaseEnd) error {
	delete(b.open, e.ID)
	return nil
}

func (b *casebook) Cases(context.Context, order.CaseFilter) (order.CasePage, error) {
	return order.CasePage{Cases: slices.Collect(maps.Values(b.open))}, nil
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t, keys: map[string]int{}, fail: func(string) error { return nil }}
	mug := catalog.Product{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 10}
	if err := s.record.PutProducts(t.Context(), []catalog.Product{mug}); err != nil {
		t.Fatal(err)
	}
	s.carrier.Before = func(op, _ string) error { return s.noted(op) }
	s.bank.Before = func(op string, _ order.ID) error { return s.noted(op) }
	return s
}

// noted notes a step of Purser's own.
func (s *shop) noted(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op == "BookParcel" || op == "CaptureIntent" {
		s.done = append(s.done, op)
	}
	return nil
}

// call is one call of the warehouse or the ERP, which does the work once for each key.
func (s *shop) call(what, key string) error {
	if err := s.fail(what + " before"); err != nil {
		return err
	}
	s.mu.Lock()
	if s.keys[key]++; s.keys[key] == 1 {
		s.done = append(s.done, what)
	}
	s.mu.Unlock()
	return s.fail(what + " after")
}

func (s *shop) Wrap(_ context.Context, key string, _ order.ID, pieces int64) error {
	return s.call(fmt.Sprint("wrap ", pieces), key)
}

func (s *shop) PutSale(_ context.Context, key string, _ order.ID, total order.Money) error {
	return s.call("sale of "+total.String(), key)
}

type sealer struct{}

func (sealer) Seal(_ order.ID, secret string) (string, error) { return "sealed:" + secret, nil }

// play takes an order with these steps from its placing to its end, over as many runs as
// it takes.
func (s *shop) play(course orders.Course, extensions ...string) {
	s.t.Helper()
	p := orders.Placement{
		ID: id, Hash: "hash", Actor: "key:shop",
		Request: order.Request{
			Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
			ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", City: "Bristol", PostalCode: "BS1", Country: "GB"},
			Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
		},
		Terms:      orders.Terms{PayWithin: time.Hour, AskAfter: 2 * time.Minute, TrackAfter: 12 * time.Hour},
		Extensions: extensions,
	}
	began, paid, arrived := workflowtest.Start, false, false
	for again := true; again; {
		s.env = s.newEnv(began)
		s.runs++
		if s.short && s.runs == 1 {
			s.env.RegisterDelayedCallback(func() {
				s.env.SetContinueAsNewSuggested(true)
				in, _ := s.bank.IntentOf(id)
				e := in.PaymentEvent()
				s.report(nil, order.ProviderEvent{Type: "captured", Payment: &e}) // it looks at its history when something happens
			}, 20*time.Hour)
		}
		s.env.RegisterDelayedCallback(func() {
			if !paid {
				in, _ := s.bank.IntentOf(id)
				e, err := s.bank.Pay(in.ID)
				s.report(err, order.ProviderEvent{Type: "paid", Payment: &e})
				paid = true
			}
		}, time.Minute)
		s.env.RegisterDelayedCallback(func() {
			if o := s.order(); !arrived && len(o.Shipments) > 0 && o.Shipments[0].LabelID != "" {
				e, err := s.carrier.Scan(o.Shipments[0].Reference, order.ParcelDelivered)
				s.report(err, order.ProviderEvent{Type: "delivered", Parcel: &e})
				arrived = true
			}
		}, 30*time.Hour)
		s.env.ExecuteWorkflow(course.OrderWorkflow, p)
		began = s.env.Now()
		var next *workflow.ContinueAsNewError
		err := s.env.GetWorkflowError()
		if again = errors.As(err, &next); again {
			err = converter.GetDefaultDataConverter().FromPayloads(next.Input, &p)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shop) newEnv(now time.Time) *testsuite.TestWorkflowEnvironment {
	env := workflowtest.NewEnv(new(workflowtest.Observer))
	env.SetStartTime(now)
	env.SetWorkflowRunTimeout(365 * 24 * time.Hour)
	env.RegisterActivity(&steps.Activities{Record: &s.record, Orders: &s.record, Intents: &s.bank, Captures: &s.bank, Carrier: &s.carrier, Cases: &s.cases, CaseList: &s.cases, Sealer: sealer{}})
	env.RegisterActivity(&mails.Activities{MailRouter: &s.mailer, Templates: fake.MailTemplates{}, Ledger: &s.ledger})
	env.RegisterActivity(&giftshop.Activities{Warehouse: s, ERP: s})
	return env
}

// report sends the order an event of a provider.
func (s *shop) report(err error, e order.ProviderEvent) {
	if err != nil {
		s.t.Error(err)
	}
	s.events++
	e.ID, e.OrderID, e.Provider = fmt.Sprint("evt_", s.events), id, "bank"
	s.env.SignalWorkflow(string(orders.Reported), orders.Report{Version: workflows.MessageVersion, Events: []order.ProviderEvent{e}})
}

func (s *shop) order() order.Order {
	o, err := s.record.Order(context.Background(), id)
	if err != nil {
		s.t.Error(err)
	}
	return o
}

var course = orders.Course{Extensions: giftshop.Steps()}

// TestSteps: an order is wrapped before its label is booked, and the ERP learns of it after
// the capture, each once, whatever fails in between.
func TestSteps(t *testing.T) {
	want := []string{"wrap 2", "BookParcel", "CaptureIntent", "sale of 29.00 EUR"}
	for _, short := range []bool{false, true} {
		for _, lost := range []string{"", "wrap 2 before", "wrap 2 after", "sale of 29.00 EUR before", "sale of 29.00 EUR after"} {
			t.Run(fmt.Sprint(lost, " short ", short), func(t *testing.T) {
				s := newShop(t)
				s.short = short
				times := 0
				s.fail = func(call string) error {
					if call == lost {
						if times++; times <= 3 {
							return fmt.Errorf("%w: no response", order.ErrUnknownOutcome)
						}
					}
					return nil
				}
				s.play(course, course.IDs()...)
				if o := s.order(); o.Status != order.Delivered || len(o.Attention) > 0 {
					t.Errorf("the order is %s, %+v", o.Status, o.Attention)
				}
				if !slices.Equal(s.done, want) {
					t.Errorf("done %q, want %q", s.done, want)
				}
				if short != (s.runs > 1) {
					t.Errorf("%d runs", s.runs)
				}
				if lost != "" && times < 3 {
					t.Errorf("%s failed %d times", lost, times)
				}
			})
		}
	}
}

// TestRefusedStep: an order that cannot be wrapped is cancelled, and its money released. A
// sale that the ERP refuses needs attention, and the order goes on.
func TestRefusedStep(t *testing.T) {
	s := newShop(t)
	s.fail = func(call string) error {
		if call == "wrap 2 before" {
			return fmt.Errorf("%w: too large", order.ErrRejected)
		}
		return nil
	}
	s.play(course, course.IDs()...)
	o := s.order()
	// The compensation books the parcel in doubt, and voids it.
	if o.Status != order.Cancelled || o.Captured() != 0 || !slices.Equal(s.done, []string{"BookParcel"}) || o.Shipment().LabelID != "" || !strings.Contains(o.Reason, "too large") {
		t.Errorf("the order is %s: %s, done %q", o.Status, o.Reason, s.done)
	}

	s = newShop(t)
	refused := 0
	s.fail = func(call string) error {
		if call == "sale of 29.00 EUR before" {
			if refused++; refused <= 2 {
				return fmt.Errorf("%w: unknown account", order.ErrRejected)
			}
		}
		return nil
	}
	s.play(course, course.IDs()...)
	events, err := s.record.Events(t.Context(), id, 0, 100)
	asked := slices.ContainsFunc(events, func(e order.Event) bool {
		return e.Kind == order.OrderNeedsAttention && e.Ref == "erp_sync" && strings.Contains(e.Why, "unknown account")
	})
	if o := s.order(); err != nil || o.Status != order.Delivered || !asked || !slices.Contains(s.done, "sale of 29.00 EUR") || refused != 3 {
		t.Errorf("the order is %s, asked %t, done %q, refused %d times, %v", o.Status, asked, s.done, refused, err)
	}
	if len(s.cases.kinds) == 0 || s.cases.kinds[0] != order.CaseOwnStep {
		t.Errorf("cases of %q", s.cases.kinds)
	}
}

// TestOrdersUnderWay: an order that was placed before the steps were added takes none of
// them.
func TestOrdersUnderWay(t *testing.T) {
	s := newShop(t)
	s.play(course)
	if want := []string{"BookParcel", "CaptureIntent"}; s.order().Status != order.Delivered || !slices.Equal(s.done, want) {
		t.Errorf("the order is %s, done %q", s.order().Status, s.done)
	}
}

// TestReplay replays the saved history of an order with the steps, and Purser's own
// histories, which have none.
func TestReplay(t *testing.T) {
	saved, err := filepath.Glob("testdata/*.json")
	if err != nil || len(saved) == 0 {
		t.Fatalf("no history to replay: %v", err)
	}
	for _, file := range saved {
		if err := replay(t, course, file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if err := replay(t, orders.Course{}, file); err == nil || !strings.Contains(err.Error(), "gift_wrap") {
			t.Errorf("%s, in a build without the steps: %v", file, err)
		}
	}
	if err := replay(t, course, "../../workflows/testdata/histories/v0.1-plain.json"); err != nil {
		t.Errorf("an order without the steps: %v", err)
	}
}

// TestPage: the code that docs/extending.md shows is the code that is tested here. What it
// shows with "…" is in no file.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range []string{"activities.go", "workflow.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	shown := 0
	for i, part := range strings.Split(string(page), "```go\n") {
		block, _, _ := strings.Cut(part, "```")
		if i == 0 || strings.Contains(block, "…") {
			continue
		}
		if shown++; !strings.Contains(code.String(), block) {
			t.Errorf("the example does not have\n%s", block)
		}
	}
	if shown < 3 {
		t.Errorf("the page shows %d pieces of the example", shown)
	}
}

func replay(t *testing.T, c orders.Course, file string) error {
	t.Helper()
	r := worker.NewWorkflowReplayer()
	workers.RegisterWorkflows(r, c)
	return r.ReplayWorkflowHistoryFromJSONFile(workflowtest.Quiet(), file)
}
