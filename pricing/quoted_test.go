package pricing_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/pricing"
)

// quoted returns a correct price of the shop's endpoint for two mugs and a book.
func quoted() order.Quoted {
	return order.Quoted{
		Lines: []order.QuotedLine{
			{SKU: "book-harbours", Price: 1799, Tax: tax("VAT", "7", 118, true), Total: 1799},
			{SKU: "mug-blue", Price: 1100, Discount: 200, Tax: tax("GST", "10", 200, false), Total: 2200},
		},
		Shipping: &order.QuotedFee{Fee: order.Fee{Name: "Post", Price: 500, Discount: 100}, Total: 400},
		Total:    4399,
	}
}

// TestQuoted (PAY-22): the amounts of the shop's endpoint are taken only if they add up
// and can be charged and refunded.
func TestQuoted(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(q *order.Quoted)
		text   string // of the refusal; empty: it is taken
	}{
		{name: "as it is", change: func(*order.Quoted) {}},
		{name: "without a fee", change: func(q *order.Quoted) { q.Shipping, q.Total = nil, 3999 }},
		{name: "free", change: func(q *order.Quoted) {
			q.Lines[0].Discount, q.Lines[0].Tax.Amount, q.Lines[0].Total = 1799, 0, 0
			q.Lines[1].Discount, q.Lines[1].Tax.Amount, q.Lines[1].Total = 2200, 0, 0
			q.Shipping, q.Total = nil, 0
		}},
		{name: "a tax rounded for each piece", change: func(q *order.Quoted) { q.Lines[1].Tax.Amount, q.Lines[1].Total, q.Total = 202, 2202, 4401 }},
		{name: "a line is missing", change: func(q *order.Quoted) { q.Lines, q.Total = q.Lines[:1], 2199 }, text: "lines: want 2"},
		{name: "a line twice", change: func(q *order.Quoted) { q.Lines[1] = q.Lines[0]; q.Total = 3998 }, text: `"mug-blue" is missing`},
		{name: "another product", change: func(q *order.Quoted) { q.Lines[0].SKU = "lamp" }, text: `"book-harbours" is missing`},
		{name: "the total is a cent more", change: func(q *order.Quoted) { q.Total++ }, text: "total: the lines and the shipping fee add up to 43.99 EUR, not to 44.00 EUR"},
		{name: "the fee is forgotten in the total", change: func(q *order.Quoted) { q.Total = 3999 }, text: "add up to 43.99 EUR"},
		{name: "a line's total is not its parts", change: func(q *order.Quoted) { q.Lines[1].Total, q.Total = 2300, 4499 }, text: "lines[1].total: price, discount and tax add up to 22.00 EUR"},
		{name: "the fee's total is not its parts", change: func(q *order.Quoted) { q.Shipping.Total, q.Total = 500, 4499 }, text: "shipping.total"},
		{name: "a discount above the price", change: func(q *order.Quoted) {
			q.Lines[0].Discount, q.Lines[0].Tax, q.Lines[0].Total, q.Total = 1800, nil, -1, 2599
		}, text: "lines[0].discount: want 0 to 1799"},
		{name: "a discount below zero", change: func(q *order.Quoted) { q.Shipping.Discount, q.Shipping.Total, q.Total = -1, 501, 4500 }, text: "shipping.discount"},
		{name: "a price below zero", change: func(q *order.Quoted) { q.Lines[0].Price = -1 }, text: "lines[0].price"},
		{name: "a price that overflows", change: func(q *order.Quoted) { q.Lines[1].Price = math.MaxInt64 }, text: "lines[1].price"},
		{name: "a fee that overflows", change: func(q *order.Quoted) { q.Shipping.Price = math.MaxInt64 }, text: "shipping.price"},
		{name: "a tax that overflows", change: func(q *order.Quoted) { q.Lines[1].Tax.Amount, q.Lines[1].Total = math.MaxInt64, math.MinInt64+1999 }, text: "lines[1].t"},
		{name: "a tax that does not meet its rate", change: func(q *order.Quoted) { q.Lines[0].Tax.Amount = 126 }, text: "lines[0].tax.amount: 7 per cent of 17.99 EUR are 1.18 EUR, not 1.26 EUR"},
		{name: "a tax that is too low for its rate", change: func(q *order.Quoted) { q.Lines[0].Tax.Amount = 116 }, text: "lines[0].tax.amount: 7 per cent of 17.99 EUR are 1.18 EUR, not 1.16 EUR"},
		{name: "a tax below zero", change: func(q *order.Quoted) { q.Lines[0].Tax.Rate, q.Lines[0].Tax.Amount = "0", -1 }, text: "lines[0].tax.amount"},
		{name: "a rate in words", change: func(q *order.Quoted) { q.Lines[0].Tax.Rate = "seven" }, text: "lines[0].tax.rate"},
		{name: "a tax without a name", change: func(q *order.Quoted) { q.Lines[0].Tax.Name = "" }, text: "lines[0].tax.name"},
		{name: "a fee with a line break", change: func(q *order.Quoted) { q.Shipping.Name = "a\nb" }, text: "shipping.name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 2}, order.RequestLine{SKU: "book-harbours", Quantity: 1})
			q := quoted()
			c.change(&q)
			p, err := pricing.Price(r, offers("EUR"), &order.Pricing{Quoted: &q})
			switch {
			case c.text == "" && (err != nil || p.Total.Amount != q.Total):
				t.Errorf("%+v, %v", p, err)
			case c.text != "" && (!errors.Is(err, order.ErrPricing) || errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), c.text)):
				t.Errorf("%v, want %q", err, c.text)
			}
		})
	}
}

// TestQuotedLines: the order has the endpoint's prices with the catalogue's names, in
// the request's sequence.
func TestQuotedLines(t *testing.T) {
	r := request("EUR", "DE", "10115", order.RequestLine{SKU: "mug-blue", Quantity: 2}, order.RequestLine{SKU: "book-harbours", Quantity: 1})
	q := quoted()
	got, err := pricing.Price(r, offers("EUR"), &order.Pricing{Quoted: &q})
	want := pricing.Priced{
		Lines: []order.Line{
			{SKU: "mug-blue", Name: "Name of mug-blue", Quantity: 2, Price: 1100, Subtotal: 2200, Discount: 200, Tax: tax("GST", "10", 200, false)},
			{SKU: "book-harbours", Name: "Name of book-harbours", Quantity: 1, Price: 1799, Subtotal: 1799, Tax: tax("VAT", "7", 118, true)},
		},
		Shipping: &order.Fee{Name: "Post", Price: 500, Discount: 100},
		Total:    order.Money{Amount: 4399, Currency: "EUR"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestQuotedDinars: no part of a price is an amount that no card can be charged.
func TestQuotedDinars(t *testing.T) {
	for _, c := range []struct {
		name  string
		price int64
		text  string
	}{
		{name: "in tens", price: 4250},
		{name: "not in tens", price: 4255, text: "lines[0].total: 4.255 KWD must be a multiple of 0.010 KWD"},
		{name: "below ten", price: 5, text: "must be a multiple"},
	} {
		r := request("KWD", "KW", "", order.RequestLine{SKU: "mug-blue", Quantity: 1})
		q := order.Quoted{Lines: []order.QuotedLine{{SKU: "mug-blue", Price: c.price, Total: c.price}}, Total: c.price}
		_, err := pricing.Price(r, offers("KWD"), &order.Pricing{Quoted: &q})
		if (err == nil) != (c.text == "") || err != nil && (!errors.Is(err, order.ErrPricing) || !strings.Contains(err.Error(), c.text)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
