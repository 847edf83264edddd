package stripe_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/sandbox/journal"
	"purser/sandbox/stripe"
)

// either is an intent that holds money on cards, and captures by other methods at once.
const either = "amount=1000&currency=eur&metadata[order_id]=ord_1&payment_method_types[0]=card&payment_method_types[1]=ideal&payment_method_types[2]=sepa_debit&payment_method_options[card][capture_method]=manual"

const back = "&return_url=http://shop.test/done"

// debtor is what Stripe.js sends about a direct debit, without the account.
const debtor = "&payment_method_data[type]=sepa_debit&payment_method_data[billing_details][name]=Ada&payment_method_data[billing_details][email]=ada@shop.test" +
	"&mandate_data[customer_acceptance][type]=online&mandate_data[customer_acceptance][online][infer_from_client]=true&payment_method_data[sepa_debit][iban]="

// confirm sends what a shopper's browser sends.
func (b testServer) confirm(in response, params string) response {
	b.t.Helper()
	return b.ask(pk, "POST", intents+"/"+in.ID+"/confirm", "client_secret="+url.QueryEscape(in.Secret)+params, "")
}

// press presses a button of the bank's page and returns where the browser goes.
func (b testServer) press(page, outcome string) string {
	b.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	done, err := client.PostForm(page, url.Values{"outcome": {outcome}})
	if err != nil {
		b.t.Fatal(err)
	}
	done.Body.Close()
	return done.Header.Get("Location")
}

// TestRedirect: a method that redirects is captured when the shopper approves on the
// bank's page, and can be tried again after a refusal; a card of the same intent is
// held.
func TestRedirect(t *testing.T) {
	for _, tt := range []struct {
		name, method, outcome, status string
		returns                       string // what the return address says
		events                        []string
	}{
		{
			name: "approved", method: "&payment_method_data[type]=ideal&payment_method_data[ideal][bank]=ing", outcome: "succeed", status: "succeeded", returns: "redirect_status=succeeded",
			events: []string{"payment_intent.created", "payment_intent.requires_action", "charge.succeeded", "payment_intent.succeeded"},
		},
		{
			name: "refused", method: "&payment_method_data[type]=ideal", outcome: "fail", status: "requires_payment_method", returns: "redirect_status=failed",
			events: []string{"payment_intent.created", "payment_intent.requires_action", "payment_intent.payment_failed"},
		},
		{
			name: "a card with 3-D Secure is held", method: "&payment_method=pm_card_authenticationRequired", outcome: "succeed", status: "requires_capture", returns: "redirect_status=succeeded",
			events: []string{"payment_intent.created", "payment_intent.requires_action", "charge.succeeded", "payment_intent.amount_capturable_updated"},
		},
	} {
		b := start(t, stripe.Config{})
		in := b.ask(sk, "POST", intents, either, "")
		a := b.confirm(in, tt.method+back)
		if a.Status != "requires_action" || a.Next.Redirect.URL == "" {
			t.Fatalf("%s: %s", tt.name, a.raw)
		}
		if to := b.press(a.Next.Redirect.URL, tt.outcome); !strings.HasPrefix(to, "http://shop.test/done?") || !strings.Contains(to, tt.returns) {
			t.Errorf("%s: redirected to %q", tt.name, to)
		}
		if now, _ := b.server.Intent(in.ID); now.Status != tt.status {
			t.Errorf("%s: the intent is %s", tt.name, now.Status)
		}
		if got := b.eventTypes(); !slices.Equal(got, tt.events) {
			t.Errorf("%s: events %v, want %v", tt.name, got, tt.events)
		}
		if tt.status == "requires_payment_method" {
			if again := b.confirm(in, "&payment_method=pm_card_visa"); again.Status != "requires_capture" {
				t.Errorf("%s: then a card: %s", tt.name, again.raw)
			}
		}
	}
}

