package pricing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"purser/order"
	"purser/text"
)

var word = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// check checks every rule, and prepares its amounts.
func (t *Table) check() error {
	for _, n := range []struct {
		name string
		n    int
	}{{"taxes", len(t.Taxes)}, {"shipping", len(t.Shipping)}, {"discounts", len(t.Discounts)}} {
		if n.n > maxRules {
			return fmt.Errorf("%s: want at most %d rules, got %d", n.name, maxRules, n.n)
		}
	}
	for i := range t.Taxes {
		if err := t.Taxes[i].check(); err != nil {
			return fmt.Errorf("taxes[%d].%w", i, err)
		}
	}
	for i := range t.Shipping {
		if err := t.Shipping[i].check(); err != nil {
			return fmt.Errorf("shipping[%d].%w", i, err)
		}
	}
	codes := make(map[string]bool, len(t.Discounts))
	for i := range t.Discounts {
		d := &t.Discounts[i]
		if err := d.check(); err != nil {
			return fmt.Errorf("discounts[%d].%w", i, err)
		}
		key := strings.ToUpper(d.Code) + " " + d.Currency
		if codes[key] || codes[strings.ToUpper(d.Code)+" "] {
			return fmt.Errorf("discounts[%d].code: %q appears twice", i, d.Code)
		}
		codes[key] = true
	}
	return nil
}

func (r *TaxRule) check() error {
	switch {
	case !order.IsCountry(r.Country):
		return errors.New("country: want a country's code in upper case (ISO 3166-1), such as DE")
	case r.Shipping && len(r.SKUs) > 0:
		return errors.New("shipping: a rule for some goods is not for the shipping fee")
	}
	for i, p := range r.PostalCodes {
		if p == "" || len(p) > 20 {
			return fmt.Errorf("postalCodes[%d]: want the beginning of a postal code", i)
		}
	}
	if err := checkCurrency(r.Currency, false); err != nil {
		return err
	}
	if err := plainText("name", r.Name); err != nil {
		return err
	}
	if _, err := parseRate(r.Rate); err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	return checkSKUs(r.SKUs)
}

func (r *ShippingRule) check() (err error) {
	if !word.MatchString(r.Method) {
		return errors.New("method: want 1 to 64 letters, digits, dots, hyphens and underscores")
	}
	if err := plainText("name", r.Name); err != nil {
		return err
	}
	for i, c := range r.Countries {
		if !order.IsCountry(c) {
			return fmt.Errorf("countries[%d]: want a country's code in upper case (ISO 3166-1), such as DE", i)
		}
	}
	if err := checkCurrency(r.Currency, true); err != nil {
		return err
	}
	if r.fee, err = parseAmount("fee", r.Fee, r.Currency); err != nil {
		return err
	}
	if r.FreeFrom == "" {
		return nil
	}
	if r.freeFrom, err = parseAmount("freeFrom", r.FreeFrom, r.Currency); err == nil && r.freeFrom == 0 {
		err = errors.New("freeFrom: want more than 0; for shipping that is always free, set the fee to 0")
	}
	return err
}

func (r *DiscountRule) check() (err error) {
	switch {
	case !word.MatchString(r.Code):
		return errors.New("code: want 1 to 64 letters, digits, dots, hyphens and underscores")
	case !slices.Contains([]order.DiscountScope{order.PerLine, order.PerOrder, order.PerShipping}, r.Per):
		return fmt.Errorf("per: want %s, %s or %s", order.PerLine, order.PerOrder, order.PerShipping)
	case (r.Percent == "") == (r.Amount == ""):
		return errors.New("percent: want either percent or amount")
	case r.Per == order.PerShipping && len(r.SKUs) > 0:
		return errors.New("skus: a discount on the shipping fee is for all goods")
	case !r.From.IsZero() && !r.Until.IsZero() && !r.Until.After(r.From):
		return errors.New("until: want a time after from")
	}
	if err := checkCurrency(r.Currency, r.Amount != "" || r.Minimum != ""); err != nil {
		return err
	}
	if r.Percent != "" {
		if n, err := parseRate(r.Percent); err != nil || n == 0 {
			return errors.New(`percent: want a number above 0, up to 100, with at most four decimals, such as "12.5"`)
		}
	} else if r.amount, err = parseAmount("amount", r.Amount, r.Currency); err != nil {
		return err
	} else if r.amount == 0 {
		return errors.New("amount: want more than 0")
	}
	if r.Minimum != "" {
		if r.minimum, err = parseAmount("minimum", r.Minimum, r.Currency); err != nil {
			return err
		}
	}
	return checkSKUs(r.SKUs)
}

// checkCurrency refuses an unknown currency.
func checkCurrency(code string, required bool) error {
	if code == "" && !required {
		return nil
	}
	if _, err := order.Exponent(code); err != nil {
		return fmt.Errorf("currency: want a three-letter ISO 4217 code in upper case, got %.10q", code)
	}
	return nil
}

func plainText(name, s string) error { return ofTable(order.CheckText(name, s, true, order.MaxText)) }

// ofTable returns an error of package order without what it says about orders.
func ofTable(err error) error {
	if err == nil {
		return nil
	}
	says := err.Error()
	for _, kind := range []error{order.ErrInvalid, order.ErrAmount} {
		says = strings.TrimPrefix(says, kind.Error()+": ")
	}
	return errors.New(says)
}

// checkSKUs checks SKUs, and gives them the form in which the catalogue keeps them.
func checkSKUs(skus []string) error {
	for i := range skus {
		skus[i] = text.Clean(skus[i])
		if err := order.CheckText(fmt.Sprintf("skus[%d]", i), skus[i], true, 64); err != nil {
			return ofTable(err)
		}
	}
	return nil
}
