package stripe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"purser/order"
	"purser/providers/stripe"
)

// TestListEvents (WHK-20): a page asks for the types that an order needs, in a time,
// behind an event.
func TestListEvents(t *testing.T) {
	t.Parallel()
	since, until := time.Unix(1790000000, 0), time.Unix(1790003600, 0)
	for name, c := range map[string]struct {
		answer string
		status int
		want   []string
		more   bool
		fails  error
	}{
		"a page":                  {answer: `{"object":"list","has_more":true,"data":[{"id":"evt_2","object":"event"},{"id":"evt_1","object":"event"}]}`, want: []string{"evt_2", "evt_1"}, more: true},
		"nothing":                 {answer: `{"object":"list","has_more":false,"data":[]}`},
		"more behind nothing":     {answer: `{"object":"list","has_more":true,"data":[]}`},
		"something without an id": {answer: `{"object":"list","has_more":true,"data":[{"object":"event"}]}`, fails: order.ErrUnavailable},
		"no longer listed":        {answer: `{"error":{"type":"invalid_request_error","code":"resource_missing","param":"starting_after"}}`, status: http.StatusBadRequest, fails: order.ErrNoSuch},
		"not allowed":             {answer: `{"error":{"type":"invalid_request_error"}}`, status: http.StatusForbidden, fails: order.ErrDenied},
		"down":                    {answer: `{"error":{}}`, status: http.StatusBadGateway, fails: order.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked url.Values
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Query()
				w.WriteHeader(max(c.status, http.StatusOK))
				fmt.Fprint(w, c.answer)
			}))
			t.Cleanup(server.Close)
			client := clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL})
			page, err := client.ListEvents(t.Context(), since, until, "evt_9")
			if !errors.Is(err, c.fails) || page.More != c.more || c.fails == nil && len(page.Events) != len(c.want) {
				t.Fatalf("got %+v, %v", page, err)
			}
			for i, id := range c.want {
				if page.Events[i].ID != id {
					t.Errorf("got %+v", page.Events)
				}
			}
			if n := len(asked); asked.Get("created[gte]") != "1790000000" || asked.Get("created[lte]") != "1790003600" || asked.Get("limit") != "100" || asked.Get("starting_after") != "evt_9" || n < 14 || n > 24 {
				t.Errorf("asked for %v", asked)
			}
		})
	}
}

// TestEventBody (WHK-20, PAY-16): an event that is listed in another version can be
// used: its object is fetched in this adapter's version.
func TestEventBody(t *testing.T) {
	t.Parallel()
	const (
		old      = `{"id":"evt_1","object":"event","api_version":"2019-01-01","created":1790000000,"livemode":false,"type":"%s","data":{"object":%s}}`
		intent   = `{"id":"pi_1","object":"payment_intent","amount":"in an old form","metadata":{"order_id":"` + string(anOrder) + `"}}`
		now      = `{"id":"pi_1","object":"payment_intent","amount":1450,"amount_received":1450,"currency":"eur","status":"succeeded","metadata":{"order_id":"` + string(anOrder) + `"}}`
		notFound = `{"error":{"type":"invalid_request_error","code":"resource_missing"}}`
	)
	listed := func(typ, object string) string { return fmt.Sprintf(old, typ, object) }
	for name, c := range map[string]struct {
		listed string
		path   string
		answer string
		status int
		usable bool
		fails  error
	}{
		"this version":   {listed: fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":%q,"created":1,"type":"payment_intent.succeeded","data":{"object":%s}}`, stripe.APIVersion, now), usable: true},
		"a payment":      {listed: listed("payment_intent.succeeded", intent), path: "/v1/payment_intents/pi_1", answer: now, usable: true},
		"a refund":       {listed: listed("refund.updated", `{"id":"re_1","object":"refund"}`), path: "/v1/refunds/re_1", answer: `{"id":"re_1","object":"refund","payment_intent":"pi_1"}`, usable: true},
		"a dispute":      {listed: listed("charge.dispute.created", `{"id":"dp_1","object":"dispute"}`), path: "/v1/disputes/dp_1", answer: `{"id":"dp_1","object":"dispute"}`, usable: true},
		"a charge":       {listed: listed("charge.refunded", `{"id":"ch_1","object":"charge"}`), path: "/v1/charges/ch_1", answer: `{"id":"ch_1","object":"charge","amount":9,"amount_captured":9,"amount_refunded":9,"captured":true,"payment_intent":"pi_1"}`, usable: true},
		"gone":           {listed: listed("payment_intent.succeeded", intent), path: "/v1/payment_intents/pi_1", answer: notFound, status: http.StatusNotFound},
		"a strange id":   {listed: listed("payment_intent.succeeded", `{"id":"../balance","object":"payment_intent"}`)},
		"another object": {listed: listed("refund.updated", `{"id":"x_1","object":"balance"}`)},
		"a wrong answer": {listed: listed("payment_intent.succeeded", intent), path: "/v1/payment_intents/pi_1", answer: `{"id":"pi_2"}`, fails: order.ErrUnavailable},
		"down":           {listed: listed("payment_intent.succeeded", intent), path: "/v1/payment_intents/pi_1", answer: `{"error":{}}`, status: http.StatusBadGateway, fails: order.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Path
				w.WriteHeader(max(c.status, http.StatusOK))
				fmt.Fprint(w, c.answer)
			}))
			t.Cleanup(server.Close)
			client := clientOf(t, stripe.Config{Key: testKey, BaseURL: server.URL})
			body, err := client.EventBody(t.Context(), order.ListedEvent{ID: "evt_1", Body: []byte(c.listed)})
			if !errors.Is(err, c.fails) || asked != c.path {
				t.Fatalf("asked %q, %v", asked, err)
			}
			if err != nil {
				return
			}
			d, err := client.Parse(body)
			if err != nil || (d.Problem == "" && d.Event != nil) != c.usable || d.EventID != "evt_1" {
				t.Errorf("%+v, %v from %s", d, err, body)
			}
			if p := d.Event; c.usable && p.Payment != nil && p.Payment.Received != 1450 {
				t.Errorf("%+v", p.Payment)
			}
		})
	}
	client := clientOf(t, stripe.Config{Key: testKey, Account: "acct_1"})
	body, err := client.EventBody(t.Context(), order.ListedEvent{Body: []byte(`{"id":"evt_1","object":"event","api_version":"` + stripe.APIVersion + `"}`)})
	var e struct{ Account string }
	if err != nil || json.Unmarshal(body, &e) != nil || e.Account != "acct_1" {
		t.Errorf("of a connected account: %s, %v", body, err)
	}
}
