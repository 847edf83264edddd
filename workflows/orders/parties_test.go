package orders_test

import (
	"context"
	"errors"

	"purser/activities/fake"
	"purser/order"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// parties are the outside parties of an order, in memory.
type parties struct {
	workflowtest.TB
	id      order.ID // of the order
	bank    fake.Bank
	carrier fake.Carrier
	mailer  fake.Mailer
	ledger  fake.Ledger
	record  fake.Record
	cases   casebook
	prices  fake.Prices
}

// intent returns the ID of the order's intent.
func (p *parties) intent() string {
	if in := p.order().Payment().Reference; in != "" {
		return in
	}
	in, _ := p.bank.IntentOf(p.id)
	return in.ID
}

// intentEvent returns the state of the order's intent at the bank.
func (p *parties) intentEvent() (order.PaymentEvent, error) {
	in, _ := p.bank.IntentOf(p.id)
	return in.PaymentEvent(), nil
}

// captureAtBank captures an intent at the bank, as a person does in its dashboard.
func (p *parties) captureAtBank(intentID string) (order.PaymentEvent, error) {
	in, err := p.bank.GetIntent(context.Background(), intentID)
	if err == nil {
		in, err = p.bank.CaptureIntent(context.Background(), intentID, in.Amount, "dashboard-capture-"+intentID)
	}
	return in.PaymentEvent(), err
}

// scanSilently scans the parcel; no event about it comes.
func (p *parties) scanSilently(s order.ParcelStatus) {
	p.Helper()
	if _, err := p.carrier.Scan(reference, s); err != nil {
		p.Fatalf("scan %s: %v", s, err)
	}
}

// voidAtCarrier voids the label at the carrier; no event about it comes.
func (p *parties) voidAtCarrier() {
	p.Helper()
	if err := p.carrier.VoidParcel(context.Background(), reference); err != nil {
		p.Fatalf("void: %v", err)
	}
}

// order returns the order as recorded.
func (p *parties) order() order.Order {
	o, err := p.record.Order(context.Background(), p.id)
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		p.Fatalf("record: %v", err)
	}
	return o
}

// state returns the order's state as recorded.
func (p *parties) state() orders.State {
	snapshot, err := p.record.Snapshot(context.Background(), p.id)
	if err != nil {
		p.Fatalf("snapshot: %v", err)
	}
	s, err := orders.Restore(snapshot)
	if err != nil {
		p.Fatalf("snapshot: %v", err)
	}
	return s
}

// events returns the order's timeline.
func (p *parties) events() []order.Event {
	all, err := p.record.Events(context.Background(), p.id, 0, 10_000)
	if err != nil {
		p.Fatalf("events: %v", err)
	}
	return all
}

// kinds returns the kinds of the order's events, in order.
func (p *parties) kinds() []order.Kind {
	var kinds []order.Kind
	for _, e := range p.events() {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// count returns the number of the order's events of a kind.
func (p *parties) count(k order.Kind) (n int) {
	for _, got := range p.kinds() {
		if got == k {
			n++
		}
	}
	return n
}
