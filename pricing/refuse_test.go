package pricing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"purser/order"
	"purser/pricing"
)

const codes = `{"discounts": [
	{"code": "TEN", "per": "order", "percent": "10"},
	{"code": "LATER", "per": "order", "percent": "10", "from": "2026-03-15T12:00:00.001Z"},
	{"code": "NOW", "per": "order", "percent": "10", "from": "2026-03-15T12:00:00Z"},
	{"code": "OVER", "per": "order", "percent": "10", "until": "2026-03-15T12:00:00Z"},
	{"code": "DOLLARS", "per": "order", "amount": "5.00", "currency": "USD"},
	{"code": "BOTH", "per": "order", "amount": "5.00", "currency": "USD"},
	{"code": "BOTH", "per": "order", "amount": "4.00", "currency": "EUR"},
	{"code": "RICH", "per": "order", "amount": "5.00", "currency": "EUR", "minimum": "12.51"},
	{"code": "ENOUGH", "per": "order", "amount": "5.00", "currency": "EUR", "minimum": "12.50"},
	{"code": "LAMPS", "per": "line", "percent": "50", "skus": ["lamp"]},
	{"code": "HUGE", "per": "order", "amount": "500.00", "currency": "EUR"},
	{"code": "ALMOST", "per": "order", "amount": "12.49", "currency": "EUR"},
	{"code": "ONE", "per": "line", "amount": "1.00", "currency": "EUR", "combines": true},
	{"code": "TWO", "per": "order", "percent": "20", "combines": true},
	{"code": "THREE", "per": "order", "amount": "1.00", "currency": "EUR", "combines": true}
]}`

// TestCodes: a code that cannot be used is refused with the reason, and none takes off
// more than the goods cost.
func TestCodes(t *testing.T) {
	table, err := pricing.Parse([]byte(codes))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		codes []string
		total int64 // of a mug for 12.50 EUR
		want  error
		text  string
	}{
		{name: "valid", codes: []string{"TEN"}, total: 1125},
		{name: "in another case, with spaces", codes: []string{" ten "}, total: 1125},
		{name: "unknown", codes: []string{"TENN"}, want: order.ErrDiscount, text: "not a code of this shop"},
		{name: "unknown after a valid one", codes: []string{"TEN", "?"}, want: order.ErrDiscount, text: "not a code of this shop"},
		{name: "not yet", codes: []string{"LATER"}, want: order.ErrDiscount, text: "not valid yet"},
		{name: "from now on", codes: []string{"NOW"}, total: 1125},
		{name: "over", codes: []string{"OVER"}, want: order.ErrDiscount, text: "has expired"},
		{name: "in another currency", codes: []string{"DOLLARS"}, want: order.ErrDiscount, text: "not valid in EUR"},
		{name: "in two currencies", codes: []string{"BOTH"}, total: 850},
		{name: "a cent too little", codes: []string{"RICH"}, want: order.ErrDiscount, text: "12.51 EUR or more"},
		{name: "just enough", codes: []string{"ENOUGH"}, total: 750},
		{name: "for other goods", codes: []string{"LAMPS"}, want: order.ErrDiscount, text: "none of these goods"},
		{name: "two that combine", codes: []string{"TWO", "ONE"}, total: 920},
		{name: "two that combine, the other way round", codes: []string{"ONE", "TWO"}, total: 920},
		{name: "two on the order, in the table's sequence", codes: []string{"TWO", "THREE"}, total: 900},
		{name: "two on the order, the other way round", codes: []string{"THREE", "TWO"}, total: 900},
		{name: "one that does not combine", codes: []string{"ONE", "TEN"}, want: order.ErrDiscount, text: "cannot be combined"},
		{name: "twice", codes: []string{"ONE", "one"}, want: order.ErrInvalid, text: "appears twice"},
		{name: "twice, with a space", codes: []string{"ONE", "ONE "}, want: order.ErrDiscount, text: "given twice"},
		{name: "above the price", codes: []string{"HUGE"}, total: 0},
		{name: "less is left than can be charged", codes: []string{"ALMOST"}, want: order.ErrBelowMinimum, text: "0.01 EUR"},
		{name: "too many", codes: strings.Split("ABCDEFGHIJK", ""), want: order.ErrInvalid, text: "at most 10"},
		{name: "empty", codes: []string{""}, want: order.ErrInvalid, text: "missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 1})
			r.DiscountCodes = c.codes
			got, err := price(table, r)
			if !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.text) || got.Total.Amount != c.total {
				t.Errorf("%s, %v", got.Total, err)
			}
		})
	}
}

