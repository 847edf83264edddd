package carrier

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

// object is a value of JSON that can be changed.
type object = map[string]any

func good() object {
	return object{
		"reference": "ord_1-1",
		"to":        object{"name": "Ada Löwe", "line1": "Hauptstraße 1", "line2": "2. Stock", "city": "Köln", "postal_code": "50667", "country": "DE"},
		"parcels":   []any{object{"contents": []any{object{"sku": "mug", "description": "Mug", "quantity": 1}}}},
	}
}

// booked sends a booking over HTTP and returns the status, the error's code and its
// field.
func booked(t *testing.T, url string, b object) string {
	t.Helper()
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", url+"/v1/labels", strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer k")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var e struct {
		Error struct{ Code, Field string }
	}
	body, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return strings.TrimSpace(fmt.Sprintln(resp.StatusCode, e.Error.Code, e.Error.Field))
}

func serve(t *testing.T) string {
	srv := httptest.NewServer(build(t, "", 0).Handler())
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestBookingLimits checks each limit of a booking, at it and over it.
func TestBookingLimits(t *testing.T) {
	url := serve(t)
	to := func(field, value string) func(object) {
		return func(b object) { b["to"].(object)[field] = value }
	}
	content := func(field string, value any) func(object) {
		return func(b object) {
			b["parcels"].([]any)[0].(object)["contents"].([]any)[0].(object)[field] = value
		}
	}
	n := func(n int) string { return strings.Repeat("é", n) }
	x := func(n int) string { return strings.Repeat("x", n) }
	many := func(n int) []any { return slices.Repeat(good()["parcels"].([]any), n) }
	contents := func(n int) func(object) {
		return func(b object) {
			p := b["parcels"].([]any)[0].(object)
			p["contents"] = slices.Repeat(p["contents"].([]any), n)
		}
	}
	const content0 = "parcels[0].contents[0]."
	for i, tt := range []struct {
		name   string
		change func(object)
		want   string
	}{
		{name: "as it is", change: func(object) {}, want: "201"},
		{name: "reference of 64", change: func(b object) { b["reference"] = x(64) }, want: "201"},
		{name: "reference of 65", change: func(b object) { b["reference"] = x(65) }, want: "400 invalid_request reference"},
		{name: "reference with a space", change: func(b object) { b["reference"] = "ord 1" }, want: "400 invalid_request reference"},
		{name: "reference of other letters", change: func(b object) { b["reference"] = "ördér" }, want: "400 invalid_request reference"},
		{name: "no reference", change: func(b object) { delete(b, "reference") }, want: "400 invalid_request reference"},
		{name: "name of 50", change: to("name", n(50)), want: "201"},
		{name: "name of 51", change: to("name", n(51)), want: "422 address_too_long to.name"},
		{name: "no name", change: to("name", " "), want: "422 address_incomplete to.name"},
		{name: "line of 60", change: to("line1", n(60)), want: "201"},
		{name: "line of 61", change: to("line1", n(61)), want: "422 address_too_long to.line1"},
		{name: "no line", change: to("line1", ""), want: "422 address_incomplete to.line1"},
		{name: "second line of 60", change: to("line2", n(60)), want: "201"},
		{name: "second line of 61", change: to("line2", n(61)), want: "422 address_too_long to.line2"},
		{name: "no second line", change: to("line2", ""), want: "201"},
		{name: "city of 50", change: to("city", n(50)), want: "201"},
		{name: "city of 51", change: to("city", n(51)), want: "422 address_too_long to.city"},
		{name: "no city", change: to("city", ""), want: "422 address_incomplete to.city"},
		{name: "line break", change: to("line1", "Hauptstraße 1\nHinterhof"), want: "400 invalid_request to.line1"},
		{name: "tab", change: to("city", "Köln\tSüd"), want: "400 invalid_request to.city"},
		{name: "no-break space", change: to("line1", "Hauptstraße\u00a01"), want: "400 invalid_request to.line1"},
		{name: "Persian with its joiner", change: to("name", "می\u200cخواهم"), want: "201"},
		{name: "letters that turn the writing", change: to("name", "Ada\u202e"), want: "400 invalid_request to.name"},
		{name: "20 parcels", change: func(b object) { b["parcels"] = many(20) }, want: "201"},
		{name: "21 parcels", change: func(b object) { b["parcels"] = many(21) }, want: "400 invalid_request parcels"},
		{name: "no parcel", change: func(b object) { b["parcels"] = []any{} }, want: "400 invalid_request parcels"},
		{name: "100 contents", change: contents(100), want: "201"},
		{name: "101 contents", change: contents(101), want: "400 invalid_request parcels[0].contents"},
		{name: "an empty parcel", change: func(b object) { b["parcels"] = []any{object{}} }, want: "400 invalid_request parcels[0].contents"},
		{name: "10,000 pieces", change: content("quantity", 10_000), want: "201"},
		{name: "10,001 pieces", change: content("quantity", 10_001), want: "400 invalid_request " + content0 + "quantity"},
		{name: "no piece", change: content("quantity", 0), want: "400 invalid_request " + content0 + "quantity"},
		{name: "description of 256", change: content("description", n(256)), want: "201"},
		{name: "description of 257", change: content("description", n(257)), want: "400 invalid_request " + content0 + "description"},
		{name: "no description", change: content("description", ""), want: "400 invalid_request " + content0 + "description"},
		{name: "SKU of 64", change: content("sku", n(64)), want: "201"},
		{name: "SKU of 65", change: content("sku", n(65)), want: "400 invalid_request " + content0 + "sku"},
	} {
		b := good()
		b["reference"] = fmt.Sprint("ord_", i)
		tt.change(b)
		if got := booked(t, url, b); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCountries checks which countries are served.
func TestCountries(t *testing.T) {
	url := serve(t)
	send := func(country, code string) string {
		b := good()
		b["reference"] = "to_" + strings.TrimSpace(country) + code
		maps.Copy(b["to"].(object), object{"country": country, "postal_code": code})
		return booked(t, url, b)
	}
	for _, country := range strings.Fields("GP HK IQ MO QA TL AE BS ZW") { // no postal code
		if got := send(country, ""); got != "201" {
			t.Errorf("%s: %q", country, got)
		}
	}
	for _, country := range append(strings.Fields("XX ZZ UK EL EU AN YU SU CS DD ZR AQ BV GS HM KP TF UM de D DEU Germany"), "", "D ", " E") {
		if got := send(country, "10115"); got != "422 address_undeliverable to.country" {
			t.Errorf("%s: %q", country, got)
		}
	}
	if all := strings.Fields(countries); len(all) != 250 || !slices.IsSorted(all) || len(slices.Compact(all)) != 250 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1 and XK", len(all))
	}
	for _, country := range append(slices.Collect(maps.Keys(postalCodes)), strings.Fields(undeliverable+" "+cityless)...) {
		if !listed(countries, country) {
			t.Errorf("%s is no country", country)
		}
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(doc), "# Postal codes")
	for _, country := range slices.Sorted(maps.Keys(postalCodes)) {
		if !strings.Contains(section, country) {
			t.Errorf("the documentation does not name %s", country)
		}
	}
}

// TestPostalCodes checks where a postal code is required, and its form.
func TestPostalCodes(t *testing.T) {
	url := serve(t)
	for _, country := range slices.Sorted(maps.Keys(postalCodes)) {
		b := good()
		b["reference"] = "none_" + country
		maps.Copy(b["to"].(object), object{"country": country, "postal_code": ""})
		if got := booked(t, url, b); got != "422 address_incomplete to.postal_code" {
			t.Errorf("%s without a postal code: %q", country, got)
		}
	}
	const no = "422 address_undeliverable to.postal_code"
	for code, want := range map[string]string{
		"DE 50667": "201", "DE 5066": no, "DE 506677": no, "DE 5066A": no, "DE 00000": no,
		"AD AD500": "201", "AD 500": "201", "AD 50": no, "DE D-50667": "201", "DE ABCD-50667": no, "GB BFPO 1234": "201", "GB SW1A 1AA": "201", "GB sw1a1aa": "201", "GB M1 1AE": "201", "GB BS1": no, "GB 12345": no,
		"US 94103": "201", "US 94103-1234": "201", "US 9410": no, "US ABCDE": no, "CA K1A 0B1": "201", "CA K1A": no,
		"NL 1012 AB": "201", "NL 1012": no, "PL 00-950": "201", "PL 950": no, "SE 114 55": "201", "JP 100-0001": "201", "JP 100": no,
		"LV LV-1010": "201", "LV 1010": "201", "LV 101": no, "MT VLT 1117": "201", "MT 1117": no, "BR 01310-100": "201",
		"HK 00000": no, "HK 999077": "201", "QA 1/2": no, "QA 1234567890123": "422 address_too_long to.postal_code",
	} {
		b := good()
		country, text, _ := strings.Cut(code, " ")
		b["reference"] = "r" + strings.ReplaceAll(code, " ", "_")
		maps.Copy(b["to"].(object), object{"country": country, "postal_code": text})
		if got := booked(t, url, b); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	for _, country := range strings.Fields(cityless) { // the city is the country
		b := good()
		b["reference"] = "city_" + country
		code := map[string]string{"GI": "", "MC": "98000", "SG": "018956", "VA": "00120"}[country]
		maps.Copy(b["to"].(object), object{"country": country, "postal_code": code, "city": ""})
		if got := booked(t, url, b); got != "201" {
			t.Errorf("%s: %q", country, got)
		}
	}
}
