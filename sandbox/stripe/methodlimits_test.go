package stripe_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/sandbox/stripe"
)

// TestMethodLimits checks which methods an intent takes, and what a confirmation by
// each of them needs.
func TestMethodLimits(t *testing.T) {
	b := start(t, stripe.Config{})
	const money, held = "amount=1000&currency=eur", "amount=1000&currency=eur&capture_method=manual"
	for _, tt := range []struct {
		name, create, confirm string // the refusal is of the last request
		code, param           string
	}{
		{name: "unknown type", create: money + "&payment_method_types[]=giropay", param: "payment_method_types"},
		{name: "type and automatic ones", create: money + "&payment_method_types[]=card&automatic_payment_methods[enabled]=true", code: "parameters_exclusive", param: "payment_method_types"},
		{name: "iDEAL cannot be held", create: held + "&payment_method_types[]=ideal", param: "payment_method_types"},
		{name: "a debit cannot be held", create: held + "&payment_method_types[]=sepa_debit", param: "payment_method_types"},
		{name: "iDEAL in dollars", create: "amount=1000&currency=usd&payment_method_types[]=ideal", param: "payment_method_types"},
		{name: "cards are held by hand only", create: money + "&payment_method_options[card][capture_method]=automatic", param: "payment_method_options[card][capture_method]"},
		{name: "an option that is not served", create: money + "&payment_method_options[ideal][setup_future_usage]=none", code: "parameter_unknown", param: "payment_method_options[ideal][setup_future_usage]"},
		{name: "many captures, or not", create: money + "&payment_method_options[card][request_multicapture]=always", param: "payment_method_options[card][request_multicapture]"},
		{name: "a return address without a confirmation", create: either + back, code: "parameter_unknown", param: "return_url"},

		{name: "a type that the intent does not take", create: either, confirm: back + "&payment_method_data[type]=eps&payment_method_data[billing_details][name]=Ada", code: "payment_intent_incompatible_payment_method", param: "payment_method"},
		{name: "a debit for a card's intent", create: held, confirm: debtor + "AT611904300234573201", code: "payment_intent_incompatible_payment_method", param: "payment_method"},
		{name: "without a way back", create: either, confirm: "&payment_method_data[type]=ideal", code: "parameter_missing", param: "return_url"},
		{name: "unknown bank", create: either, confirm: back + "&payment_method_data[type]=ideal&payment_method_data[ideal][bank]=fort_knox", param: "payment_method_data[ideal][bank]"},
		{name: "eps without a name", create: money + "&payment_method_types[]=eps", confirm: back + "&payment_method_data[type]=eps", code: "parameter_missing", param: "payment_method_data[billing_details][name]"},
		{name: "a debit without an address of mail", create: either, confirm: strings.Replace(debtor, "[email]", "[phone]", 1) + "AT611904300234573201", code: "parameter_missing", param: "payment_method_data[billing_details][email]"},
		{name: "a debit without a mandate", create: either, confirm: strings.Split(debtor, "&mandate")[0] + "&payment_method_data[sepa_debit][iban]=AT611904300234573201", code: "parameter_missing", param: "mandate_data"},
		{name: "an account that is no test account", create: either, confirm: debtor + "AT611904300234573202", param: "payment_method_data[sepa_debit][iban]"},
	} {
		a := b.ask(sk, "POST", intents, tt.create, "")
		if tt.confirm != "" {
			if a.status != 200 {
				t.Fatalf("%s: %s", tt.name, a.raw)
			}
			a = b.confirm(a, tt.confirm)
		}
		if a.status != 400 || a.Error.Code != tt.code || a.Error.Param != tt.param {
			t.Errorf("%s: %d %s", tt.name, a.status, a.raw)
		}
	}
}

