package porttest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

func refusesIllegal(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	c := follow(placed, order.Delivered, order.ParcelArrived, order.StockShip)
	if err := r.SaveOrder(t.Context(), c); !errors.Is(err, order.ErrIllegalMove) {
		t.Errorf("from placed to delivered: got %v, want ErrIllegalMove", err)
	}
	r.wantStored(t, placed)
	r.wantAvailable(t, "mug", 9)
}

func eventsWithChange(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	a := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	b := follow(a.Order, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
	b.Order.Payments = []order.Payment{{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentAuthorized, Authorized: 1450, AuthorizedAt: r.now}}
	b.Order.Shipments = []order.Shipment{{Number: 1, Reference: "ref-1", LabelID: "lbl_1", Tracking: "T1", Carrier: "c", Status: order.ParcelBooked}}
	b.Order.Waiting = &order.Waiting{On: "carrier", Until: r.now, Then: "ask"}
	b.Events = append(a.Events, b.Events...) // two moves in one change
	b.Attempt = "capture"
	if err := r.SaveOrder(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, b.Order)
	got, err := r.Events(t.Context(), placed.ID, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.Events, got); diff != "" {
		t.Errorf("events after 2 (-want +got):\n%s", diff)
	}
	if got, err := r.Events(t.Context(), placed.ID, 1, 2); err != nil || len(got) != 2 || got[0].Seq != 2 {
		t.Errorf("two events after 1: got %v %v", got, err)
	}
}

func repeatedChange(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	a := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	b := follow(a.Order, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
	for _, c := range []order.Change{a, a, b, a, b} {
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	r.wantStored(t, b.Order)
	if got, err := r.Events(t.Context(), placed.ID, 0, 0); err != nil || len(got) != 4 {
		t.Errorf("got %d events %v, want 4", len(got), err)
	}
}

// waitAlone checks a change of Waiting alone: version and events stay, and
// superseded writes stay superseded.
func waitAlone(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	c := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	c.Fence = 10
	c.Order.Waiting = &order.Waiting{On: "payment", Until: r.now, Then: "ask"}
	later := order.Change{Order: c.Order, Fence: 20}
	later.Order.Waiting = &order.Waiting{On: "payment", Until: r.now.Add(time.Hour), Then: "ask"}
	for _, c := range []order.Change{c, later, later, c} {
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	r.wantStored(t, later.Order)
	if got, err := r.Events(t.Context(), placed.ID, 0, 0); err != nil || len(got) != 3 {
		t.Errorf("got %d events %v, want 3", len(got), err)
	}
}

// lostAttempt checks a process that writes two events and dies before Temporal
// records it. The next attempt receives another event and writes one event of
// its own, which no late write of the first attempt replaces.
func lostAttempt(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	ready := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	ready.Fence = 5
	lost := follow(ready.Order, order.Authorized, order.PaymentWasAuthorized, order.StockKeep)
	lostToo := follow(lost.Order, order.Paid, order.PaymentWasCaptured, order.StockStays)
	lost.Fence, lostToo.Fence = 5, 5
	kept := follow(ready.Order, order.Cancelling, order.CancelRequested, order.StockStays)
	kept.Fence = 9
	ended := follow(kept.Order, order.Cancelled, order.OrderCancelled, order.StockRelease)
	ended.Fence = 9
	for i, c := range []order.Change{ready, lost, lostToo, kept, lost, ended, lostToo, kept} {
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	r.wantStored(t, ended.Order)
	got, err := r.Events(t.Context(), placed.ID, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []order.Event{ready.Events[0], kept.Events[0], ended.Events[0]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events after 2 (-want +got):\n%s", diff)
	}
	r.wantAvailable(t, "mug", 10)
}

func gap(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	a := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	b := follow(a.Order, order.Authorized, order.PaymentWasAuthorized, order.StockShip)
	unknown := follow(order.Order{ID: order.NewID(), Status: order.Placed, Version: 2, UpdatedAt: r.now}, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	misnumbered := a
	misnumbered.Order.Version = 9
	for name, c := range map[string]order.Change{"skips one": b, "unknown order": unknown, "misnumbered": misnumbered} {
		if err := r.SaveOrder(t.Context(), c); !errors.Is(err, order.ErrVersionConflict) {
			t.Errorf("%s: got %v, want ErrVersionConflict", name, err)
		}
	}
	r.wantStored(t, placed)
	r.wantAvailable(t, "mug", 9)
}

func oneOfTwo(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	a := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	b := follow(placed, order.Cancelling, order.CancelRequested, order.StockRelease)
	var all sync.WaitGroup
	for i := range 8 {
		c := []order.Change{a, b}[i%2]
		all.Go(func() {
			if err := r.SaveOrder(t.Context(), c); err != nil && !errors.Is(err, order.ErrVersionConflict) {
				t.Errorf("save: %v", err)
			}
		})
	}
	all.Wait()
	got, err := r.Order(t.Context(), placed.ID)
	if err != nil {
		t.Fatal(err)
	}
	events, err := r.Events(t.Context(), placed.ID, 0, 0)
	if err != nil || len(events) != 3 || events[2].To != got.Status {
		t.Errorf("order is %s after %v %v", got.Status, events, err)
	}
	r.wantAvailable(t, "mug", map[order.Status]int64{order.AwaitingPayment: 9, order.Cancelling: 10}[got.Status])
}

func expiredGivesWay(t *testing.T, r recordTest) {
	old := r.lapsedLamp(t)
	r.wantAvailable(t, "lamp", 1)
	placed := r.mustOpen(t, r.opening("EUR", line("lamp", 1)))
	r.wantAvailable(t, "lamp", 0)
	// The old order cannot release a reservation that has expired.
	if err := r.SaveOrder(t.Context(), follow(old, order.Cancelling, order.OrderExpired, order.StockRelease)); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "lamp", 0)
	if err := r.SaveOrder(t.Context(), follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockKeep)); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "lamp", 0)
}

func keptStays(t *testing.T, r recordTest) {
	old := r.lapsedLamp(t)
	c := follow(old, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	c.Order.UpdatedAt = r.now // long after it expired, but nobody took it
	c.Events[0].At = r.now
	if err := r.SaveOrder(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "lamp", 0)
	if _, err := r.OpenOrder(t.Context(), r.opening("EUR", line("lamp", 1))); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("got %v, want ErrOutOfStock", err)
	}
}

func keepsNothing(t *testing.T, r recordTest) {
	old := r.lapsedLamp(t)
	r.mustOpen(t, r.opening("EUR", line("lamp", 1)))
	c := follow(old, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	c.Order.UpdatedAt = r.now
	if err := r.SaveOrder(t.Context(), c); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("got %v, want ErrOutOfStock", err)
	}
	r.wantStored(t, old)
	if got, err := r.Events(t.Context(), old.ID, 0, 0); err != nil || len(got) != 2 {
		t.Errorf("got %d events %v, want 2", len(got), err)
	}
}

func takenAgain(t *testing.T, r recordTest) {
	old := r.lapsedLamp(t)
	other := r.mustOpen(t, r.opening("EUR", line("lamp", 1)))
	if err := r.SaveOrder(t.Context(), follow(other, order.Cancelling, order.CancelRequested, order.StockRelease)); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "lamp", 1)
	c := follow(old, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	c.Order.UpdatedAt = r.now
	if err := r.SaveOrder(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	r.wantAvailable(t, "lamp", 0)
}

func movesOnce(t *testing.T, r recordTest) {
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 1)))
	for i, step := range []struct {
		move order.StockAction
		left int64
	}{
		{order.StockKeep, 6},
		{order.StockKeep, 6},
		{order.StockShip, 6},
		{order.StockShip, 6},
		{order.StockKeep, 6},
		// A lost attempt shipped; the valid one reverts that, or continues.
		{order.StockRelease, 10},
		{order.StockRelease, 10},
		{order.StockKeep, 6},
		{order.StockShip, 6},
	} {
		c := follow(o, o.Status, order.PaymentConfirmed, step.move)
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatalf("move %d, %s: %v", i, step.move, err)
		}
		o = c.Order
		r.wantAvailable(t, "mug", step.left)
	}
	// Shipped goods are not on hand: only the remaining stock can be sold.
	if _, err := r.OpenOrder(t.Context(), r.opening("EUR", line("mug", 7))); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("7 of 6: got %v, want ErrOutOfStock", err)
	}
	late := r.opening("EUR", line("mug", 6))
	late.Now, late.HoldUntil = r.now.Add(48*time.Hour), r.now.Add(49*time.Hour)
	r.mustOpen(t, late)
}
