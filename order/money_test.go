package order_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/text/currency"
	"pgregory.net/rapid"

	"purser/order"
)

func TestExponent(t *testing.T) {
	for code, want := range map[string]int{
		"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "COP": 2, "HUF": 2, "TWD": 2, "IDR": 2,
		"MRU": 2, "SLE": 2, "VES": 2, "XCG": 2, "JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "XOF": 0, "ISK": 0, "UGX": 0, "MGA": 0,
		"KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3, "IQD": 3,
	} {
		if got, err := order.Exponent(code); err != nil || got != want {
			t.Errorf("Exponent(%s) = %d, %v, want %d", code, got, err, want)
		}
	}
	for _, code := range []string{"", "E", "EU", "EURO", "eur", "Eur", "ABC", "XXX", "XTS", "€€€", "12 ", "E\x00R", "É1"} {
		if got, err := order.Exponent(code); !errors.Is(err, order.ErrInvalid) {
			t.Errorf("Exponent(%q) = %d, %v, want it refused", code, got, err)
		}
	}
}

// TestExponentOfEvery goes through every currency in use: each has 0, 2 or 3
// decimals, and ISO 4217 knows these without any.
func TestExponentOfEvery(t *testing.T) {
	none := map[string]bool{"MGA": true}
	for _, code := range []string{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"} {
		none[code] = true
	}
	three := map[string]bool{"BHD": true, "IQD": true, "JOD": true, "KWD": true, "LYD": true, "OMR": true, "TND": true}
	for it := currency.Query(); it.Next(); {
		code := it.Unit().String()
		want := 2
		if none[code] {
			want = 0
		} else if three[code] {
			want = 3
		}
		if got, err := order.Exponent(code); err != nil || got != want {
			t.Errorf("Exponent(%s) = %d, %v, want %d", code, got, err, want)
		}
	}
}

func TestMoneyString(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{1250, "EUR", "12.50 EUR"},
		{5, "EUR", "0.05 EUR"},
		{0, "EUR", "0.00 EUR"},
		{-5, "EUR", "-0.05 EUR"},
		{-1250, "EUR", "-12.50 EUR"},
		{1250, "JPY", "1250 JPY"},
		{-1, "JPY", "-1 JPY"},
		{12_750, "KWD", "12.750 KWD"},
		{-10, "KWD", "-0.010 KWD"},
		{math.MaxInt64, "EUR", "92233720368547758.07 EUR"},
		{math.MinInt64, "EUR", "-92233720368547758.08 EUR"},
		{math.MinInt64, "KWD", "-9223372036854775.808 KWD"},
		{math.MinInt64, "JPY", "-9223372036854775808 JPY"},
		{12, "???", "12 (minor) ???"},
		{12, "", "12 (minor) "},
	} {
		if got := (order.Money{Amount: c.amount, Currency: c.currency}).String(); got != c.want {
			t.Errorf("%d %s: got %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestChargeable(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		want     error
	}{
		{1, "EUR", nil},
		{99_999_999, "EUR", nil},
		{100_000_000, "EUR", order.ErrAmount},
		{0, "EUR", order.ErrAmount},
		{-1, "EUR", order.ErrAmount},
		{math.MinInt64, "EUR", order.ErrAmount},
		{math.MaxInt64, "EUR", order.ErrAmount},
		{9_999_999_999, "JPY", nil},
		{10_000_000_000, "JPY", order.ErrAmount},
		{999_999, "ISK", nil},
		{1_000_000, "ISK", order.ErrAmount},
		{999_999, "UGX", nil},
		{1_000_000, "UGX", order.ErrAmount},
		{999_999_999_999, "IDR", nil},
		{1_000_000_000_000, "IDR", order.ErrAmount},
		{999_999_999, "INR", nil},
		{1_000_000_000, "INR", order.ErrAmount},
		{99_999_999, "VND", nil},
		{100_000_000, "VND", order.ErrAmount},
		{10, "KWD", nil},
		{99_999_990, "KWD", nil},
		{12_751, "KWD", order.ErrAmount},
		{5, "KWD", order.ErrAmount},
		{100, "XXX", order.ErrInvalid},
		{100, "", order.ErrInvalid},
	} {
		if err := (order.Money{Amount: c.amount, Currency: c.currency}).Chargeable(); !errors.Is(err, c.want) {
			t.Errorf("%d %s: %v, want %v", c.amount, c.currency, err, c.want)
		}
	}
}

// TestMaximum: the most that can be charged is the currency's own, and none of them is
// above what holds for all.
func TestMaximum(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		currency string
		want     int64
		says     string // above it
	}{
		{currency: "EUR", want: 99_999_999, says: "1000000.00 EUR is above the limit of 999999.99 EUR"},
		{currency: "IDR", want: 999_999_999_999, says: "10000000000.00 IDR is above the limit of 9999999999.99 IDR"},
		{currency: "COP", want: 9_999_999_999, says: "100000000.00 COP is above the limit of 99999999.99 COP"},
		{currency: "HUF", want: 9_999_999_999, says: "100000000.00 HUF is above the limit of 99999999.99 HUF"},
		{currency: "JPY", want: 9_999_999_999, says: "10000000000 JPY is above the limit of 9999999999 JPY"},
		{currency: "INR", want: 999_999_999, says: "10000000.00 INR is above the limit of 9999999.99 INR"},
		{currency: "LBP", want: 99_999_999_999, says: "1000000000.00 LBP is above the limit of 999999999.99 LBP"},
		{currency: "ISK", want: 999_999, says: "1000000 ISK is above the limit of 999999 ISK"},
		{currency: "VND", want: 99_999_999, says: "100000000 VND is above the limit of 99999999 VND"},
	} {
		most := order.Maximum(tc.currency)
		if most != (order.Money{Amount: tc.want, Currency: tc.currency}) || most.Amount > order.MaxAmount {
			t.Errorf("%s: got %v, want %d", tc.currency, most, tc.want)
		}
		if err := most.Chargeable(); err != nil {
			t.Error(err)
		}
		most.Amount++
		if err := most.Chargeable(); !errors.Is(err, order.ErrAmount) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want it to say %q", tc.currency, err, tc.says)
		}
	}
	if order.Maximum("IDR").Amount != order.MaxAmount {
		t.Error("no currency has the highest amount of all")
	}
}

