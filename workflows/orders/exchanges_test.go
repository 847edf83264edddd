package orders_test

import (
	"context"
	"slices"
	"time"

	"purser/order"
	"purser/workflows/orders"
	"purser/workflows/workflowtest"
)

// otherOrders are the orders that an order under test exchanges goods with, in memory: it
// opens an order in the record of the one that asks for it, and nothing happens to that.
type otherOrders struct {
	*runner
}

// PlaceExchange opens an order once.
func (o *otherOrders) PlaceExchange(ctx context.Context, r order.ExchangeRequest, decided *order.Pricing) (order.Order, error) {
	if err := o.inject("PlaceExchange", false); err != nil {
		return order.Order{}, err
	}
	placed, err := o.record.OpenOrder(ctx, order.Opening{
		ID: r.ID, RequestHash: r.Of.Hash(), Request: r.Request, ExchangeOf: &r.Of, Pricing: decided, Now: o.clock(), HoldUntil: o.clock().Add(order.ExchangePayWithin),
	})
	if err == nil {
		err = o.inject("PlaceExchange", true)
	}
	return placed, err
}

// ExchangeRuns reports that no order waits to be opened.
func (o *otherOrders) ExchangeRuns(context.Context, order.ID) (bool, error) {
	return false, o.inject("ExchangeRuns", false)
}

// ReturnCredit takes credit as an order does that is always right.
func (o *otherOrders) ReturnCredit(context.Context, order.ID, order.CreditReturn) error {
	if err := o.inject("ReturnCredit", false); err != nil {
		return err
	}
	return o.inject("ReturnCredit", true)
}

// toFirst gives the credit of an order back to the order that it came from, whose own
// workflow has ended.
type toFirst struct {
	first  *fixture
	second *fixture
}

func (x *toFirst) PlaceExchange(ctx context.Context, r order.ExchangeRequest, decided *order.Pricing) (order.Order, error) {
	return (&otherOrders{x.second.runner}).PlaceExchange(ctx, r, decided)
}

func (x *toFirst) ExchangeRuns(context.Context, order.ID) (bool, error) { return false, nil }

func (x *toFirst) ReturnCredit(_ context.Context, to order.ID, r order.CreditReturn) error {
	if err := x.second.inject("ReturnCredit", false); err != nil {
		return err
	}
	if to != x.first.id {
		return order.ErrNotFound
	}
	x.first.now = workflowtest.MaxTime(x.first.now, x.second.clock())
	got := new(updateResult)
	x.first.update(string(orders.TakeCredit), "", got, orders.TakeCreditRequest{CreditReturn: r, Sender: sentBy("purser", r.Reason)})
	switch got.refusal() {
	case "":
		return x.second.inject("ReturnCredit", true)
	case "NotRefundable":
		return &order.Refusal{Kind: order.ErrNotRefundable, Text: got.err.Error()}
	}
	return got.err
}

// exchangeOrder returns the order that the goods of a return of an order were exchanged
// for, as a fixture of its own. It is placed when the first was told to.
func (w *fixture) exchangeOrder(returnID string) *fixture {
	w.Helper()
	o := w.order()
	x := o.ReturnByID(returnID).Exchange
	opened, err := w.record.Order(context.Background(), x.OrderID)
	if err != nil {
		w.Fatalf("the exchange order: %v", err)
	}
	b := newFixture(w.TB)
	b.id = x.OrderID
	b.exchanges = &toFirst{first: w, second: b}
	b.placement.ID, b.placement.Hash, b.placement.ExchangeOf = x.OrderID, opened.ExchangeOf.Hash(), opened.ExchangeOf
	b.placement.Request.Lines, b.placement.Request.Currency = x.Lines, opened.Total.Currency
	b.placement.Terms.PayWithin = order.ExchangePayWithin
	return b
}

// asksInstead asks for a return whose goods are exchanged.
func (r *runner) asksInstead(id, sku string, n int64, instead ...order.RequestLine) *updateResult {
	got := new(updateResult)
	ask := order.ReturnRequest{ID: id, Lines: []order.ReturnItem{{SKU: sku, Quantity: n, Reason: "too small"}}, Exchange: instead}
	r.update(string(orders.RequestReturn), "", got, orders.ReturnRequest{ReturnRequest: ask, Sender: sentBy("key:shop", "too small")})
	return got
}

// exchanged scripts that pieces of the order's first line come back five days after
// placing, to be exchanged.
func (w *fixture) exchanged(n int64, got order.ReturnReceipt, instead ...order.RequestLine) {
	w.at(time.Minute, w.pay)
	w.arrive(0)
	got.Lines = slices.Clone(got.Lines)
	for i := range got.Lines {
		got.Lines[i].SKU = w.placement.Request.Lines[0].SKU
	}
	w.steps(3*day, func() *updateResult { return w.asksInstead("rt1", w.placement.Request.Lines[0].SKU, n, instead...) }, func() *updateResult { return w.decideReturn("rt1", order.StepApprove) })
	w.steps(5*day, func() *updateResult { return w.receiveReturn("rt1", got) })
}
