package commands

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"purser/order"
)

// decimal is an amount of money as a person writes it: 12.50, or 1250 in a currency
// without decimals. Which amount it is depends on the currency.
type decimal string

var plainDecimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// UnmarshalText refuses what is no amount in any currency; the flag parser calls it.
func (d *decimal) UnmarshalText(text []byte) error {
	*d = decimal(text)
	switch {
	case plainDecimal.Match(text):
		return nil
	case plainDecimal.MatchString(strings.Replace(string(text), ",", ".", 1)):
		return fmt.Errorf("%q: write the decimals after a point: %s", string(text), strings.Replace(string(text), ",", ".", 1))
	}
	return fmt.Errorf("%q: want an amount such as 12.50, without separators of thousands and without a currency", string(text))
}

// in returns the amount in minor units of a currency. It must be written with all
// decimals of the currency, because 1250 might mean 1250.00 EUR as well as 12.50 EUR.
// minor is the flag that takes minor units; it may be empty.
func (d decimal) in(currency, flag, minor string) (int64, error) {
	exponent, err := order.Exponent(currency)
	if err != nil {
		return 0, usageError{err}
	}
	whole, fraction, _ := strings.Cut(string(d), ".")
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	unit := int64(math.Pow10(exponent))
	var problem string
	switch {
	case err == nil && len(fraction) == exponent:
		return n, nil
	case err != nil || n > math.MaxInt64/unit:
		problem = "the amount is too large"
	case exponent == 0:
		problem = fmt.Sprintf("%s has no decimals: write %s for %s %s", currency, whole, whole, currency)
	case len(fraction) > exponent:
		problem = fmt.Sprintf("%s has %d decimals", currency, exponent)
	default:
		full := d.padded(exponent)
		problem = fmt.Sprintf("%s has %d decimals: write %s for %s %s", currency, exponent, full, full, currency)
		if fraction == "" && minor != "" {
			problem += fmt.Sprintf(", or %s %s for %s", minor, whole, order.Money{Amount: n, Currency: currency})
		}
	}
	return 0, usageError{fmt.Errorf("%s %s: %s", flag, d, problem)}
}

// padded returns the amount with more decimals.
func (d decimal) padded(decimals int) string {
	whole, fraction, _ := strings.Cut(string(d), ".")
	return whole + "." + fraction + strings.Repeat("0", decimals-len(fraction))
}
