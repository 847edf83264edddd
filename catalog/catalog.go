// Package catalog is the vocabulary of what a shop sells. It does no I/O.
package catalog

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Product is one thing that can be ordered.
type Product struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Price    int64  `json:"price"`    // minor units of Currency
	Currency string `json:"currency"` // ISO 4217, upper case
	OnHand   int64  `json:"onHand"`   // pieces in the warehouse
}

// ErrInvalid marks a product that cannot be sold as described.
var ErrInvalid = errors.New("invalid product")

// Validate checks a product; the error says which field and why.
func (p Product) Validate() error {
	switch {
	case p.SKU == "" || len(p.SKU) > 64 || strings.ContainsFunc(p.SKU, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return fmt.Errorf("%w: sku: want 1 to 64 characters without spaces, got %.70q", ErrInvalid, p.SKU)
	case strings.TrimSpace(p.Name) == "" || !utf8.ValidString(p.Name) || utf8.RuneCountInString(p.Name) > 200 || strings.ContainsFunc(p.Name, unicode.IsControl):
		return fmt.Errorf("%w: %s: name: want 1 to 200 characters", ErrInvalid, p.SKU)
	case p.Price <= 0:
		return fmt.Errorf("%w: %s: price: want more than 0 minor units, got %d", ErrInvalid, p.SKU, p.Price)
	case len(p.Currency) != 3:
		return fmt.Errorf("%w: %s: currency: want an ISO 4217 code, got %q", ErrInvalid, p.SKU, p.Currency)
	case p.OnHand < 0:
		return fmt.Errorf("%w: %s: onHand: want 0 or more, got %d", ErrInvalid, p.SKU, p.OnHand)
	}
	return nil
}

// Sample is the catalogue of the demo shop: two-, zero- and three-decimal
// currencies.
func Sample() []Product {
	return []Product{
		{SKU: "mug-blue", Name: "Blue enamel mug", Price: 1450, Currency: "EUR", OnHand: 100_000},
		{SKU: "tea-assam", Name: "Assam tea, 250 g", Price: 890, Currency: "EUR", OnHand: 100_000},
		{SKU: "kettle-steel", Name: "Steel kettle, 1.5 l", Price: 5900, Currency: "EUR", OnHand: 50_000},
		{SKU: "poster-harbour", Name: "Harbour poster, 50 × 70 cm", Price: 2400, Currency: "USD", OnHand: 50_000},
		{SKU: "bowl-hagi", Name: "Hagi tea bowl", Price: 6800, Currency: "JPY", OnHand: 5_000},
		{SKU: "oud-oil", Name: "Oud oil, 12 ml", Price: 12_750, Currency: "KWD", OnHand: 1_000},
		{SKU: "last-lamp", Name: "Ship's lamp, the last one", Price: 19_900, Currency: "EUR", OnHand: 1},
	}
}
