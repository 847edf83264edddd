package pricing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/pricing"
)

// TestParse: a table that contradicts itself is refused, with the place and what is
// allowed there.
func TestParse(t *testing.T) {
	tax := func(more string) string {
		return `{"taxes": [{"country": "DE", "name": "MwSt.", "rate": "19"` + more + `}]}`
	}
	fee := func(more string) string {
		return `{"shipping": [{"method": "post", "name": "Post", "currency": "EUR", "fee": "4.90"` + more + `}]}`
	}
	code := func(members string) string { return `{"discounts": [{"code": "TEN", ` + members + `}]}` }
	for _, c := range []struct {
		name, table, text string
	}{
		{name: "empty", table: `{}`},
		{name: "with a byte order mark", table: "\xef\xbb\xbf{}"},
		{name: "a tax", table: tax("")},
		{name: "a fee", table: fee("")},
		{name: "a free fee", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "EUR", "fee": "0"}]}`},
		{name: "a code", table: code(`"per": "order", "percent": "10"`)},
		{name: "no JSON", table: `taxes:`, text: "not valid JSON"},
		{name: "cut off", table: `{"taxes": [`, text: "not valid JSON"},
		{name: "two documents", table: `{}{}`, text: "not valid JSON"},
		{name: "not UTF-8", table: "{\"taxes\": [{\"name\": \"\xff\"}]}", text: "not valid JSON in UTF-8"},
		{name: "an unknown member", table: tax(`, "inclusive": true`), text: "/taxes/0/inclusive: unknown member"},
		{name: "a member in another case", table: tax(`, "Included": true`), text: "/taxes/0/Included: unknown member"},
		{name: "a repeated member", table: tax(`, "rate": "7"`), text: "/taxes/0/rate: appears twice"},
		{name: "a rate as a number", table: `{"taxes": [{"country": "DE", "name": "MwSt.", "rate": 19}]}`, text: `/taxes/0/rate: want a text: put the number into quotes`},
		{name: "a list instead of an object", table: `[]`, text: "wrong type"},
		{name: "a rate with a comma", table: `{"taxes": [{"country": "DE", "name": "MwSt.", "rate": "8,875"}]}`, text: "taxes[0].rate: want a number"},
		{name: "a rate above the price", table: `{"taxes": [{"country": "DE", "name": "MwSt.", "rate": "100.1"}]}`, text: "taxes[0].rate: want a number from 0 to 100"},
		{name: "a tax without a name", table: `{"taxes": [{"country": "DE", "name": " ", "rate": "19"}]}`, text: "taxes[0].name: missing"},
		{name: "a country in words", table: `{"taxes": [{"country": "Germany", "name": "MwSt.", "rate": "19"}]}`, text: "taxes[0].country: want a country's code"},
		{name: "a tax in an unknown currency", table: tax(`, "currency": "EURO"`), text: "taxes[0].currency: want a three-letter"},
		{name: "an empty postal code", table: tax(`, "postalCodes": ["1", ""]`), text: "taxes[0].postalCodes[1]"},
		{name: "a tax on some goods and on shipping", table: tax(`, "shipping": true, "skus": ["book"]`), text: "taxes[0].shipping"},
		{name: "an empty product", table: tax(`, "skus": [""]`), text: "taxes[0].skus[0]: missing"},
		{name: "a fee without a currency", table: `{"shipping": [{"method": "post", "name": "Post", "fee": "4.90"}]}`, text: "shipping[0].currency"},
		{name: "a fee with too few decimals", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "EUR", "fee": "4.9"}]}`, text: `shipping[0].fee: "4.9": EUR has 2 decimals`},
		{name: "a fee with decimals in yen", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "JPY", "fee": "490.00"}]}`, text: "JPY has 0 decimals"},
		{name: "a fee below zero", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "EUR", "fee": "-4.90"}]}`, text: "shipping[0].fee"},
		{name: "no fee", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "EUR"}]}`, text: "shipping[0].fee"},
		{name: "a fee that no card can be charged", table: `{"shipping": [{"method": "post", "name": "Post", "currency": "KWD", "fee": "1.505"}]}`, text: "must be a multiple of 0.010 KWD"},
		{name: "a method with a space", table: `{"shipping": [{"method": "by post", "name": "Post", "currency": "EUR", "fee": "4.90"}]}`, text: "shipping[0].method"},
		{name: "free from nothing", table: fee(`, "freeFrom": "0.00"`), text: "shipping[0].freeFrom: want more than 0"},
		{name: "a country in lower case", table: fee(`, "countries": ["DE", "at"]`), text: "shipping[0].countries[1]"},
		{name: "neither percent nor amount", table: code(`"per": "order"`), text: "want either percent or amount"},
		{name: "both", table: code(`"per": "order", "percent": "10", "amount": "1.00", "currency": "EUR"`), text: "want either percent or amount"},
		{name: "a discount above the price", table: code(`"per": "order", "percent": "110"`), text: "up to 100"},
		{name: "no discount", table: code(`"per": "order", "percent": "0"`), text: "above 0"},
		{name: "an amount of nothing", table: code(`"per": "order", "amount": "0.00", "currency": "EUR"`), text: "amount: want more than 0"},
		{name: "an amount without a currency", table: code(`"per": "order", "amount": "5.00"`), text: "discounts[0].currency"},
		{name: "a minimum without a currency", table: code(`"per": "order", "percent": "5", "minimum": "20.00"`), text: "discounts[0].currency"},
		{name: "an unknown scope", table: code(`"per": "piece", "percent": "10"`), text: "per: want line, order or shipping"},
		{name: "a discount on the shipping of some goods", table: code(`"per": "shipping", "percent": "10", "skus": ["mug"]`), text: "discounts[0].skus"},
		{name: "over before it begins", table: code(`"per": "order", "percent": "10", "from": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"`), text: "until: want a time after from"},
		{name: "a day instead of a time", table: code(`"per": "order", "percent": "10", "from": "2026-03-02"`), text: "/discounts/0/from"},
		{name: "a code twice", table: `{"discounts": [{"code": "TEN", "per": "order", "percent": "10"}, {"code": "ten", "per": "order", "percent": "20"}]}`, text: `discounts[1].code: "ten" appears twice`},
		{name: "a code for all currencies, and for one", table: `{"discounts": [{"code": "TEN", "per": "order", "percent": "10"}, {"code": "TEN", "per": "order", "percent": "20", "currency": "EUR"}]}`, text: "appears twice"},
		{name: "a code with a space", table: `{"discounts": [{"code": "T EN", "per": "order", "percent": "10"}]}`, text: "discounts[0].code"},
		{name: "far too long", table: strings.Repeat(" ", 4<<20) + "{}", text: "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := pricing.Parse([]byte(c.table))
			switch {
			case c.text == "" && err != nil:
				t.Error(err)
			case c.text != "" && (!errors.Is(err, pricing.ErrTable) || !strings.Contains(err.Error(), c.text) || table != nil):
				t.Errorf("%v, want %q", err, c.text)
			case err != nil && strings.Contains(err.Error(), order.ErrInvalid.Error()):
				t.Errorf("%v: it is no order", err)
			}
		})
	}
}

