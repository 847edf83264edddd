package carrier_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/order"
	"purser/providers/carrier"
	standin "purser/sandbox/carrier"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func signature(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// TestVerify (WHK-1, WHK-17) checks the secrets and the header. The tests of
// providers/signature cover the rest of a signature.
func TestVerify(t *testing.T) {
	const body = `{"id":"evt_1"}`
	for secret, ok := range map[string]bool{"current": true, "previous": true, "other": false} {
		h := http.Header{"Carrier-Signature": {signature(secret, now, body)}}
		err := carrier.Webhooks{Secrets: []string{"current", "previous"}}.Verify(h, []byte(body), now)
		if (err == nil) != ok || err != nil && !errors.Is(err, carrier.ErrSignature) {
			t.Errorf("%s: %v", secret, err)
		}
	}
	if err := (carrier.Webhooks{Secrets: []string{"current"}}).Verify(http.Header{}, []byte(body), now); !errors.Is(err, carrier.ErrSignature) {
		t.Errorf("no header: %v", err)
	}
}

const id = "ord_0123456789abcdefghjkmnpqrs"

func eventJSON(typ, reference, status string) string {
	return fmt.Sprintf(`{"id":"evt_1","type":%q,"created":"2026-03-01T12:00:00Z","data":{"label_id":"lbl_1","reference":%q,"tracking":"PX1","status":%q,"note":"left at\nthe door"}}`, typ, reference, status)
}

func TestParse(t *testing.T) {
	base := order.Delivery{Provider: "carrier", EventID: "evt_1", Type: "parcel.delivered", At: now, OrderID: id, Ref: id + "-1"}
	event := base
	event.Event = &order.ProviderEvent{
		ID: "carrier::evt_1", Provider: "carrier", Type: "parcel.delivered", At: now, OrderID: id,
		Parcel: &order.ShipmentEvent{Reference: id + "-1", LabelID: "lbl_1", Tracking: "PX1", Status: order.ParcelDelivered, Note: "left at the door"},
	}
	foreign := base
	foreign.OrderID, foreign.Ref = "", "somebody-elses-1"
	unknownType := base
	unknownType.Type = "invoice.created"
	for _, tt := range []struct {
		name, body string
		want       order.Delivery
		err        error
	}{
		{name: "delivered", body: eventJSON("parcel.delivered", id+"-1", "delivered"), want: event},
		{name: "not an order's parcel", body: eventJSON("parcel.delivered", "somebody-elses-1", "delivered"), want: foreign},
		{name: "WHK-11 unknown type", body: eventJSON("invoice.created", id+"-1", "delivered"), want: unknownType},
		{name: "unknown status", body: eventJSON("parcel.delivered", id+"-1", "beamed"), want: base},
		{name: "broken", body: `{"id":`, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "empty", body: ``, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "no id", body: `{"type":"parcel.delivered","created":"2026-03-01T12:00:00Z"}`, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "no time", body: `{"id":"evt_1","type":"parcel.delivered"}`, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "another type", body: `{"id":1}`, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "a zero byte", body: `{"id":"e\u0000","type":"parcel.delivered","created":"2026-03-01T12:00:00Z"}`, want: order.Delivery{}, err: carrier.ErrMalformed},
		{name: "an id that is too long", body: `{"id":"` + strings.Repeat("e", 1000) + `","type":"parcel.delivered","created":"2026-03-01T12:00:00Z"}`, want: order.Delivery{}, err: carrier.ErrMalformed},
	} {
		got, err := carrier.Webhooks{}.Parse([]byte(tt.body))
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestSandboxWebhooks (SHP-2) checks that the sandbox's webhooks are
// verified and parsed, and name the order.
func TestSandboxWebhooks(t *testing.T) {
	got := make(chan order.Delivery, 10)
	w := carrier.Webhooks{Secrets: []string{"secret"}}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := w.Verify(r.Header, body, time.Now()); err != nil {
			t.Error(err)
		}
		d, err := w.Parse(body)
		if err != nil {
			t.Error(err)
		}
		got <- d
	}))
	defer hook.Close()
	c, s, _ := build(t)
	s.SetWebhookURL(hook.URL)
	run(t, s)
	r := porttest.ParcelOf(order.NewID())
	p, err := c.BookParcel(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(r.Reference, "in_transit", "picked up"); err != nil {
		t.Fatal(err)
	}
	d := <-got
	want := &order.ShipmentEvent{Reference: r.Reference, LabelID: p.LabelID, Tracking: p.Tracking, Status: order.ParcelInTransit, Note: "picked up"}
	if d.OrderID != r.OrderID || d.Event == nil {
		t.Fatalf("got %+v", d)
	}
	if diff := cmp.Diff(want, d.Event.Parcel); diff != "" {
		t.Error(diff)
	}
}

func run(t *testing.T, s *standin.Server) {
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(t.Context()) }()
	t.Cleanup(func() { <-done }) // the test's context has ended by then
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(eventJSON("parcel.delivered", id+"-1", "delivered")))
	f.Add([]byte(eventJSON("x", "-1", "")))
	f.Add([]byte(`{"id":"e","type":"t","created":"9999-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := carrier.Webhooks{}.Parse(body)
		if err != nil {
			if !errors.Is(err, carrier.ErrMalformed) {
				t.Fatalf("unclassified: %v", err)
			}
			return
		}
		if d.EventID == "" || d.Type == "" || d.At.IsZero() {
			t.Fatalf("incomplete: %+v", d)
		}
		if d.Event != nil && (d.Event.OrderID == "" || d.Event.Parcel == nil || !strings.HasPrefix(d.Event.Parcel.Reference, string(d.Event.OrderID))) {
			t.Fatalf("an event without an order: %+v", d)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Fatalf("cannot be stored: %v", err)
		}
	})
}
