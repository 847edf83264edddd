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
		contents[i] = content{SKU: l.SKU, Description: spaced(l.Name), Quantity: l.Quantity}
	}
	return booking{
		Reference: r.Reference,
		To: address{
			Name: spaced(r.To.Name), Line1: spaced(r.To.Line1), Line2: spaced(r.To.Line2),
			City: spaced(r.To.Locality()), PostalCode: spaced(r.To.PostalCode), Country: r.To.Country,
		},
		Parcels: []parcel{{Contents: contents}},
	}
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