// TestNumbers checks that each number that Stripe documents is understood, however its
// digits are grouped, and has a correct check digit.
func TestNumbers(t *testing.T) {
	b := start(t, stripe.Config{})
	const rest = "&payment_method_data[card][exp_month]=12&payment_method_data[card][exp_year]=60&payment_method_data[type]=card&payment_method_data[card][number]="
	for _, tt := range []struct{ number, status, code, decline string }{
		{number: "4242+4242+4242+4242", status: "requires_capture"},
		{number: "4242-4242-4242-4242", status: "requires_capture"},
		{number: "2223003122003222", status: "requires_capture"},
		{number: "6205500000000000004", status: "requires_capture"},
		{number: "36227206271667", status: "requires_capture"},
		{number: "4000002760000016", status: "requires_capture"}, // Germany
		{number: "4000003800000446", status: "requires_capture"},
		{number: "4000000000000101", status: "requires_capture"},
		{number: "4000002500003155", status: "requires_action"},
		{number: "4000008260003178", status: "requires_action"},
		{number: "4000008400001629", status: "requires_action"},
		{number: "4000008400001280", code: "card_declined", decline: "generic_decline"},
		{number: "4100000000000019", code: "card_declined", decline: "fraudulent"},
		{number: "4000000000009995", code: "card_declined", decline: "insufficient_funds"},
		{number: "4000000000009987", code: "card_declined", decline: "lost_card"},
		{number: "4242424242424241", code: "incorrect_number"},
		{number: "4111111111111111", code: "incorrect_number"}, // a valid number, but not of Stripe's
	} {
		in := b.ask(sk, "POST", intents, manual, "")
		a := b.confirm(in, rest+tt.number)
		if a.Status != tt.status || a.Error.Code != tt.code || a.Error.DeclineCode != tt.decline {
			t.Errorf("%s: %s", tt.number, a.raw)
		}
	}
	for _, m := range stripe.TestMethods {
		found, ok := stripe.FindTestMethod(m.Name)
		if !ok || found != m {
			t.Errorf("%s is found as %+v", m.Name, found)
		}
		if found, ok = stripe.FindTestMethod(m.Number); m.Number != "" && (!ok || found.Method != m.Method || found.Type != m.Type) {
			t.Errorf("%s is found as %+v", m.Number, found)
		}
		if found, ok = stripe.FindTestMethod(m.Method); !ok || found.Method != m.Method || found.Type != m.Type {
			t.Errorf("%s is found as %+v", m.Method, found)
		}
		if digits := strings.ReplaceAll(m.Number, " ", ""); m.Type == "card" && digits != "" && !luhn(digits) {
			t.Errorf("%s has a wrong check digit", m.Number)
		}
	}
	if _, ok := stripe.FindTestMethod("pm_card_xx"); ok {
		t.Error("a card of a country that has none")
	}
	if m, ok := stripe.FindTestMethod("pm_card_de"); !ok || m.Type != "card" {
		t.Errorf("a German card is found as %+v", m)
	}
}

func luhn(digits string) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

const many = manual + "&payment_method_options[card][request_multicapture]=if_available"

// TestMulticapture: a hold is captured in parts only if the intent says that it allows
// them, and the rest is released by the final capture or when the hold lapses.
func TestMulticapture(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := start(t, stripe.Config{Now: func() time.Time { return now }})
	authorized := func(params, card string) string {
		in := b.ask(sk, "POST", intents, params, "")
		if _, err := b.server.Confirm(in.ID, card); err != nil {
			t.Fatal(err)
		}
		return in.ID
	}
	capture := func(id, params string) response { return b.ask(sk, "POST", intents+"/"+id+"/capture", params, "") }
	for _, once := range []string{authorized(manual, "pm_card_visa"), authorized(many, "pm_card_credit_disableEnterpriseCardFeatures")} {
		if a := capture(once, "amount_to_capture=400&final_capture=false"); a.status != 400 || a.Error.Param != "final_capture" {
			t.Errorf("a part of a hold that is captured once: %s", a.raw)
		}
		if a := capture(once, "amount_to_capture=400"); a.Status != "succeeded" {
			t.Errorf("the only capture: %s", a.raw)
		}
	}
	id := authorized(many, "pm_card_visa")
	if got := b.multicapture(id); got != "available" {
		t.Errorf("the charge says that more captures are %q", got)
	}
	before := len(b.eventTypes())
	if a := capture(id, "amount_to_capture=400&final_capture=false"); a.Status != "requires_capture" || !strings.Contains(a.raw, `"amount_capturable":600,"amount_received":400`) {
		t.Errorf("a part: %s", a.raw)
	}
	if got, want := b.eventTypes()[before:], []string{"charge.updated", "payment_intent.amount_capturable_updated"}; !slices.Equal(got, want) {
		t.Errorf("events of a part %v, want %v", got, want)
	}
	for params, want := range map[string]string{"amount_to_capture=601": "amount_too_large", "amount_to_capture=0&final_capture=false": "parameter_invalid_integer"} {
		if a := capture(id, params); a.Error.Code != want {
			t.Errorf("%s: %s", params, a.raw)
		}
	}
	if a := b.ask(sk, "POST", intents+"/"+id+"/cancel", "", ""); a.Error.Code != "payment_intent_unexpected_state" {
		t.Errorf("cancelled after a part was captured: %s", a.raw)
	}
	if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+id+"&amount=401", ""); a.status != 400 {
		t.Errorf("refund of more than was captured: %s", a.raw)
	}
	if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+id+"&amount=100", ""); a.status != 200 {
		t.Errorf("refund before the final capture: %s", a.raw)
	}
	if a := capture(id, "amount_to_capture=500"); a.Status != "succeeded" || !strings.Contains(a.raw, `"amount_capturable":0,"amount_received":900`) {
		t.Errorf("the final capture: %s", a.raw)
	}
	if a := capture(id, "amount_to_capture=100"); a.Error.Code != "payment_intent_unexpected_state" {
		t.Errorf("after the final capture: %s", a.raw)
	}
	if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+id, ""); !strings.Contains(a.raw, `"amount":800`) {
		t.Errorf("refund of the rest: %s", a.raw)
	}

	lapsing, released := authorized(many, "pm_card_visa"), authorized(many, "pm_card_visa")
	if a := capture(released, "amount_to_capture=0"); a.Error.Code != "parameter_invalid_integer" {
		t.Errorf("a release of everything: %s", a.raw)
	}
	capture(lapsing, "amount_to_capture=300&final_capture=false")
	capture(released, "amount_to_capture=300&final_capture=false")
	if a := capture(released, "amount_to_capture=0"); a.Status != "succeeded" || !strings.Contains(a.raw, `"amount_received":300`) {
		t.Errorf("a release of the rest: %s", a.raw)
	}
	now = now.Add(7 * 24 * time.Hour)
	if err := b.server.Sweep(); err != nil {
		t.Fatal(err)
	}
	if in, _ := b.server.Intent(lapsing); in.Status != "succeeded" || in.AmountReceived != 300 || in.AmountCapturable != 0 {
		t.Errorf("a lapsed hold of which a part was captured: %+v", in)
	}
}

