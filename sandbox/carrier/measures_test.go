package carrier

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestMeasures checks the limits of weight and size, at them and over them (SHP-9).
func TestMeasures(t *testing.T) {
	url := serve(t)
	const content0 = "parcels[0].contents[0]."
	for i, tt := range []struct {
		name   string
		parcel int64 // its weight
		one    object
		want   string
	}{
		{name: "nothing is known", want: "201"},
		{name: "the most", parcel: 31_500, one: object{"weight_g": 15_750, "length_mm": 1200, "width_mm": 1200, "height_mm": 1}, want: "201"},
		{name: "a gram more", parcel: 31_501, want: "422 parcel_too_heavy parcels[0].weight_g"},
		{name: "contents that are too heavy", one: object{"weight_g": 15_751}, want: "422 parcel_too_heavy parcels[0].weight_g"},
		{name: "lighter than its contents", parcel: 999, one: object{"weight_g": 500}, want: "400 invalid_request parcels[0].weight_g"},
		{name: "heavier than its contents", parcel: 1200, one: object{"weight_g": 500}, want: "201"},
		{name: "a millimetre too long", one: object{"length_mm": 1201, "width_mm": 1, "height_mm": 1}, want: "422 parcel_too_large " + content0 + "length_mm"},
		{name: "a millimetre too high", one: object{"length_mm": 1, "width_mm": 1, "height_mm": 1201}, want: "422 parcel_too_large " + content0 + "height_mm"},
		{name: "two sides", one: object{"length_mm": 5, "width_mm": 5}, want: "400 invalid_request " + content0 + "length_mm"},
		{name: "a side below zero", one: object{"width_mm": -1}, want: "400 invalid_request " + content0 + "width_mm"},
		{name: "a weight below zero", one: object{"weight_g": -1}, want: "400 invalid_request " + content0 + "weight_g"},
	} {
		b := good()
		b["reference"] = fmt.Sprint("ord_", i)
		p := b["parcels"].([]any)[0].(object)
		c := p["contents"].([]any)[0].(object)
		c["quantity"] = 2
		if tt.parcel != 0 {
			p["weight_g"] = tt.parcel
		}
		for field, value := range tt.one {
			c[field] = value
		}
		if got := booked(t, url, b); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDeclarations checks what customs need of a parcel across a border (SHP-10).
func TestDeclarations(t *testing.T) {
	url := serve(t)
	const incomplete = "422 customs_incomplete parcels[0].contents[0]."
	whole := object{"hs_code": "691200", "origin": "PT", "value": 1450, "currency": "EUR"}
	without := func(field string, value any) object {
		o := object{}
		for k, v := range whole {
			o[k] = v
		}
		if o[field] = value; value == nil {
			delete(o, field)
		}
		return o
	}
	for i, tt := range []struct {
		name, from, to, code string
		one                  object
		want                 string
	}{
		{name: "whole", from: "DE", to: "CH", code: "8001", one: whole, want: "201"},
		{name: "nothing", from: "DE", to: "CH", code: "8001", want: incomplete + "hs_code"},
		{name: "half a code", from: "DE", to: "CH", code: "8001", one: without("hs_code", "6912"), want: incomplete + "hs_code"},
		{name: "no origin", from: "DE", to: "CH", code: "8001", one: without("origin", nil), want: incomplete + "origin"},
		{name: "an origin that is no country", from: "DE", to: "CH", code: "8001", one: without("origin", "UK"), want: incomplete + "origin"},
		{name: "no value", from: "DE", to: "CH", code: "8001", one: without("value", nil), want: incomplete + "value"},
		{name: "no currency", from: "DE", to: "CH", code: "8001", one: without("currency", "€"), want: incomplete + "currency"},
		{name: "within the union", from: "DE", to: "FR", code: "29200", want: "201"},
		{name: "within the country", from: "CH", to: "CH", code: "8001", want: "201"},
		{name: "to Northern Ireland", from: "IE", to: "GB", code: "BT1 5GS", want: "201"},
		{name: "it is not known from where", to: "CH", code: "8001", want: "201"},
		{name: "from nowhere", from: "XX", to: "CH", code: "8001", want: "400 invalid_request from"},
	} {
		b := good()
		b["reference"] = fmt.Sprint("ord_", i)
		if tt.from != "" {
			b["from"] = tt.from
		}
		b["to"].(object)["country"], b["to"].(object)["postal_code"] = tt.to, tt.code
		c := b["parcels"].([]any)[0].(object)["contents"].([]any)[0].(object)
		for field, value := range tt.one {
			c[field] = value
		}
		if got := booked(t, url, b); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestLabelShowsCustoms: weight and declaration are on the label (SHP-9, SHP-10).
func TestLabelShowsCustoms(t *testing.T) {
	s := build(t, "", 0)
	b := good()
	b["from"], b["to"].(object)["country"], b["to"].(object)["postal_code"] = "DE", "CH", "8001"
	p := b["parcels"].([]any)[0].(object)
	p["weight_g"] = 700
	p["contents"] = []any{object{"sku": "mug", "description": "Stoneware cup", "quantity": 2, "weight_g": 350, "hs_code": "691200", "origin": "PT", "value": 1450, "currency": "EUR"}}
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	_, l := call(s, "POST", "/v1/labels", string(raw))
	file := "/v1/labels/" + l["id"].(string) + "/file"
	zpl := fetch(s, file, "application/zpl").Body.String()
	for _, want := range []string{"^FDWeight 700 g^FS", "^FDCustoms: 2 _C3_97 Stoneware cup, HS 691200, made in PT, 29.00 EUR^FS"} {
		if !strings.Contains(zpl, want) {
			t.Errorf("no %q in %s", want, zpl)
		}
	}
	if pdf := fetch(s, file, "application/pdf"); pdf.Code != 200 {
		t.Errorf("pdf: %d", pdf.Code)
	}
}
