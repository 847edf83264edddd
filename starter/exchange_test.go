//go:build !lean

package starter_test

import (
	"testing"

	"purser/order"
)

// TestExchangeRuns (REF-9): whether an order has begun is read from the engine.
func TestExchangeRuns(t *testing.T) {
	d := newOrderFixture(t)
	b := &buttons{orderFixture: d, id: order.IDForKey("exchange", "runs")}
	runs := func(id order.ID) bool {
		got, err := b.starter.ExchangeRuns(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	b.place(b.id)
	if !runs(b.id) || runs(order.NewID()) {
		t.Error("an order that has begun does not run, or one that has not does")
	}
	b.cancel()
	b.await("the end of its workflow", func() bool { return !runs(b.id) })
}
