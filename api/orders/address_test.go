package orders_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/api/orders"
	"purser/order"
)

// orderTo returns the body of an order to an address, with more members of the request.
func orderTo(address, more string) string {
	return `{"customerId":"cus_1","email":"jane@example.com",` + more + `"shipTo":{"name":"Jane Doe","line1":"Quay 1",` + address +
		`},"currency":"EUR","lines":[{"sku":"mug-blue","quantity":1}]}`
}

// TestPlace_address: an order to an address that mail cannot reach is refused with what
// is wrong with it, before anything is started; an address without what its country does
// not have is accepted.
func TestPlace_address(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, tc := range []struct {
		name, address string
		says          string // "": accepted
	}{
		{name: "Kosovo", address: `"city":"Pristina","postalCode":"10000","country":"XK"`},
		{name: "Singapore has no cities", address: `"postalCode":"238823","country":"SG"`},
		{name: "Monaco in words", address: `"city":"","postalCode":"98000","country":"MC"`},
		{name: "the Vatican", address: `"postalCode":"00120","country":"VA"`},
		{name: "Hong Kong has no codes", address: `"country":"HK"`},
		{name: "Ireland without its code", address: `"city":"Cork","country":"IE"`},
		{name: "a German code with the country", address: `"city":"Berlin","postalCode":"D-10115","country":"DE"`},
		{name: "the United Kingdom", address: `"city":"Bristol","postalCode":"BS1 4QS","country":"UK"`, says: "write GB"},
		{name: "Greece in Brussels", address: `"city":"Athens","postalCode":"105 57","country":"EL"`, says: "write GR"},
		{name: "the Antilles", address: `"city":"Willemstad","country":"AN"`, says: "write BQ, CW or SX"},
		{name: "Yugoslavia", address: `"city":"Belgrade","country":"YU"`, says: "write RS or ME"},
		{name: "the Soviet Union", address: `"city":"Moscow","country":"SU"`, says: "such as RU"},
		{name: "the Union", address: `"city":"Brussels","country":"EU"`, says: "one of its members"},
		{name: "nowhere", address: `"city":"Town","country":"ZZ"`, says: `"ZZ" is not a country`},
		{name: "in lower case", address: `"city":"Berlin","postalCode":"10115","country":"de"`, says: "upper case: DE"},
		{name: "no country", address: `"city":"Berlin","postalCode":"10115","country":""`, says: "shipTo.country: missing"},
		{name: "no city", address: `"postalCode":"10115","country":"DE"`, says: "shipTo.city: missing"},
		{name: "no code", address: `"city":"Berlin","country":"DE"`, says: "mail to DE needs one, written 99999"},
		{name: "a digit was lost", address: `"city":"Boston","postalCode":"2134","country":"US"`, says: "want a code of US, written 99999 or 99999-9999"},
		{name: "another country's code", address: `"city":"Berlin","postalCode":"SW1A 1AA","country":"DE"`, says: "want a code of DE"},
	} {
		placed := len(s.Orders.Placed)
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, orderTo(tc.address, ""))
		if tc.says == "" {
			if a.Status != http.StatusCreated {
				t.Errorf("%s: got %d %s", tc.name, a.Status, a.Body)
			}
			continue
		}
		if p := a.Problem(t); a.Status != http.StatusUnprocessableEntity || p.Code != "invalid" || !strings.Contains(p.Detail, tc.says) || len(s.Orders.Placed) != placed {
			t.Errorf("%s: got %d %s", tc.name, a.Status, a.Body)
		}
	}
}

