package porttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
)

// snapshotWithOrder checks that the workflow's state is written with each change,
// and that a change that does not count leaves it.
func snapshotWithOrder(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	r.wantSnapshot(t, placed.ID, order.Snapshot{})
	state := func(data string) order.Snapshot {
		return order.Snapshot{Version: 2, Data: []byte(`{"phase": "` + data + `", "text": "Zoë\u0000"}`)}
	}
	first := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	first.Fence, first.Snapshot = 10, state("awaiting_payment")
	waits := order.Change{Order: first.Order, Fence: 20, Snapshot: state("waits longer")}
	lower := follow(first.Order, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
	lower.Fence, lower.Snapshot = 15, state("of a lost attempt")
	replaces := follow(placed, order.Cancelling, order.CancelRequested, order.StockStays)
	replaces.Fence, replaces.Snapshot = 30, state("compensating")
	for _, step := range []struct {
		name string
		save order.Change
		want order.Snapshot
	}{
		{name: "the first", save: first, want: first.Snapshot},
		{name: "a change without events", save: waits, want: waits.Snapshot},
		{name: "a lower fence", save: lower, want: waits.Snapshot},
		{name: "the first repeated", save: first, want: waits.Snapshot},
		{name: "a higher fence replaces", save: replaces, want: replaces.Snapshot},
		{name: "repeated", save: replaces, want: replaces.Snapshot},
	} {
		if err := r.SaveOrder(t.Context(), step.save); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		r.wantSnapshot(t, placed.ID, step.want)
	}
	r.wantStored(t, replaces.Order)
	if _, err := r.Snapshot(t.Context(), order.NewID()); !errors.Is(err, order.ErrNotFound) {
		t.Errorf("unknown order: got %v, want ErrNotFound", err)
	}
}

func (r recordTest) wantSnapshot(t *testing.T, id order.ID, want order.Snapshot) {
	t.Helper()
	got, err := r.Snapshot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

func severalParts(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 2), line("tea", 1)))
	mug, tea := []order.LineQuantity{{SKU: "mug", Quantity: 2}}, []order.LineQuantity{{SKU: "tea", Quantity: 1}}
	c := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays)
	c.Order.Payments = []order.Payment{
		{Number: 1, Provider: "stripe", Reference: "pi_1", Status: order.PaymentCanceled, Decline: order.NewDecline("card_declined", "")},
		{Number: 2, Provider: "invoice", Reference: "pi_1", Status: order.PaymentAuthorized, Authorized: 3790, CaptureBefore: r.now, AuthorizedAt: r.now},
		{Number: 3, Provider: "stripe", Reference: "pi_3", Status: order.PaymentCaptured, Captured: 3790, Refunded: 100, Disputed: 50, Surplus: true},
	}
	c.Order.Shipments = []order.Shipment{
		{Number: 1, Reference: "ref-1", LabelID: "lbl_1", Lines: mug, Status: order.ParcelVoided, Replaced: true},
		{Number: 2, Reference: "ref-2", LabelID: "lbl_2", Tracking: "T2", Carrier: "c", Lines: mug, Status: order.ParcelInTransit, Method: order.ByHand, MovedAt: r.now, OverdueAt: r.now.Add(time.Hour)},
		{Number: 3, Reference: "ref-3", Lines: tea},
	}
	c.Order.Refunds = []order.Refund{
		{ID: "re_1", PaymentRef: "pi_3", Reference: "re_1", Amount: order.Money{Amount: 90, Currency: "EUR"}, Status: order.RefundSucceeded, Notified: order.RefundSucceeded},
		{ID: "broken", PaymentRef: "pi_3", Amount: order.Money{Amount: 10, Currency: "EUR"}, Lines: []order.RefundLine{{SKU: "tea", Quantity: 1, Amount: 8}}, Shipping: 2, Reason: "broken", Status: order.RefundPending},
	}
	c.Attempt = "capture"
	moved := follow(c.Order, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
	p, s, f := clonesOf(c.Order)
	p[1].Status, p[1].Captured = order.PaymentPartiallyCaptured, 1000
	s[2].LabelID, s[2].Status = "lbl_3", order.ParcelBooked
	f[1].Reference, f[1].Status = "re_2", order.RefundFailed
	moved.Order.Payments, moved.Order.Shipments, moved.Order.Refunds = p, s, f
	for _, c := range []order.Change{c, c, moved, c} {
		if err := r.SaveOrder(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	r.wantStored(t, moved.Order)
	replaced := follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockStays) // the refunds are those of a lost attempt
	replaced.Fence = 9
	for _, p := range s { // which are planned again, and not booked: what is perhaps booked stays known
		replaced.Order.Shipments = append(replaced.Order.Shipments, order.Shipment{Number: p.Number, Reference: p.Reference, Lines: p.Lines, Method: p.Method, Replaced: p.Replaced})
	}
	if err := r.SaveOrder(t.Context(), replaced); err != nil {
		t.Fatal(err)
	}
	r.wantStored(t, replaced.Order)
	f[0].Notified = "" // only the order's document has it
	got, err := r.RecordedRefunds(t.Context(), placed.ID)
	if diff := cmp.Diff([]order.Refund{f[1], f[0]}, got); err != nil || diff != "" {
		t.Errorf("recorded refunds: %v (-want +got):\n%s", err, diff)
	}
	if got, err := r.RecordedRefunds(t.Context(), order.NewID()); err != nil || len(got) > 0 {
		t.Errorf("refunds of an unknown order: %v, %v", got, err)
	}
	perhaps := slices.DeleteFunc(slices.Clone(s), func(p order.Shipment) bool { return p.Status == "" })
	for i := range perhaps { // only the order's document has the rest
		p := perhaps[i]
		perhaps[i] = order.Shipment{Number: p.Number, Lines: p.Lines, Reference: p.Reference, LabelID: p.LabelID, Tracking: p.Tracking, Carrier: p.Carrier, Status: p.Status, Method: p.Method, Replaced: p.Replaced}
	}
	parcels, err := r.RecordedShipments(t.Context(), placed.ID)
	if diff := cmp.Diff(perhaps, parcels); err != nil || diff != "" || len(parcels) == 0 {
		t.Errorf("recorded shipments: %v (-want +got):\n%s", err, diff)
	}
	if got, err := r.RecordedShipments(t.Context(), order.NewID()); err != nil || len(got) > 0 {
		t.Errorf("shipments of an unknown order: %v, %v", got, err)
	}
}

// clonesOf returns copies of the order's payments, shipments and refunds.
func clonesOf(o order.Order) ([]order.Payment, []order.Shipment, []order.Refund) {
	return append([]order.Payment{}, o.Payments...), append([]order.Shipment{}, o.Shipments...), append([]order.Refund{}, o.Refunds...)
}

// withIDs returns a change that gives an order a second payment and a parcel.
func withIDs(o order.Order, reference, parcel, label string) order.Change {
	c := follow(o, order.AwaitingPayment, order.PaymentReady, order.StockKeep)
	c.Order.Payments = []order.Payment{{Number: 1}, {Number: 2, Provider: "stripe", Reference: reference}}
	c.Order.Shipments = []order.Shipment{{Number: 1, Reference: parcel, LabelID: label}}
	c.Snapshot = order.Snapshot{Version: 1, Data: []byte("{}")}
	return c
}

func refusesTaken(t *testing.T, r recordTest) {
	first := withIDs(r.mustOpen(t, r.opening("EUR", line("mug", 1))), "pi_a", "ref-a", "lbl_a")
	if err := r.SaveOrder(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
	for name, c := range map[string]order.Change{
		"payment": withIDs(placed, "pi_a", "ref-b", "lbl_b"),
		"parcel":  withIDs(placed, "pi_b", "ref-a", "lbl_b"),
		"label":   withIDs(placed, "pi_b", "ref-b", "lbl_a"),
	} {
		if err := r.SaveOrder(t.Context(), c); !errors.Is(err, order.ErrTaken) {
			t.Errorf("%s: got %v, want ErrTaken", name, err)
		}
		r.wantStored(t, placed)
		r.wantSnapshot(t, placed.ID, order.Snapshot{})
	}
	elsewhere := withIDs(placed, "pi_a", "ref-b", "lbl_b")
	elsewhere.Order.Payments[1].Provider = "invoice" // another provider may have the same id
	if err := r.SaveOrder(t.Context(), elsewhere); err != nil {
		t.Errorf("another provider: %v", err)
	}
	r.wantStored(t, first.Order)
}

// movesOwnID checks that an order can have a payment's id at another number than
// the one that a lost attempt gave it.
func movesOwnID(t *testing.T, r recordTest) {
	numbered := func(o order.Order, fence int64, references ...string) order.Change {
		c := follow(o, order.AwaitingPayment, order.PaymentReady, order.StockStays)
		if o.Status == order.AwaitingPayment {
			c = follow(o, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
		}
		c.Fence, c.Order.Payments = fence, nil
		for i, reference := range references {
			c.Order.Payments = append(c.Order.Payments, order.Payment{Number: i + 1, Provider: "stripe", Reference: reference})
		}
		return c
	}
	for name, c := range map[string]struct{ lost, replaced, next []string }{
		"to the first":         {lost: []string{"", "pi_1"}, replaced: []string{"pi_1"}, next: []string{"pi_1"}},
		"to the first, later":  {lost: []string{"", "pi_2"}, replaced: []string{""}, next: []string{"pi_2"}},
		"to the second":        {lost: []string{"", "", "pi_3"}, replaced: []string{"", "pi_3"}, next: []string{"", "pi_3"}},
		"to the second, later": {lost: []string{"", "", "pi_4"}, replaced: []string{""}, next: []string{"", "pi_4", "pi_5"}},
		"from the first":       {lost: []string{"pi_8"}, replaced: []string{""}, next: []string{"", "pi_8"}},
		"exchanged":            {lost: []string{"pi_6", "pi_7"}, replaced: []string{"pi_7", "pi_6"}, next: []string{"pi_7", "pi_6"}},
	} {
		placed := r.mustOpen(t, r.opening("EUR", line("mug", 1)))
		replaced := numbered(placed, 9, c.replaced...)
		next := numbered(replaced.Order, 9, c.next...)
		for _, c := range []order.Change{numbered(placed, 5, c.lost...), replaced, next} {
			if err := r.SaveOrder(t.Context(), c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		r.wantStored(t, next.Order)
	}
}

// shipsParts checks that goods leave in parts: each move names all that have
// left, and the rest stays reserved.
func shipsParts(t *testing.T, r recordTest) {
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 2), line("lamp", 1)))
	two := []order.LineQuantity{{SKU: "mug", Quantity: 1}, {SKU: "tea", Quantity: 2}, {SKU: "mug", Quantity: 1}}
	for i, step := range []struct {
		move      order.StockMove
		mugs, tea int64 // on hand
	}{
		{move: order.StockMove{Action: order.StockShip, Lines: []order.LineQuantity{{SKU: "mug", Quantity: 1}}}, mugs: 9, tea: 10},
		{move: order.StockMove{Action: order.StockShip, Lines: []order.LineQuantity{{SKU: "mug", Quantity: 1}}}, mugs: 9, tea: 10},
		{move: order.StockMove{Action: order.StockKeep}, mugs: 9, tea: 10},
		{move: order.StockMove{Action: order.StockShip, Lines: two}, mugs: 8, tea: 8},
		{move: order.StockMove{Action: order.StockStays, Lines: two}, mugs: 8, tea: 8},
		{move: order.StockMove{Action: order.StockShip, Lines: []order.LineQuantity{{SKU: "mug", Quantity: 9}, {SKU: "tea", Quantity: 2}}}, mugs: 6, tea: 8}, // of four
		{move: order.StockMove{Action: order.StockShip}, mugs: 6, tea: 8},
	} {
		o = r.mustMove(t, o, step.move)
		r.wantOnHand(t, i, "mug", step.mugs)
		r.wantOnHand(t, i, "tea", step.tea)
		r.wantAvailable(t, "mug", 6)
		r.wantAvailable(t, "tea", 8)
		r.wantAvailable(t, "lamp", 0)
		r.wantSoldOut(t, "lamp", 1) // the rest is kept, although nothing else kept it
	}
	r.wantOnHand(t, -1, "lamp", 0)
}

// wantSoldOut checks that in two days, when reservations have expired, so many
// pieces cannot be ordered.
func (r recordTest) wantSoldOut(t *testing.T, sku string, n int64) {
	t.Helper()
	late := r.opening("EUR", line(sku, n))
	late.Now, late.HoldUntil = r.now.Add(48*time.Hour), r.now.Add(49*time.Hour)
	if _, err := r.OpenOrder(t.Context(), late); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("%d of %s in two days: got %v, want ErrOutOfStock", n, sku, err)
	}
}

// restocks checks that goods that came back are for sale again: each move names all
// that have, and those of a released order do not count twice.
func restocks(t *testing.T, r recordTest) {
	back := func(a order.StockAction, n int64) order.StockMove {
		return order.StockMove{Action: a, Restocked: []order.LineQuantity{{SKU: "mug", Quantity: n}}}
	}
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 1)))
	for i, step := range []struct {
		move         order.StockMove
		onHand, left int64
	}{
		{move: back(order.StockStays, 1), onHand: 10, left: 6}, // nothing has left
		{move: order.StockMove{Action: order.StockShip}, onHand: 6, left: 6},
		{move: back(order.StockStays, 1), onHand: 7, left: 7},
		{move: back(order.StockStays, 1), onHand: 7, left: 7},
		{move: back(order.StockStays, 3), onHand: 9, left: 9},
		{move: back(order.StockShip, 3), onHand: 9, left: 9},
		{move: back(order.StockStays, 2), onHand: 8, left: 8}, // a lost attempt restocked the third
		{move: order.StockMove{Action: order.StockStays}, onHand: 8, left: 8},
		{move: back(order.StockStays, 9), onHand: 10, left: 10}, // of four
		{move: back(order.StockRelease, 4), onHand: 10, left: 10},
		{move: back(order.StockStays, 4), onHand: 10, left: 10},
	} {
		o = r.mustMove(t, o, step.move)
		r.wantOnHand(t, i, "mug", step.onHand)
		r.wantAvailable(t, "mug", step.left)
		r.wantAvailable(t, "tea", map[bool]int64{true: 10, false: 9}[i >= 9])
	}
}

