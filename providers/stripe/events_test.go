package stripe_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/providers/stripe"
	sandbox "purser/sandbox/stripe"
)

// thing is an event about an object other than an intent.
func thing(typ, object, fields string) string {
	return `{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1790000000,"livemode":false,"type":"` + typ +
		`","data":{"object":{"id":"x_1","object":"` + object + `","currency":"eur",` + fields + `}}}`
}

// TestParseMoneyBack (REF-4, REF-5, REF-6, REF-7, WHK-11, F16) checks that
// refunds and disputes become events of the intent's order; they carry no
// refunded amount, so their order in time does not matter.
func TestParseMoneyBack(t *testing.T) {
	client := clientOf(t, stripe.Config{Key: testKey})
	refund := func() *order.ProviderEvent {
		return &order.ProviderEvent{Refund: &order.RefundEvent{PaymentRef: "pi_1"}}
	}
	dispute := func() *order.ProviderEvent { // its content is fetched
		return &order.ProviderEvent{Dispute: &order.Dispute{ID: "x_1", PaymentRef: "pi_1"}}
	}
	const disputed = `"amount":1000,"charge":"ch_1","payment_intent":"pi_1","reason":"fraudulent","status":`
	for _, c := range []struct {
		name, body string
		want       *order.ProviderEvent
		problem    string
	}{
		{"money given back", thing("charge.refunded", "charge", `"captured":true,"amount_refunded":500,"payment_intent":"pi_1"`), refund(), ""},
		{"the rest after a capture of a part", thing("charge.refunded", "charge", `"captured":true,"amount":1000,"amount_captured":400,"amount_refunded":600,"payment_intent":"pi_1"`), nil, ""},
		{"a refund after it", thing("charge.refunded", "charge", `"captured":true,"amount":1000,"amount_captured":400,"amount_refunded":601,"payment_intent":"pi_1"`), refund(), ""},
		{"a hold let go: never taken", thing("charge.refunded", "charge", `"captured":false,"amount_refunded":1000,"payment_intent":"pi_1"`), nil, ""},
		{"a charge without an intent", thing("charge.refunded", "charge", `"captured":true`), nil, ""},
		{"REF-5 a refund moves", thing("charge.refund.updated", "refund", `"status":"failed","payment_intent":"pi_1"`), refund(), ""},
		{"under its newer name", thing("refund.failed", "refund", `"status":"failed","payment_intent":"pi_1"`), refund(), ""},
		{"of a payment that is not ours", thing("refund.updated", "refund", `"payment_intent":null`), nil, ""},
		{"REF-6 opened", thing("charge.dispute.created", "dispute", disputed+`"needs_response","evidence_details":{"due_by":1790777600}`), dispute(), ""},
		{"no answer is possible", thing("charge.dispute.created", "dispute", disputed+`"lost","evidence_details":{"due_by":null}`), dispute(), ""},
		{"REF-7 decided", thing("charge.dispute.closed", "dispute", disputed+`"won"`), dispute(), ""},
		{"an inquiry", thing("charge.dispute.created", "dispute", disputed+`"warning_needs_response"`), dispute(), ""},
		{"an inquiry that is closed", thing("charge.dispute.closed", "dispute", disputed+`"warning_closed"`), dispute(), ""},
		{"about money that moved in the meantime", thing("charge.dispute.funds_withdrawn", "dispute", disputed+`"needs_response"`), nil, ""},
		{"no dispute", thing("charge.dispute.created", "charge", `"payment_intent":"pi_1"`), nil, "the event's object is not a dispute"},
		{"no refund", thing("refund.failed", "charge", `"payment_intent":"pi_1"`), nil, "the event's object is not a refund"},
		{"no charge", thing("charge.refunded", "refund", `"payment_intent":"pi_1"`), nil, "the event's object is not a charge"},
		{"a dispute whose content is odd", thing("charge.dispute.created", "dispute", `"payment_intent":"pi_1","reason":"a\nb","amount":"x"`), dispute(), ""},
	} {
		d, err := client.Parse([]byte(c.body))
		if c.want != nil {
			c.want.ID, c.want.Provider, c.want.Type, c.want.At = "stripe::evt_1", "stripe", d.Type, signedNow.UTC()
		}
		if diff := cmp.Diff(c.want, d.Event); err != nil || diff != "" || d.Problem != c.problem {
			t.Errorf("%s: %v, problem %q (-want +got):\n%s", c.name, err, d.Problem, diff)
		}
		if c.want != nil && d.Ref != "pi_1" {
			t.Errorf("%s: refers to %q", c.name, d.Ref)
		}
	}
	// Our refund names its order in its key.
	d, err := client.Parse([]byte(thing("refund.failed", "refund", `"payment_intent":"pi_1","metadata":{"key":"`+order.Key(anOrder, "refund-pi_1", 1)+`"}`)))
	if err != nil || d.OrderID != anOrder || d.Event == nil || d.Event.OrderID != anOrder {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestCardsThatComeBack checks the sandbox's published cards for failing
// refunds and disputed payments, as the adapter parses them.
func TestCardsThatComeBack(t *testing.T) {
	s := open(t)
	paid := func(method string) order.Intent {
		id := order.NewID()
		in, err := s.client.CreateIntent(t.Context(), order.IntentRequest{OrderID: id, Number: 1, Amount: order.Money{Amount: 1000, Currency: "EUR"}, Key: order.Key(id, "intent", 1)})
		if err == nil {
			_, err = s.sandbox.Confirm(in.ID, method)
		}
		if err == nil {
			in, err = s.client.CaptureIntent(t.Context(), in.ID, in.Amount, order.Key(id, "capture", 1))
		}
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	in := paid("pm_card_refundFail")
	r, err := s.client.RefundIntent(t.Context(), in.ID, in.Amount, order.Key(in.OrderID, "refund", 1))
	if err != nil || r.Status != order.RefundSucceeded {
		t.Errorf("returned %+v, %v", r, err)
	}
	all, err := s.client.Refunds(t.Context(), in.ID)
	if err != nil || len(all) != 1 || all[0].ID != r.ID || all[0].Status != order.RefundFailed {
		t.Errorf("some time later: %+v, %v", all, err)
	}
	disputed := paid("pm_card_createDisputeProductNotReceived")
	var reported []order.ProviderEvent
	for _, body := range events(t, s.sandbox) {
		d, err := s.client.Parse(body)
		if err != nil || d.Problem != "" {
			t.Errorf("%s: %v %s", body, err, d.Problem)
		}
		if d.Event != nil && d.Event.Payment == nil {
			reported = append(reported, *d.Event)
		}
	}
	if len(reported) != 3 || reported[0].About() != in.ID || reported[1].Refund == nil || reported[2].Dispute == nil {
		t.Fatalf("events: %+v", reported)
	}
	if reported[2].Dispute.PaymentRef != disputed.ID {
		t.Errorf("%+v", reported[2].Dispute)
	}
	d, named, err := s.client.Dispute(t.Context(), reported[2].Dispute.ID)
	if err != nil || named != disputed.OrderID || d.PaymentRef != disputed.ID || d.Amount != disputed.Amount || d.Reason != "product_not_received" || !d.AnswerBy.After(time.Now()) {
		t.Errorf("%+v of %q, %v", d, named, err)
	}
	if err := s.sandbox.MoveDispute(d.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	if d, _, err = s.client.Dispute(t.Context(), d.ID); err != nil || d.Status != order.DisputeLost {
		t.Errorf("after the bank's decision: %+v, %v", d, err)
	}
	last := events(t, s.sandbox)
	if closed, err := s.client.Parse(last[len(last)-1]); err != nil || closed.Type != "charge.dispute.closed" || closed.Event == nil || closed.Event.Dispute == nil {
		t.Errorf("the event about it: %+v, %v", closed, err)
	}
}

// events returns the sandbox's events, oldest first.
func events(t *testing.T, s *sandbox.Server) []json.RawMessage {
	t.Helper()
	r, w := httptest.NewRequest(http.MethodGet, "/v1/events?limit=100", nil), httptest.NewRecorder()
	r.Header.Set("Authorization", "Bearer "+testKey)
	s.Handler().ServeHTTP(w, r)
	var list struct{ Data []json.RawMessage }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v", w.Code, err)
	}
	slices.Reverse(list.Data)
	return list.Data
}
