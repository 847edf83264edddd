package stripe_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"purser/sandbox/stripe"
)

// refund is a listed refund whose charge was expanded.
type refund struct {
	Amount int64
	Reason *string
	Charge struct {
		Amount         int64
		AmountCaptured int64 `json:"amount_captured"`
		AmountRefunded int64 `json:"amount_refunded"`
		Captured       bool
		Refunded       bool
	}
}

func (b testServer) refunds(intent string) []refund {
	b.t.Helper()
	var list struct{ Data []refund }
	a := b.ask(sk, "GET", "/v1/refunds", "payment_intent="+intent+"&expand[0]=data.charge", "")
	if err := json.Unmarshal([]byte(a.raw), &list); err != nil {
		b.t.Fatalf("%v: %s", err, a.raw)
	}
	return list.Data
}

// eventTypes returns the types of all events, oldest first.
func (b testServer) eventTypes() []string {
	b.t.Helper()
	var list struct{ Data []struct{ Type string } }
	a := b.ask(sk, "GET", "/v1/events", "limit=100", "")
	if err := json.Unmarshal([]byte(a.raw), &list); err != nil {
		b.t.Fatalf("%v: %s", err, a.raw)
	}
	var types []string
	for _, e := range slices.Backward(list.Data) {
		types = append(types, e.Type)
	}
	return types
}

// authorize returns the id of a new intent whose amount, 10 euros, is held.
func (b testServer) authorize() string {
	b.t.Helper()
	in := b.ask(sk, "POST", intents, manual, "")
	if _, err := b.server.Confirm(in.ID, "pm_card_visa"); err != nil {
		b.t.Fatal(err)
	}
	return in.ID
}

// TestAuthorizationLapses: an authorization lapses at the time that its charge
// names, and from then on it cannot be captured.
func TestAuthorizationLapses(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	b := start(t, stripe.Config{Now: func() time.Time { return now }})
	id, other := b.authorize(), b.authorize()
	var in struct {
		LatestCharge struct {
			Details struct {
				Type string
				Card struct {
					Brand, Last4  string
					CaptureBefore int64 `json:"capture_before"`
				}
			} `json:"payment_method_details"`
		} `json:"latest_charge"`
	}
	if a := b.ask(sk, "GET", intents+"/"+id, "expand[0]=latest_charge", ""); json.Unmarshal([]byte(a.raw), &in) != nil {
		t.Fatal(a.raw)
	}
	details, until := in.LatestCharge.Details, now.Add(7*24*time.Hour)
	if details.Type != "card" || details.Card.Brand != "visa" || details.Card.Last4 != "4242" || details.Card.CaptureBefore != until.Unix() {
		t.Errorf("the charge was made with %+v", details)
	}
	now = until.Add(-time.Second)
	if err := b.server.Sweep(); err != nil {
		t.Fatal(err)
	}
	if a := b.ask(sk, "POST", intents+"/"+other+"/capture", "", "in-time"); a.Status != "succeeded" {
		t.Errorf("a second before: %s", a.raw)
	}
	now = until
	for range 2 { // the refusal is kept under its key
		a := b.ask(sk, "POST", intents+"/"+id+"/capture", "", "late")
		if a.status != 400 || a.Error.Code != "charge_expired_for_capture" || a.Error.PaymentIntent.ID != id {
			t.Errorf("captured too late: %s", a.raw)
		}
	}
	before := len(b.eventTypes())
	if err := b.server.Sweep(); err != nil {
		t.Fatal(err)
	}
	if got, _ := b.server.Intent(id); got.Status != "canceled" || *got.CancellationReason != "automatic" || got.AmountCapturable != 0 {
		t.Errorf("after seven days: %+v", got)
	}
	if got, want := b.eventTypes()[before:], []string{"charge.refunded", "charge.expired", "payment_intent.canceled"}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if a := b.ask(sk, "POST", intents+"/"+id+"/capture", "", "later"); a.Error.Code != "payment_intent_unexpected_state" {
		t.Errorf("captured after it was cancelled: %s", a.raw)
	}
	released := b.refunds(id)
	if len(released) != 1 || released[0].Amount != 1000 || *released[0].Reason != "expired_uncaptured_charge" || released[0].Charge.Captured || !released[0].Charge.Refunded {
		t.Errorf("released: %+v", released)
	}
	if n := b.server.Counts()["ord_1"]; n != (stripe.Count{Intents: 2, Authorized: 2, Captured: 1, Canceled: 1, Taken: 1000}) {
		t.Errorf("counted %+v", n)
	}
}

// TestCaptureOfAPart: the rest is released, as a refund that this API version
// lists, and only what was captured can be refunded.
func TestCaptureOfAPart(t *testing.T) {
	b := start(t, stripe.Config{})
	id := b.authorize()
	if a := b.ask(sk, "POST", intents+"/"+id+"/capture", "amount_to_capture=1001", ""); a.Error.Code != "amount_too_large" {
		t.Errorf("more than is held: %s", a.raw)
	}
	if a := b.ask(sk, "POST", intents+"/"+id+"/capture", "amount_to_capture=400", ""); a.Status != "succeeded" {
		t.Errorf("a part: %s", a.raw)
	}
	if a := b.ask(sk, "POST", intents+"/"+id+"/capture", "amount_to_capture=600", ""); a.Error.Code != "payment_intent_unexpected_state" {
		t.Errorf("the rest: %s", a.raw)
	}
	released := b.refunds(id)
	if len(released) != 1 || released[0].Amount != 600 || released[0].Charge.AmountCaptured != 400 || released[0].Charge.AmountRefunded != 600 || released[0].Charge.Refunded {
		t.Errorf("released: %+v", released)
	}
	for _, c := range []struct {
		amount string
		status int
	}{{amount: "401", status: 400}, {amount: "400", status: 200}, {amount: "1", status: 400}} {
		if a := b.ask(sk, "POST", "/v1/refunds", "payment_intent="+id+"&amount="+c.amount, ""); a.status != c.status {
			t.Errorf("refund of %s: %s", c.amount, a.raw)
		}
	}
	if n := b.server.Counts()["ord_1"]; n != (stripe.Count{Intents: 1, Authorized: 1, Captured: 1, Refunds: 1, Taken: 400, Returned: 400}) {
		t.Errorf("counted %+v", n)
	}
}

// TestExpand refuses to expand what is no reference to an object, before any work
// is done.
func TestExpand(t *testing.T) {
	b := start(t, stripe.Config{})
	id := b.authorize()
	for _, c := range []struct{ method, path, params string }{
		{method: "POST", path: intents, params: manual + "&expand[]=amount"},
		{method: "POST", path: intents + "/" + id + "/capture", params: "expand[0]=latest_charge&expand[1]=data.charge"},
		{method: "GET", path: intents, params: "expand[]=data.charge"},
	} {
		if a := b.ask(sk, c.method, c.path, c.params, ""); a.status != 400 || a.Error.Param != "expand" {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.params, a.raw)
		}
	}
	if n := b.server.Counts()["ord_1"]; n != (stripe.Count{Intents: 1, Authorized: 1}) {
		t.Errorf("a refused request left a trace: %+v", n)
	}
	twice := b.ask(sk, "POST", intents+"/"+id+"/capture", "expand[]=latest_charge&expand[]=latest_charge", "")
	var in struct {
		LatestCharge struct{ Captured bool } `json:"latest_charge"`
	}
	if err := json.Unmarshal([]byte(twice.raw), &in); err != nil || !in.LatestCharge.Captured {
		t.Errorf("the charge is not as the capture left it: %v, %s", err, twice.raw)
	}
}
