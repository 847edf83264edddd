package stripe_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"purser/sandbox/faults"
	"purser/sandbox/stripe"
)

// TestForms checks that no parameter is guessed or overlooked.
func TestForms(t *testing.T) {
	b := start(t, stripe.Config{})
	id := b.authorize()
	capture, paid := intents+"/"+id+"/capture", b.paid()
	for _, tt := range []struct{ name, path, params, code, param string }{
		{name: "without an amount", path: intents, params: "currency=eur", code: "parameter_missing", param: "amount"},
		{name: "without a currency", path: intents, params: "amount=500", code: "parameter_missing", param: "currency"},
		{name: "a parameter that does not exist", path: intents, params: manual + "&colour=blue", code: "parameter_unknown", param: "colour"},
		{name: "an empty amount to capture", path: capture, params: "amount_to_capture=", code: "parameter_invalid_empty", param: "amount_to_capture"},
		{name: "an empty amount to refund", path: "/v1/refunds", params: "amount=&payment_intent=" + paid, code: "parameter_invalid_empty", param: "amount"},
		{name: "an empty description", path: intents, params: manual + "&description=", code: "parameter_invalid_empty", param: "description"},
		{name: "a fraction", path: capture, params: "amount_to_capture=10.00", code: "parameter_invalid_integer", param: "amount_to_capture"},
		{name: "an exponent", path: capture, params: "amount_to_capture=1e2", code: "parameter_invalid_integer", param: "amount_to_capture"},
		{name: "a sign", path: capture, params: "amount_to_capture=%2B100", code: "parameter_invalid_integer", param: "amount_to_capture"},
		{name: "a number that is no truth value", path: intents, params: manual + "&confirm=1", param: "confirm"},
		{name: "a word that is no truth value", path: intents, params: manual + "&confirm=yes", param: "confirm"},
		{name: "a payment without the shopper", path: intents, params: manual + "&confirm=true&payment_method=pm_card_visa&off_session=true", param: "off_session"},
		{name: "an expansion of five levels", path: capture, params: "expand[]=a.b.c.d.e", param: "expand"},
	} {
		if a := b.ask(sk, "POST", tt.path, tt.params, ""); a.status != 400 || a.Error.Code != tt.code || a.Error.Param != tt.param {
			t.Errorf("%s: %s", tt.name, a.raw)
		}
	}
	r, err := http.NewRequest("POST", b.url+capture, strings.NewReader(`{"amount_to_capture": 500}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+sk)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if in, _ := b.server.Intent(id); resp.StatusCode != 400 || in.Status != "requires_capture" {
		t.Errorf("a body of JSON: %d, the intent is %s", resp.StatusCode, in.Status)
	}
}

// TestVersion checks that another version of the API is refused, because its
// objects would differ.
func TestVersion(t *testing.T) {
	b := start(t, stripe.Config{})
	for version, status := range map[string]int{"": 200, "2023-10-16": 200, "2024-04-10": 400, "2025-03-31.basil": 400, "latest": 400} {
		r, err := http.NewRequest("GET", b.url+intents, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(sk, "")
		if version != "" {
			r.Header.Set("Stripe-Version", version)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != status {
			t.Errorf("version %q: %d, want %d", version, resp.StatusCode, status)
		}
	}
}

// TestAmounts checks the smallest and the largest amounts, and that the units are
// Stripe's.
func TestAmounts(t *testing.T) {
	c := start(t, stripe.Config{}).official()
	for _, tt := range []struct {
		amount   int64
		currency string
		want     refusal
	}{
		{amount: 50, currency: "usd"},
		{amount: 49, currency: "usd", want: refusal{400, "amount_too_small", "amount"}},
		{amount: 99_999_999, currency: "usd"},
		{amount: 100_000_000, currency: "usd", want: refusal{400, "amount_too_large", "amount"}},
		{amount: 0, currency: "usd", want: refusal{400, "parameter_invalid_integer", "amount"}},
		{amount: -1, currency: "usd", want: refusal{400, "parameter_invalid_integer", "amount"}},
		{amount: 50, currency: "jpy"},                                                               // no decimals
		{amount: 49, currency: "jpy", want: refusal{400, "amount_too_small", "amount"}},             //
		{amount: 5120, currency: "kwd"},                                                             // three decimals, the last 0
		{amount: 5125, currency: "kwd", want: refusal{400, "invalid_charge_amount", "amount"}},      //
		{amount: 500, currency: "isk"},                                                              // 5 krónur: two decimals, both 0
		{amount: 505, currency: "isk", want: refusal{400, "invalid_charge_amount", "amount"}},       //
		{amount: 1_000_050, currency: "ugx", want: refusal{400, "invalid_charge_amount", "amount"}}, //
		{amount: 500, currency: "xyz", want: refusal{status: 400, param: "currency"}},
		{amount: 500, currency: "euro", want: refusal{status: 400, param: "currency"}},
		{amount: 500, currency: "kpw", want: refusal{status: 400, param: "currency"}}, // in ISO 4217, not at Stripe
	} {
		p := payment()
		p.Amount, p.Currency = sdk.Int64(tt.amount), sdk.String(tt.currency)
		if _, err := c.intents.New(p); refusalOf(err) != tt.want {
			t.Errorf("%d %s: %v, want %+v", tt.amount, tt.currency, err, tt.want)
		}
	}
}

// TestStates checks what an intent allows in each of its states.
func TestStates(t *testing.T) {
	b := start(t, stripe.Config{})
	c := b.official()
	in := func(method string) string {
		made, err := c.intents.New(payment())
		if err != nil {
			t.Fatal(err)
		}
		if method != "" {
			if _, err := b.server.Confirm(made.ID, method); err != nil {
				t.Fatal(err)
			}
		}
		return made.ID
	}
	cancelled := func() string {
		id := in("")
		if _, err := c.intents.Cancel(id, nil); err != nil {
			t.Fatal(err)
		}
		return id
	}
	method := &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa")}
	amount := func(n int64) *sdk.PaymentIntentCaptureParams {
		return &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(n)}
	}
	why := &sdk.PaymentIntentCancelParams{CancellationReason: sdk.String("sold_out")}
	const wrong = "payment_intent_unexpected_state"
	for name, tt := range map[string]struct {
		do   func() (*sdk.PaymentIntent, error)
		code string
	}{
		"cancel: waiting for a card":   {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(in(""), nil) }, ""},
		"cancel: waiting for the bank": {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(in("pm_card_authenticationRequired"), nil) }, ""},
		"cancel: authorised":           {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(in("pm_card_visa"), nil) }, ""},
		"cancel: processing":           {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(in("pm_sandbox_slow"), nil) }, wrong},
		"cancel: succeeded":            {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(b.paid(), nil) }, wrong},
		"cancel: cancelled":            {func() (*sdk.PaymentIntent, error) { return c.intents.Cancel(cancelled(), nil) }, wrong},
		"confirm: without a method":    {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(in(""), nil) }, wrong},
		"confirm: waiting for a card":  {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(in(""), method) }, ""},
		"confirm: authorised":          {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(in("pm_card_visa"), method) }, wrong},
		"confirm: processing":          {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(in("pm_sandbox_slow"), method) }, wrong},
		"confirm: succeeded":           {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(b.paid(), method) }, wrong},
		"confirm: cancelled":           {func() (*sdk.PaymentIntent, error) { return c.intents.Confirm(cancelled(), method) }, wrong},
		"capture: waiting for a card":  {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(in(""), nil) }, wrong},
		"capture: cancelled":           {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(cancelled(), nil) }, wrong},
		"capture: twice":               {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(b.paid(), nil) }, wrong},
		"capture: all":                 {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(in("pm_card_visa"), amount(1000)) }, ""},
		"capture: more than all":       {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(in("pm_card_visa"), amount(1001)) }, "amount_too_large"},
		"capture: nothing":             {func() (*sdk.PaymentIntent, error) { return c.intents.Capture(in("pm_card_visa"), amount(0)) }, "parameter_invalid_integer"},
	} {
		if _, err := tt.do(); refusalOf(err).code != tt.code || (err != nil) != (tt.code != "") {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
	if _, err := c.intents.Cancel(in(""), why); refusalOf(err) != (refusal{status: 400, param: "cancellation_reason"}) {
		t.Errorf("an unknown reason: %v", err)
	}
}

// TestKeyLimits checks the length of an idempotency key, and that requests with
// the same key do not run at the same time.
func TestKeyLimits(t *testing.T) {
	t.Parallel()
	control := faults.New(1)
	b := start(t, stripe.Config{Faults: control})
	if a := b.ask(sk, "POST", intents, manual, strings.Repeat("k", 255)); a.status != 200 {
		t.Errorf("255 characters: %s", a.raw)
	}
	if a := b.ask(sk, "POST", intents, manual, strings.Repeat("k", 256)); a.status != 400 || a.Error.Type != "invalid_request_error" {
		t.Errorf("256 characters: %s", a.raw)
	}
	if err := control.Add(faults.Fault{Provider: "stripe", Do: faults.Slow, Delay: 3 * time.Second, Times: 1}); err != nil {
		t.Fatal(err)
	}
	both := make(chan response, 2)
	for range 2 {
		go func() { both <- b.ask(sk, "POST", intents, manual, "same") }()
	}
	early, late := <-both, <-both // the one that is refused need not wait
	if early.status != 409 || early.Error.Code != "idempotency_key_in_use" || late.status != 200 {
		t.Errorf("at the same time: %s, %s", early.raw, late.raw)
	}
	if again := b.ask(sk, "POST", intents, manual, "same"); again.ID != late.ID {
		t.Errorf("one after the other: %s, then %s", late.raw, again.raw)
	}
}

// TestRate checks that requests over the rate are refused and leave no trace.
func TestRate(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := start(t, stripe.Config{PerSecond: 3, Now: func() time.Time { return now }})
	for n, want := range []int{200, 200, 200, 429, 429} {
		if a := b.ask(sk, "POST", intents, manual, ""); a.status != want || want == 429 && a.Error.Code != "rate_limit" {
			t.Errorf("request %d: %s", n, a.raw)
		}
	}
	now = now.Add(time.Second)
	if a := b.ask(sk, "GET", intents, "", ""); a.status != 200 || len(a.Data) != 3 {
		t.Errorf("a second later: %s", a.raw)
	}
}

// TestTypedCards checks the cards that a shopper types: only a browser may send
// them, and only possible ones are tried.
func TestTypedCards(t *testing.T) {
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	b := start(t, stripe.Config{Now: func() time.Time { return now }})
	card := func(number, month, year, cvc string) string {
		const field = "&payment_method_data[card]["
		return "&payment_method_data[type]=card" + field + "number]=" + number + field + "exp_month]=" + month + field + "exp_year]=" + year + field + "cvc]=" + cvc
	}
	const good = "4242424242424242"
	for _, tt := range []struct {
		name, key, params string
		status            int
		code              string
	}{
		{name: "good", key: pk, params: card(good, "11", "2026", "123"), status: 200},
		{name: "year of two digits", key: pk, params: card(good, "12", "26", "1234"), status: 200},
		{name: "sent by the shop", key: sk, params: card(good, "12", "2030", "123"), status: 402},
		{name: "wrong number", key: pk, params: card("4242424242424241", "12", "2030", "123"), status: 402, code: "incorrect_number"},
		{name: "month 13", key: pk, params: card(good, "13", "2030", "123"), status: 402, code: "invalid_expiry_month"},
		{name: "last month", key: pk, params: card(good, "10", "2026", "123"), status: 402, code: "invalid_expiry_month"},
		{name: "last year", key: pk, params: card(good, "12", "2025", "123"), status: 402, code: "invalid_expiry_year"},
		{name: "in 51 years", key: pk, params: card(good, "12", "2077", "123"), status: 402, code: "invalid_expiry_year"},
		{name: "code of two digits", key: pk, params: card(good, "12", "2030", "12"), status: 402, code: "invalid_cvc"},
		{name: "code of letters", key: pk, params: card(good, "12", "2030", "abc"), status: 402, code: "invalid_cvc"},
		{name: "no year", key: pk, params: "&payment_method_data[type]=card&payment_method_data[card][number]=" + good + "&payment_method_data[card][exp_month]=12", status: 400, code: "parameter_missing"},
		{name: "no type", key: pk, params: "&payment_method_data[card][number]=" + good, status: 400, code: "parameter_missing"},
		{name: "an account of a type that is not served", key: pk, params: "&payment_method_data[type]=us_bank_account", status: 400},
		{name: "two methods", key: pk, params: card(good, "12", "2030", "123") + "&payment_method=pm_card_visa", status: 400, code: "parameters_exclusive"},
	} {
		in := b.ask(sk, "POST", intents, manual, "")
		a := b.ask(tt.key, "POST", intents+"/"+in.ID+"/confirm", "client_secret="+in.Secret+tt.params, "")
		if a.status != tt.status || a.Error.Code != tt.code {
			t.Errorf("%s: %s", tt.name, a.raw)
		}
	}
}