// FuzzParse: no bytes make Parse panic, and a table that it takes can be used: the
// price of an order adds up, or is refused for a reason that the caller can be told.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"germany", "newyork", "notax"} {
		b, err := os.ReadFile(filepath.Join("..", "docs", "pricing", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "FRUEHLING10", "EUR", "DE")
		f.Add(b, "MUG2", "USD", "US")
		f.Add(b, "EID15", "KWD", "KW")
	}
	f.Add([]byte(codes), "HUGE", "EUR", "DE")
	f.Fuzz(func(t *testing.T, b []byte, code, currency, country string) {
		table, err := pricing.Parse(b)
		if err != nil {
			return
		}
		r := request(currency, country, "10001", order.RequestLine{SKU: "mug-blue", Quantity: 3}, order.RequestLine{SKU: "lamp", Quantity: 1})
		r.DiscountCodes = []string{code}
		p, err := price(table, r)
		if err != nil {
			for _, known := range []error{
				order.ErrInvalid, order.ErrDiscount, order.ErrNoShipping, order.ErrAmount, order.ErrBelowMinimum, order.ErrUnknownSKU,
			} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("%v", err)
		}
		sum := p.Shipping.Total()
		for _, l := range p.Lines {
			sum += l.Total()
			if l.Discount > l.Subtotal || l.Total()%order.Granule(currency) != 0 {
				t.Errorf("%+v", l)
			}
		}
		if sum != p.Total.Amount {
			t.Errorf("%d, %s", sum, p.Total)
		}
	})
}

// TestDocumented: docs/pricing.md shows every member of the table.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "pricing.md"))
	if err != nil {
		t.Fatal(err)
	}
	full := pricing.Table{
		Taxes: []pricing.TaxRule{{}}, Shipping: []pricing.ShippingRule{{}}, Discounts: []pricing.DiscountRule{{From: time.Now(), Until: time.Now()}},
	}
	b, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	var kinds map[string][]map[string]any
	if err := json.Unmarshal(b, &kinds); err != nil {
		t.Fatal(err)
	}
	for kind, rules := range kinds {
		for member := range rules[0] {
			if !bytes.Contains(page, []byte("| `"+member+"` |")) {
				t.Errorf("%s: %q has no row", kind, member)
			}
		}
	}
}
