package carrier

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts of a booking, in characters. The package's documentation names
// them for callers.
const (
	maxReference   = 64
	maxName        = 50
	maxStreet      = 60
	maxCity        = 50
	maxPostalCode  = 12
	maxSKU         = 64
	maxDescription = 256
	maxParcels     = 20
	maxContents    = 100
	maxQuantity    = 10_000
)

// countries are those of ISO 3166-1, as of 2026, and XK for Kosovo.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH " +
	"CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS " +
	"GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA " +
	"MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT " +
	"PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG " +
	"UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// undeliverable are the countries that the carrier does not serve: nobody lives
// there to take a parcel, or no parcels are let in.
const undeliverable = "AQ BV GS HM KP TF UM"

// cityless are the countries that are one city, which an address need not name.
const cityless = "GI MC SG VA"

// postalCodes are the forms of postal codes, for the countries where one is
// required: 9 is a digit, ? a letter. Spaces and hyphens do not count, nor does the
// prefix of a code that is a number, such as D- and LV-.
var postalCodes = map[string]string{
	"AD": "999", "AT": "9999", "AU": "9999", "AX": "99999", "BE": "9999", "BG": "9999", "BR": "99999999", "CA": "?9?9?9",
	"CH": "9999", "CN": "999999", "CY": "9999", "CZ": "99999", "DE": "99999", "DK": "9999", "EE": "99999", "ES": "99999", "FI": "99999", "FO": "999",
	"FR": "99999", "GB": british, "GG": british, "GL": "9999", "GR": "99999", "HR": "99999",
	"HU": "9999", "ID": "99999", "IL": "99999 9999999", "IM": british, "IN": "999999", "IS": "999", "IT": "99999",
	"JE": british, "JP": "9999999", "KR": "99999 999999", "LI": "9999", "LT": "99999", "LU": "9999", "LV": "9999",
	"MC": "99999", "MT": "???99 ???9999", "MX": "99999", "MY": "99999", "NL": "9999??", "NO": "9999", "NZ": "9999", "PH": "9999", "PL": "99999",
	"PR": "99999 999999999", "PT": "9999 9999999", "RO": "999999", "RS": "99999 999999", "RU": "999999", "SE": "99999", "SG": "999999", "SI": "9999", "SK": "99999",
	"SM": "99999", "TH": "99999", "TR": "99999", "TW": "999 99999 999999", "UA": "99999", "US": "99999 999999999", "VA": "99999", "XK": "99999", "ZA": "9999",
}

// british are the forms of the United Kingdom's codes, with those of its forces.
const british = "?99?? ?999?? ??99?? ??999?? ?9?9?? ??9?9?? ???9?? ????9 ????99 ????999 ????9999"

// forms are the expressions of postalCodes.
var forms = func() map[string]*regexp.Regexp {
	classes := strings.NewReplacer("9", `\d`, "?", "[A-Z]", " ", "|")
	all := map[string]*regexp.Regexp{}
	for country, list := range postalCodes {
		prefix := ""
		if !strings.Contains(list, "?") {
			prefix = "[A-Z]{0,3}"
		}
		all[country] = regexp.MustCompile("^" + prefix + "(?:" + classes.Replace(list) + ")$")
	}
	return all
}()

// problem is why a booking is refused.
type problem struct {
	status               int
	code, field, message string
}

// checkText refuses a text that is missing, too long, or not one line of printable
// characters.
func checkText(field, text string, required bool, most int) *problem {
	code, status := "invalid_request", http.StatusBadRequest
	if strings.HasPrefix(field, "to.") {
		status = http.StatusUnprocessableEntity
	}
	switch n := utf8.RuneCountInString(text); {
	case required && strings.TrimSpace(text) == "":
		if status == http.StatusUnprocessableEntity {
			code = "address_incomplete"
		}
		return &problem{status, code, field, "missing"}
	case n > most:
		if status == http.StatusUnprocessableEntity {
			code = "address_too_long"
		}
		return &problem{status, code, field, fmt.Sprintf("at most %d characters fit, and it has %d", most, n)}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable):
		return &problem{http.StatusBadRequest, "invalid_request", field, "only printable characters in one line"}
	}
	return nil
}

// unprintable reports whether r is no character of a label. The two joiners are:
// without them Persian and Indic names are misspelt.
func unprintable(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return !unicode.IsPrint(r) && r != nonJoiner && r != joiner
}

// check refuses an address that the carrier cannot deliver to.
func (a address) check() *problem {
	if !listed(countries, a.Country) || listed(undeliverable, a.Country) {
		return &problem{http.StatusUnprocessableEntity, "address_undeliverable", "to.country", "we do not deliver to this country; want a code of ISO 3166-1, such as GB"}
	}
	for _, f := range []struct {
		name, value string
		required    bool
		most        int
	}{
		{"to.name", a.Name, true, maxName},
		{"to.line1", a.Line1, true, maxStreet},
		{"to.line2", a.Line2, false, maxStreet},
		{"to.city", a.City, !listed(cityless, a.Country), maxCity},
		{"to.postal_code", a.PostalCode, postalCodes[a.Country] != "", maxPostalCode},
	} {
		if p := checkText(f.name, f.value, f.required, f.most); p != nil {
			return p
		}
	}
	return checkPostalCode(a.Country, a.PostalCode)
}

// checkPostalCode refuses a postal code that cannot be one of the country's.
func checkPostalCode(country, code string) *problem {
	plain := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if strings.Trim(plain, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return &problem{http.StatusUnprocessableEntity, "address_undeliverable", "to.postal_code", "want letters and digits"}
	}
	form := forms[country]
	if form != nil && !form.MatchString(plain) || plain == "00000" {
		return &problem{http.StatusUnprocessableEntity, "address_undeliverable", "to.postal_code", "no such postal code in " + country}
	}
	return nil
}

// listed reports whether a code of two letters is in a list.
func listed(list, code string) bool {
	return len(code) == 2 && !strings.Contains(code, " ") && strings.Contains(" "+list+" ", " "+code+" ")
}
