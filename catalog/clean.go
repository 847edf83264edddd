package catalog

import (
	"fmt"

	"purser/text"
)

// CleanSKU returns a SKU as the catalogue keeps it: in NFC, without the white space
// and the invisible characters at its ends that a spreadsheet or a browser may add.
func CleanSKU(sku string) string { return text.Clean(sku) }

// Look returns a form of a SKU that is equal for SKUs that people take for the same
// (see text.Look). No two products that are not deleted have the same look.
func Look(sku string) string { return text.Look(sku) }

// LookalikeFault returns the fault of a new product that looks like another one, or
// like a row on another line of its file.
func LookalikeFault(other string) Fault {
	return Fault{"sku", fmt.Sprintf("looks like %s: use that SKU, or one that differs in more than case, hyphens or similar letters", other)}
}

// Lookalike returns the refusal of a new product that looks like another one.
func Lookalike(sku, other string) error {
	return fmt.Errorf("%w: %s: %s", ErrInvalid, sku, LookalikeFault(fmt.Sprintf("the product %q", other)))
}

// Clean returns the product with its texts as the catalogue keeps them (see
// text.Clean): equal texts are equal, however they were typed, and line ends are LF.
func (p Product) Clean() Product {
	for _, s := range []*string{&p.SKU, &p.Name, &p.Description, &p.Brand, &p.Category, &p.Parent, &p.Delivery, &p.CustomsDescription} {
		*s = text.Clean(*s)
	}
	if p.Tags != nil {
		tags := make([]string, len(p.Tags))
		for i, tag := range p.Tags {
			tags[i] = text.Clean(tag)
		}
		p.Tags = tags
	}
	if p.Options != nil {
		options := make(map[string]string, len(p.Options))
		for name, value := range p.Options {
			options[text.Clean(name)] = text.Clean(value)
		}
		if len(options) == len(p.Options) { // otherwise two names become one: no value may get lost
			p.Options = options
		}
	}
	return p
}

// Clean returns the row with its texts as the catalogue keeps them.
func (r Row) Clean() Row {
	p := r.Onto(Product{}).Clean()
	r.SKU = p.SKU
	replace(&r.Name, p.Name)
	replace(&r.Description, p.Description)
	replace(&r.Brand, p.Brand)
	replace(&r.Category, p.Category)
	replace(&r.Tags, p.Tags)
	replace(&r.Parent, p.Parent)
	replace(&r.Options, p.Options)
	replace(&r.Delivery, p.Delivery)
	replace(&r.CustomsDescription, p.CustomsDescription)
	return r
}

// replace sets a field that the row has.
func replace[T any](field **T, value T) {
	if *field != nil {
		*field = &value
	}
}
