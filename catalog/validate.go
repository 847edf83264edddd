package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"purser/order"
)

// The limits of a product.
const (
	MaxSKU         = 64 // bytes
	MaxName        = 200
	MaxDescription = 5_000
	MaxBrand       = 100
	MaxCategory    = 200
	MaxTags        = 30
	MaxTag         = 50
	MaxOptions     = 8
	MaxOption      = 60
	MaxRating      = 500
	MaxImages      = 20
	MaxOnHand      = 1_000_000_000 // keeps sums of stock from overflowing
)

// Fault is one error in a product.
type Fault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (f Fault) String() string { return f.Field + ": " + f.Message }

// Validate checks a product; the error says which fields and why.
func (p Product) Validate() error {
	faults := p.Faults()
	if len(faults) == 0 {
		return nil
	}
	all := make([]string, len(faults))
	for i, f := range faults {
		all[i] = f.String()
	}
	if len(p.SKU) > MaxSKU || faults[0].Field == "sku" {
		return fmt.Errorf("%w: %s", ErrInvalid, strings.Join(all, "; "))
	}
	return fmt.Errorf("%w: %s: %s", ErrInvalid, p.SKU, strings.Join(all, "; "))
}

// Faults returns all errors in a product, field by field.
func (p Product) Faults() []Fault {
	var faults []Fault
	wrong := func(field, format string, args ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, args...)})
	}
	if !IsSKU(p.SKU) {
		wrong("sku", "want 1 to %d characters without spaces, got %.70q", MaxSKU, p.SKU)
	}
	if !isLine(p.Name, 1, MaxName) {
		wrong("name", "want 1 to %d characters of text on one line", MaxName)
	}
	if !isText(p.Description) {
		wrong("description", "want at most %d characters of text", MaxDescription)
	}
	if !isLine(p.Brand, 0, MaxBrand) {
		wrong("brand", "want at most %d characters of text on one line", MaxBrand)
	}
	if !isLine(p.Category, 0, MaxCategory) {
		wrong("category", "want at most %d characters of text on one line", MaxCategory)
	}
	if len(p.Tags) > MaxTags || slices.ContainsFunc(p.Tags, func(t string) bool { return !isLine(t, 1, MaxTag) }) {
		wrong("tags", "want at most %d of 1 to %d characters each", MaxTags, MaxTag)
	}
	if p.Rating < 0 || p.Rating > MaxRating {
		wrong("rating", "want 0 to %d hundredths of a star, got %d", MaxRating, p.Rating)
	}
	return append(append(faults, p.variantFaults()...), p.saleFaults()...)
}

func (p Product) variantFaults() []Fault {
	var faults []Fault
	if p.Parent != "" && (!IsSKU(p.Parent) || p.Parent == p.SKU) {
		faults = append(faults, Fault{"parent", fmt.Sprintf("want at most %d characters without spaces, and not the SKU itself", MaxSKU)})
	}
	plain := len(p.Options) <= MaxOptions
	for name, value := range p.Options {
		plain = plain && isLine(name, 1, MaxOption) && isLine(value, 1, MaxOption)
	}
	if !plain {
		faults = append(faults, Fault{"options", fmt.Sprintf("want at most %d, names and values of 1 to %d characters", MaxOptions, MaxOption)})
	}
	return faults
}

func (p Product) saleFaults() []Fault {
	var faults []Fault
	if most := highest(p.Currency); p.Price <= 0 || p.Price > most {
		faults = append(faults, Fault{"price", fmt.Sprintf("want 1 to %d minor units, got %d", most, p.Price)})
	}
	if !isCurrency(p.Currency) {
		faults = append(faults, Fault{"currency", fmt.Sprintf("want an ISO 4217 code in upper case, got %.10q", p.Currency)})
	}
	if p.OnHand < 0 || p.OnHand > MaxOnHand {
		faults = append(faults, Fault{"onHand", fmt.Sprintf("want 0 to %d, got %d", MaxOnHand, p.OnHand)})
	}
	if len(p.Images) > MaxImages {
		faults = append(faults, Fault{"images", fmt.Sprintf("want at most %d", MaxImages)})
	}
	return faults
}

// highest returns the highest price in a currency: the most that one order can be
// charged. For a row of a file that leaves the currency as it is, it is the highest in
// any currency; the whole product is checked again when the row is applied.
func highest(currency string) int64 {
	if currency == "" {
		return order.MaxAmount
	}
	return order.Maximum(currency).Amount
}

// IsSKU reports whether s can be a product's SKU. A text that cannot be part of
// a URL's path cannot be one.
func IsSKU(s string) bool {
	return s != "" && len(s) <= MaxSKU && s != "." && s != ".." && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// isLine reports whether s is one line of least to most characters.
func isLine(s string, least, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && utf8.RuneCountInString(strings.TrimSpace(s)) >= least &&
		!strings.ContainsFunc(s, unicode.IsControl)
}

func isText(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= MaxDescription &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}
