//go:build !lean

package record_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/activities/fake"
	mailactivities "purser/activities/mails"
	orderactivities "purser/activities/orders"
	"purser/catalog"
	"purser/order"
	"purser/starter"
	"purser/workers"
	"purser/workflows/orders"
)

// bench has a real engine and real workers, with the outside parties in memory.
type bench struct {
	client  client.Client
	bank    fake.Bank
	carrier fake.Carrier
	mailer  fake.Mailer
	ledger  fake.Ledger
	record  fake.Record
	outage  atomic.Bool // the carrier is down
	// refusesRefunds: the payment provider refuses every refund.
	refusesRefunds atomic.Bool
}

func (b *bench) activities() workers.Activities {
	return workers.Activities{
		Orders: &orderactivities.Activities{
			Record: &b.record, Orders: &b.record, Intents: &b.bank, Captures: &b.bank, Carrier: &b.carrier, Cases: noCases{}, CaseList: noCases{}, Catalogue: &b.record, Sealer: sealer{},
			Prices: &fake.Prices{Record: &b.record}, Exchanges: opened{&b.record},
		},
		Mails: &mailactivities.Activities{MailRouter: &b.mailer, Templates: fake.MailTemplates{}, Ledger: &b.ledger},
	}
}

func (b *bench) stock(t *testing.T) {
	t.Helper()
	mug := catalog.Product{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 100}
	if err := b.record.PutProducts(t.Context(), []catalog.Product{mug}); err != nil {
		t.Fatal(err)
	}
}

// noCases opens no cases: their histories are not recorded.
type noCases struct{}

func (noCases) StartCase(context.Context, order.Case) error { return nil }
func (noCases) Cases(context.Context, order.CaseFilter) (order.CasePage, error) {
	return order.CasePage{}, nil
}
func (noCases) ReviewCase(context.Context, order.CaseEnd) error { return nil }

// sealer seals a secret with a prefix.
type sealer struct{}

func (sealer) Seal(_ order.ID, secret string) (string, error) { return "sealed:" + secret, nil }

func (sealer) Unseal(_ order.ID, sealed string) (string, error) {
	return strings.TrimPrefix(sealed, "sealed:"), nil
}

// hashed is the record without request hashes, because no order is placed twice here.
type hashed struct{ *fake.Record }

func (hashed) RequestHash(context.Context, order.ID) (string, error) { return "", nil }

// life drives one order from its placing to its end.
type life struct {
	*bench
	t       *testing.T
	id      order.ID
	starter *starter.Client
	intent  string
	events  int

	receivedAfter time.Duration
	pieces        int64    // the most in one parcel; 0: all
	operator      bool     // a person makes the parcels
	extensions    []string // the steps of the shop's own
}

func (b *bench) begin(t *testing.T, name string) *life {
	return &life{bench: b, t: t, id: order.IDForKey("histories", name)}
}

func (l *life) place(payWithin time.Duration) order.Money {
	l.t.Helper()
	by := orders.ParcelsBy("")
	if l.operator {
		by = orders.ParcelsByOperator
	}
	l.starter = &starter.Client{Temporal: l.client, Record: hashed{&l.record}, Vault: sealer{}, Terms: orders.Terms{
		PayWithin: payWithin, AskAfter: payWithin / 2, TrackAfter: time.Hour, ReceivedAfter: l.receivedAfter, ParcelPieces: l.pieces, Parcels: by,
	}, Extensions: l.extensions}
	o, secret, err := l.starter.Place(l.t.Context(), l.id, order.Request{
		Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
		ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", City: "Bristol", PostalCode: "BS1", Country: "GB"},
		Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
	}, nil, "key:shop", "corr-1")
	if err != nil || secret == "" {
		l.t.Fatal(err)
	}
	l.intent = o.Payment().Reference
	return o.Total
}

// pay lets the shopper pay, and reports it.
func (l *life) pay() {
	l.t.Helper()
	l.report(l.bank.Pay(l.intent))
}

func (l *life) report(p order.PaymentEvent, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	l.deliver(order.ProviderEvent{Type: "payment_intent." + string(p.Status), Payment: &p})
}

func (l *life) deliver(n order.ProviderEvent) {
	l.t.Helper()
	l.events++
	n.ID, n.OrderID, n.Provider, n.At = fmt.Sprintf("evt_%d", l.events), l.id, "bank", time.Now().UTC()
	err := l.starter.Report(l.t.Context(), l.id, []order.ProviderEvent{n})
	if errors.Is(err, order.ErrClosed) {
		err = l.starter.ReportLate(l.t.Context(), l.id, []order.ProviderEvent{n})
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// arrive follows the order from its payment to its delivery.
func (l *life) arrive() {
	l.t.Helper()
	l.awaitStatus(order.Paid)
	if in, ok := l.bank.IntentOf(l.id); ok {
		l.report(in.PaymentEvent(), nil)
	}
	l.await("the confirmation of the payment", func(order.Order) bool { return l.happened(order.PaymentConfirmed) })
	l.scan(order.ParcelInTransit)
	l.awaitStatus(order.Shipped)
	l.scan(order.ParcelDelivered)
	l.end(order.Delivered)
}

func (l *life) scan(s order.ParcelStatus) {
	l.t.Helper()
	l.scanParcel(1, s)
}

// scanParcel scans one of the order's parcels, and reports it.
func (l *life) scanParcel(number int, s order.ParcelStatus) {
	l.t.Helper()
	p, err := l.carrier.Scan(fmt.Sprintf("%s-%d", l.id, number), s)
	if err != nil {
		l.t.Fatal(err)
	}
	l.deliver(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &p})
}

func (l *life) happened(k order.Kind) bool {
	events, _ := l.record.Events(l.t.Context(), l.id, 0, 1000)
	for _, e := range events {
		if e.Kind == k {
			return true
		}
	}
	return false
}

func (l *life) awaitStatus(s order.Status) {
	l.t.Helper()
	l.await(string(s), func(o order.Order) bool { return o.Status == s })
}

// await reads the record until the condition holds.
func (l *life) await(what string, there func(order.Order) bool) {
	l.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		o, err := l.record.Order(l.t.Context(), l.id)
		if err == nil && there(o) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			l.t.Fatalf("%s did not come: %+v", what, o)
		}
	}
}

// resolve carries out a person's decision.
func (l *life) resolve(c order.Choice) {
	l.t.Helper()
	if _, err := l.starter.Resolve(l.t.Context(), l.id, c, "key:ops", "looked at it", ""); err != nil {
		l.t.Fatal(err)
	}
}

// end waits for the workflow to end.
func (l *life) end(want order.Status) {
	l.t.Helper()
	var out orders.Outcome
	if err := l.client.GetWorkflow(l.t.Context(), l.id.WorkflowID(), "").Get(l.t.Context(), &out); err != nil || out.Status != want {
		l.t.Fatalf("ended %+v, %v; want %s", out, err, want)
	}
}
