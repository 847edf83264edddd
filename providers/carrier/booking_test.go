package carrier_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/activities/porttest"
	"purser/order"
)

// TestAddresses checks that an address reaches the carrier in its form, and that
// the refusal of one that cannot names the field and not the shopper.
func TestAddresses(t *testing.T) {
	words := strings.Repeat("Straße ", 8) + "99" // 58 characters
	for _, tt := range []struct {
		name   string
		change func(*order.Address)
		code   string // of the refusal; empty: booked
		field  string
	}{
		{name: "as it is", change: func(*order.Address) {}},
		{name: "no-break spaces", change: func(a *order.Address) { a.Line1, a.City = "Hauptstraße\u00a01", "Bad\u2009Homburg" }},
		{name: "a line of 60", change: func(a *order.Address) { a.Line1 = words + " b" }},
		{name: "a long line of one word", change: func(a *order.Address) { a.Line1 = strings.Repeat("x", 61) }, code: "address_too_long", field: "to.line1"},
		{name: "a line of 200", change: func(a *order.Address) { a.Line1 = strings.Repeat("Weg ", 50) }, code: "address_too_long", field: "to.line1"},
		{name: "a long name", change: func(a *order.Address) { a.Name = strings.Repeat("Ada ", 13) }, code: "address_too_long", field: "to.name"},
		{name: "no postal code", change: func(a *order.Address) { a.PostalCode = "" }, code: "address_incomplete", field: "to.postal_code"},
		{name: "the postal code of another country", change: func(a *order.Address) { a.PostalCode = "BS1 4QS" }, code: "address_undeliverable", field: "to.postal_code"},
		{name: "a country of nobody", change: func(a *order.Address) { a.Country = "AQ" }, code: "address_undeliverable", field: "to.country"},
	} {
		c, s, _ := build(t)
		r := porttest.ParcelOf(order.NewID())
		r.Lines[0].Name = strings.Repeat("Mug\u00a0", 49) + "Mug" // as long as a product's name may be
		tt.change(&r.To)
		_, err := c.BookParcel(t.Context(), r)
		var p *order.ProviderError
		switch {
		case tt.code == "" && (err != nil || s.Counts()[r.Reference] != 1):
			t.Errorf("%s: %v", tt.name, err)
		case tt.code != "" && (!errors.As(err, &p) || p.Kind != order.ErrRejected || p.Code != tt.code || p.Err.Error() != "field "+tt.field):
			t.Errorf("%s: %+v, want %s %s", tt.name, p, tt.code, tt.field)
		case err != nil && strings.Contains(err.Error(), "Ada"):
			t.Errorf("%s: the error names the shopper: %v", tt.name, err)
		}
	}
}

// TestMeasuresAndCustoms (SHP-9, SHP-10): the weight of a parcel is that of its goods,
// and customs are told about them only if the parcel leaves their area.
func TestMeasuresAndCustoms(t *testing.T) {
	c, s, _ := build(t)
	booked := func(change func(*order.ParcelRequest)) string {
		t.Helper()
		r := porttest.ParcelOf(order.NewID())
		r.Lines[0].Goods = &order.Goods{Weight: 350, Length: 120, Width: 90, Height: 100, HSCode: "691200", Origin: "PT", CustomsDescription: "Stoneware\u00a0cup"}
		change(&r)
		if _, err := c.BookParcel(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest("GET", "/v1/labels?reference="+r.Reference, nil)
		req.Header.Set("Authorization", "Bearer key")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, req)
		_, sent, _ := strings.Cut(w.Body.String(), `"parcels":`)
		return sent
	}
	const measures = `"weight_g":350,"length_mm":120,"width_mm":90,"height_mm":100`
	for _, tt := range []struct {
		name   string
		change func(*order.ParcelRequest)
		want   string
	}{
		{name: "nothing is known", change: func(r *order.ParcelRequest) { r.Lines[0].Goods = nil }, want: `[{"contents":[{"sku":"mug","description":"Mug, \"blue\"","quantity":2}]}]`},
		{name: "at home", change: func(r *order.ParcelRequest) { r.From = "FR" }, want: `[{"weight_g":700,"contents":[{"sku":"mug","description":"Mug, \"blue\"","quantity":2,` + measures + `}]}]`},
		{name: "one weight is not known", change: func(r *order.ParcelRequest) {
			r.Lines = append(r.Lines, order.Line{SKU: "pin", Name: "Pin", Quantity: 1})
		}, want: `[{"contents":[{"sku":"mug","description":"Mug, \"blue\"","quantity":2,` + measures + `},{"sku":"pin","description":"Pin","quantity":1}]}]`},
		{
			name: "to customs", change: func(r *order.ParcelRequest) { r.From, r.Currency = "CH", "EUR" },
			want: `[{"weight_g":700,"contents":[{"sku":"mug","description":"Stoneware cup","quantity":2,` + measures + `,"hs_code":"691200","origin":"PT","value":1250,"currency":"EUR"}]}]`,
		},
	} {
		if got := booked(tt.change); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