// TestDebit: a direct debit is processing until the bank decides, also over a restart.
func TestDebit(t *testing.T) {
	for _, tt := range []struct {
		name, iban string
		after      time.Duration
		outcome    string // what the page says that decides at once; empty for none
		status     string
		events     []string // after processing
	}{
		{name: "succeeds", iban: "AT61+1904+3002+3457+3201", after: time.Hour, status: "succeeded", events: []string{"charge.succeeded", "payment_intent.succeeded"}},
		{name: "a second too early", iban: "DE89370400440532013000", after: time.Hour - time.Second, status: "processing"},
		{name: "fails", iban: "AT861904300235473202", after: time.Hour, status: "requires_payment_method", events: []string{"payment_intent.payment_failed", "charge.failed"}},
		{name: "disputed", iban: "AT591904300235473203", after: time.Hour, status: "succeeded", events: []string{"charge.succeeded", "payment_intent.succeeded", "charge.dispute.created"}},
		{name: "decided at once", iban: "AT611904300234573201", outcome: "succeed", status: "succeeded", events: []string{"charge.succeeded", "payment_intent.succeeded"}},
		{name: "refused at once", iban: "AT611904300234573201", outcome: "fail", status: "requires_payment_method", events: []string{"payment_intent.payment_failed", "charge.failed"}},
		{name: "decided against the account", iban: "AT861904300235473202", outcome: "succeed", status: "succeeded", events: []string{"charge.succeeded", "payment_intent.succeeded"}},
	} {
		now := time.Unix(1_790_000_000, 0)
		j, err := journal.Open(t.TempDir() + "/stripe.db")
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		c := stripe.Config{Journal: j, DebitTime: time.Hour, Now: func() time.Time { return now }}
		b := start(t, c)
		in := b.ask(sk, "POST", intents, either, "")
		if a := b.confirm(in, debtor+tt.iban); a.Status != "processing" {
			t.Fatalf("%s: %s", tt.name, a.raw)
		}
		b = start(t, c)
		if got := b.eventTypes(); !slices.Equal(got[1:], []string{"charge.pending", "payment_intent.processing"}) {
			t.Errorf("%s: events %v", tt.name, got)
		}
		if n := b.server.Counts()["ord_1"]; n != (stripe.Count{Intents: 1}) {
			t.Errorf("%s: while it is processing, counted %+v", tt.name, n)
		}
		if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+in.ID, ""); a.Error.Code != "payment_intent_unexpected_state" {
			t.Errorf("%s: refunded while it is processing: %s", tt.name, a.raw)
		}
		if now = now.Add(tt.after); tt.outcome != "" {
			b.press(b.url+"/sandbox/settle/"+in.ID, tt.outcome)
		}
		for range 2 { // it is decided once
			if err := b.server.DecideDebits(); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := b.server.Intent(in.ID); got.Status != tt.status {
			t.Errorf("%s: the intent is %s", tt.name, got.Status)
		}
		if got := b.eventTypes()[3:]; !slices.Equal(got, tt.events) {
			t.Errorf("%s: events %v, want %v", tt.name, got, tt.events)
		}
	}
}

// TestDelayedDebit: Stripe's delayed test accounts take three minutes at least.
func TestDelayedDebit(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := start(t, stripe.Config{DebitTime: time.Second, Now: func() time.Time { return now }})
	in := b.ask(sk, "POST", intents, either, "")
	b.confirm(in, debtor+"AT321904300235473204")
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{{after: 3*time.Minute - time.Second, want: "processing"}, {after: time.Second, want: "succeeded"}} {
		now = now.Add(tt.after)
		if err := b.server.DecideDebits(); err != nil {
			t.Fatal(err)
		}
		if got, _ := b.server.Intent(in.ID); got.Status != tt.want {
			t.Errorf("after %s more: %s, want %s", tt.after, got.Status, tt.want)
		}
	}
}

// TestTypes: an intent takes the methods that it names, or all that fit it.
func TestTypes(t *testing.T) {
	b := start(t, stripe.Config{})
	const auto = "&automatic_payment_methods[enabled]=true"
	for _, tt := range []struct{ name, params, types string }{
		{name: "held and without redirects", params: "currency=eur&capture_method=manual" + auto + "&automatic_payment_methods[allow_redirects]=never", types: `["card"]`},
		{name: "held", params: "currency=eur&capture_method=manual" + auto, types: `["card"]`},
		{name: "without redirects", params: "currency=eur" + auto + "&automatic_payment_methods[allow_redirects]=never", types: `["card","sepa_debit"]`},
		{name: "all", params: "currency=eur" + auto, types: `["card","bancontact","eps","ideal","sepa_debit"]`},
		{name: "in another currency", params: "currency=usd" + auto, types: `["card"]`},
		{name: "cards held, others not", params: "currency=eur&payment_method_options[card][capture_method]=manual" + auto, types: `["card","bancontact","eps","ideal","sepa_debit"]`},
		{name: "named", params: "currency=eur&payment_method_types[]=ideal&payment_method_types[]=card", types: `["card","ideal"]`},
	} {
		if a := b.ask(sk, "POST", intents, "amount=1000&"+tt.params, ""); !strings.Contains(a.raw, `"payment_method_types":`+tt.types) {
			t.Errorf("%s: %s", tt.name, a.raw)
		}
	}
}
