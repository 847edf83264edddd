package orders_test

import (
	"context"
	"time"

	"purser/activities/fake"
	"purser/catalog"
	"purser/mail"
	"purser/order"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

const (
	id        = order.ID("ord_00000000000000000000000001")
	reference = string(id) + "-1"
	hash      = "hash-1"
	onHand    = 5 // pieces of each product
)

// fixture is one order under test: its workflow with the real activities, the
// outside parties in memory, the injected faults, the script and the checks. Its
// own methods are what a shopper, a provider or a person at a provider does.
type fixture struct {
	*parties
	*faults
	*script
	*providerEvents
	*runner
	*checks
}

func newFixture(t workflowtest.TB) *fixture {
	p, f, s := &parties{TB: t, id: id}, new(faults), new(script)
	r := &runner{parties: p, faults: f, script: s, placement: newPlacement()}
	f.currentTime = r.clock
	w := &fixture{p, f, s, &providerEvents{parties: p}, r, &checks{runner: r, refundedByHand: map[string]int64{}}}
	err := w.record.PutProducts(context.Background(), []catalog.Product{
		{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: onHand},
		{SKU: "vase", Name: "Vase", Price: 3999, Currency: "EUR", OnHand: onHand},
		{SKU: "cup", Name: "Cup", Price: 700, Currency: "EUR", OnHand: 1000},
		{SKU: "ebook", Name: "E-book", Price: 900, Currency: "EUR", OnHand: onHand, Goods: order.Goods{Shipping: order.ShippingNone}, Delivery: "https://shop.example/ebook\nPassword: knots"},
		{SKU: "setup", Name: "Set-up", Price: 5000, Currency: "EUR", OnHand: onHand, Goods: order.Goods{Shipping: order.ShippingNone}},
		{SKU: "pin", Name: "Pin", Price: 24, Currency: "EUR", OnHand: onHand},
		{SKU: "bowl", Name: "Bowl", Price: 6800, Currency: "JPY", OnHand: onHand},
		{SKU: "oud", Name: "Oud", Price: 12_750, Currency: "KWD", OnHand: onHand},
	})
	if err != nil {
		t.Fatalf("products: %v", err)
	}
	w.bank.Before, w.bank.After = w.hooks()
	before, after := w.hooks()
	w.prices = fake.Prices{Record: &w.record}
	w.prices.Before, _ = w.hooks()
	w.carrier.Before = func(op, _ string) error { return before(op, id) }
	w.carrier.After = func(op, _ string) error { return after(op, id) }
	w.record.Before, w.record.After = w.hooks()
	w.mailer.Before = func(mail.Message) error { return before("SendMail", id) }
	w.mailer.After = func(mail.Message) error { return after("SendMail", id) }
	return w
}

func newPlacement() orders.Placement {
	return orders.Placement{
		ID: id, Hash: hash, Actor: "key:shop", Correlation: "corr-1",
		Request: order.Request{
			Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
			ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", City: "Bristol", PostalCode: "BS1", Country: "GB"},
			Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
		},
		Terms: orders.Terms{PayWithin: 30 * time.Minute, AskAfter: 2 * time.Minute, TrackAfter: 12 * time.Hour, OverdueAfter: 14 * 24 * time.Hour, ReceivedAfter: 10 * time.Minute},
	}
}

// run follows the script to its end and returns the checks of the outcome.
func (w *fixture) run() *checks {
	w.Helper()
	w.follow()
	return w.checks
}

// pay lets the shopper pay, and reports it.
func (w *fixture) pay() { w.sendEvents(w.paid(w.bank.Pay(w.intent()))) }

// decline lets the shopper's bank decline the card, and reports it.
func (w *fixture) decline(code, decline string) {
	w.sendEvents(w.paid(w.bank.Decline(w.intent(), code, decline)))
}

// scan lets the carrier scan the parcel, and reports it.
func (w *fixture) scan(s order.ParcelStatus) { w.sendEvents(w.scanned(s)) }

// arriveAs does what arrive does for the parcel with a reference.
func (w *fixture) arriveAs(reference string, after time.Duration) {
	for at, s := range map[time.Duration]order.ParcelStatus{after + 2*time.Hour: order.ParcelInTransit, after + 24*time.Hour: order.ParcelDelivered} {
		w.at(at, func() {
			e, err := w.carrier.Scan(reference, s)
			if err != nil {
				w.Fatalf("scan: %v", err)
			}
			w.sendEvents(w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &e}))
		})
	}
}

// arrive scripts that the parcel is picked up two hours, and delivered one day,
// after a time.
func (w *fixture) arrive(after time.Duration) {
	w.at(after+2*time.Hour, func() { w.scan(order.ParcelInTransit) })
	w.at(after+24*time.Hour, func() { w.scan(order.ParcelDelivered) })
}
