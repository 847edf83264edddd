//go:build !lean

package starter_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	caseactivities "purser/activities/cases"
	"purser/activities/fake"
	mailactivities "purser/activities/mails"
	orderactivities "purser/activities/orders"
	"purser/activities/unattended"
	"purser/catalog"
	temporalserver "purser/engine"
	"purser/mail"
	"purser/order"
	"purser/starter"
	"purser/workers"
	"purser/workflows"
	"purser/workflows/orders"
)

// orderFixture runs orders on a real engine, over ports in memory.
type orderFixture struct {
	*testing.T
	temporal client.Client
	starter  *starter.Client
	bank     fake.Bank
	carrier  fake.Carrier
	record   fake.Record
	mailer   fake.Mailer
	cases    fake.Cases
	away     atomic.Bool // the carrier is down
	stuck    sync.Map    // the keys of mails that cannot be sent
	placed   []order.ID
}

// hashes is a record in which each order has the same request.
type hashes struct{ *fake.Record }

func (h hashes) RequestHash(ctx context.Context, id order.ID) (string, error) {
	_, err := h.Order(ctx, id)
	return wanted.Hash(), err
}

var wanted = order.Request{
	Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
	ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", City: "Bristol", PostalCode: "BS1", Country: "GB"},
	Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
}

// wrap seals a secret with a prefix.
type wrap struct{}

func (wrap) Seal(_ order.ID, secret string) (string, error) { return "sealed:" + secret, nil }

func (wrap) Unseal(_ order.ID, sealed string) (string, error) {
	return strings.TrimPrefix(sealed, "sealed:"), nil
}

func newOrderFixture(t *testing.T) *orderFixture {
	t.Helper()
	d := &orderFixture{T: t}
	d.stock(10)
	d.carrier.Before = func(op, _ string) error {
		if op == "BookParcel" && d.away.Load() {
			return &order.ProviderError{Provider: "carrier", Op: op, Kind: order.ErrUnavailable}
		}
		return nil
	}
	d.mailer.Before = func(m mail.Message) error {
		if _, stuck := d.stuck.Load(m.ID); stuck {
			return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: order.ErrUnavailable}
		}
		return nil
	}
	d.open()
	return d
}

func (d *orderFixture) stock(pieces int64) {
	d.Helper()
	if err := d.record.PutProducts(d.Context(), []catalog.Product{{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: pieces}}); err != nil {
		d.Fatal(err)
	}
}

