package order_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"purser/order"
)

func request() order.Request {
	return order.Request{
		Customer: "c-1", Email: "ada@example.com", Locale: "en", Currency: "EUR",
		ShipTo: order.Address{Name: "Ada", Line1: "1 Quay", Line2: "Floor 2", City: "Bristol", PostalCode: "BS1 4QS", Country: "GB"},
		Lines:  []order.RequestLine{{SKU: "mug", Quantity: 2}},
	}
}

// textFields are the fields of free text, with what bounds each.
var textFields = []struct {
	name     string
	max      int
	required bool
	set      func(r *order.Request, s string)
}{
	{"customerId", 64, true, func(r *order.Request, s string) { r.Customer = s }},
	{"shipTo.name", 50, true, func(r *order.Request, s string) { r.ShipTo.Name = s }},
	{"shipTo.line1", 60, true, func(r *order.Request, s string) { r.ShipTo.Line1 = s }},
	{"shipTo.line2", 60, false, func(r *order.Request, s string) { r.ShipTo.Line2 = s }},
	{"shipTo.city", 50, true, func(r *order.Request, s string) { r.ShipTo.City = s }},
	{"shipTo.postalCode", 20, false, func(r *order.Request, s string) { r.ShipTo.PostalCode, r.ShipTo.Country = s, "AE" }},
	{"lines[0].sku", 64, true, func(r *order.Request, s string) { r.Lines[0].SKU = s }},
}

// TestValidateText holds every text field to its limits, in characters, not
// in bytes, and keeps out what would travel on into mail headers and labels.
func TestValidateText(t *testing.T) {
	for _, f := range textFields {
		t.Run(f.name, func(t *testing.T) {
			for text, good := range map[string]bool{
				strings.Repeat("x", f.max):   true,
				strings.Repeat("é", f.max):   true,
				strings.Repeat("x", f.max+1): false,
				strings.Repeat("é", f.max+1): false,
				"":                           !f.required,
				"  \u00a0":                   !f.required,
				"Zoë’s":                      true,
				"a\xffb":                     false,
				"\xc3":                       false,
				"a\nb":                       false,
				"a\r\nBcc: b@example.com":    false,
				"a\x00b":                     false,
				"a\x7fb":                     false,
				"a\u0085b":                   false,
				"a\tb":                       false,
			} {
				r := request()
				f.set(&r, text)
				err := r.Validate()
				if good && err != nil {
					t.Errorf("%q: %v", text, err)
				}
				if !good && (!errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), f.name)) {
					t.Errorf("%q: %v, want it refused by the field's name", text, err)
				}
			}
		})
	}
}

func TestValidate(t *testing.T) {
	lines := func(n int) func(*order.Request) {
		return func(r *order.Request) {
			r.Lines = nil
			for i := range n {
				r.Lines = append(r.Lines, order.RequestLine{SKU: fmt.Sprint("sku-", i), Quantity: 1})
			}
		}
	}
	quantity := func(n int64) func(*order.Request) { return func(r *order.Request) { r.Lines[0].Quantity = n } }
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 62) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 54) + ".example"
	email := func(s string) func(*order.Request) { return func(r *order.Request) { r.Email = s } }
	country := func(s string) func(*order.Request) { return func(r *order.Request) { r.ShipTo.Country = s } }
	money := func(s string) func(*order.Request) { return func(r *order.Request) { r.Currency = s } }
	for _, c := range []struct {
		name   string
		change func(*order.Request)
		wrong  string // what the error names; "" if nothing is wrong
	}{
		{"as it is", func(*order.Request) {}, ""},
		{"no lines", lines(0), "lines"},
		{"as many lines as may be", lines(order.MaxLines), ""},
		{"one line more", lines(order.MaxLines + 1), "lines"},
		{"ten thousand lines", lines(10_000), "lines"},
		{"quantity 0", quantity(0), "lines[0].quantity"},
		{"quantity -1", quantity(-1), "lines[0].quantity"},
		{"quantity 1", quantity(1), ""},
		{"the largest quantity", quantity(order.MaxQuantity), ""},
		{"one more", quantity(order.MaxQuantity + 1), "lines[0].quantity"},
		{"quantity 10^9", quantity(1_000_000_000), "lines[0].quantity"},
		{"the largest number", quantity(math.MaxInt64), "lines[0].quantity"},
		{"the same product twice", func(r *order.Request) { r.Lines = append(r.Lines, r.Lines[0]) }, "lines[1].sku"},
		{"no mail address", email(""), "email"},
		{"a mail address with a name", email("Ada <ada@example.com>"), "email"},
		{"two mail addresses", email("a@example.com, b@example.com"), "email"},
		{"not a mail address", email("ada"), "email"},
		{"a header smuggled in", email("a@example.com\r\nBcc: b@example.com"), "email"},
		{"the longest mail address", email(longest), ""},
		{"one longer", email(strings.Replace(longest, ".", "b.", 1)), "email"},
		{"the longest local part", email(strings.Repeat("a", 64) + "@example.com"), ""},
		{"a longer local part", email(strings.Repeat("a", 65) + "@example.com"), "email: not a mail address: more than 64 bytes before the at sign"},
		{"dots of an old telephone address", email("aaa..bbb@docomo.example"), ""},
		{"a dot before the at sign", email("ccc.@docomo.example"), ""},
		{"dots in quotes", email(`"aaa..bbb"@docomo.example`), ""},
		{"a mail address in Chinese", email("用户@例子.example"), ""},
		{"an IP address", email("a@[127.0.0.1]"), "email: not a mail address: an IP address instead of a domain"},
		{"an IP address without brackets", email("a@127.0.0.1"), "email: not a mail address: an IP address"},
		{"this machine", email("a@localhost"), "email: not a mail address: the domain is the sender's own machine"},
		{"a domain without a dot", email("a@mailserver"), "email: not a mail address: the domain has no dot"},
		{"a hyphen at the start", email("a@-shop.example"), "email: not a mail address: a part of the domain begins or ends with a hyphen"},
		{"a hyphen at the end", email("a@shop-.example"), "email: not a mail address: a part of the domain begins or ends with a hyphen"},
		{"a comment", email("a@example.com (Ada)"), "email: want the address alone"},
		{"only a mail address in brackets", email("<a@example.com>"), "email: want the address alone"},
		{"a mail address with spaces around it", email(" a@example.com"), "email: want the address alone"},
		{"a country in lower case", country("gb"), "shipTo.country"},
		{"a country in three letters", country("GBR"), "shipTo.country"},
		{"a country in one letter", country("G"), "shipTo.country"},
		{"a country of one long letter", country("É"), "shipTo.country"},
		{"no country", country(""), "shipTo.country"},
		{"a currency in lower case", money("eur"), "currency"},
		{"no currency", money(""), "currency"},
		{"a currency nobody knows", money("ABC"), "currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request()
			c.change(&r)
			err := r.Validate()
			if c.wrong == "" && err != nil {
				t.Error(err)
			}
			if c.wrong != "" && (!errors.Is(err, order.ErrInvalid) || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%v, want %s refused", err, c.wrong)
			}
		})
	}
}
