package porttest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/catalog"
	"purser/order"
)

// releasesTheRest checks that a cancelled order's goods are for sale again, but for those
// that were delivered without a parcel.
func releasesTheRest(t *testing.T, r recordTest) {
	o := r.mustOpen(t, r.opening("EUR", line("mug", 4), line("tea", 2)))
	gone := order.StockMove{Action: order.StockRelease, Lines: []order.LineQuantity{{SKU: "mug", Quantity: 3}}}
	for i, step := range []struct {
		move              order.StockMove
		onHand, left, tea int64
	}{
		{move: order.StockMove{Action: order.StockShip}, onHand: 6, left: 6, tea: 8},
		{move: gone, onHand: 7, left: 7, tea: 10},
		{move: gone, onHand: 7, left: 7, tea: 10},
		{move: order.StockMove{Action: order.StockStays}, onHand: 7, left: 7, tea: 10},
		{move: order.StockMove{Action: order.StockRelease}, onHand: 10, left: 10, tea: 10}, // a lost attempt had delivered them
	} {
		o = r.mustMove(t, o, step.move)
		r.wantOnHand(t, i, "mug", step.onHand)
		r.wantAvailable(t, "mug", step.left)
		r.wantAvailable(t, "tea", step.tea)
	}
}

// keepsGoods checks that an order has what the sending of its goods depends on as it was
// when the order was placed, and nothing about a product of which nothing is known.
func keepsGoods(t *testing.T, r recordTest) {
	book := catalog.Product{
		SKU: "ebook", Name: "E-book", Price: 900, Currency: "EUR", OnHand: 10,
		Goods: order.Goods{Shipping: order.ShippingNone}, Delivery: "https://shop.example/ebook",
	}
	put := func(p catalog.Product) {
		t.Helper()
		if err := r.PutProducts(t.Context(), []catalog.Product{p}); err != nil {
			t.Fatal(err)
		}
	}
	put(book)
	placed := r.mustOpen(t, r.opening("EUR", line("ebook", 1), line("tea", 1)))
	if diff := cmp.Diff(&order.Goods{Shipping: order.ShippingNone}, placed.Lines[0].Goods); diff != "" || placed.Lines[1].Goods != nil {
		t.Errorf("goods (-want +got):\n%sand of tea %+v", diff, placed.Lines[1].Goods)
	}
	book.Goods, book.Delivery = order.Goods{}, ""
	put(book)
	r.wantStored(t, placed)
	offers, err := r.Offers(t.Context(), []string{"ebook"})
	if err != nil || offers["ebook"].Goods != (order.Goods{}) {
		t.Errorf("offered as %+v, %v", offers["ebook"], err)
	}
}

// amended returns the change that gives an order other goods, and a change of it in a state
// that adds some.
func amended(o order.Order, status order.AmendmentStatus, lines []order.Line, added ...order.Line) order.Change {
	c := follow(o, o.Status, order.OrderChanged, order.StockStays)
	c.Order.Lines = lines
	c.Order.Changes = []order.Amendment{{ID: "c1", Status: status, Added: added}}
	return c
}

func pieces(sku string, n int64) order.Line { return order.Line{SKU: sku, Name: sku, Quantity: n} }

