package stripe_test

import (
	"log/slog"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/order"
	"purser/providers/stripe"
	sandbox "purser/sandbox/stripe"
)

// TestBehindProxy (RES-1, PAY-9) checks that only Stripe itself refuses a
// payment or reports that it does not exist.
func TestBehindProxy(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s, err := sandbox.New(sandbox.Config{Key: testKey, WebhookSecret: testSecret, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	proxy := porttest.NewProxy(t, s.Handler())
	c, err := stripe.New(stripe.Config{Key: testKey, BaseURL: proxy.URL, Timeout: 10 * time.Second, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	tenEuro := order.Money{Amount: 1000, Currency: "EUR"}
	opened := func(captured bool) order.Intent {
		in, err := c.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), tenEuro))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Confirm(in.ID, "pm_card_visa"); err != nil {
			t.Fatal(err)
		}
		if captured {
			if in, err = c.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1)); err != nil {
				t.Fatal(err)
			}
		}
		return in
	}
	asked := porttest.IntentOf(order.NewID(), tenEuro)
	held, canceled, taken := opened(false), opened(false), opened(true)
	proxy.Check(t, map[string]func() error{
		"create": func() error {
			_, err := c.CreateIntent(t.Context(), asked)
			return err
		},
		"get": func() error {
			_, err := c.GetIntent(t.Context(), taken.ID)
			return err
		},
		"capture": func() error {
			_, err := c.CaptureIntent(t.Context(), held.ID, tenEuro, order.Key(held.OrderID, "capture", 1))
			return err
		},
		"cancel": func() error {
			_, err := c.CancelIntent(t.Context(), canceled.ID, order.Key(canceled.OrderID, "cancel", 1))
			return err
		},
		"refund": func() error {
			_, err := c.RefundIntent(t.Context(), taken.ID, tenEuro, order.Key(taken.OrderID, "refund", 1))
			return err
		},
		"refunds": func() error {
			_, err := c.Refunds(t.Context(), taken.ID)
			return err
		},
	}, order.ErrUnknownOutcome, order.ErrUnavailable, order.ErrDenied)
	counts := s.Counts()
	for what, n := range map[string]int{
		"intents":  counts[string(asked.OrderID)].Intents,
		"captures": counts[string(held.OrderID)].Captured,
		"voids":    counts[string(canceled.OrderID)].Canceled,
		"refunds":  counts[string(taken.OrderID)].Refunds,
	} {
		if n != 1 {
			t.Errorf("%d %s, want 1", n, what)
		}
	}
}
