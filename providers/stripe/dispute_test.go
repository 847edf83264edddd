package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
	"purser/providers/stripe"
)

// TestDispute (REF-6, PAY-20) fetches disputes: what Stripe has counts, and the intent
// is that of the disputed charge.
func TestDispute(t *testing.T) {
	t.Parallel()
	const intent = `"payment_intent":{"id":"pi_1","object":"payment_intent","metadata":{"order_id":"` + string(anOrder) + `"}}`
	due := time.Unix(1790777600, 0).UTC()
	eur := order.Money{Amount: 1000, Currency: "EUR"}
	for name, c := range map[string]struct {
		answer string // the fields after the id
		status int
		want   order.Dispute
		of     order.ID
		fails  error
	}{
		"needs a response": {
			answer: `"amount":1000,"currency":"eur","reason":"fraudulent","status":"needs_response","evidence_details":{"due_by":1790777600},"payment_intent":"pi_1","charge":{"id":"ch_1","object":"charge",` + intent + `}`,
			want:   order.Dispute{ID: "dp_1", PaymentRef: "pi_1", Amount: eur, Reason: "fraudulent", Status: order.DisputeNeedsResponse, AnswerBy: due}, of: anOrder,
		},
		"names only its charge": {
			answer: `"amount":1000,"currency":"eur","reason":"general","status":"lost","payment_intent":null,"charge":{"id":"ch_1","object":"charge",` + intent + `}`,
			want:   order.Dispute{ID: "dp_1", PaymentRef: "pi_1", Amount: eur, Reason: "general", Status: order.DisputeLost}, of: anOrder,
		},
		"names another intent than its charge": {
			answer: `"amount":1000,"currency":"eur","reason":"general","status":"won","payment_intent":"pi_other","charge":{"id":"ch_1","object":"charge",` + intent + `}`,
			want:   order.Dispute{ID: "dp_1", PaymentRef: "pi_1", Amount: eur, Reason: "general", Status: order.DisputeWon}, of: anOrder,
		},
		"of a charge without an intent": {
			answer: `"amount":1000,"currency":"eur","reason":"general","status":"warning_closed","charge":{"id":"ch_1","object":"charge"}`,
			want:   order.Dispute{ID: "dp_1", Amount: eur, Reason: "general", Status: order.DisputeWon},
		},
		"cannot be read": {
			answer: `"amount":1000,"currency":"zzz","reason":"general","status":"lost","charge":{"id":"ch_1","object":"charge",` + intent + `}`,
			want:   order.Dispute{ID: "dp_1", PaymentRef: "pi_1"}, of: anOrder, fails: order.ErrRejected,
		},
		"a reason of two lines": {
			answer: `"amount":1000,"currency":"eur","reason":"a\nb","status":"lost","charge":{"id":"ch_1","object":"charge",` + intent + `}`,
			want:   order.Dispute{ID: "dp_1", PaymentRef: "pi_1"}, of: anOrder, fails: order.ErrRejected,
		},
		"not known": {status: http.StatusNotFound, answer: `"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such dispute"}`, fails: order.ErrNoSuch},
		"down":      {status: http.StatusBadGateway, answer: `"error":{}`, fails: order.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/disputes/dp_1" || r.URL.Query().Get("expand[0]") != "charge.payment_intent" {
					t.Errorf("asked for %s", r.URL)
				}
				w.WriteHeader(max(c.status, http.StatusOK))
				fmt.Fprintf(w, `{"id":"dp_1","object":"dispute",%s}`, c.answer)
			}))
			defer server.Close()
			client := clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL})
			d, of, err := client.Dispute(t.Context(), "dp_1")
			if diff := cmp.Diff(c.want, d); diff != "" || of != c.of || !errors.Is(err, c.fails) {
				t.Errorf("of %q, %v (-want +got):\n%s", of, err, diff)
			}
		})
	}
}

// TestParse_metadata (WHK-11, PAY-20): whatever another integration writes into the
// metadata of its objects, its events are not ours, and need no person.
func TestParse_metadata(t *testing.T) {
	t.Parallel()
	client := clientOf(t, stripe.Config{Key: testKey})
	for name, metadata := range map[string]string{
		"a number": `{"order_id":1234}`, "a text of digits": `{"order_id":"1234"}`, "another form": `{"order_id":"#1001-EU"}`,
		"a list": `{"order_id":["ord_1"]}`, "an object": `{"order_id":{"id":1}}`, "null inside": `{"order_id":null,"cart":7}`,
		"null": `null`, "a list instead": `[1]`, "empty": `{}`, "a key of another form": `{"key":"refund-17"}`,
	} {
		for typ, object := range map[string]string{
			"payment_intent.succeeded": "payment_intent", "charge.refunded": "charge", "refund.updated": "refund", "charge.dispute.created": "dispute",
		} {
			d, err := client.Parse([]byte(thing(typ, object, `"amount":1000,"amount_received":1000,"status":"succeeded","captured":true,"amount_captured":1000,"amount_refunded":5,"payment_intent":"pi_1","metadata":`+metadata)))
			if err != nil || d.Problem != "" || d.OrderID != "" || d.Event == nil {
				t.Errorf("%s, %s: %+v, %v", name, typ, d, err)
			}
		}
	}
	d, err := client.Parse([]byte(thing("payment_intent.succeeded", "payment_intent", `"amount":1000,"status":"succeeded","metadata":{"order_id":"`+string(anOrder)+`","cart":7}`)))
	if err != nil || d.OrderID != anOrder || d.Event == nil {
		t.Errorf("ours with a number beside: %+v, %v", d, err)
	}
}

// TestParse_not_needed (PAY-16, WHK-11): an event of a type that nobody needs is never
// parked, whatever its version, mode or account.
func TestParse_not_needed(t *testing.T) {
	t.Parallel()
	client := clientOf(t, stripe.Config{Key: testKey})
	for _, typ := range []string{"customer.created", "charge.captured", "payment_intent.created", "charge.dispute.funds_withdrawn"} {
		for name, envelope := range map[string]string{
			"version": `"api_version":"2020-08-27","livemode":false`, "mode": `"api_version":"2023-10-16","livemode":true`, "account": `"api_version":"2023-10-16","livemode":false,"account":"acct_2"`,
		} {
			d, err := client.Parse([]byte(`{"id":"evt_1","object":"event",` + envelope + `,"created":1790000000,"type":"` + typ + `","data":{"object":{"id":"x_1","object":"charge"}}}`))
			if err != nil || d.Problem != "" || d.Event != nil {
				t.Errorf("%s of another %s: %+v, %v", typ, name, d, err)
			}
		}
	}
}
