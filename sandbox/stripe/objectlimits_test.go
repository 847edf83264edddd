package stripe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/paymentintent"
	sdkrefund "github.com/stripe/stripe-go/v76/refund"

	"purser/sandbox/stripe"
)

// official holds Stripe's own clients of a stand-in.
type official struct {
	intents paymentintent.Client
	refunds sdkrefund.Client
	events  event.Client
}

func (b testServer) official() official {
	backend := sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		URL: sdk.String(b.url), MaxNetworkRetries: sdk.Int64(0), EnableTelemetry: sdk.Bool(false), LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull},
	})
	return official{paymentintent.Client{B: backend, Key: sk}, sdkrefund.Client{B: backend, Key: sk}, event.Client{B: backend, Key: sk}}
}

// refusal is what Stripe's client reports of a request that was refused.
type refusal struct {
	status      int
	code, param string
}

func refusalOf(err error) refusal {
	var e *sdk.Error
	if !errors.As(err, &e) {
		return refusal{}
	}
	return refusal{e.HTTPStatusCode, string(e.Code), e.Param}
}

// payment returns the parameters of an intent over 10 euros that is captured
// later.
func payment() *sdk.PaymentIntentParams {
	return &sdk.PaymentIntentParams{
		Amount: sdk.Int64(1000), Currency: sdk.String("eur"), CaptureMethod: sdk.String("manual"),
		AutomaticPaymentMethods: &sdk.PaymentIntentAutomaticPaymentMethodsParams{Enabled: sdk.Bool(true), AllowRedirects: sdk.String("never")},
	}
}

// paid returns the id of an intent over 10 euros that is captured.
func (b testServer) paid() string {
	b.t.Helper()
	id := b.authorize()
	if _, err := b.official().intents.Capture(id, nil); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// TestTextLimits checks the limits of what can be written on an intent: a value at
// the limit is accepted, and one over it is refused.
func TestTextLimits(t *testing.T) {
	b := start(t, stripe.Config{})
	c := b.official()
	type params = sdk.PaymentIntentParams
	for _, tt := range []struct {
		name   string
		change func(*params)
		param  string // of the refusal; empty: accepted
		code   string
	}{
		{name: "description of 1,000 characters", change: func(p *params) { p.Description = sdk.String(strings.Repeat("é", 1000)) }},
		{name: "description of 1,001 characters", change: func(p *params) { p.Description = sdk.String(strings.Repeat("x", 1001)) }, param: "description"},
		{name: "suffix of 22 characters", change: func(p *params) { p.StatementDescriptorSuffix = sdk.String(strings.Repeat("x", 22)) }},
		{name: "suffix of 23 characters", change: func(p *params) { p.StatementDescriptorSuffix = sdk.String(strings.Repeat("x", 23)) }, param: "statement_descriptor_suffix"},
		{name: "suffix without a letter", change: func(p *params) { p.StatementDescriptorSuffix = sdk.String("12345") }, param: "statement_descriptor_suffix"},
		{name: "suffix with an asterisk", change: func(p *params) { p.StatementDescriptorSuffix = sdk.String("AB*12") }, param: "statement_descriptor_suffix"},
		{name: "suffix in Greek", change: func(p *params) { p.StatementDescriptorSuffix = sdk.String("ABΓ") }, param: "statement_descriptor_suffix"},
		{name: "descriptor with a quote", change: func(p *params) { p.StatementDescriptor = sdk.String("Ann's shop") }, param: "statement_descriptor"},
		{name: "receipt to an address", change: func(p *params) { p.ReceiptEmail = sdk.String("ada@shop.example") }},
		{name: "receipt to no address", change: func(p *params) { p.ReceiptEmail = sdk.String("ada") }, param: "receipt_email", code: "email_invalid"},
		{name: "receipt to two", change: func(p *params) { p.ReceiptEmail = sdk.String("a@b.example, c@d.example") }, param: "receipt_email", code: "email_invalid"},
		{name: "receipt to a named one", change: func(p *params) { p.ReceiptEmail = sdk.String("Ada <a@b.example>") }, param: "receipt_email", code: "email_invalid"},
		{name: "future use", change: func(p *params) { p.SetupFutureUsage = sdk.String("on_session") }},
		{name: "unknown future use", change: func(p *params) { p.SetupFutureUsage = sdk.String("sometimes") }, param: "setup_future_usage"},
		{name: "unknown capture method", change: func(p *params) { p.CaptureMethod = sdk.String("later") }, param: "capture_method"},
		{name: "confirmed with an address of no site", change: func(p *params) {
			p.Confirm, p.PaymentMethod, p.ReturnURL = sdk.Bool(true), sdk.String("pm_card_visa"), sdk.String("thanks")
		}, param: "return_url", code: "url_invalid"},
		{name: "address to return to, not confirmed", change: func(p *params) { p.ReturnURL = sdk.String("https://shop.example") }, param: "return_url", code: "parameter_unknown"},
	} {
		p := payment()
		tt.change(p)
		want := refusal{}
		if tt.param != "" {
			want = refusal{400, tt.code, tt.param}
		}
		if _, err := c.intents.New(p); refusalOf(err) != want || (err != nil) != (tt.param != "") {
			t.Errorf("%s: %v, want %+v", tt.name, err, want)
		}
	}
}

// TestMetadataLimits checks the limits of metadata, on intents and on refunds.
func TestMetadataLimits(t *testing.T) {
	b := start(t, stripe.Config{})
	c := b.official()
	many := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m["key"+strings.Repeat("x", i)[:i%30]+string(rune('a'+i/30))] = "v"
		}
		return m
	}
	for _, tt := range []struct {
		name     string
		metadata map[string]string
		refused  bool
	}{
		{name: "50 keys", metadata: many(50)},
		{name: "51 keys", metadata: many(51), refused: true},
		{name: "a key of 40 characters", metadata: map[string]string{strings.Repeat("k", 40): "v"}},
		{name: "a key of 41 characters", metadata: map[string]string{strings.Repeat("k", 41): "v"}, refused: true},
		{name: "a value of 500 characters", metadata: map[string]string{"k": strings.Repeat("v", 500)}},
		{name: "a value of 501 characters", metadata: map[string]string{"k": strings.Repeat("v", 501)}, refused: true},
		{name: "square brackets in a key", metadata: map[string]string{"a[b]": "v"}, refused: true},
	} {
		p := payment()
		p.Metadata = tt.metadata
		if in, err := c.intents.New(p); (err != nil) != tt.refused || err == nil && len(in.Metadata) != len(tt.metadata) {
			t.Errorf("intent with %s: %v", tt.name, err)
		}
		back := &sdk.RefundParams{PaymentIntent: sdk.String(b.paid())}
		back.Metadata = tt.metadata
		if rf, err := c.refunds.New(back); (err != nil) != tt.refused || err == nil && len(rf.Metadata) != len(tt.metadata) {
			t.Errorf("refund with %s: %v", tt.name, err)
		}
	}
}

