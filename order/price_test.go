package order_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"purser/order"
)

func offer(sku string, price int64, currency string, available int64) map[string]order.Offer {
	return map[string]order.Offer{sku: {SKU: sku, Name: "Name of " + sku, Price: order.Money{Amount: price, Currency: currency}, Available: available}}
}

func TestPrice(t *testing.T) {
	for _, c := range []struct {
		name   string
		offers map[string]order.Offer
		money  string
		want   error
	}{
		{"for sale", offer("mug", 1450, "EUR", 2), "EUR", nil},
		{"unknown", offer("cup", 1450, "EUR", 2), "EUR", order.ErrUnknownSKU},
		{"nothing is for sale", nil, "EUR", order.ErrUnknownSKU},
		{"in another currency", offer("mug", 1450, "USD", 2), "EUR", order.ErrMixedCurrency},
		{"one too few", offer("mug", 1450, "EUR", 1), "EUR", order.ErrOutOfStock},
		{"fewer than none", offer("mug", 1450, "EUR", -3), "EUR", order.ErrOutOfStock},
		{"too dear to count", offer("mug", math.MaxInt64, "EUR", 2), "EUR", order.ErrAmount},
		{"too dear to charge", offer("mug", 99_999_999, "EUR", 2), "EUR", order.ErrAmount},
		{"just not too dear", offer("mug", 99_999_999/2, "EUR", 2), "EUR", nil},
		{"shoes in rupiah", offer("mug", 150_000_000, "IDR", 2), "IDR", nil},
		{"too dear to charge in rupiah", offer("mug", 500_000_000_000, "IDR", 2), "IDR", order.ErrAmount},
		{"for the least that can be charged", offer("mug", 25, "EUR", 2), "EUR", nil},
		{"for less than can be charged", offer("mug", 24, "EUR", 2), "EUR", order.ErrBelowMinimum},
		{"for nothing", offer("mug", 0, "EUR", 2), "EUR", order.ErrAmount},
		{"for less than nothing", offer("mug", -1, "EUR", 2), "EUR", order.ErrAmount},
		{"three decimals, a multiple of ten in the end", offer("mug", 12_755, "KWD", 2), "KWD", nil},
		{"three decimals, not a multiple of ten", offer("mug", 12_751, "KWD", 2), "KWD", order.ErrAmount},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request()
			r.Currency = c.money
			lines, total, err := r.Price(c.offers)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			o := c.offers["mug"]
			if c.want == nil && (total.Amount != 2*o.Price.Amount || len(lines) != 1 || lines[0].Name != o.Name) {
				t.Errorf("%v, %v", lines, total)
			}
		})
	}
	t.Run("the sum does not fit", func(t *testing.T) {
		r := request()
		r.Lines = []order.RequestLine{{SKU: "a", Quantity: 1}, {SKU: "b", Quantity: 1}}
		offers := offer("a", math.MaxInt64, "EUR", 1)
		offers["b"] = offer("b", 1, "EUR", 1)["b"]
		if _, _, err := r.Price(offers); !errors.Is(err, order.ErrAmount) {
			t.Error(err)
		}
	})
}

// TestTotal is the sum of price times quantity, for whatever is ordered.
func TestTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, offers := request(), map[string]order.Offer{}
		r.Lines = nil
		var want int64
		for i := range rapid.IntRange(1, 20).Draw(t, "lines") {
			sku := fmt.Sprint("sku-", i)
			price, n := rapid.Int64Range(1, 20_000).Draw(t, "price"), rapid.Int64Range(1, order.MaxQuantity).Draw(t, "quantity")
			offers[sku] = offer(sku, price, "EUR", n)[sku]
			r.Lines = append(r.Lines, order.RequestLine{SKU: sku, Quantity: n})
			want += price * n
		}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		lines, total, err := r.Price(offers)
		if least, _ := order.Minimum("EUR"); (err == nil) != (want >= least.Amount && want <= order.Maximum("EUR").Amount) {
			t.Fatalf("total of %d: %v", want, err)
		}
		if err != nil {
			return
		}
		var sum int64
		for i, l := range lines {
			if l.SKU != r.Lines[i].SKU || l.Subtotal != l.Price*l.Quantity {
				t.Fatalf("line %d is %+v", i, l)
			}
			sum += l.Subtotal
		}
		if total != (order.Money{Amount: want, Currency: "EUR"}) || sum != want {
			t.Fatalf("total %v, sum of the lines %d, want %d", total, sum, want)
		}
	})
}
