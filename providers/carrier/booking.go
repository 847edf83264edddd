package carrier

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"purser/order"
)

// maxStreet is how many characters of a street line fit on the carrier's label.
const maxStreet = 60

// newBooking converts a request to the carrier's terms.
func newBooking(r order.ParcelRequest) booking {
	contents := make([]content, len(r.Lines))
	for i, l := range r.Lines {
		contents[i] = content{SKU: l.SKU, Description: spaced(l.Name), Quantity: l.Quantity}
	}
	line1, line2 := wrap(spaced(r.To.Line1), spaced(r.To.Line2))
	return booking{
		Reference: r.Reference,
		To: address{
			Name: spaced(r.To.Name), Line1: line1, Line2: line2,
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

// wrap moves the last words of a street line that is too long to the second line,
// before what is there. It returns the lines as they are if that does not fit: to
// cut an address would send the parcel elsewhere.
func wrap(line1, line2 string) (first, second string) {
	if utf8.RuneCountInString(line1) <= maxStreet {
		return line1, line2
	}
	at := strings.LastIndexByte(string([]rune(line1)[:maxStreet+1]), ' ')
	if at <= 0 {
		return line1, line2
	}
	first, second = strings.TrimSpace(line1[:at]), strings.TrimSpace(line1[at:])
	if line2 != "" {
		second += ", " + line2
	}
	if utf8.RuneCountInString(second) > maxStreet {
		return line1, line2
	}
	return first, second
}