// TestCaptureTimes: a payment is captured 50 times at most.
func TestCaptureTimes(t *testing.T) {
	b := start(t, stripe.Config{})
	in := b.ask(sk, "POST", intents, many, "")
	if _, err := b.server.Confirm(in.ID, "pm_card_visa"); err != nil {
		t.Fatal(err)
	}
	path := intents + "/" + in.ID + "/capture"
	for n := range 49 {
		if a := b.ask(sk, "POST", path, "amount_to_capture=1&final_capture=false", ""); a.Status != "requires_capture" {
			t.Fatalf("capture %d: %s", n+1, a.raw)
		}
	}
	if a := b.ask(sk, "POST", path, "amount_to_capture=1&final_capture=false", ""); a.Error.Param != "final_capture" {
		t.Errorf("capture 50, not the last: %s", a.raw)
	}
	if a := b.ask(sk, "POST", path, "amount_to_capture=1", ""); a.Status != "succeeded" {
		t.Errorf("capture 50: %s", a.raw)
	}
}

// multicapture returns what an intent's charge says about more captures.
func (b testServer) multicapture(id string) string {
	b.t.Helper()
	var in struct {
		LatestCharge struct {
			Details struct {
				Card struct{ Multicapture struct{ Status string } }
			} `json:"payment_method_details"`
		} `json:"latest_charge"`
	}
	a := b.ask(sk, "GET", intents+"/"+id, "expand[]=latest_charge", "")
	if err := json.Unmarshal([]byte(a.raw), &in); err != nil {
		b.t.Fatal(err)
	}
	return in.LatestCharge.Details.Card.Multicapture.Status
}

// TestRefundStates: the refund of some cards is pending at first, and an inquiry of
// the bank allows a refund.
func TestRefundStates(t *testing.T) {
	b := start(t, stripe.Config{})
	for card, want := range map[string]string{"pm_card_pendingRefund": "pending", "pm_card_createDisputeInquiry": "succeeded", "pm_card_visa": "succeeded"} {
		in := b.ask(sk, "POST", intents, "amount=1000&currency=eur", "")
		if _, err := b.server.Confirm(in.ID, card); err != nil {
			t.Fatal(err)
		}
		made := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+in.ID, "")
		if made.Status != want {
			t.Errorf("%s: %s", card, made.raw)
		}
		if a := b.ask(sk, "GET", "/v1/refunds/"+made.ID, "", ""); a.Status != "succeeded" {
			t.Errorf("%s, later: %s", card, a.raw)
		}
	}
}