// TestRefundLimits checks that no more than the charge is refunded, and of what
// state it must be.
func TestRefundLimits(t *testing.T) {
	b := start(t, stripe.Config{})
	c := b.official()
	in := func(id string) *sdk.RefundParams { return &sdk.RefundParams{PaymentIntent: sdk.String(id)} }
	disputed := payment()
	disputed.CaptureMethod, disputed.Confirm, disputed.PaymentMethod = nil, sdk.Bool(true), sdk.String("pm_card_createDispute")
	chargedBack, err := c.intents.New(disputed)
	if err != nil {
		t.Fatal(err)
	}
	once := b.paid()
	if _, err := c.refunds.New(in(once)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		params *sdk.RefundParams
		amount int64
		want   refusal
	}{
		{name: "more than the charge", params: in(b.paid()), amount: 1001, want: refusal{status: 400, param: "amount"}},
		{name: "refunded before", params: in(once), want: refusal{status: 400, code: "charge_already_refunded"}},
		{name: "only authorised", params: in(b.authorize()), want: refusal{status: 400, code: "payment_intent_unexpected_state"}},
		{name: "charged back", params: in(chargedBack.ID), want: refusal{status: 400, code: "charge_disputed"}},
		{name: "unknown reason", params: &sdk.RefundParams{PaymentIntent: sdk.String(once), Reason: sdk.String("changed_mind")}, want: refusal{status: 400, param: "reason"}},
		{name: "intent and charge", params: &sdk.RefundParams{PaymentIntent: sdk.String(once), Charge: sdk.String("ch_1")}, want: refusal{400, "parameters_exclusive", "payment_intent"}},
		{name: "neither", params: &sdk.RefundParams{}, want: refusal{status: 400, code: "parameter_missing"}},
		{name: "unknown intent", params: in("pi_none"), want: refusal{404, "resource_missing", "payment_intent"}},
	} {
		if tt.amount != 0 {
			tt.params.Amount = sdk.Int64(tt.amount)
		}
		if _, err := c.refunds.New(tt.params); refusalOf(err) != tt.want {
			t.Errorf("%s: %v, want %+v", tt.name, err, tt.want)
		}
	}
}