// TestExpectedTotal: an order that costs something else than the shopper saw is
// refused with both totals, with rules and without.
func TestExpectedTotal(t *testing.T) {
	for _, c := range []struct {
		name   string
		table  *pricing.Table
		expect order.Money
		want   error
		text   string
	}{
		{name: "the total", table: example(t, "germany"), expect: order.Money{Amount: 1740, Currency: "EUR"}},
		{name: "a cent less", table: example(t, "germany"), expect: order.Money{Amount: 1739, Currency: "EUR"}, want: order.ErrPriceChanged, text: "costs 17.40 EUR, the shopper saw 17.39 EUR"},
		{name: "a cent more", table: example(t, "germany"), expect: order.Money{Amount: 1741, Currency: "EUR"}, want: order.ErrPriceChanged, text: "costs 17.40 EUR, the shopper saw 17.41 EUR"},
		{name: "without the fee", table: &pricing.Table{}, expect: order.Money{Amount: 1250, Currency: "EUR"}},
		{name: "with a fee that there is not", table: &pricing.Table{}, expect: order.Money{Amount: 1740, Currency: "EUR"}, want: order.ErrPriceChanged, text: "costs 12.50 EUR, the shopper saw 17.40 EUR"},
		{name: "nothing", table: example(t, "germany"), expect: order.Money{Amount: 0, Currency: "EUR"}, want: order.ErrPriceChanged, text: "saw 0.00 EUR"},
		{name: "in another currency", table: example(t, "germany"), expect: order.Money{Amount: 1740, Currency: "USD"}, want: order.ErrInvalid, text: `in EUR, not in "USD"`},
		{name: "below zero", table: example(t, "germany"), expect: order.Money{Amount: -1, Currency: "EUR"}, want: order.ErrInvalid, text: "below zero"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 1})
			r.ExpectedTotal = &c.expect
			if _, err := price(c.table, r); !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.text) {
				t.Error(err)
			}
		})
	}
}

// TestShipping: a table with fees ships only where it has one.
func TestShipping(t *testing.T) {
	table := example(t, "germany")
	for _, c := range []struct {
		name, country, currency, method string
		mugs                            int64
		fee                             int64
		want                            error
	}{
		{name: "the first method", country: "DE", currency: "EUR", mugs: 1, fee: 490},
		{name: "a named method", country: "DE", currency: "EUR", method: "express", mugs: 1, fee: 1290},
		{name: "a cent below free", country: "DE", currency: "EUR", mugs: 3, fee: 490},
		{name: "free from", country: "DE", currency: "EUR", mugs: 4, fee: 0},
		{name: "a method that is never free", country: "DE", currency: "EUR", method: "express", mugs: 4, fee: 1290},
		{name: "a method that another country has", country: "FR", currency: "EUR", method: "express", mugs: 1, want: order.ErrNoShipping},
		{name: "an unknown method", country: "DE", currency: "EUR", method: "drone", mugs: 1, want: order.ErrNoShipping},
		{name: "a country that the shop does not ship to", country: "US", currency: "EUR", mugs: 1, want: order.ErrNoShipping},
		{name: "a currency without fees", country: "DE", currency: "USD", mugs: 1, want: order.ErrNoShipping},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(c.currency, c.country, "10115", order.RequestLine{SKU: "mug-blue", Quantity: c.mugs})
			r.ShippingMethod = c.method
			got, err := price(table, r)
			if !errors.Is(err, c.want) || err == nil && got.Shipping.Total() != c.fee {
				t.Errorf("%v, %v", got.Shipping, err)
			}
		})
	}
	r := request("EUR", "US", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 1}, order.RequestLine{SKU: "card", Quantity: 1})
	offered := offers("EUR")
	digital := func(sku string) {
		o := offered[sku]
		o.Goods.Shipping = order.ShippingNone
		offered[sku] = o
	}
	digital("card")
	if _, err := table.Resolve(r, offered, spring); !errors.Is(err, order.ErrNoShipping) {
		t.Errorf("one of them needs a parcel: %v", err)
	}
	digital("mug-blue")
	if p, err := table.Resolve(r, offered, spring); err != nil || p != nil && p.Shipping != nil {
		t.Errorf("SHP-8: goods that need no parcel: %+v, %v", p, err)
	}
	r = request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 1})
	r.ShippingMethod = "express"
	if _, err := (&pricing.Table{}).Resolve(r, nil, time.Now()); !errors.Is(err, order.ErrNoShipping) {
		t.Errorf("a method without a table: %v", err)
	}
}

// TestUnpriced: goods that cannot be sold are refused with rules as without.
func TestUnpriced(t *testing.T) {
	table := example(t, "notax")
	table.Shipping = nil
	for _, c := range []struct {
		name, currency string
		line           order.RequestLine
		want           error
		text           string
	}{
		{name: "gone", currency: "KWD", line: order.RequestLine{SKU: "lamp-gone", Quantity: 1}, want: order.ErrUnknownSKU, text: "lamp-gone"},
		{name: "a price that no card can be charged", currency: "KWD", line: order.RequestLine{SKU: "odd", Quantity: 1}, want: order.ErrAmount, text: "odd"},
		{name: "too dear, even if it is a gift", currency: "EUR", line: order.RequestLine{SKU: "palace", Quantity: 1000}, want: order.ErrAmount, text: "too many for one order"},
	} {
		r := request(c.currency, "KW", "", c.line)
		r.DiscountCodes = []string{"GIFT"}
		decided, err := table.Resolve(r, offers(r.Currency), spring)
		if err != nil {
			t.Fatal(err)
		}
		all := offers(c.currency)
		all["palace"] = order.Offer{SKU: "palace", Price: order.Money{Amount: 10_000_000_000, Currency: "EUR"}, Available: 1000}
		if _, err := pricing.Price(r, all, decided); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
