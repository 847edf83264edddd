package porttest

import (
	"testing"

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
