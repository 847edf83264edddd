package order_test

import (
	"strings"
	"testing"

	"purser/order"
)

// TestLeavesCustomsArea (SHP-10): the customs territory of the European Union is one area,
// and most other countries are one each.
func TestLeavesCustomsArea(t *testing.T) {
	for _, c := range []struct {
		from, to, code string
		want           bool
	}{
		{from: "", to: "US"},
		{from: "DE", to: "DE", code: "10115"},
		{from: "DE", to: "FR", code: "29200"},
		{from: "FR", to: "RE", code: "97400"},
		{from: "IT", to: "MC", code: "98000"},
		{from: "DE", to: "CH", code: "8001", want: true},
		{from: "CH", to: "LI", code: "9490"},
		{from: "CH", to: "DE", code: "10115", want: true},
		{from: "DE", to: "NO", code: "0150", want: true},
		{from: "NO", to: "SE", code: "11455", want: true},
		{from: "DE", to: "SM", code: "47890", want: true},
		{from: "DK", to: "GL", code: "3900", want: true},
		{from: "DE", to: "GB", code: "SW1A 1AA", want: true},
		{from: "IE", to: "GB", code: "bt1 5gs"},
		{from: "GB", to: "GB", code: "BT1 5GS"},
		{from: "US", to: "GB", code: "BT1 5GS", want: true},
		{from: "GB", to: "IM", code: "IM1 1AA"},
		{from: "GB", to: "JE", code: "JE2 3AB", want: true},
		{from: "US", to: "PR", code: "00901"},
		{from: "US", to: "CA", code: "K1A 0B1", want: true},
		{from: "DE", to: "DE", code: "D-27498", want: true},
		{from: "DE", to: "DE", code: "78266", want: true},
		{from: "IT", to: "IT", code: "23041", want: true},
		{from: "ES", to: "ES", code: "51001", want: true},
		{from: "ES", to: "ES", code: "28013"},
		{from: "ES", to: "ES", code: "35001"}, // the Canary Islands
	} {
		if got := order.LeavesCustomsArea(c.from, order.Address{Country: c.to, PostalCode: c.code}); got != c.want {
			t.Errorf("from %s to %s %s: %t, want %t", c.from, c.to, c.code, got, c.want)
		}
	}
}

// TestMissingCustoms (SHP-10): a request says which of its goods lack what.
func TestMissingCustoms(t *testing.T) {
	r := order.ParcelRequest{From: "DE", To: order.Address{Country: "CH", PostalCode: "8001"}, Lines: []order.Line{
		{SKU: "mug", Goods: &order.Goods{HSCode: "691200", Origin: "PT"}}, {SKU: "tea", Goods: &order.Goods{Origin: "LK"}}, {SKU: "pin"},
	}}
	if got := r.MissingCustoms(); got != "tea (hsCode), pin (hsCode, origin)" {
		t.Errorf("to Switzerland: %q", got)
	}
	if r.To.Country = "AT"; r.MissingCustoms() != "" {
		t.Errorf("to Austria: %q", r.MissingCustoms())
	}
}

// TestCustomsOfLine (SHP-10): customs are told the product's own value and words, or else
// what the order says.
func TestCustomsOfLine(t *testing.T) {
	l := order.Line{Name: "Mug, blue", Price: 1450}
	if text, value := l.Customs("EUR"); text != "Mug, blue" || value != (order.Money{Amount: 1450, Currency: "EUR"}) {
		t.Errorf("%q, %s", text, value)
	}
	l.Goods = &order.Goods{CustomsValue: 700, CustomsCurrency: "USD", CustomsDescription: "Stoneware cup"}
	if text, value := l.Customs("EUR"); text != "Stoneware cup" || value != (order.Money{Amount: 700, Currency: "USD"}) {
		t.Errorf("%q, %s", text, value)
	}
}

// TestWeight (SHP-9): goods weigh what their pieces weigh, and nothing is made up for one
// whose weight is not known.
func TestWeight(t *testing.T) {
	mug, pin := order.Line{Quantity: 3, Goods: &order.Goods{Weight: 350}}, order.Line{Quantity: 2, Goods: &order.Goods{Weight: 5}}
	if got := order.Weight([]order.Line{mug, pin}); got != 1060 {
		t.Errorf("%d g, want 1060", got)
	}
	if got := order.Weight([]order.Line{mug, {Quantity: 1}}) + order.Weight([]order.Line{mug, {Quantity: 1, Goods: &order.Goods{Origin: "PT"}}}) + order.Weight(nil); got != 0 {
		t.Errorf("%d g of goods of which one's weight is not known", got)
	}
}

// TestGoodsCheck: each field that is wrong is named.
func TestGoodsCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		goods  order.Goods
		fields string
	}{
		{name: "nothing is known"},
		{name: "everything", goods: order.Goods{
			Shipping: order.ShippingNone, Weight: 1_000_000, Length: 20_000, Width: 1, Height: 1, HSCode: "6912002310", Origin: "PT",
			CustomsValue: 1, CustomsCurrency: "JPY", CustomsDescription: strings.Repeat("é", 100),
		}},
		{name: "another way", goods: order.Goods{Shipping: "ship"}, fields: "shipping"},
		{name: "a weight below zero", goods: order.Goods{Weight: -1}, fields: "weight"},
		{name: "too heavy", goods: order.Goods{Weight: 1_000_001}, fields: "weight"},
		{name: "two sides", goods: order.Goods{Length: 10, Width: 10}, fields: "length"},
		{name: "sides that cannot be", goods: order.Goods{Length: 20_001, Width: -1, Height: 5}, fields: "length width"},
		{name: "half an HS code", goods: order.Goods{HSCode: "6912"}, fields: "hsCode"},
		{name: "dots", goods: order.Goods{HSCode: "6912.00"}, fields: "hsCode"},
		{name: "no country", goods: order.Goods{Origin: "UK"}, fields: "origin"},
		{name: "a value without a currency", goods: order.Goods{CustomsValue: 5}, fields: "customsCurrency"},
		{name: "a currency without a value", goods: order.Goods{CustomsCurrency: "EUR"}, fields: "customsValue"},
		{name: "an unknown currency", goods: order.Goods{CustomsValue: 5, CustomsCurrency: "XYZ"}, fields: "customsCurrency"},
		{name: "too much", goods: order.Goods{CustomsValue: 100_000_000, CustomsCurrency: "EUR"}, fields: "customsValue"},
		{name: "two lines", goods: order.Goods{CustomsDescription: "a\nb"}, fields: "customsDescription"},
		{name: "too long", goods: order.Goods{CustomsDescription: strings.Repeat("x", 101)}, fields: "customsDescription"},
	} {
		var fields []string
		c.goods.Check(func(field, message string) {
			if fields = append(fields, field); message == "" {
				t.Errorf("%s: %s without a message", c.name, field)
			}
		})
		if got := strings.Join(fields, " "); got != c.fields {
			t.Errorf("%s: %q, want %q", c.name, got, c.fields)
		}
	}
}