// mustChange writes a change, and returns the order after it.
func (r recordTest) mustChange(t *testing.T, c order.Change) order.Order {
	t.Helper()
	if err := r.SaveOrder(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c.Order
}

// reservesChanged checks that the goods of an order, and those of a change that waits for its
// payment, are reserved, all or none, and once however often they are written.
func reservesChanged(t *testing.T, r recordTest) {
	opening := r.opening("EUR", line("mug", 2))
	placed := r.mustOpen(t, opening)
	mugs := []order.Line{pieces("mug", 2)}
	o := r.mustChange(t, follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockKeep))
	asks := amended(o, order.AmendmentPending, mugs, pieces("mug", 1), pieces("lamp", 1))
	for range 2 {
		o = r.mustChange(t, asks)
		r.wantAvailable(t, "mug", 7)
		r.wantAvailable(t, "lamp", 0)
	}
	if _, err := r.OpenOrder(t.Context(), r.opening("EUR", line("lamp", 1))); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("another order for the lamp: %v", err)
	}
	o = r.mustChange(t, amended(o, order.AmendmentDropped, mugs, pieces("mug", 1), pieces("lamp", 1)))
	r.wantAvailable(t, "mug", 8)
	r.wantAvailable(t, "lamp", 1)
	if err := r.SaveOrder(t.Context(), amended(o, order.AmendmentPending, mugs, pieces("mug", 1), pieces("lamp", 2))); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("two lamps: %v", err)
	}
	r.wantAvailable(t, "mug", 8)
	if got, err := r.Order(t.Context(), o.ID); err != nil || got.Version != o.Version {
		t.Errorf("what failed is written: version %d, %v", got.Version, err)
	}
	made := amended(o, order.AmendmentMade, []order.Line{pieces("mug", 3), pieces("tea", 1)})
	made.Order.Opened = &order.Opened{ShipTo: placed.ShipTo, Lines: placed.Lines, Total: placed.Total}
	made.Order.ShipTo.City, made.Order.Total.Amount = "Leeds", 5240
	o = r.mustChange(t, made)
	r.wantAvailable(t, "mug", 7)
	r.wantAvailable(t, "tea", 9)
	if diff := cmp.Diff(placed, r.mustOpen(t, opening)); diff != "" {
		t.Errorf("opened again (-want +got):\n%s", diff)
	}
	less := made
	less.Order.Lines = []order.Line{pieces("tea", 1)}
	less = amended(less.Order, order.AmendmentMade, less.Order.Lines)
	o = r.mustChange(t, less)
	r.wantAvailable(t, "mug", 10)
	r.mustChange(t, follow(o, order.Cancelling, order.CancelRequested, order.StockRelease))
	r.wantAvailable(t, "tea", 10)
}

// unreservesLost checks that what a lost attempt has reserved for a change is for sale again
// if the change never came to be.
func unreservesLost(t *testing.T, r recordTest) {
	placed := r.mustOpen(t, r.opening("EUR", line("mug", 2)))
	o := r.mustChange(t, follow(placed, order.AwaitingPayment, order.PaymentReady, order.StockKeep))
	lost := amended(o, order.AmendmentPending, o.Lines, pieces("mug", 1), pieces("lamp", 1))
	lost.Fence = 1
	r.mustChange(t, lost)
	r.wantAvailable(t, "lamp", 0)
	instead := follow(o, order.Authorized, order.PaymentWasAuthorized, order.StockStays)
	instead.Fence = 2
	o = r.mustChange(t, instead)
	r.wantAvailable(t, "lamp", 1)
	r.wantAvailable(t, "mug", 8)
	if got, err := r.Order(t.Context(), o.ID); err != nil || len(got.Changes) > 0 {
		t.Errorf("the order has %+v, %v", got.Changes, err)
	}
}

// holdsLonger checks that a reservation can be prolonged, and that one which has lapsed is
// taken again, unless the goods are gone.
func holdsLonger(t *testing.T, r recordTest) {
	o := r.lapsedLamp(t)
	longer := func(o order.Order) order.Change {
		c := follow(o, o.Status, order.OrderChanged, order.StockStays)
		c.Order.UpdatedAt, c.Stock.Until = r.now, r.now.Add(time.Hour)
		return c
	}
	r.wantAvailable(t, "lamp", 1)
	o = r.mustChange(t, longer(o))
	r.wantAvailable(t, "lamp", 0)
	if _, err := r.OpenOrder(t.Context(), r.opening("EUR", line("lamp", 1))); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("another order for the lamp: %v", err)
	}
	r.mustChange(t, follow(o, order.Cancelling, order.CancelRequested, order.StockRelease))
	gone := r.lapsedLamp(t)
	r.mustOpen(t, r.opening("EUR", line("lamp", 1)))
	if err := r.SaveOrder(t.Context(), longer(gone)); !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("the lamp is gone: %v", err)
	}
}