// TestPlace_locale (EML-11): an order never fails for its language, however the locale is
// written; the order has it as a language tag, or none.
func TestPlace_locale(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for _, tc := range []struct{ locale, want string }{
		{locale: "de-AT", want: "de-AT"},
		{locale: "en_US.UTF-8", want: "en-US"},
		{locale: "sr@latin", want: "sr-Latn"},
		{locale: "ca@valencia", want: "ca-valencia"},
		{locale: "de-AT,de;q=0.9,en;q=0.8", want: "de-AT"},
		{locale: "sr_RS_#Latn", want: "sr-Latn-RS"},
		{locale: "tlh", want: "tlh"},
		{locale: "C"},
		{locale: "POSIX"},
		{locale: ""},
		{locale: "not a locale"},
		{locale: "en\r\nBcc: x"},
		{locale: strings.Repeat("x", 10_000)},
		{locale: strings.Repeat("en-", 1000), want: "en"},
	} {
		text, err := json.Marshal(tc.locale)
		if err != nil {
			t.Fatal(err)
		}
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, orderTo(`"city":"Berlin","postalCode":"10115","country":"DE"`, `"locale":`+string(text)+`,`))
		var got struct{ Order orders.Order }
		if a.Into(t, &got); a.Status != http.StatusCreated || got.Order.Locale != tc.want {
			t.Errorf("%.40q: got %d with locale %q, want %q\n%.300s", tc.locale, a.Status, got.Order.Locale, tc.want, a.Body)
		}
		if o, err := s.Store.Order(t.Context(), got.Order.ID); err != nil || o.Locale != tc.want {
			t.Errorf("%.40q: recorded as %q, %v", tc.locale, o.Locale, err)
		}
	}
	// A browser that does not know says null.
	if a := s.Ask("POST", "/v1/orders", apitest.ShopKey, orderTo(`"city":"Berlin","postalCode":"10115","country":"DE"`, `"locale":null,`)); a.Status != http.StatusCreated {
		t.Errorf("null: got %d %s", a.Status, a.Body)
	}
	// However it is written, it is the same request.
	for _, locale := range []string{"de_AT.UTF-8", "de-AT", "de_AT@euro"} {
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, orderTo(`"city":"Berlin","postalCode":"10115","country":"DE"`, `"locale":"`+locale+`",`), "Idempotency-Key", "cart-9")
		if a.Status != http.StatusCreated {
			t.Errorf("%s: got %d %s", locale, a.Status, a.Body)
		}
	}
}

// TestPlace_dear: what one order may cost is the currency's own limit (PAY-1).
func TestPlace_dear(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	product := func(sku, price, currency string) string {
		return `{"sku":"` + sku + `","name":"Shoe","price":` + price + `,"currency":"` + currency + `","onHand":5000}`
	}
	goods := `{"products":[` + strings.Join([]string{
		product("shoe", "150000000", "IDR"), product("sandal", "20000000", "IDR"), product("yacht", "999999999999", "IDR"),
		product("sari", "999999999", "INR"), product("bunad", "999999", "ISK"), product("kimono", "9999999999", "JPY"),
	}, ",") + `]}`
	if a := s.Ask("PUT", "/v1/products", apitest.OperatorKey, goods); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	for _, tc := range []struct {
		sku, quantity, currency string
		total                   order.Money
		says                    string
	}{
		{sku: "shoe", quantity: "1", currency: "IDR", total: order.Money{Amount: 150_000_000, Currency: "IDR"}},
		{sku: "sandal", quantity: "10", currency: "IDR", total: order.Money{Amount: 200_000_000, Currency: "IDR"}},
		{sku: "yacht", quantity: "1", currency: "IDR", total: order.Money{Amount: 999_999_999_999, Currency: "IDR"}},
		{sku: "kimono", quantity: "1", currency: "JPY", total: order.Money{Amount: 9_999_999_999, Currency: "JPY"}},
		{sku: "yacht", quantity: "2", currency: "IDR", says: "19999999999.98 IDR is above the limit of 9999999999.99 IDR"},
		{sku: "sari", quantity: "2", currency: "INR", says: "19999999.98 INR is above the limit of 9999999.99 INR"},
		{sku: "bunad", quantity: "2", currency: "ISK", says: "1999998 ISK is above the limit of 999999 ISK"},
	} {
		body := strings.NewReplacer(`"EUR"`, `"`+tc.currency+`"`, `"mug-blue"`, `"`+tc.sku+`"`, `"quantity":2`, `"quantity":`+tc.quantity).Replace(apitest.OrderBody("cus_1"))
		a := s.Ask("POST", "/v1/orders", apitest.ShopKey, body)
		if tc.says != "" {
			if p := a.Problem(t); a.Status != http.StatusUnprocessableEntity || p.Code != "amount_invalid" || !strings.Contains(p.Detail, tc.says) {
				t.Errorf("%s × %s: got %d %s", tc.quantity, tc.sku, a.Status, a.Body)
			}
			continue
		}
		var got struct{ Order orders.Order }
		if a.Into(t, &got); a.Status != http.StatusCreated || got.Order.Total != tc.total {
			t.Errorf("%s × %s: got %d %s", tc.quantity, tc.sku, a.Status, a.Body)
		}
	}
}
