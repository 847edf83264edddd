//go:build !lean

package record_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/order"
	"purser/workflows/orders"
)

// recordReturns runs orders that are changed, packed by a person, sent back or exchanged, and
// saves their histories; for goods that come back, that of AftercareWorkflow.
func recordReturns(t *testing.T, b *bench, label string) {
	file := func(name string) string {
		return filepath.Join("..", "testdata", "histories", label+"-"+name+".json")
	}
	for name, live := range map[string]func(*life){"changed": changed, "changed-unpaid": changedUnpaid, "packed": packed} {
		t.Run(name, func(t *testing.T) {
			l := b.begin(t, name)
			live(l)
			save(t, file(name), l.history())
		})
	}
	for name, instead := range map[string][]order.RequestLine{"sent-back": nil, "exchanged": {{SKU: "mug", Quantity: 1}}} {
		t.Run(name, func(t *testing.T) {
			l := b.begin(t, name)
			plain(l)
			l.sendBack(instead)
			late := orders.AftercareWorkflowID(l.id)
			if err := l.client.GetWorkflow(t.Context(), late, "").Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			save(t, file(name+"-late"), historyOf(t, l.client, late))
		})
	}
}

// sendBack has a mug sent back, and refunded or exchanged for other goods.
func (l *life) sendBack(instead []order.RequestLine) {
	l.t.Helper()
	ctx := l.t.Context()
	_, err := l.starter.RequestReturn(ctx, l.id, order.ReturnRequest{ID: "rt1", Reason: "too small", Lines: []order.ReturnItem{{SKU: "mug", Quantity: 1}}, Exchange: instead}, "key:shop", "")
	if err == nil {
		_, err = l.starter.DecideReturn(ctx, l.id, order.ReturnDecision{ID: "rt1", Step: order.StepApprove}, "key:ops", "in time", "")
	}
	if err == nil {
		_, err = l.starter.ReceiveReturn(ctx, l.id, "rt1", order.ReturnReceipt{Lines: []order.ReceivedItem{{SKU: "mug", Quantity: 1, Restock: true}}}, "key:ops", "unpacked", "")
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.await("the end of the return", func(o order.Order) bool { return len(o.Returns) == 1 && o.Returns[0].Status == order.ReturnClosed })
}

// changed changes what a paid order costs, up and down: the shopper pays the difference.
func changed(l *life) {
	l.operator = true
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Authorized)
	l.change("more", 3)
	l.await("the payment of the difference", func(o order.Order) bool {
		return len(o.Payments) == 2 && o.Payments[1].Reference != ""
	})
	first := l.intent
	for _, in := range l.bank.Intents(l.id) {
		if in.ID != first {
			l.intent = in.ID
		}
	}
	l.pay()
	l.awaitEvent(order.OrderChanged)
	l.intent = first
	l.change("less", 1)
	l.pack(1)
	l.arriveBy(1)
}

// changedUnpaid changes an order before it is paid: the shopper pays another sum.
func changedUnpaid(l *life) {
	l.place(time.Minute)
	l.change("more", 3)
	in, ok := l.bank.IntentOf(l.id)
	if !ok {
		l.t.Fatal("no payment")
	}
	l.intent = in.ID
	l.pay()
	l.arrive()
}

// packed is an order whose two parcels a person makes.
func packed(l *life) {
	l.operator = true
	l.place(time.Minute)
	l.pay()
	l.awaitStatus(order.Authorized)
	l.pack(1)
	l.pack(2)
	l.arriveBy(1, 2)
}

func (l *life) change(id string, mugs int64) {
	l.t.Helper()
	_, _, err := l.starter.ChangeOrder(l.t.Context(), l.id, order.ChangeRequest{ID: id, Lines: []order.RequestLine{{SKU: "mug", Quantity: mugs}}, Reason: "the shopper has called"}, "key:shop", "")
	if err != nil {
		l.t.Fatal(err)
	}
}

// pack puts a mug into a parcel of its own.
func (l *life) pack(number int) {
	l.t.Helper()
	plan := order.ParcelPlan{ID: string(rune('a' + number)), Lines: []order.LineQuantity{{SKU: "mug", Quantity: 1}}}
	if _, err := l.starter.AddParcel(l.t.Context(), l.id, plan, "key:ops", "packed", ""); err != nil {
		l.t.Fatal(err)
	}
}

// arriveBy follows parcels to the shopper.
func (l *life) arriveBy(numbers ...int) {
	l.t.Helper()
	for _, n := range numbers {
		l.scanParcel(n, order.ParcelInTransit)
	}
	for _, n := range numbers {
		l.scanParcel(n, order.ParcelDelivered)
	}
	l.end(order.Delivered)
}

// opened are the orders that goods are exchanged for: they are opened, and nothing more.
type opened struct{ *fake.Record }

func (o opened) PlaceExchange(ctx context.Context, r order.ExchangeRequest, decided *order.Pricing) (order.Order, error) {
	now := time.Now()
	return o.OpenOrder(ctx, order.Opening{
		ID: r.ID, RequestHash: r.Of.Hash(), Request: r.Request, ExchangeOf: &r.Of, Pricing: decided, Now: now, HoldUntil: now.Add(order.ExchangePayWithin),
	})
}

func (opened) ExchangeRuns(context.Context, order.ID) (bool, error) { return false, nil }

func (opened) ReturnCredit(context.Context, order.ID, order.CreditReturn) error { return nil }
