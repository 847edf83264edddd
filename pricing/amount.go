package pricing

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"purser/order"
)

var amountForm = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// parseAmount reads an amount in major units, with all decimals of its currency, that
// can be charged, or zero. name is for its errors.
func parseAmount(name, s, currency string) (int64, error) {
	decimals, err := order.Exponent(currency)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, ofTable(err))
	}
	whole, fraction, _ := strings.Cut(s, ".")
	switch {
	case s == "0":
		return 0, nil
	case !amountForm.MatchString(s):
		return 0, fmt.Errorf("%s: want an amount such as %s, got %.40q", name, example(decimals), s)
	case len(fraction) != decimals:
		return 0, fmt.Errorf("%s: %q: %s has %d decimals, as in %s", name, s, currency, decimals, example(decimals))
	}
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %.40q is too large", name, s)
	}
	if n != 0 {
		err = (order.Money{Amount: n, Currency: currency}).Chargeable()
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, ofTable(err))
	}
	return n, nil
}

// example is an amount with some decimals.
func example(decimals int) string {
	return strings.TrimSuffix("490."+strings.Repeat("0", decimals), ".")
}
