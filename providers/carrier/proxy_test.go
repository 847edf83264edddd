package carrier_test

import (
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/order"
	"purser/providers/carrier"
	standin "purser/sandbox/carrier"
)

// TestBehindProxy (RES-1, SHP-1) checks that only a response of the carrier
// itself refuses a parcel.
func TestBehindProxy(t *testing.T) {
	s, err := standin.New(standin.Config{Key: "key", WebhookSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	proxy := porttest.NewProxy(t, s.Handler())
	c := carrier.New(carrier.Config{BaseURL: proxy.URL, Key: "key", Timeout: 5 * time.Second})
	asked, booked := porttest.ParcelOf(order.NewID()), porttest.ParcelOf(order.NewID())
	if _, err := c.BookParcel(t.Context(), booked); err != nil {
		t.Fatal(err)
	}
	proxy.Check(t, map[string]func() error{
		"book": func() error {
			_, err := c.BookParcel(t.Context(), asked)
			return err
		},
		"track": func() error {
			_, err := c.TrackParcel(t.Context(), booked.Reference)
			return err
		},
		"void": func() error { return c.VoidParcel(t.Context(), booked.Reference) },
	}, order.ErrUnknownOutcome, order.ErrUnavailable, order.ErrDenied)
	if n := s.Counts()[asked.Reference]; n != 1 {
		t.Errorf("%d labels made, want 1", n)
	}
}