// restocksUnsent checks that pieces that are left out of a paid order are for sale again
// before the rest leaves, and that they do not count twice when it has left.
func restocksUnsent(t *testing.T, r recordTest) {
	out := func(a order.StockAction, n int64) order.StockMove {
		return order.StockMove{Action: a, Restocked: []order.LineQuantity{{SKU: "mug", Quantity: n}}}
	}
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 1)))
	for i, step := range []struct {
		move         order.StockMove
		onHand, left int64
	}{
		{move: out(order.StockStays, 1), onHand: 10, left: 6}, // it is not paid
		{move: out(order.StockKeep, 1), onHand: 10, left: 7},
		{move: out(order.StockStays, 3), onHand: 10, left: 9},
		{move: out(order.StockStays, 3), onHand: 10, left: 9},
		{move: out(order.StockShip, 3), onHand: 9, left: 9}, // one has left
		{move: out(order.StockStays, 4), onHand: 10, left: 10},
		{move: out(order.StockRelease, 4), onHand: 10, left: 10},
	} {
		o = r.mustMove(t, o, step.move)
		r.wantOnHand(t, i, "mug", step.onHand)
		r.wantAvailable(t, "mug", step.left)
	}
}

// restocksLost checks that a write that replaces what a lost attempt wrote takes the
// pieces again that only the lost attempt restocked, unless another order has them.
func restocksLost(t *testing.T, r recordTest) {
	for i, c := range []struct {
		sold         int64 // to another order in the meantime
		repeated     bool  // the attempt that counts restocks them, too
		onHand, left int64
	}{
		{onHand: 6, left: 6},
		{sold: 6, onHand: 6, left: 0},
		{sold: 8, onHand: 8, left: 0},
		{repeated: true, onHand: 8, left: 8},
	} {
		if err := r.PutProducts(t.Context(), []catalog.Product{{SKU: fmt.Sprint("cup-", i), Name: "Cup", Price: 100, Currency: "EUR", OnHand: 10}}); err != nil {
			t.Fatal(err)
		}
		sku := fmt.Sprint("cup-", i)
		o := r.mustMove(t, r.mustOpen(t, r.opening("EUR", line(sku, 4))), order.StockMove{Action: order.StockShip})
		lost := follow(o, o.Status, order.RefundWasRequested, order.StockStays)
		lost.Fence, lost.Stock.Restocked = 5, []order.LineQuantity{{SKU: sku, Quantity: 2}}
		lostToo := follow(lost.Order, o.Status, order.PaymentRefunded, order.StockStays)
		lostToo.Fence, lostToo.Stock.Restocked = 5, lost.Stock.Restocked
		counts := follow(o, o.Status, order.EventIgnored, order.StockStays)
		counts.Fence = 9
		if c.repeated {
			counts.Stock.Restocked = lost.Stock.Restocked
		}
		for _, change := range []order.Change{lost, lostToo, counts, lostToo, counts} {
			if err := r.SaveOrder(t.Context(), change); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			if c.sold > 0 && change.Order.Version == lostToo.Order.Version {
				r.mustOpen(t, r.opening("EUR", line(sku, c.sold)))
				c.sold = 0
			}
		}
		r.wantOnHand(t, i, sku, c.onHand)
		r.wantAvailable(t, sku, c.left)
	}
}

