package order_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"purser/order"
)

// shipTo returns the request with another country, city and postal code.
func shipTo(country, city, code string) order.Request {
	r := request()
	r.ShipTo.Country, r.ShipTo.City, r.ShipTo.PostalCode = country, city, code
	return r
}

// TestCountry: an order goes to a country of ISO 3166-1 or to Kosovo. Every other code is
// refused, and the refusal names the code that is meant.
func TestCountry(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code string
		says string // "": accepted
	}{
		{code: "AE"},
		{code: "XK"},
		{code: "SS"}, // since 2011
		{code: "CW"}, // since 2010
		{code: "IE"},
		{code: "UK", says: `"UK" is not a country of ISO 3166-1: write GB`},
		{code: "uk", says: "write GB"},
		{code: "EL", says: "write GR"},
		{code: "XI", says: "write GB"},
		{code: "USA", says: `"USA" is not a country's code of two letters: write US`},
		{code: "gbr", says: `"GBR" is not a country's code of two letters: write GB`},
		{code: "276", says: `"276" is not a country's code of two letters: write DE`},
		{code: "YUG", says: `"YUG" is not a country`},
		{code: "AAA", says: `"AAA" is not a country`},
		{code: "150", says: `"150" is not a country`}, // Europe
		{code: "AN", says: "write BQ, CW or SX"},
		{code: "YU", says: "write RS or ME"},
		{code: "CS", says: "write CZ, SK, RS or ME"},
		{code: "SU", says: "such as RU"},
		{code: "EU", says: "one of its members"},
		{code: "ZR", says: "write CD"},
		{code: "IC", says: "write ES"},
		{code: "ZZ", says: "is not a country"},
		{code: "XX", says: "is not a country"},
		{code: "QO", says: "is not a country"},
		{code: "AA", says: "is not a country"},
		{code: "XA", says: "is not a country"},
		{code: "ae", says: "upper case: AE"},
		{code: " AE", says: "upper case: AE"},
		{code: "E ", says: "is not a country"},
		{code: "ARE", says: "is not a country"},
		{code: "Germany", says: "two letters such as DE"},
		{code: "", says: "missing"},
		{code: "Ａ", says: "is not a country"},
	} {
		postalCode := ""
		if tc.code == "XK" {
			postalCode = "10000"
		}
		err := shipTo(tc.code, "Town", postalCode).Validate()
		if tc.says == "" {
			if err != nil || !order.IsCountry(tc.code) {
				t.Errorf("%q: %v", tc.code, err)
			}
			continue
		}
		if !errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), "shipTo.country") || !strings.Contains(err.Error(), tc.says) || order.IsCountry(tc.code) {
			t.Errorf("%q: got %v, want it to say %q", tc.code, err, tc.says)
		}
	}
}

// TestCountries compares the list with another one, which has former countries and
// reserved codes as well.
func TestCountries(t *testing.T) {
	t.Parallel()
	alsoThere := "AC AN BU CP CQ CS CT DD DG DY EA EU EZ FQ FX HV IC JT MI NH NQ NT PC PU PZ QO QU RH SU TA TP UK UN VD WK XA XB YD YU ZR ZZ"
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			if order.IsCountry(code) {
				n++
			}
			region, err := language.ParseRegion(code)
			theirs := err == nil && region.IsCountry() && !strings.Contains(alsoThere, code) && region.String() == code
			if theirs != order.IsCountry(code) {
				t.Errorf("%s: %t, the other list says %t", code, order.IsCountry(code), theirs)
			}
		}
	}
	if n != 249+1 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1 and Kosovo", n)
	}
}

// TestCity: a city may be missing only where no city can be named, and the carrier gets
// a name in its place.
func TestCity(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country, code, city, locality string
		ok                            bool
	}{
		{country: "SG", code: "238823", locality: "Singapore", ok: true},
		{country: "SG", code: "238823", city: " ", locality: "Singapore", ok: true},
		{country: "MC", code: "98000", locality: "Monaco", ok: true},
		{country: "MC", code: "98000", city: "Monte-Carlo", locality: "Monte-Carlo", ok: true},
		{country: "VA", code: "00120", locality: "Vatican City", ok: true},
		{country: "GI", code: "GX11 1AA", locality: "Gibraltar", ok: true},
		{country: "HK", locality: "Hong Kong", ok: true},
		{country: "MO", locality: "Macao", ok: true},
		{country: "DE", code: "10115"},
		{country: "LU", code: "1009"},
		{country: "MT", code: "VLT 1117"},
	} {
		r := shipTo(tc.country, tc.city, tc.code)
		err := r.Validate()
		if tc.ok != (err == nil) || !tc.ok && !strings.Contains(err.Error(), "shipTo.city: missing") {
			t.Errorf("%s without a city: %v", tc.country, err)
		}
		if got := r.ShipTo.Locality(); got != tc.locality {
			t.Errorf("%s: locality %q, want %q", tc.country, got, tc.locality)
		}
	}
}

