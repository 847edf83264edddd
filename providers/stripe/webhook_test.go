package stripe_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76/webhook"

	"purser/order"
	"purser/providers/stripe"
)

var signedNow = time.Unix(1_790_000_000, 0)

func signature(body string, at time.Time, secret string) http.Header {
	mac := hex.EncodeToString(webhook.ComputeSignature(at, []byte(body), secret))
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at.Unix(), mac)}}
}

func TestVerify(t *testing.T) {
	const body = `{"id":"evt_1"}`
	client := clientOf(t, stripe.Config{Key: testKey, WebhookSecrets: []string{"whsec_new", "whsec_old", ""}})
	good := signature(body, signedNow, "whsec_new").Get("Stripe-Signature")
	for _, c := range []struct {
		name   string
		header http.Header
		body   string
		ok     bool
	}{
		{"WHK-1 current secret", signature(body, signedNow, "whsec_new"), body, true},
		{"WHK-17 previous secret", signature(body, signedNow, "whsec_old"), body, true},
		{"F26 another secret", signature(body, signedNow, "whsec_other"), body, false},
		{"the empty secret of a setting left blank", signature(body, signedNow, ""), body, false},
		{"F27 no signature", http.Header{}, body, false},
		{"one byte more", signature(body, signedNow, "whsec_new"), body + " ", false},
		{"WHK-2 just young enough", signature(body, signedNow.Add(-stripe.Tolerance), "whsec_new"), body, true},
		{"WHK-2 F29 too old", signature(body, signedNow.Add(-stripe.Tolerance-time.Second), "whsec_new"), body, false},
		{"F29 from the future", signature(body, signedNow.Add(stripe.Tolerance+time.Second), "whsec_new"), body, false},
		{"two times", http.Header{"Stripe-Signature": {good + fmt.Sprintf(",t=%d", signedNow.Unix())}}, body, false},
		{"an unknown scheme beside it", http.Header{"Stripe-Signature": {good + ",v0=abcd"}}, body, true},
		{"only the test scheme", http.Header{"Stripe-Signature": {strings.Replace(good, "v1=", "v0=", 1)}}, body, false},
		{"nonsense", http.Header{"Stripe-Signature": {"t=x,v1=zz,="}}, body, false},
	} {
		err := client.Verify(c.header, []byte(c.body), signedNow)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, stripe.ErrSignature) {
			t.Errorf("%s: got %v, want ok %v", c.name, err, c.ok)
		}
	}
	none := clientOf(t, stripe.Config{Key: testKey})
	if err := none.Verify(signature(body, signedNow, ""), []byte(body), signedNow); err == nil {
		t.Error("without a secret, anything is believed")
	}
}

const anOrder = order.ID("ord_0123456789abcdefghjkmnpqrs")

// event returns a webhook's body about an intent.
func event(typ, intent string, change ...string) string {
	s := `{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1790000000,"livemode":false,"type":"` + typ +
		`","pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"data":{"object":{"id":"pi_1","object":"payment_intent","amount":1000,` +
		`"currency":"eur","metadata":{"order_id":"` + string(anOrder) + `","payment_number":"1"},` + intent + `}}}`
	return strings.NewReplacer(change...).Replace(s)
}

