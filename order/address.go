package order

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

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

// postalRule says how some countries write postal codes.
type postalRule struct {
	countries string
	required  bool
	// forms are the forms of a complete code: 9 is a digit and A a letter. Spaces and
	// hyphens may be left out. A country whose forms are not firm has none.
	forms []string
}

// postalRules are the countries whose mail needs a postal code, and those whose codes
// have a firm form, as the address metadata of libaddressinput (2025-06-12,
// https://chromium-i18n.appspot.com/ssl-address) has them, and those in which the
// Universal Postal Union's addressing guides make the code a part of every address, so
// that carriers refuse a parcel without it; forms that changed in living
// memory (KR, PT, RS, TW) include the old ones. Every other country has no postal codes
// or no firm form, so its addresses may lack one, and any text is accepted.
var postalRules = []postalRule{
	{countries: "AT AU BE CH DK GL HU LI LU LV NO NZ SJ ZA", required: true, forms: []string{"9999"}},
	{countries: "AX BL DE EE ES FI FR GF GP IT LT MF MQ MX MY NC PF PM RE SM TR UA WF YT", required: true, forms: []string{"99999"}},
	{countries: "CZ GR SE SK", required: true, forms: []string{"999 99"}},
	{countries: "CN IN RO RU SG", required: true, forms: []string{"999999"}},
	{countries: "AS FM GU MH MP PR PW US VI", required: true, forms: []string{"99999", "99999-9999"}},
	{countries: "BR", required: true, forms: []string{"99999-999"}},
	{countries: "CA", required: true, forms: []string{"A9A 9A9"}},
	{countries: "JP", required: true, forms: []string{"999-9999"}},
	{countries: "KR", required: true, forms: []string{"99999", "999-999"}},
	{countries: "NL", required: true, forms: []string{"9999 AA"}},
	{countries: "PL", required: true, forms: []string{"99-999"}},
	{countries: "PT", required: true, forms: []string{"9999-999", "9999"}},
	{countries: "TW", required: true, forms: []string{"999", "999-99", "999-999"}},
	{countries: "GB GG IM JE", required: true, forms: []string{
		"AA9 9AA", "AA99 9AA", "A9 9AA", "A99 9AA", "A9A 9AA", "AA9A 9AA", "AAA 9AA", "AAAA 9", "AAAA 99", "AAAA 999", "AAAA 9999",
	}},
	{countries: "FK GS IO PN SH TC", required: true, forms: []string{"AAAA 9AA"}},

	{countries: "BG CY PH SI", required: true, forms: []string{"9999"}},
	{countries: "AL MK", forms: []string{"9999"}},
	{countries: "HR ID MC TH VA XK", required: true, forms: []string{"99999"}},
	{countries: "BA ME", forms: []string{"99999"}},
	{countries: "FO IS", required: true, forms: []string{"999"}},
	{countries: "AD", required: true, forms: []string{"AA999", "999"}},
	{countries: "GI", forms: []string{"AA99 9AA"}},
	{countries: "IL", required: true, forms: []string{"9999999", "99999"}},
	{countries: "MT", required: true, forms: []string{"AAA 9999", "AAA 99"}},
	{countries: "RS", required: true, forms: []string{"99999", "999999"}},
}

// checkPostalCode fails with ErrInvalid if code is missing in a country that needs
// one, or is not a code of the country. The error does not repeat the code.
func checkPostalCode(field, code, country string) error {
	i := slices.IndexFunc(postalRules, func(r postalRule) bool { return strings.Contains(r.countries, country) })
	if i < 0 {
		return nil
	}
	rule, written := postalRules[i], form(code)
	switch {
	case written == "" && rule.required:
		return fmt.Errorf("%w: %s: missing: mail to %s needs one, written %s", ErrInvalid, field, country, rule)
	case written == "", slices.ContainsFunc(rule.forms, func(f string) bool { return matches(written, form(f)) }):
		return nil
	}
	return fmt.Errorf("%w: %s: want a code of %s, written %s", ErrInvalid, field, country, rule)
}

// form returns the form of a code: its letters and digits, of any script, as A and 9.
func form(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '9'
		case unicode.IsLetter(r):
			return 'A'
		}
		return -1
	}, code)
}

// matches reports whether a written form is the wanted one. A code of digits may
// follow up to three letters that name the country, as in D-10115 and LV-1010.
func matches(written, want string) bool {
	country, digits := strings.CutSuffix(written, want)
	return written == want || digits && strings.Trim(want, "9") == "" && len(country) <= 3 && strings.Trim(country, "A") == ""
}

// String returns the forms in words.
func (r postalRule) String() string {
	forms := r.forms
	if len(forms) > 2 {
		forms = forms[:2]
	}
	s := strings.Join(forms, " or ")
	if strings.Contains(s, "A") {
		return s + " (9: a digit, A: a letter)"
	}
	return s + " (9: a digit)"
}