// TestPostalCode: a postal code is required where mail needs one, and is compared with
// the country's form where that is firm. What might be right is accepted.
func TestPostalCode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country string
		good    []string
		bad     []string
		says    string
	}{
		{country: "DE", good: []string{"10115", " 10115 ", "D-10115", "DE 10115", "１０１１５"}, bad: []string{"", "-", "1011", "101155", "O1067", "n/a", "Bonn 10115"}, says: "written 99999 (9: a digit)"},
		{country: "GB", good: []string{"BS1 4QS", "bs14qs", "SW1A 1AA", "M1 1AE", "GIR 0AA", "BFPO 61", "W1A-1HQ"}, bad: []string{"", "BS1", "10115", "BS14 QSS"}, says: "written AA9 9AA"},
		{country: "US", good: []string{"02134", "02134-1000", "021341000"}, bad: []string{"", "2134", "02134-10"}, says: "written 99999 or 99999-9999"},
		{country: "CA", good: []string{"K1A 0B1", "k1a0b1"}, bad: []string{"", "K1A", "KIA 0B1", "12345"}, says: "A9A 9A9"},
		{country: "NL", good: []string{"1234 AB", "1234ab", "NL-1234 AB"[3:]}, bad: []string{"", "1234", "AB 1234"}, says: "9999 AA"},
		{country: "JP", good: []string{"154-0023", "1540023", "〒154-0023", "１５４−００２３"}, bad: []string{"", "154", "154-002"}, says: "999-9999"},
		{country: "PT", good: []string{"1000-205", "1000"}, bad: []string{"", "1000-2"}, says: "9999-999 or 9999"},
		{country: "KR", good: []string{"03187", "110-110"}, bad: []string{"", "0318"}, says: "99999 or 999-999"},
		{country: "TW", good: []string{"106", "10603", "106-409"}, bad: []string{"", "10"}, says: "999"},
		{country: "SE", good: []string{"114 55", "11455", "SE-114 55", "S-11455"}, bad: []string{"", "1145"}, says: "999 99"},
		{country: "LV", good: []string{"LV-1010", "1010"}, bad: []string{"", "10100"}, says: "9999"},
		{country: "FK", good: []string{"FIQQ 1ZZ"}, bad: []string{"", "FIQQ"}, says: "AAAA 9AA"},
		{country: "SG", good: []string{"238823"}, bad: []string{"", "23882"}, says: "999999"},
		{country: "IS", good: []string{"101", "IS-101"}, bad: []string{"", "1010"}, says: "999 (9: a digit)"},
		{country: "MC", good: []string{"98000"}, bad: []string{"", "9800"}, says: "99999"},
		{country: "XK", good: []string{"10000"}, bad: []string{"", "1000"}, says: "99999"},
		// Optional, with a form.
		{country: "AL", good: []string{"", "1001"}, bad: []string{"100"}, says: "9999"},
		// Optional, and any text may be right.
		{country: "IE", good: []string{"", "A65 F4E2", "D6W XY00", "Dublin 4"}},
		{country: "AR", good: []string{"", "C1070AAM", "1070"}},
		{country: "KZ", good: []string{"", "050012", "A15G7M8"}},
		// Countries without postal codes, whose shops write something all the same.
		{country: "HK", good: []string{"", "999077", "00000"}},
		{country: "AE", good: []string{"", "00000", "P.O. Box 1"}},
		{country: "PA", good: []string{"", "0801"}},
	} {
		for _, code := range tc.good {
			if err := shipTo(tc.country, "Town", code).Validate(); err != nil {
				t.Errorf("%s %q: %v", tc.country, code, err)
			}
		}
		for _, code := range tc.bad {
			err := shipTo(tc.country, "Town", code).Validate()
			if !errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), "shipTo.postalCode") || !strings.Contains(err.Error(), tc.country) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s %q: got %v, want it refused with %q", tc.country, code, err, tc.says)
			}
			if len(code) > 4 && strings.Contains(err.Error(), code) {
				t.Errorf("the error repeats the code: %v", err)
			}
		}
	}
}

// FuzzAddress: no address makes the check fail in another way than with its error, and
// neither separators nor case decide about a code.
func FuzzAddress(f *testing.F) {
	for _, seed := range [][2]string{{"DE", "10115"}, {"GB", "BS1 4QS"}, {"SG", ""}, {"UK", "x"}, {"", "\xff"}, {"XK", "١٢٣٤٥"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, country, code string) {
		err := shipTo(country, "Town", code).Validate()
		if err != nil && !errors.Is(err, order.ErrInvalid) {
			t.Fatalf("%q %q: %v", country, code, err)
		}
		if err == nil && !order.IsCountry(country) {
			t.Fatalf("%q is accepted", country)
		}
		tight := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' {
				return -1
			}
			return unicode.ToUpper(r)
		}, code)
		if again := shipTo(country, "Town", tight).Validate(); (again == nil) != (err == nil) && len(code) <= 20 && utf8.ValidString(code) && order.IsCountry(country) {
			t.Fatalf("%s %q: %v, but %q: %v", country, code, err, tight, again)
		}
	})
}
