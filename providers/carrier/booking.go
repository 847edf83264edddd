package carrier

import (
	"strings"
	"unicode"

	"purser/order"
)

// newBooking converts a request to the carrier's terms.
func newBooking(r order.ParcelRequest) booking {
	contents := make([]content, len(r.Lines))
	for i, l := range r.Lines {
		contents[i] = newContent(r, l)
	}
	return booking{
		Reference: r.Reference, From: r.From, Return: r.Return,
		To: address{
			Name: spaced(r.To.Name), Line1: spaced(r.To.Line1), Line2: spaced(r.To.Line2),
			City: spaced(r.To.Locality()), PostalCode: spaced(r.To.PostalCode), Country: r.To.Country,
		},
		Parcels: []parcel{{Weight: order.Weight(r.Lines), Contents: contents}},
	}
}

// newContent converts a line, with what is known of it. Customs are told only about a parcel
// that leaves their area.
func newContent(r order.ParcelRequest, l order.Line) content {
	c := content{SKU: l.SKU, Description: spaced(l.Name), Quantity: l.Quantity}
	if g := l.Goods; g != nil {
		c.Weight, c.Length, c.Width, c.Height = g.Weight, g.Length, g.Width, g.Height
	}
	if !r.NeedsCustoms() {
		return c
	}
	description, value := l.Customs(r.Currency)
	c.Description, c.Value, c.Currency = spaced(description), value.Amount, value.Currency
	if g := l.Goods; g != nil {
		c.HSCode, c.Origin = g.HSCode, g.Origin
	}
	return c
}

// spaced returns a text with the only space that the carrier's labels have: a
// no-break space, for example, comes with every address that was copied from a
// web page.
func spaced(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
}