// TestListLimits checks the sizes of pages, their cursors and their filters.
func TestListLimits(t *testing.T) {
	b := start(t, stripe.Config{})
	c := b.official()
	id := b.paid()
	for _, tt := range []struct {
		name   string
		params sdk.ListParams
		of     string
		want   refusal
	}{
		{name: "1", params: sdk.ListParams{Limit: sdk.Int64(1)}},
		{name: "100", params: sdk.ListParams{Limit: sdk.Int64(100)}, of: id},
		{name: "none", params: sdk.ListParams{Limit: sdk.Int64(0)}, want: refusal{status: 400, param: "limit"}},
		{name: "101", params: sdk.ListParams{Limit: sdk.Int64(101)}, want: refusal{status: 400, param: "limit"}},
		{name: "unknown cursor", params: sdk.ListParams{StartingAfter: sdk.String("re_none")}, want: refusal{400, "resource_missing", "starting_after"}},
		{name: "both cursors", params: sdk.ListParams{StartingAfter: sdk.String("re_1"), EndingBefore: sdk.String("re_2")}, want: refusal{400, "parameters_exclusive", "starting_after"}},
		{name: "of an unknown intent", of: "pi_none", want: refusal{404, "resource_missing", "payment_intent"}},
	} {
		p := &sdk.RefundListParams{ListParams: tt.params}
		if tt.of != "" {
			p.PaymentIntent = sdk.String(tt.of)
		}
		p.Single = true
		it := c.refunds.List(p)
		for it.Next() {
			t.Errorf("%s: a refund that nobody made", tt.name)
		}
		if refusalOf(it.Err()) != tt.want {
			t.Errorf("%s: %v, want %+v", tt.name, it.Err(), tt.want)
		}
	}
}

// TestEventLimits checks that events can be read for 30 days, and that one list
// asks for at most 20 types of them.
func TestEventLimits(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := start(t, stripe.Config{Now: func() time.Time { return now }})
	c := b.official()
	b.paid()
	count := func(p *sdk.EventListParams) (n int, last string, err error) {
		it := c.events.List(p)
		for ; it.Next(); n++ {
			last = it.Event().ID
		}
		return n, last, it.Err()
	}
	now = now.Add(30 * 24 * time.Hour)
	n, oldest, err := count(&sdk.EventListParams{})
	if n == 0 || err != nil {
		t.Fatalf("after 30 days: %d events, %v", n, err)
	}
	if _, err := c.events.Get(oldest, nil); err != nil {
		t.Error(err)
	}
	now = now.Add(time.Second)
	if n, _, err := count(&sdk.EventListParams{}); n != 0 || err != nil {
		t.Errorf("after more than 30 days: %d events, %v", n, err)
	}
	if _, err := c.events.Get(oldest, nil); refusalOf(err) != (refusal{404, "resource_missing", "id"}) {
		t.Errorf("after more than 30 days: %v", err)
	}
	twenty := sdk.StringSlice(strings.Fields(strings.Repeat("charge.captured ", 19) + "charge.refunded"))
	for i := range twenty {
		twenty[i] = sdk.String(*twenty[i] + strings.Repeat("x", i))
	}
	if _, _, err := count(&sdk.EventListParams{Types: twenty}); err != nil {
		t.Errorf("20 types: %v", err)
	}
	if _, _, err := count(&sdk.EventListParams{Types: append(twenty, sdk.String("charge.failed"))}); refusalOf(err).param != "types" {
		t.Errorf("21 types: %v", err)
	}
	if _, _, err := count(&sdk.EventListParams{Type: sdk.String("charge.failed"), Types: twenty[:1]}); refusalOf(err).code != "parameters_exclusive" {
		t.Errorf("type and types: %v", err)
	}
}
