package order

import (
	"fmt"
	"slices"
	"strings"

	"purser/mail"
	"purser/text"
)

// The limits of a request.
const (
	MaxLines    = 100
	MaxQuantity = 1_000
	MaxText     = 200
	MaxCodes    = 10 // discount codes
)

// Validate checks everything that can be checked without the catalogue. The
// error says which field and what is allowed.
func (r Request) Validate() error {
	for _, f := range []struct {
		name, value string
		required    bool
		max         int
	}{
		{"customerId", r.Customer, true, 64},
		{"email", r.Email, true, 254},
	} {
		if err := CheckText(f.name, f.value, f.required, f.max); err != nil {
			return err
		}
	}
	if _, err := mail.Normalise(r.Email); err != nil {
		return fmt.Errorf("%w: email: %w", ErrInvalid, err)
	}
	if strings.ContainsAny(r.Email, "<>() ") { // not possible without a name or a comment
		return fmt.Errorf("%w: email: want the address alone, without a name", ErrInvalid)
	}
	if err := r.ShipTo.validate("shipTo."); err != nil {
		return err
	}
	if r.Payment != PayOnline && r.Payment != PayManually {
		return fmt.Errorf("%w: payment: want manual, or nothing for a payment online", ErrInvalid)
	}
	return r.validatePriced()
}

// ValidateQuote is Validate for a request that is only to be priced. It needs the
// country that the parcel goes to, and no other part of an address.
func (r Request) ValidateQuote() error {
	if err := CheckText("customerId", r.Customer, false, 64); err != nil {
		return err
	}
	if err := checkCountry("shipTo.country", r.ShipTo.Country); err != nil {
		return err
	}
	if r.ShipTo.PostalCode != "" {
		if err := CheckText("shipTo.postalCode", r.ShipTo.PostalCode, false, 20); err != nil {
			return err
		}
		if err := checkPostalCode("shipTo.postalCode", r.ShipTo.PostalCode, r.ShipTo.Country); err != nil {
			return err
		}
	}
	return r.validatePriced()
}

// validatePriced checks what the price depends on, except the address.
func (r Request) validatePriced() error {
	if _, err := Exponent(r.Currency); err != nil {
		return err
	}
	if err := checkLines("lines", r.Lines); err != nil {
		return err
	}
	return r.validateTerms()
}

// checkLines fails with ErrInvalid if an order cannot have these lines. name is what
// the request calls them.
func checkLines(name string, lines []RequestLine) error {
	if len(lines) == 0 || len(lines) > MaxLines {
		return fmt.Errorf("%w: %s: want 1 to %d, got %d", ErrInvalid, name, MaxLines, len(lines))
	}
	return checkQuantities(name, lines, 1)
}

// checkQuantities checks the products and the quantities of lines; least is the smallest
// quantity.
func checkQuantities(name string, lines []RequestLine, least int64) error {
	seen := make(map[string]bool, len(lines))
	for i, l := range lines {
		if err := CheckText(fmt.Sprintf("%s[%d].sku", name, i), l.SKU, true, 64); err != nil {
			return err
		}
		if seen[l.SKU] {
			return fmt.Errorf("%w: %s[%d].sku: %q appears twice; add up the quantities", ErrInvalid, name, i, l.SKU)
		}
		seen[l.SKU] = true
		if l.Quantity < least || l.Quantity > MaxQuantity {
			return fmt.Errorf("%w: %s[%d].quantity: want %d to %d, got %d", ErrInvalid, name, i, least, MaxQuantity, l.Quantity)
		}
	}
	return nil
}

// validateTerms checks what the caller says about the price.
func (r Request) validateTerms() error {
	if len(r.DiscountCodes) > MaxCodes {
		return fmt.Errorf("%w: discountCodes: want at most %d, got %d", ErrInvalid, MaxCodes, len(r.DiscountCodes))
	}
	for i, c := range r.DiscountCodes {
		if err := CheckText(fmt.Sprintf("discountCodes[%d]", i), c, true, 64); err != nil {
			return err
		}
		if slices.ContainsFunc(r.DiscountCodes[:i], func(d string) bool { return strings.EqualFold(c, d) }) {
			return fmt.Errorf("%w: discountCodes[%d]: %q appears twice", ErrInvalid, i, c)
		}
	}
	if err := CheckText("shippingMethod", r.ShippingMethod, false, 64); err != nil {
		return err
	}
	switch e := r.ExpectedTotal; {
	case e == nil:
	case e.Currency != r.Currency:
		return fmt.Errorf("%w: expectedTotal: the order is in %s, not in %.3q", ErrInvalid, r.Currency, e.Currency)
	case e.Amount < 0:
		return fmt.Errorf("%w: expectedTotal: %s is below zero", ErrInvalid, *e)
	}
	return nil
}

// CheckText fails with ErrInvalid for a text that is missing though it is required,
// that is longer than max characters, or that is not plain text on one line (see
// text.Line). The names of products pass the same check.
func CheckText(name, s string, required bool, max int) error {
	fault := text.Line(s, max)
	if required && strings.TrimSpace(s) == "" {
		fault = "missing"
	}
	if fault != "" {
		return fmt.Errorf("%w: %s: %s", ErrInvalid, name, fault)
	}
	return nil
}

// Offer is a product as the catalogue has it at the moment of pricing.
type Offer struct {
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Price     Money  `json:"price"`
	Available int64  `json:"available"` // on hand and not reserved for others
	Goods     Goods  `json:"goods,omitzero"`
}

// Price returns the request's priced lines and total, without taxes, fees and
// discounts. The prices come from the catalogue's offers by SKU, never from the
// client. It fails with ErrUnknownSKU, ErrMixedCurrency, ErrOutOfStock, ErrAmount or
// ErrBelowMinimum.
func (r Request) Price(offers map[string]Offer) ([]Line, Money, error) {
	lines, total, err := r.PriceGoods(offers)
	if err != nil {
		return nil, Money{}, err
	}
	return lines, total, total.Payable()
}

// PriceGoods is Price without the limits of what can be charged.
func (r Request) PriceGoods(offers map[string]Offer) ([]Line, Money, error) {
	total := Money{Currency: r.Currency}
	lines := make([]Line, 0, len(r.Lines))
	for _, l := range r.Lines {
		o, ok := offers[l.SKU]
		switch {
		case !ok:
			return nil, Money{}, fmt.Errorf("%w: %q", ErrUnknownSKU, l.SKU)
		case o.Price.Currency != r.Currency:
			return nil, Money{}, fmt.Errorf("%w: %q is sold in %s, the order is in %s", ErrMixedCurrency, l.SKU, o.Price.Currency, r.Currency)
		case o.Available < l.Quantity:
			return nil, Money{}, fmt.Errorf("%w: %q: %d wanted, %d left", ErrOutOfStock, l.SKU, l.Quantity, max(o.Available, 0))
		}
		sub, err := o.Price.Times(l.Quantity)
		if err != nil {
			return nil, Money{}, err
		}
		if g := Granule(r.Currency); sub.Amount%g != 0 { // it could not be refunded
			return nil, Money{}, fmt.Errorf("%w: %q: %s must be a multiple of %s", ErrAmount, l.SKU, sub, Money{g, r.Currency})
		}
		if total, err = total.Plus(sub); err != nil {
			return nil, Money{}, err
		}
		lines = append(lines, Line{SKU: l.SKU, Name: o.Name, Quantity: l.Quantity, Price: o.Price.Amount, Subtotal: sub.Amount, Goods: o.Goods.Known()})
	}
	return lines, total, nil
}
