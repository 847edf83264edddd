package carrier

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// The most that the carrier carries in one parcel.
const (
	maxWeight = 31_500 // grams
	maxSide   = 1_200  // millimetres
)

// checkMeasures refuses a parcel that is too heavy or too large.
func (b *booking) checkMeasures() *problem {
	invalid := func(field, message string) *problem {
		return &problem{http.StatusBadRequest, "invalid_request", field, message}
	}
	for i, p := range b.Parcels {
		field, sum := fmt.Sprintf("parcels[%d].", i), int64(0)
		for j, c := range p.Contents {
			field := fmt.Sprintf("%scontents[%d].", field, j)
			if c.Weight < 0 {
				return invalid(field+"weight_g", "want 0 or more")
			}
			sum += c.Weight * c.Quantity
			known := 0
			for _, s := range []struct {
				name string
				n    int64
			}{{"length_mm", c.Length}, {"width_mm", c.Width}, {"height_mm", c.Height}} {
				switch {
				case s.n < 0:
					return invalid(field+s.name, "want 0 or more")
				case s.n > maxSide:
					return &problem{http.StatusUnprocessableEntity, "parcel_too_large", field + s.name, fmt.Sprintf("we carry at most %d mm", maxSide)}
				case s.n > 0:
					known++
				}
			}
			if known != 0 && known != 3 {
				return invalid(field+"length_mm", "want length_mm, width_mm and height_mm, or none of them")
			}
		}
		switch {
		case max(p.Weight, sum) > maxWeight:
			return &problem{http.StatusUnprocessableEntity, "parcel_too_heavy", field + "weight_g", fmt.Sprintf("we carry at most %d g", maxWeight)}
		case p.Weight < 0, p.Weight > 0 && p.Weight < sum:
			return invalid(field+"weight_g", "it is less than its contents weigh")
		}
	}
	return nil
}

// union are the countries between which no customs declaration is needed.
const union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK"

var (
	hsCode   = regexp.MustCompile(`^[0-9]{6,10}$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// declared reports whether the booking needs a customs declaration. Without the country
// that it is sent from, the carrier cannot tell, and trusts its customer.
func (b *booking) declared() bool {
	same := b.From == b.To.Country || listed(union, b.From) && listed(union, b.To.Country)
	return b.From != "" && !same
}

// checkCustoms refuses a parcel across a border without its declaration.
func (b *booking) checkCustoms() *problem {
	if b.From != "" && !listed(countries, b.From) {
		return &problem{http.StatusBadRequest, "invalid_request", "from", "want a code of ISO 3166-1, such as DE"}
	}
	if !b.declared() || b.To.Country == "GB" && strings.HasPrefix(strings.ToUpper(b.To.PostalCode), "BT") {
		return nil
	}
	for i, p := range b.Parcels {
		for j, c := range p.Contents {
			for _, f := range []struct {
				name string
				ok   bool
			}{
				{"hs_code", hsCode.MatchString(c.HSCode)},
				{"origin", listed(countries, c.Origin)},
				{"value", c.Value > 0},
				{"currency", currency.MatchString(c.Currency)},
			} {
				if !f.ok {
					return &problem{http.StatusUnprocessableEntity, "customs_incomplete", fmt.Sprintf("parcels[%d].contents[%d].%s", i, j, f.name), "customs need it for a parcel to this country"}
				}
			}
		}
	}
	return nil
}