// TestPayable: a payment has a minimum where it is known, and a part of a
// payment has none.
func TestPayable(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		want     error
	}{
		{50, "EUR", nil},
		{49, "EUR", order.ErrBelowMinimum},
		{1, "EUR", order.ErrBelowMinimum},
		{0, "EUR", order.ErrAmount},
		{-1, "EUR", order.ErrAmount},
		{100_000_000, "EUR", order.ErrAmount},
		{30, "GBP", nil},
		{29, "GBP", order.ErrBelowMinimum},
		{50, "JPY", nil},
		{49, "JPY", order.ErrBelowMinimum},
		{17_500, "HUF", nil},
		{17_499, "HUF", order.ErrBelowMinimum},
		{1, "TWD", nil}, // only Stripe knows it
		{10, "KWD", nil},
		{5, "KWD", order.ErrAmount},
		{100, "XXX", order.ErrInvalid},
	} {
		if err := (order.Money{Amount: c.amount, Currency: c.currency}).Payable(); !errors.Is(err, c.want) {
			t.Errorf("%d %s: %v, want %v", c.amount, c.currency, err, c.want)
		}
	}
	err := order.Money{Amount: 49, Currency: "EUR"}.Payable()
	if want := "0.49 EUR, the minimum is 0.50 EUR"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

var amounts = rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 / 2}))

// TestTimes multiplies exactly or refuses.
func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, n := amounts.Draw(t, "amount"), amounts.Draw(t, "times")
		got, err := order.Money{Amount: a, Currency: "EUR"}.Times(n)
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(n))
		if fits := a >= 0 && n >= 0 && want.IsInt64(); fits != (err == nil) {
			t.Fatalf("%d × %d: %v", a, n, err)
		}
		if err == nil && (got.Amount != want.Int64() || got.Currency != "EUR") || err != nil && !errors.Is(err, order.ErrAmount) {
			t.Fatalf("%d × %d = %v, %v", a, n, got, err)
		}
	})
}

// TestPlus adds exactly or refuses.
func TestPlus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := amounts.Draw(t, "one"), amounts.Draw(t, "other")
		got, err := order.Money{Amount: a, Currency: "EUR"}.Plus(order.Money{Amount: b, Currency: "EUR"})
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		if want.IsInt64() != (err == nil) {
			t.Fatalf("%d + %d = %v, %v", a, b, got, err)
		}
		if err == nil && got.Amount != want.Int64() || err != nil && !errors.Is(err, order.ErrAmount) {
			t.Fatalf("%d + %d = %v, %v", a, b, got, err)
		}
		if _, err := got.Plus(order.Money{Amount: b, Currency: "JPY"}); !errors.Is(err, order.ErrMixedCurrency) {
			t.Fatalf("another currency: %v", err)
		}
	})
}
