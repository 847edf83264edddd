package order

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/text/currency"
)

// Money is an amount in minor units (cents, yen, fils) of a currency. No amount
// in Purser is a float.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"` // ISO 4217, upper case
}

// minimums are the least amounts that Stripe charges, in minor units
// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). In
// a currency that is not listed the minimum depends on the account's own
// currency and on the day's rate; only Stripe itself knows it.
var minimums = map[string]int64{
	"AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250,
	"EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200,
	"NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}

// maximums are the largest amounts that Stripe charges, in minor units, in the
// currencies in which they have more than eight digits
// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, read in 2025).
// Where its sentences about a currency differ, this is the least of them.
var maximums = map[string]int64{
	"COP": 9_999_999_999, "HUF": 9_999_999_999, "IDR": 999_999_999_999, "INR": 999_999_999, "JPY": 9_999_999_999, "LBP": 99_999_999_999,
}

// eightDigits is the largest amount that Stripe charges in every other currency.
const eightDigits = 99_999_999

// Maximum returns the most that can be charged in a currency.
func Maximum(code string) Money {
	switch n, ok := maximums[code]; {
	case ok:
		return Money{n, code}
	case code == "ISK", code == "UGX": // they have no minor units, but Stripe charges hundredths of them
		return Money{eightDigits / 100, code}
	}
	return Money{eightDigits, code}
}

// MaxAmount is the most that can be charged in any currency, in minor units.
const MaxAmount = 999_999_999_999

// Minimum returns the least that can be charged in a currency; ok is false
// where it is not known beforehand.
func Minimum(code string) (least Money, ok bool) {
	n, ok := minimums[code]
	return Money{n, code}, ok
}

// exponents are the decimals of currencies that x/text lacks or gets wrong: for
// some it has the decimals that people write instead of those of ISO 4217, one
// is divided into fifths, and some are newer than its tables.
var exponents = map[string]int{
	"MGA": 0, // charged as whole ariary
	"AFN": 2, "ALL": 2, "AMD": 2, "COP": 2, "GYD": 2, "IDR": 2, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2, "MMK": 2, "MNT": 2,
	"MRO": 2, "MUR": 2, "PKR": 2, "RSD": 2, "SLL": 2, "SOS": 2, "STD": 2, "SYP": 2, "TZS": 2, "UZS": 2, "YER": 2, "HUF": 2, "TWD": 2,
	"IQD": 3,
	"MRU": 2, "SLE": 2, "VES": 2, "XCG": 2,
}

// Exponent returns the number of decimals of a currency: 0 for JPY, 2 for EUR, 3
// for KWD. It fails with ErrInvalid if code is not an upper-case ISO 4217 code.
func Exponent(code string) (int, error) {
	if e, ok := exponents[code]; ok {
		return e, nil
	}
	if len(code) != 3 || code != strings.ToUpper(code) {
		return 0, fmt.Errorf("%w: currency %q is not a three-letter ISO 4217 code in upper case", ErrInvalid, code)
	}
	u, err := currency.ParseISO(code)
	if err != nil || u == (currency.Unit{}) || code == "XXX" || code == "XTS" {
		return 0, fmt.Errorf("%w: unknown currency %q", ErrInvalid, code)
	}
	// Standard, not Cash: card payments are not rounded to coins.
	scale, _ := currency.Standard.Rounding(u)
	return scale, nil
}

// Granule returns the smallest amount that cards can be charged and refunded, in
// minor units: card networks support two decimals
// (https://docs.stripe.com/currencies#three-decimal).
func Granule(code string) int64 {
	if exp, err := Exponent(code); err == nil && exp == 3 {
		return 10
	}
	return 1
}

// String returns the amount in major units with its code: "12.50 EUR".
func (m Money) String() string {
	exp, err := Exponent(m.Currency)
	if err != nil {
		return fmt.Sprintf("%d (minor) %s", m.Amount, m.Currency)
	}
	if exp == 0 {
		return fmt.Sprintf("%d %s", m.Amount, m.Currency)
	}
	sign, abs := "", uint64(m.Amount)
	if m.Amount < 0 {
		sign, abs = "-", -uint64(m.Amount)
	}
	unit := uint64(math.Pow10(exp))
	return fmt.Sprintf("%s%d.%0*d %s", sign, abs/unit, exp, abs%unit, m.Currency)
}

// Times returns the amount multiplied by a count; ErrAmount if it overflows.
func (m Money) Times(n int64) (Money, error) {
	if n < 0 || m.Amount < 0 || (n != 0 && m.Amount > math.MaxInt64/n) {
		return Money{}, fmt.Errorf("%w: %d × %d does not fit", ErrAmount, m.Amount, n)
	}
	return Money{m.Amount * n, m.Currency}, nil
}

// Plus returns the sum; ErrMixedCurrency if the currencies differ, ErrAmount if
// it overflows.
func (m Money) Plus(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrMixedCurrency, m.Currency, o.Currency)
	}
	if o.Amount > 0 && m.Amount > math.MaxInt64-o.Amount || o.Amount < 0 && m.Amount < math.MinInt64-o.Amount {
		return Money{}, fmt.Errorf("%w: %d + %d does not fit", ErrAmount, m.Amount, o.Amount)
	}
	return Money{m.Amount + o.Amount, m.Currency}, nil
}

// Payable checks that an order may cost this amount: it is Chargeable and not
// below the Minimum. The minimum applies to a whole payment, not to partial
// captures and refunds.
func (m Money) Payable() error {
	if err := m.Chargeable(); err != nil {
		return err
	}
	if least, ok := Minimum(m.Currency); ok && m.Amount < least.Amount {
		return fmt.Errorf("%w: %s, the minimum is %s", ErrBelowMinimum, m, least)
	}
	return nil
}

// Chargeable checks that a card can be charged this amount: above zero, at
// most the Maximum, and a multiple of ten where the currency has three decimals
// (card networks support two).
func (m Money) Chargeable() error {
	_, err := Exponent(m.Currency)
	switch {
	case err != nil:
		return err
	case m.Amount <= 0:
		return fmt.Errorf("%w: %s is not above zero", ErrAmount, m)
	case m.Amount > Maximum(m.Currency).Amount:
		return fmt.Errorf("%w: %s is above the limit of %s", ErrAmount, m, Maximum(m.Currency))
	case m.Amount%Granule(m.Currency) != 0:
		return fmt.Errorf("%w: %s must be a multiple of %s", ErrAmount, m, Money{Granule(m.Currency), m.Currency})
	}
	return nil
}