// correctsParts checks that the move that counts corrects what a lost attempt
// shipped or released, and that the rest of a part does not expire.
func correctsParts(t *testing.T, r recordTest) {
	ship := func(n int64) order.StockMove {
		return order.StockMove{Action: order.StockShip, Lines: []order.LineQuantity{{SKU: "mug", Quantity: n}}}
	}
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 1)))
	for i, step := range []struct {
		move         order.StockMove
		onHand, left int64
	}{
		{move: order.StockMove{Action: order.StockShip}, onHand: 6, left: 6},
		{move: ship(3), onHand: 7, left: 6},
		{move: ship(1), onHand: 9, left: 6},
		{move: order.StockMove{Action: order.StockRelease}, onHand: 10, left: 10},
		{move: ship(2), onHand: 8, left: 6},
		{move: order.StockMove{Action: order.StockRelease}, onHand: 10, left: 10},
		{move: order.StockMove{Action: order.StockRelease}, onHand: 10, left: 10},
		{move: order.StockMove{Action: order.StockKeep}, onHand: 10, left: 6},
		{move: ship(2), onHand: 8, left: 6},
	} {
		o = r.mustMove(t, o, step.move)
		r.wantOnHand(t, i, "mug", step.onHand)
		r.wantAvailable(t, "mug", step.left)
	}
	r.wantSoldOut(t, "mug", 7)
	// Another order has the goods that a lost attempt released.
	o = r.mustMove(t, o, order.StockMove{Action: order.StockRelease})
	r.mustOpen(t, r.opening("EUR", line("mug", 7)))
	c := follow(o, o.Status, order.PaymentConfirmed, order.StockShip)
	c.Stock = ship(1)
	if err := r.SaveOrder(t.Context(), c); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("a part of what another order has: got %v, want ErrOutOfStock", err)
	}
	r.wantStored(t, o)
	r.wantOnHand(t, -1, "mug", 10)
	r.wantAvailable(t, "tea", 10)
}

// mustMove saves a change with a move of stock and returns the order after it.
func (r recordTest) mustMove(t *testing.T, o order.Order, move order.StockMove) order.Order {
	t.Helper()
	c := follow(o, o.Status, order.PaymentConfirmed, order.StockStays)
	c.Stock = move
	if err := r.SaveOrder(t.Context(), c); err != nil {
		t.Fatalf("%+v: %v", move, err)
	}
	return c.Order
}

func (r recordTest) wantOnHand(t *testing.T, step int, sku string, want int64) {
	t.Helper()
	p, err := r.Product(t.Context(), sku)
	if err != nil || p.OnHand != want {
		t.Errorf("step %d: %s on hand: got %d %v, want %d", step, sku, p.OnHand, err, want)
	}
}
