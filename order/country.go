package order

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// countries are the 249 country codes of ISO 3166-1 alpha-2 as they are in force on
// 2026-11-29 (the ISO 3166 Maintenance Agency's list of officially assigned codes,
// https://www.iso.org/obp/ui/#search/code/), and XK, which ISO leaves to its users and
// which the European Union, the carriers and CLDR use for Kosovo.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// otherCodes are codes that other systems write although they are not, or are no
// longer, a country's code, each with the code that is meant.
var otherCodes = map[string]string{
	"UK": "GB", "XI": "GB", "EL": "GR", "SF": "FI", "FX": "FR", "DD": "DE", "TP": "TL", "ZR": "CD", "BU": "MM",
	"AC": "SH", "TA": "SH", "DG": "IO", "EA": "ES", "IC": "ES",
	"AN": "BQ, CW or SX", "CS": "CZ, SK, RS or ME", "YU": "RS or ME",
	"SU": "the code of the country of today, such as RU", "EU": "the code of one of its members, such as DE",
}

// IsCountry reports whether code is a country that an order can be sent to.
func IsCountry(code string) bool {
	return len(code) == 2 && !strings.Contains(code, " ") && strings.Contains(countries, code)
}

// checkCountry fails with ErrInvalid if code is not a country's. The error names the
// code that is meant, if that is known. It is deterministic: language.ParseRegion reads
// tables that the program contains.
//
//workflowcheck:ignore
func checkCountry(field, code string) error {
	upper := strings.ToUpper(strings.TrimSpace(code))
	switch meant := otherCodes[upper]; {
	case IsCountry(code):
		return nil
	case code == "":
		return fmt.Errorf("%w: %s: missing", ErrInvalid, field)
	case meant != "":
		return fmt.Errorf("%w: %s: %q is not a country of ISO 3166-1: write %s", ErrInvalid, field, upper, meant)
	case IsCountry(upper):
		return fmt.Errorf("%w: %s: want the two letters in upper case: %s", ErrInvalid, field, upper)
	}
	if r, err := language.ParseRegion(upper); err == nil && len(upper) == 3 && IsCountry(r.String()) { // USA or 840
		return fmt.Errorf("%w: %s: %q is not a country's code of two letters: write %s", ErrInvalid, field, upper, r)
	}
	return fmt.Errorf("%w: %s: %.10q is not a country of ISO 3166-1: want two letters such as DE", ErrInvalid, field, code)
}

// customsAreas are the countries that form one customs area. A country in none of them is
// an area of its own. The first is the customs territory of the European Union (Union
// Customs Code, article 4), with Monaco and those French departments and territories that
// are part of it.
var customsAreas = []string{
	"AT AX BE BG CY CZ DE DK EE ES FI FR GF GP GR HR HU IE IT LT LU LV MC MF MQ MT NL PL PT RE RO SE SI SK YT",
	"CH LI", "GB IM", "US PR",
}

// outsideCustoms are the beginnings of the postal codes of places that belong to a country,
// and not to its customs area: Heligoland and Büsingen, Livigno, Ceuta and Melilla.
var outsideCustoms = map[string][]string{"DE": {"27498", "78266"}, "IT": {"23041"}, "ES": {"51", "52"}}

// LeavesCustomsArea reports whether a parcel from a country needs a customs declaration to
// get to an address; never if it is not known where it comes from. Goods from the European
// Union to Northern Ireland need none.
func LeavesCustomsArea(from string, to Address) bool {
	code := strings.ToUpper(strings.ReplaceAll(to.PostalCode, " ", ""))
	if digits := strings.TrimLeft(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-"); outsideCustoms[to.Country] != nil {
		code = digits
	}
	switch {
	case from == "":
		return false
	case slices.ContainsFunc(outsideCustoms[to.Country], func(begin string) bool { return strings.HasPrefix(code, begin) }):
		return true
	case to.Country == "GB" && strings.HasPrefix(code, "BT"):
		return from != "GB" && from != "IM" && !strings.Contains(customsAreas[0], from)
	case from == to.Country:
		return false
	}
	return !slices.ContainsFunc(customsAreas, func(area string) bool { return strings.Contains(area, from) && strings.Contains(area, to.Country) })
}
