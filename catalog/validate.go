package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"purser/order"
	"purser/text"
)

// The limits of a product.
const (
	MaxSKU         = 64 // bytes
	MaxName        = 200
	MaxDescription = 20_000 // as much as a page of HTML
	MaxBrand       = 100
	MaxCategory    = 200
	MaxTags        = 30
	MaxTag         = 50
	MaxOptions     = 8
	MaxOption      = 60
	MaxRating      = 500
	MaxImages      = 20
	MaxOnHand      = 1_000_000_000 // keeps sums of stock from overflowing
	MaxDelivery    = 1000
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
	check := func(field, want, fault string) {
		if fault != "" {
			faults = append(faults, Fault{field, want + ": " + fault})
		}
	}
	if fault := text.Key(p.SKU, MaxSKU); fault != "" {
		faults = append(faults, Fault{"sku", fmt.Sprintf("%s, got %.70q: %s", wantSKU, p.SKU, fault)})
	}
	check("name", wantName, lineFault(p.Name, 1, MaxName))
	check("description", wantDescription, text.Lines(p.Description, MaxDescription))
	check("brand", wantBrand, lineFault(p.Brand, 0, MaxBrand))
	check("category", wantCategory, lineFault(p.Category, 0, MaxCategory))
	check("tags", wantTags, p.tagFault())
	if p.Rating < 0 || p.Rating > MaxRating {
		faults = append(faults, Fault{"rating", fmt.Sprintf("want 0 to %d hundredths of a star, got %d", MaxRating, p.Rating)})
	}
	switch p.Parent {
	case "":
	case p.SKU:
		check("parent", wantParent, "it is the SKU itself")
	default:
		check("parent", wantParent, text.Key(p.Parent, MaxSKU))
	}
	check("options", wantOptions, p.optionFault())
	p.Goods.Check(func(field, message string) { faults = append(faults, Fault{field, message}) })
	check("delivery", wantDelivery, p.deliveryFault())
	return append(faults, p.saleFaults()...)
}

// They say what is allowed in a field. They are made once, because a file has many
// rows.
var (
	wantSKU         = fmt.Sprintf("want 1 to %d bytes without spaces", MaxSKU)
	wantName        = fmt.Sprintf("want 1 to %d characters of text on one line", MaxName)
	wantDescription = fmt.Sprintf("want at most %d characters of text", MaxDescription)
	wantBrand       = fmt.Sprintf("want at most %d characters of text on one line", MaxBrand)
	wantCategory    = fmt.Sprintf("want at most %d characters of text on one line", MaxCategory)
	wantTags        = fmt.Sprintf("want at most %d of 1 to %d characters each", MaxTags, MaxTag)
	wantParent      = wantSKU + ", and not the SKU itself"
	wantDelivery    = fmt.Sprintf("want at most %d characters of text, for a product with shipping none", MaxDelivery)
	wantOptions     = fmt.Sprintf("want at most %d, names and values of 1 to %d characters", MaxOptions, MaxOption)
)

func (p Product) tagFault() string {
	if len(p.Tags) > MaxTags {
		return fmt.Sprintf("there are %d", len(p.Tags))
	}
	for _, tag := range p.Tags {
		if fault := lineFault(tag, 1, MaxTag); fault != "" {
			return fmt.Sprintf("%.60q: %s", tag, fault)
		}
	}
	return ""
}

func (p Product) deliveryFault() string {
	if p.Delivery != "" && p.Shipping != order.ShippingNone {
		return "the product needs a parcel"
	}
	return text.Lines(p.Delivery, MaxDelivery)
}

func (p Product) optionFault() string {
	if len(p.Options) > MaxOptions {
		return fmt.Sprintf("there are %d", len(p.Options))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Options)) {
		for _, part := range []string{name, p.Options[name]} {
			if fault := lineFault(part, 1, MaxOption); fault != "" {
				return fmt.Sprintf("%.70q: %s", name+"="+p.Options[name], fault)
			}
		}
		if text.Clean(name) != name { // Clean has kept it, because there is another one
			return fmt.Sprintf("the name %q is there twice", text.Clean(name))
		}
	}
	return ""
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
func IsSKU(s string) bool { return text.Key(s, MaxSKU) == "" }

// lineFault returns what is wrong with a line of least to most characters, or "".
func lineFault(s string, least, most int) string {
	if utf8.RuneCountInString(strings.TrimSpace(s)) < least {
		return "missing"
	}
	return text.Line(s, most)
}