func TestParse(t *testing.T) {
	client := clientOf(t, stripe.Config{Key: testKey})
	euro := order.Money{Amount: 1000, Currency: "EUR"}
	for _, c := range []struct {
		typ, intent string
		want        *order.PaymentEvent
	}{
		{
			"payment_intent.amount_capturable_updated", `"status":"requires_capture","amount_capturable":1000`,
			&order.PaymentEvent{Reference: "pi_1", Status: order.PaymentAuthorized, Amount: euro, Capturable: 1000},
		},
		{
			"payment_intent.succeeded", `"status":"succeeded","amount_received":1000`,
			&order.PaymentEvent{Reference: "pi_1", Status: order.PaymentCaptured, Amount: euro, Received: 1000},
		},
		{
			"payment_intent.payment_failed", `"status":"requires_payment_method","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}`,
			&order.PaymentEvent{Reference: "pi_1", Status: order.PaymentPending, Amount: euro, Failed: true, Decline: order.NewDecline("card_declined", "insufficient_funds")},
		},
		{"payment_intent.requires_action", `"status":"requires_action"`, &order.PaymentEvent{Reference: "pi_1", Status: order.PaymentRequiresAction, Amount: euro}},
		{"payment_intent.processing", `"status":"processing"`, &order.PaymentEvent{Reference: "pi_1", Status: order.PaymentProcessing, Amount: euro}},
		{
			"payment_intent.succeeded", `"status":"succeeded","amount_received":400,"latest_charge":"ch_1"`,
			&order.PaymentEvent{Reference: "pi_1", Status: order.PaymentPartiallyCaptured, Amount: euro, Received: 400},
		},
		{"payment_intent.canceled", `"status":"canceled"`, &order.PaymentEvent{Reference: "pi_1", Status: order.PaymentCanceled, Amount: euro}},
		{
			"payment_intent.canceled", `"status":"canceled","cancellation_reason":"automatic","latest_charge":"ch_1"`,
			&order.PaymentEvent{Reference: "pi_1", Status: order.PaymentExpired, Amount: euro},
		},
		{"payment_intent.succeeded", `"status":"requires_oracle"`, &order.PaymentEvent{Reference: "pi_1", Status: order.PaymentUnknown, Amount: euro}}, // PAY-7
		{"payment_intent.created", `"status":"requires_payment_method"`, nil},
		{"payment_intent.partially_funded", `"status":"requires_action"`, nil},
	} {
		d, err := client.Parse([]byte(event(c.typ, c.intent)))
		want := order.Delivery{Provider: "stripe", EventID: "evt_1", Type: c.typ, At: signedNow.UTC(), OrderID: anOrder, Ref: "pi_1"}
		if c.want != nil {
			want.Event = &order.ProviderEvent{ID: "stripe::evt_1", Provider: "stripe", Type: c.typ, At: want.At, OrderID: anOrder, Payment: c.want}
		}
		if diff := cmp.Diff(want, d); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.typ, err, diff)
		}
	}
}

func TestParseKeepsWhatItCannotUse(t *testing.T) {
	client := clientOf(t, stripe.Config{Key: testKey})
	const typ, ok = "payment_intent.succeeded", `"status":"succeeded"`
	for _, c := range []struct {
		name, body, problem string
		order               order.ID
	}{
		{"PAY-16 another API version", event(typ, ok, "2023-10-16", "2024-11-20.acacia"), "api_version 2024-11-20.acacia: want 2023-10-16", anOrder},
		{"WHK-17 live mode", event(typ, ok, `"livemode":false`, `"livemode":true`), "live mode: want test", anOrder},
		{"WHK-17 another account", event(typ, ok, `"livemode"`, `"account":"acct_2","livemode"`), `account "acct_2": want ""`, anOrder},
		{"a currency we do not know", event(typ, ok, `"eur"`, `"zzz"`), "invalid order: unknown currency \"ZZZ\"", anOrder},
		{"a fraction that does not exist", event(typ, ok, `"eur"`, `"isk"`, `1000`, `1001`), "the amount cannot be charged: Stripe's amount of 1001 in ISK holds a fraction that does not exist", anOrder},
		{"a fraction in the second digit", event(typ, ok, `"eur"`, `"isk"`, `1000`, `99050`), "the amount cannot be charged: Stripe's amount of 99050 in ISK holds a fraction that does not exist", anOrder},
		{"a fraction of a shilling", event(typ, ok, `"eur"`, `"ugx"`, `1000`, `500010`), "the amount cannot be charged: Stripe's amount of 500010 in UGX holds a fraction that does not exist", anOrder},
		{"the object is something else", event(typ, ok, `"object":"payment_intent"`, `"object":"invoice"`), "the event's object is not a payment intent", anOrder},
		{"WHK-11 a charge", event("charge.captured", `"payment_intent":"pi_1"`, `"id":"pi_1"`, `"id":"ch_1"`), "", anOrder},
		{"WHK-11 an unknown type without an object", `{"id":"evt_1","object":"event","api_version":"2023-10-16","type":"x.y"}`, "", ""},
		{"somebody else's intent in no currency of ours", event(typ, ok, string(anOrder), "4711", `"eur"`, `"zzz"`), "", ""},
	} {
		d, err := client.Parse([]byte(c.body))
		if err != nil || d.Problem != c.problem || d.Event != nil || d.OrderID != c.order {
			t.Errorf("%s: got %+v, %v", c.name, d, err)
		}
	}
	if d, _ := client.Parse([]byte(event("charge.captured", `"payment_intent":"pi_9"`))); d.Ref != "pi_9" {
		t.Errorf("a charge refers to %q, want its intent", d.Ref)
	}
	for _, body := range []string{
		"", "null", "{", `"x"`, "[]", `{"id":"evt_1"}`, `{"object":"event","type":"x"}`, `{"id":7,"object":"event","type":"x"}`,
		event(typ, ok, "1790000000", "100000000000000000"), event(typ, ok, "1790000000", "-1"), // WHK-3: no year the record could hold
		event(typ, ok, "evt_1", `evt\u0000`), event(typ, ok, "evt_1", `evt\n1`), event(typ, ok, "evt_1", strings.Repeat("e", 256)),
		event(typ, ok, "pi_1", `pi\u0000`), event(typ, ok, "2023-10-16", `\u0000`),
	} {
		if d, err := client.Parse([]byte(body)); !errors.Is(err, stripe.ErrMalformed) {
			t.Errorf("%s: got %+v, %v, want ErrMalformed", body, d, err)
		}
	}
}

