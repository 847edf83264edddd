package pricing_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/pricing"
)

// example reads one of the tables of the documentation.
func example(t testing.TB, name string) *pricing.Table {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "docs", "pricing", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := pricing.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// goods are what the catalogue of the examples has, by currency and product.
var goods = map[string]map[string]int64{
	"EUR": {"mug-blue": 1250, "book-harbours": 1999, "lamp": 4500, "card": 1},
	"USD": {"mug-blue": 1450, "mug-red": 1450, "note-a5": 899, "lamp": 8000},
	"KWD": {"mug-blue": 4250, "note-a5": 2190, "card": 10, "odd": 4255},
}

func offers(currency string) map[string]order.Offer {
	all := map[string]order.Offer{}
	for sku, price := range goods[currency] {
		all[sku] = order.Offer{SKU: sku, Name: "Name of " + sku, Price: order.Money{Amount: price, Currency: currency}, Available: order.MaxQuantity}
	}
	return all
}

// spring is when the examples are ordered.
var spring = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

func request(currency, country, postalCode string, lines ...order.RequestLine) order.Request {
	return order.Request{
		Customer: "cus_1", Email: "ada@example.com", Currency: currency, Lines: lines,
		ShipTo: order.Address{Name: "Ada", Line1: "1 Quay Street", City: "Harbourtown", PostalCode: postalCode, Country: country},
	}
}

// price prices a request as the API and the record do together.
func price(table *pricing.Table, r order.Request) (pricing.Priced, error) {
	if err := r.Validate(); err != nil {
		return pricing.Priced{}, err
	}
	decided, err := table.Resolve(r, offers(r.Currency), spring)
	if err != nil {
		return pricing.Priced{}, err
	}
	return pricing.Price(r, offers(r.Currency), decided)
}

func tax(name, rate string, amount int64, included bool) *order.Tax {
	return &order.Tax{Name: name, Rate: rate, Amount: amount, Included: included}
}

// TestExamples (PAY-21) prices orders with the tables of the documentation: tax in the
// price, tax on top of it, and no tax.
func TestExamples(t *testing.T) {
	line := func(sku, currency string, quantity, discount int64, tax *order.Tax) order.Line {
		p := goods[currency][sku]
		return order.Line{SKU: sku, Name: "Name of " + sku, Quantity: quantity, Price: p, Subtotal: p * quantity, Discount: discount, Tax: tax}
	}
	for _, c := range []struct {
		name, table string
		ask         order.Request
		codes       []string
		method      string
		want        pricing.Priced
	}{
		{
			name: "Germany: two rates in the price, and shipping", table: "germany",
			ask: request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 2}, order.RequestLine{SKU: "book-harbours", Quantity: 1}),
			want: pricing.Priced{
				Lines: []order.Line{
					// 19 % of 25.00 + 4.90, contained: 4.77, split 3.99 and 0.78.
					line("mug-blue", "EUR", 2, 0, tax("MwSt.", "19", 399, true)),
					line("book-harbours", "EUR", 1, 0, tax("MwSt.", "7", 131, true)),
				},
				Shipping: &order.Fee{Name: "Versand", Price: 490, Tax: tax("MwSt.", "19", 78, true)},
				Total:    order.Money{Amount: 2500 + 1999 + 490, Currency: "EUR"},
			},
		},
		{
			name: "Germany: a discount on the order, which still ships for free", table: "germany", codes: []string{"fruehling10"},
			ask: request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 1}, order.RequestLine{SKU: "lamp", Quantity: 1}),
			want: pricing.Priced{
				Lines: []order.Line{
					line("mug-blue", "EUR", 1, 125, tax("MwSt.", "19", 180, true)),
					line("lamp", "EUR", 1, 450, tax("MwSt.", "19", 646, true)),
				},
				Shipping: &order.Fee{Name: "Versand", Price: 0, Tax: tax("MwSt.", "19", 0, true)},
				Total:    order.Money{Amount: 5175, Currency: "EUR"},
			},
		},
		{
			name: "Germany to France: no tax is configured there, and another fee", table: "germany",
			ask: request("EUR", "FR", "75001", order.RequestLine{SKU: "mug-blue", Quantity: 1}),
			want: pricing.Priced{
				Lines:    []order.Line{line("mug-blue", "EUR", 1, 0, nil)},
				Shipping: &order.Fee{Name: "Auslandsversand", Price: 990},
				Total:    order.Money{Amount: 2240, Currency: "EUR"},
			},
		},
		{
			name: "New York: tax on top, also on shipping, after the discounts", table: "newyork", codes: []string{"FREESHIP", "MUG2"},
			ask: request("USD", "US", "10001", order.RequestLine{SKU: "mug-blue", Quantity: 2}, order.RequestLine{SKU: "note-a5", Quantity: 3}),
			want: pricing.Priced{
				Lines: []order.Line{
					// 8.875 % of 27.00 + 26.97 + 0 is 4.789…: 4.79, split 2.40 and 2.39.
					line("mug-blue", "USD", 2, 200, tax("NYC sales tax", "8.875", 240, false)),
					line("note-a5", "USD", 3, 0, tax("NYC sales tax", "8.875", 239, false)),
				},
				Shipping: &order.Fee{Name: "Ground", Price: 695, Discount: 695, Tax: tax("NYC sales tax", "8.875", 0, false)},
				Total:    order.Money{Amount: 2700 + 2697 + 479, Currency: "USD"},
			},
		},
		{
			name: "New Jersey: the same shop, no tax there", table: "newyork", method: "air",
			ask: request("USD", "US", "07030", order.RequestLine{SKU: "lamp", Quantity: 1}),
			want: pricing.Priced{
				Lines:    []order.Line{line("lamp", "USD", 1, 0, nil)},
				Shipping: &order.Fee{Name: "Two-day air", Price: 1800},
				Total:    order.Money{Amount: 9800, Currency: "USD"},
			},
		},
		{
			name: "Kuwait: no tax, and every amount in tens of fils", table: "notax", codes: []string{"EID15"},
			ask: request("KWD", "KW", "", order.RequestLine{SKU: "mug-blue", Quantity: 1}, order.RequestLine{SKU: "note-a5", Quantity: 1}),
			want: pricing.Priced{
				Lines: []order.Line{ // 15 % of 6.440 is 0.966: 0.970, split 0.640 and 0.330
					line("mug-blue", "KWD", 1, 640, nil),
					line("note-a5", "KWD", 1, 330, nil),
				},
				Shipping: &order.Fee{Name: "Delivery in Kuwait", Price: 1500},
				Total:    order.Money{Amount: 6440 - 970 + 1500, Currency: "KWD"},
			},
		},
		{
			name: "Kuwait: a gift costs nothing", table: "notax", codes: []string{"GIFT", "FREEDELIVERY"},
			ask: request("KWD", "KW", "", order.RequestLine{SKU: "note-a5", Quantity: 2}),
			want: pricing.Priced{
				Lines:    []order.Line{line("note-a5", "KWD", 2, 4380, nil)},
				Shipping: &order.Fee{Name: "Delivery in Kuwait", Price: 1500, Discount: 1500},
				Total:    order.Money{Amount: 0, Currency: "KWD"},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.ask.DiscountCodes, c.ask.ShippingMethod = c.codes, c.method
			got, err := price(example(t, c.table), c.ask)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestNoTable: without rules, an order costs what the catalogue says, and nothing is
// decided that would have to be kept with it.
func TestNoTable(t *testing.T) {
	r := request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 2})
	for name, table := range map[string]*pricing.Table{"no table": {}, "a table for other countries": example(t, "newyork")} {
		if name != "no table" {
			table.Shipping = nil
		}
		if decided, err := table.Resolve(r, offers(r.Currency), spring); decided != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, decided, err)
		}
	}
	lines, total, err := r.Price(offers("EUR"))
	got, perr := pricing.Price(r, offers("EUR"), nil)
	if diff := cmp.Diff(pricing.Priced{Lines: lines, Total: total}, got); diff != "" || err != nil || perr != nil {
		t.Errorf("%v, %v\n%s", err, perr, diff)
	}
}