// open starts an engine that knows no order.
func (d *orderFixture) open() {
	d.Helper()
	quiet := slog.New(slog.DiscardHandler)
	e, err := temporalserver.Start(d.Context(), temporalserver.Config{
		DataDir: d.TempDir(), UIPort: -1, Logger: quiet,
		SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(e.Stop)
	if d.temporal, err = client.Dial(client.Options{HostPort: e.Address(), Logger: quiet}); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(d.temporal.Close)
	d.starter = &starter.Client{Temporal: d.temporal, Record: hashes{&d.record}, Vault: wrap{}, Cases: &d.cases, Terms: orders.Terms{
		PayWithin: time.Hour, AskAfter: time.Hour, TrackAfter: time.Hour,
	}}
	set := workers.New(d.temporal, workers.Activities{
		Orders: &orderactivities.Activities{
			Record: &d.record, Orders: &d.record, Intents: &d.bank, Captures: &d.bank, Carrier: &d.carrier, Cases: d.starter, CaseList: &d.cases, Catalogue: &d.record, Sealer: wrap{},
		},
		Mails: &mailactivities.Activities{
			MailRouter: &d.mailer, Templates: fake.MailTemplates{}, Ledger: &fake.Ledger{}, ToShop: mail.Address{Email: "disputes@shop.example"},
		},
		Cases: &caseactivities.Activities{
			Record: &d.cases, Orders: caseOrders{d}, Matters: noMatters{}, Workflows: d.starter, ToShop: mail.Address{Email: "disputes@shop.example"},
		},
		Unattended: &unattended.Activities{Orders: placedOrders{d}, Attendant: d.starter},
	}, workers.Limits{})
	if err := set.Start(); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(set.Stop)
}

func (d *orderFixture) place(id order.ID) order.Order {
	d.Helper()
	o, secret, err := d.starter.Place(d.Context(), id, wanted, nil, "key:shop", "corr-1")
	if err != nil || secret == "" {
		d.Fatalf("place: %+v, %v", o, err)
	}
	d.placed = append(d.placed, id)
	return o
}

// end terminates an order's workflow.
func (d *orderFixture) end(id order.ID) {
	d.Helper()
	if err := d.temporal.TerminateWorkflow(d.Context(), id.WorkflowID(), "", "by hand"); err != nil {
		d.Fatal(err)
	}
}

// runID returns the ID of a workflow's latest run that the engine knows, or "".
func (d *orderFixture) runID(workflowID string) string {
	d.Helper()
	info, err := d.temporal.DescribeWorkflowExecution(d.Context(), workflowID, "")
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return ""
	}
	if err != nil {
		d.Fatal(err)
	}
	return info.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

func (d *orderFixture) await(what string, there func() bool) {
	d.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !there() {
		select {
		case <-tick.C:
		case <-deadline:
			d.Fatalf("%s did not come", what)
		}
	}
}

// placeAgain repeats the request for an order without a workflow: the same request returns
// the same order, another is refused, and no workflow is started (IDEM-1, IDEM-2, IDEM-8).
func (d *orderFixture) placeAgain(id order.ID, want order.Order) {
	d.Helper()
	was := d.runID(id.WorkflowID())
	for range 2 {
		o, _, err := d.starter.Place(d.Context(), id, wanted, nil, "key:shop", "corr-2")
		if err != nil || o.ID != id || o.Status != want.Status || o.Payment().Reference != want.Payment().Reference {
			d.Errorf("placed again: %s %s, %v; want %s %s", o.Status, o.Payment().Reference, err, want.Status, want.Payment().Reference)
		}
	}
	other := wanted
	other.Lines = []order.RequestLine{{SKU: "mug", Quantity: 3}}
	if _, _, err := d.starter.Place(d.Context(), id, other, nil, "key:shop", "corr-3"); !errors.Is(err, order.ErrOtherRequest) {
		d.Errorf("another request: %v", err)
	}
	if d.runID(id.WorkflowID()) != was {
		d.Error("a second workflow was begun: it would swallow the events that come in the meantime")
	}
	if n := d.bank.Count(id).Intents; n != 1 {
		d.Errorf("%d intents", n)
	}
}

func (d *orderFixture) left() int64 {
	d.Helper()
	offers, err := d.record.Offers(d.Context(), []string{"mug"})
	if err != nil {
		d.Fatal(err)
	}
	return offers["mug"].Available
}

// TestForgotten (IDEM-1, IDEM-7, SHP-4, F90): an order that has no workflow any more, or
// that the engine has forgotten, is still in the record. It is not started again, and
// cancelling it releases the money and the goods.
func TestForgotten(t *testing.T) {
	d := newOrderFixture(t)
	d.away.Store(true)
	held := order.IDForKey("forgotten", "held")
	o := d.place(held)
	n, err := d.bank.Pay(o.Payment().Reference)
	if err == nil {
		err = d.starter.Report(t.Context(), held, []order.ProviderEvent{{ID: "evt_held", Type: "x", OrderID: held, Payment: &n}})
	}
	if err != nil {
		t.Fatal(err)
	}
	d.await("the money", func() bool {
		o, err = d.record.Order(t.Context(), held)
		return err == nil && o.Status == order.Authorized
	})
	d.end(held)
	d.away.Store(false)
	d.placeAgain(held, o)
	d.cancelled(held)

	unpaid := order.IDForKey("forgotten", "unpaid")
	o = d.place(unpaid)
	d.end(unpaid)
	d.open()
	d.placeAgain(unpaid, o)
	d.cancelled(unpaid)
}

// cancelled cancels an order that has no workflow.
func (d *orderFixture) cancelled(id order.ID) {
	d.Helper()
	for range 2 {
		o, err := d.starter.Cancel(d.Context(), id, "key:shop", "changed my mind", "corr-4")
		if err != nil || o.Status != order.Cancelled || o.Reason != "changed my mind" {
			d.Errorf("cancelled: %s %q, %v", o.Status, o.Reason, err)
		}
		d.placeAgain(id, o)
	}
	if in, _ := d.bank.IntentOf(id); in.Status != order.PaymentCanceled || d.left() != 10 {
		d.Errorf("the intent is %s, %d are left", in.Status, d.left())
	}
}
