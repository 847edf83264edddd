package order

import "strings"

// Address is where the parcel goes.
type Address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city" required:"false" doc:"May be missing where there is no city to name, as in Singapore and Monaco"`
	PostalCode string `json:"postalCode,omitempty" doc:"Required in the countries whose mail needs one"`
	Country    string `json:"country" doc:"ISO 3166-1 alpha-2, upper case, or XK"`
}

// These are the longest texts that fit on a carrier's label, in characters.
const (
	maxName = 50 // of a person or a city
	maxLine = 60 // of the street
)

// places are the countries whose addresses may lack a city (libaddressinput,
// 2025-06-12, and the city states), with the name that stands for it.
var places = map[string]string{
	"AD": "Andorra", "AG": "Antigua", "GI": "Gibraltar", "HK": "Hong Kong", "KY": "Grand Cayman", "MC": "Monaco", "MO": "Macao",
	"NR": "Nauru", "SG": "Singapore", "SM": "San Marino", "VA": "Vatican City", "VG": "Tortola",
}

// Locality returns the city or, where no city can be named, the name that a carrier
// expects in its place.
func (a Address) Locality() string {
	if strings.TrimSpace(a.City) != "" {
		return a.City
	}
	return places[a.Country]
}

// validate fails with ErrInvalid if a parcel certainly cannot be sent to the address.
// prefix precedes the names of the fields in the error.
func (a Address) validate(prefix string) error {
	if err := checkCountry(prefix+"country", a.Country); err != nil {
		return err
	}
	for _, f := range []struct {
		name, value string
		required    bool
		max         int
	}{
		{"name", a.Name, true, maxName},
		{"line1", a.Line1, true, maxLine},
		{"line2", a.Line2, false, maxLine},
		{"city", a.City, places[a.Country] == "", maxName},
		{"postalCode", a.PostalCode, false, 20},
	} {
		if err := CheckText(prefix+f.name, f.value, f.required, f.max); err != nil {
			return err
		}
	}
	return checkPostalCode(prefix+"postalCode", a.PostalCode, a.Country)
}
