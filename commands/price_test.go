package commands_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// productAPI starts an API with one product in a currency, and returns its URL and the
// price with its currency that it was given last. Without a currency there is no
// product.
func productAPI(t *testing.T, currency string) (url string, put func() (price int64, in string)) {
	t.Helper()
	var got struct {
		Price    int64
		Currency string
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet && currency == "" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"status":404,"code":"not_found","detail":"no such product"}`)
			return
		}
		if r.Method == http.MethodPut {
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
		}
		_, _ = io.WriteString(w, `{"sku":"mug","name":"Mug","price":1450,"currency":"`+currency+`","version":3}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() (int64, string) { return got.Price, got.Currency }
}

// TestPrice: a price is understood in the product's currency, or refused with what to
// write instead; whether it is in minor units is never guessed.
func TestPrice(t *testing.T) {
	for _, tt := range []struct {
		name  string
		has   string // the product's currency; empty: there is no product
		flags []string
		price int64 // in minor units
		in    string
		says  string // the refusal
	}{
		{name: "euro", has: "EUR", flags: []string{"--price=3.00"}, price: 300, in: "EUR"},
		{name: "cents only", has: "EUR", flags: []string{"--price=0.05"}, price: 5, in: "EUR"},
		{name: "yen", has: "JPY", flags: []string{"--price=300"}, price: 300, in: "JPY"},
		{name: "dinar", has: "KWD", flags: []string{"--price=3.005"}, price: 3005, in: "KWD"},
		{name: "minor units", has: "EUR", flags: []string{"--price-minor=300"}, price: 300, in: "EUR"},
		{name: "a new product", flags: []string{"--price=3.00", "--currency=USD"}, price: 300, in: "USD"},
		{name: "another currency", has: "EUR", flags: []string{"--price=300", "--currency=JPY"}, price: 300, in: "JPY"},
		{name: "the same currency", has: "EUR", flags: []string{"--currency=EUR"}, price: 1450, in: "EUR"},
		{name: "another field", has: "EUR", flags: []string{"--name=Cup"}, price: 1450, in: "EUR"},
		{name: "the largest", has: "EUR", flags: []string{"--price=92233720368547758.07"}, price: 9223372036854775807, in: "EUR"},

		{name: "without decimals", has: "EUR", flags: []string{"--price=3"}, says: "--price 3: EUR has 2 decimals: write 3.00 for 3.00 EUR, or --price-minor 3 for 0.03 EUR"},
		{name: "as minor units were", has: "EUR", flags: []string{"--price=1450"}, says: "write 1450.00 for 1450.00 EUR, or --price-minor 1450 for 14.50 EUR"},
		{name: "one decimal", has: "EUR", flags: []string{"--price=3.5"}, says: "EUR has 2 decimals: write 3.50 for 3.50 EUR"},
		{name: "too many decimals", has: "EUR", flags: []string{"--price=3.005"}, says: "EUR has 2 decimals"},
		{name: "too few decimals", has: "KWD", flags: []string{"--price=3.00"}, says: "KWD has 3 decimals: write 3.000"},
		{name: "decimals of yen", has: "JPY", flags: []string{"--price=300.00"}, says: "JPY has no decimals: write 300 for 300 JPY"},
		{name: "a comma", has: "EUR", flags: []string{"--price=3,00"}, says: "write the decimals after a point: 3.00"},
		{name: "thousands", has: "EUR", flags: []string{"--price=1.450,00"}, says: "want an amount such as 12.50"},
		{name: "more thousands", has: "EUR", flags: []string{"--price=1,450.00"}, says: "want an amount such as 12.50"},
		{name: "negative", has: "EUR", flags: []string{"--price=-3.00"}, says: "want an amount such as 12.50"},
		{name: "a currency sign", has: "EUR", flags: []string{"--price=€3.00"}, says: "want an amount such as 12.50"},
		{name: "an exponent", has: "EUR", flags: []string{"--price=1e3"}, says: "want an amount such as 12.50"},
		{name: "other digits", has: "EUR", flags: []string{"--price=٣.٠٠"}, says: "want an amount such as 12.50"},
		{name: "nothing", has: "EUR", flags: []string{"--price="}, says: "want an amount such as 12.50"},
		{name: "too large", has: "EUR", flags: []string{"--price=92233720368547758.08"}, says: "too large"},
		{name: "too large in major units", has: "EUR", flags: []string{"--price=92233720368547759"}, says: "too large"},
		{name: "no currency", flags: []string{"--price=3.00"}, says: "name its currency with --currency"},
		{name: "no such currency", has: "EUR", flags: []string{"--price=3.00", "--currency=EURO"}, says: "EURO"},
		{name: "a currency without its price", has: "EUR", flags: []string{"--currency=JPY"}, says: "--currency JPY: the price is 14.50 EUR now"},
		{name: "both", has: "EUR", flags: []string{"--price=3.00", "--price-minor=300"}, says: "--price and --price-minor can't be used together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, put := productAPI(t, tt.has)
			code, _, stderr := typed(t.Context(), append([]string{"product", "put", "mug", "--api-url=" + url}, tt.flags...)...)
			price, in := put()
			switch {
			case tt.says == "" && code != 0, tt.says != "" && (code != 2 || !strings.Contains(stderr, tt.says)):
				t.Errorf("exit code %d, %q, want %q", code, stderr, tt.says)
			case price != tt.price || in != tt.in:
				t.Errorf("put %d %s, want %d %s", price, in, tt.price, tt.in)
			}
		})
	}
}

// TestSearchPrice: the bounds of a search are understood like a product's price.
func TestSearchPrice(t *testing.T) {
	var query string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query().Get("priceFrom") + " to " + r.URL.Query().Get("priceTo")
		_, _ = io.WriteString(w, `{}`)
	}))
	defer s.Close()
	for _, tt := range []struct {
		name  string
		flags []string
		query string
		says  string
	}{
		{name: "euro", flags: []string{"--price-from=3.00", "--price-to=14.50", "--currency=EUR"}, query: "300 to 1450"},
		{name: "yen", flags: []string{"--price-to=300", "--currency=JPY"}, query: " to 300"},
		{name: "none", query: " to "},
		{name: "without decimals", flags: []string{"--price-from=3", "--currency=EUR"}, says: "--price-from 3: EUR has 2 decimals: write 3.00 for 3.00 EUR\n"},
		{name: "a comma", flags: []string{"--price-to=3,00", "--currency=EUR"}, says: "write the decimals after a point: 3.00"},
		{name: "no currency", flags: []string{"--price-to=3.00"}, says: "--price-to 3.00: name its currency with --currency"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			query = ""
			code, _, stderr := typed(t.Context(), append([]string{"search", "mug", "--api-url=" + s.URL}, tt.flags...)...)
			if tt.says == "" && code != 0 || tt.says != "" && (code != 2 || !strings.Contains(stderr, tt.says)) || query != tt.query {
				t.Errorf("exit code %d, %q, query %q; want %q, %q", code, stderr, query, tt.says, tt.query)
			}
		})
	}
}
