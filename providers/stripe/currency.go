package stripe

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"purser/order"
)

// Stripe counts amounts in its own units (https://docs.stripe.com/currencies):
// mostly hundredths, even for currencies that ISO 4217 or common use counts
// otherwise.
const (
	wholeUnits = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
	thousandth = "BHD JOD KWD OMR TND" // the last digit must be 0
	// Stripe still writes these whole units as hundredths: 5 krónur are 500.
	wholeAsHundredths = "ISK UGX"
	hundredths        = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF " +
		"CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR " +
		"JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK " +
		"NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY " +
		"TTD TWD TZS UAH USD UYU UZS WST XCD XCG YER ZAR ZMW"
)

// stripeExponent returns the number of decimals of Stripe's unit.
func stripeExponent(code string) (int, error) {
	if len(code) == 3 {
		for e, list := range map[int]string{0: wholeUnits, 2: hundredths + " " + wholeAsHundredths, 3: thousandth} {
			if strings.Contains(list, code) && code == strings.ToUpper(code) && !strings.Contains(code, " ") {
				return e, nil
			}
		}
	}
	return 0, fmt.Errorf("%w: Stripe does not take %q", order.ErrAmount, code)
}

// toStripe converts a chargeable amount to Stripe's units.
func toStripe(m order.Money) (int64, error) {
	if err := m.Chargeable(); err != nil {
		return 0, err
	}
	ours, theirs, err := exponentsOf(m.Currency)
	if err != nil {
		return 0, err
	}
	n, err := shift(m.Amount, theirs-ours)
	if err != nil {
		return 0, fmt.Errorf("%w: %s in Stripe's units %w", order.ErrAmount, m, err)
	}
	return n, nil
}

// fromStripe converts Stripe's units to ours; it refuses a fraction that our
// units cannot express. Its error names the figure that Stripe shows.
func fromStripe(units int64, code string) (order.Money, error) {
	ours, theirs, err := exponentsOf(code)
	if err != nil {
		return order.Money{}, err
	}
	n, err := shift(units, ours-theirs)
	if err != nil {
		return order.Money{}, fmt.Errorf("%w: Stripe's amount of %d in %s %w", order.ErrAmount, units, code, err)
	}
	return order.Money{Amount: n, Currency: code}, nil
}

func exponentsOf(code string) (ours, theirs int, err error) {
	if ours, err = order.Exponent(code); err != nil {
		return 0, 0, err
	}
	theirs, err = stripeExponent(code)
	return ours, theirs, err
}

// shift multiplies by ten, by times, or divides if by is negative.
func shift(n int64, by int) (int64, error) {
	for ; by > 0; by-- {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return 0, errors.New("does not fit")
		}
		n *= 10
	}
	for ; by < 0; by++ {
		if n%10 != 0 {
			return 0, errors.New("holds a fraction that does not exist")
		}
		n /= 10
	}
	return n, nil
}