// TestParseForeign (WHK-21, WHK-11): an event that is certainly not ours is kept quietly,
// however its account's owner named the object: a refusal would make Stripe repeat it
// and at last disable the endpoint.
func TestParseForeign(t *testing.T) {
	client := clientOf(t, stripe.Config{Key: testKey, Account: "acct_1"})
	for _, c := range []struct {
		name, body, ref string
		problem         bool
	}{
		{name: "a product with a space", body: thing("product.created", "product", `"id":"T-Shirt blau"`)},
		{name: "a plan with an accent", body: thing("plan.created", "plan", `"id":"gold café"`)},
		{name: "a coupon with a line break", body: thing("coupon.deleted", "coupon", `"id":"SOMMER\n20"`)},
		{name: "a long SKU", body: thing("sku.updated", "sku", `"id":"`+strings.Repeat("x", 256)+`"`)},
		{name: "a plain id", body: thing("product.created", "product", `"id":"prod_1"`), ref: "prod_1"},
		{name: "another account's payment", body: event("payment_intent.succeeded", `"status":"succeeded"`, `"livemode"`, `"account":"acct_2","livemode"`, string(anOrder), "4711"), ref: "pi_1"},
		{name: "another account's payment that names an order", body: event("payment_intent.succeeded", `"status":"succeeded"`, `"livemode"`, `"account":"acct_2","livemode"`), ref: "pi_1", problem: true},
	} {
		d, err := client.Parse([]byte(c.body))
		if err != nil || d.Event != nil || d.Ref != c.ref || (d.Problem != "") != c.problem {
			t.Errorf("%s: got %+v, %v", c.name, d, err)
		}
	}
}

// WHK-12: an event that a workflow needs is parsed even if the intent does not
// name its order; the inbox finds the order in the record.
func TestParse_intent_without_an_order(t *testing.T) {
	client := clientOf(t, stripe.Config{Key: testKey})
	for _, body := range []string{
		event("payment_intent.succeeded", `"status":"succeeded"`, string(anOrder), "4711"),
		event("payment_intent.amount_capturable_updated", `"status":"requires_capture"`, `"order_id":"`+string(anOrder)+`",`, ""),
	} {
		d, err := client.Parse([]byte(body))
		if err != nil || d.OrderID != "" || d.Problem != "" || d.Event == nil || d.Event.OrderID != "" || d.Event.Payment.Reference != "pi_1" {
			t.Errorf("got %+v, %v", d, err)
		}
	}
}

// FuzzWebhook checks that nothing forged passes, that no input panics, and that
// every parsed event has an id.
func FuzzWebhook(f *testing.F) {
	f.Add(event("payment_intent.succeeded", `"status":"succeeded"`), "t=1790000000,v1=00")
	f.Add(event("charge.captured", `"payment_intent":{"id":"pi_1"}`), "t=1790000000,v1=,v1=zz")
	f.Add(event("charge.dispute.created", `"payment_intent":"pi_1","reason":"fraudulent","evidence_details":{"due_by":1790000000}`, `"payment_intent",`, `"dispute",`), "")
	f.Add(event("refund.failed", `"payment_intent":"pi_1"`, `"payment_intent",`, `"refund",`), "")
	f.Add(`{"id":"evt","object":"event","type":"payment_intent.canceled","api_version":"2023-10-16","data":{"object":"pi_1"}}`, "")
	client, err := stripe.New(stripe.Config{Key: testKey, WebhookSecrets: []string{testSecret}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body, header string) {
		h := http.Header{"Stripe-Signature": {header}}
		mac := hex.EncodeToString(webhook.ComputeSignature(signedNow, []byte(body), testSecret))
		if err := client.Verify(h, []byte(body), signedNow); err == nil && !strings.Contains(strings.ToLower(header), mac) {
			t.Errorf("believed %q", header)
		}
		d, err := client.Parse([]byte(body))
		if err == nil && (d.EventID == "" || d.Type == "") {
			t.Errorf("parsed without an id: %+v", d)
		}
		if d.Event != nil && (d.Problem != "" || d.Event.About() == "") {
			t.Errorf("an event that cannot be used: %+v", d)
		}
	})
}
