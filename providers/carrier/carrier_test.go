package carrier_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/activities/orders"
	"purser/activities/porttest"
	"purser/order"
	"purser/providers/carrier"
	standin "purser/sandbox/carrier"
	"purser/sandbox/faults"
)

var _ orders.Carrier = (*carrier.Client)(nil)

// build connects the adapter over HTTP with the sandbox.
func build(t *testing.T) (*carrier.Client, *standin.Server, *faults.Control) {
	t.Helper()
	faultControl := faults.New(1)
	s, err := standin.New(standin.Config{Faults: faultControl, Key: "key", WebhookSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return carrier.New(carrier.Config{BaseURL: srv.URL + "/", Key: "key", Timeout: 5 * time.Second}), s, faultControl
}

func TestConformance(t *testing.T) {
	porttest.Carrier(t, func(t *testing.T) porttest.CarrierBench {
		c, s, faultControl := build(t)
		return porttest.CarrierBench{
			Carrier: c, Counts: s.Counts,
			Scan: func(t *testing.T, reference string, st order.ParcelStatus) {
				if err := s.Advance(reference, string(st), ""); err != nil {
					t.Fatal(err)
				}
			},
			FailNext: func(t *testing.T, kind error) {
				f := faults.Fault{Times: 1, Do: faults.Status}
				switch kind {
				case order.ErrUnknownOutcome:
					f.Do, f.When, f.Match = faults.Reset, faults.After, "POST "
				case order.ErrThrottled:
					f.Status = 429
				case order.ErrDenied:
					f.Status = 401
				}
				if err := faultControl.Add(f); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// TestFaults (RES-1, SHP-3, F68, F75, F78, F79) checks that the adapter
// separates calls that were certainly not carried out from calls that may have
// been, for writes and for reads.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name        string
		fault       faults.Fault
		write, read error
		made        int
	}{
		{name: "reset before", fault: faults.Fault{Do: faults.Reset}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable},
		{name: "reset after", fault: faults.Fault{Do: faults.Reset, When: faults.After}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, made: 1},
		{name: "timeout before", fault: faults.Fault{Do: faults.Timeout}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable},
		{name: "timeout after", fault: faults.Fault{Do: faults.Timeout, When: faults.After}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, made: 1},
		{name: "malformed after", fault: faults.Fault{Do: faults.Malformed, When: faults.After}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, made: 1},
		{name: "500 after", fault: faults.Fault{Do: faults.Status, When: faults.After}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable, made: 1},
		{name: "503", fault: faults.Fault{Do: faults.Status, Status: 503}, write: order.ErrUnknownOutcome, read: order.ErrUnavailable},
		{name: "429", fault: faults.Fault{Do: faults.Status, Status: 429, RetryAfter: 7 * time.Second}, write: order.ErrThrottled, read: order.ErrThrottled},
		{name: "403", fault: faults.Fault{Do: faults.Status, Status: 403}, write: order.ErrDenied, read: order.ErrDenied},
		{name: "404 of a proxy", fault: faults.Fault{Do: faults.Status, Status: 404}, write: order.ErrDenied, read: order.ErrDenied},
		{name: "409", fault: faults.Fault{Do: faults.Status, Status: 409}, write: order.ErrState, read: order.ErrState},
		{name: "400", fault: faults.Fault{Do: faults.Status, Status: 400}, write: order.ErrRejected, read: order.ErrRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, s, faultControl := build(t)
			if err := faultControl.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			r := porttest.ParcelOf(order.NewID())
			_, err := c.BookParcel(ctx, r)
			var p *order.ProviderError
			if !errors.As(err, &p) || p.Kind != tt.write {
				t.Errorf("book: %v, want kind %v", err, tt.write)
			} else if p.RetryAfter != tt.fault.RetryAfter {
				t.Errorf("retry after %s, want %s", p.RetryAfter, tt.fault.RetryAfter)
			}
			if n := s.Counts()[r.Reference]; n != tt.made {
				t.Errorf("%d labels made, want %d", n, tt.made)
			}
			_, err = c.TrackParcel(ctx, r.Reference)
			if !errors.As(err, &p) || p.Kind != tt.read {
				t.Errorf("track: %v, want kind %v", err, tt.read)
			}
		})
	}
}

// TestLabelFileRefused (SHP-5) checks that what is not a label's file is refused.
func TestLabelFileRefused(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "a web page": "<html></html>", "a part of it": "%PDF-1.4\n1 0 obj", "the other format": "^XA^XZ",
		"too large": "%PDF-1.4\n" + strings.Repeat("x", order.MaxLabelBytes) + "%%EOF",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
			defer srv.Close()
			c := carrier.New(carrier.Config{BaseURL: srv.URL, Key: "key"})
			_, err := c.LabelFile(t.Context(), "lbl_1", order.LabelPDF)
			if !errors.Is(err, order.ErrLabelFile) || !errors.Is(err, order.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestUnreachableServer (F68) checks that a write that was never sent is
// reported as not done.
func TestUnreachableServer(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c := carrier.New(carrier.Config{BaseURL: srv.URL, Key: "key"})
	_, err := c.BookParcel(t.Context(), porttest.ParcelOf(order.NewID()))
	if !errors.Is(err, order.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// TestForeignResponses (RES-16) checks that a response that is not of the
// protocol is not mistaken for one.
func TestForeignResponses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   error
	}{
		{name: "an empty label", status: 201, body: `{}`, want: order.ErrUnknownOutcome},
		{name: "the label of another order", status: 201, body: `{"id":"lbl_1","tracking":"1","reference":"x"}`, want: order.ErrUnknownOutcome},
		{name: "a web page", status: 200, body: `<html>`, want: order.ErrUnknownOutcome},
		{name: "a login page", status: 302, body: ``, want: order.ErrDenied},
		{name: "a refusal without the carrier's code", status: 422, body: `no`, want: order.ErrUnknownOutcome},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/login")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer srv.Close()
			c := carrier.New(carrier.Config{BaseURL: srv.URL, Key: "key-that-stays-secret"})
			_, err := c.BookParcel(t.Context(), porttest.ParcelOf(order.NewID()))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "Köln")) {
				t.Errorf("the error reveals too much: %v", err)
			}
		})
	}
}

// TestLocality: a carrier that wants a city gets the name that stands for it where an
// address has none to name.
func TestLocality(t *testing.T) {
	for _, tc := range []struct{ country, city, code, want string }{
		{country: "SG", code: "238823", want: "Singapore"},
		{country: "MC", code: "98000", want: "Monaco"},
		{country: "MC", city: "Monte-Carlo", code: "98000", want: "Monte-Carlo"},
		{country: "HK", want: "Hong Kong"},
		{country: "DE", city: "Köln", code: "50667", want: "Köln"},
	} {
		var asked struct {
			To struct{ City, Country string }
		}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
					t.Error(err)
				}
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		defer srv.Close()
		c := carrier.New(carrier.Config{BaseURL: srv.URL, Key: "key", Timeout: 5 * time.Second})
		_, _ = c.BookParcel(t.Context(), order.ParcelRequest{ // this server books nothing
			OrderID: "ord_1", Reference: "ord_1-1", To: order.Address{Name: "Ada", Line1: "1 Road", City: tc.city, PostalCode: tc.code, Country: tc.country},
			Lines: []order.Line{{SKU: "mug", Name: "Mug", Quantity: 1}},
		})
		if asked.To.City != tc.want || asked.To.Country != tc.country {
			t.Errorf("%+v: asked for %+v", tc, asked)
		}
	}
}

// TestLateLabel (SHP-4, F69): a booking whose response was lost, and which the carrier
// shows only later, makes a second label behind a void; it is found by its reference and
// voided.
func TestLateLabel(t *testing.T) {
	var ahead time.Duration
	faultControl := faults.New(1)
	s, err := standin.New(standin.Config{Faults: faultControl, Key: "key", WebhookSecret: "secret", Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	c := carrier.New(carrier.Config{BaseURL: srv.URL, Key: "key", Timeout: 5 * time.Second})
	if err := faultControl.Add(faults.Fault{Match: "POST /v1/labels", Do: faults.Late, Delay: 30 * time.Minute, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r := porttest.ParcelOf(order.NewID())
	if _, err := c.BookParcel(t.Context(), r); !errors.Is(err, order.ErrUnknownOutcome) {
		t.Fatalf("book: %v, want an unknown outcome", err)
	}
	if _, err := c.TrackParcel(t.Context(), r.Reference); !errors.Is(err, order.ErrNoSuch) {
		t.Errorf("track: %v, want that it is not known yet", err)
	}
	if _, err := c.BookParcel(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.VoidParcel(t.Context(), r.Reference); err != nil {
		t.Fatal(err)
	}
	if p, err := c.TrackParcel(t.Context(), r.Reference); err != nil || p.Status != order.ParcelVoided {
		t.Errorf("before it is shown: %+v, %v", p, err)
	}
	ahead = time.Hour
	p, err := c.TrackParcel(t.Context(), r.Reference)
	if err != nil || p.Status != order.ParcelBooked {
		t.Fatalf("found %+v, %v, want one that is booked", p, err)
	}
	for range 2 {
		if err := c.VoidParcel(t.Context(), r.Reference); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := c.TrackParcel(t.Context(), r.Reference); err != nil || p.Status != order.ParcelVoided || s.Counts()[r.Reference] != 2 {
		t.Errorf("after the second void: %+v, %v, %d labels", p, err, s.Counts()[r.Reference])
	}
}
