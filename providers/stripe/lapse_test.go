package stripe_test

import (
	"errors"
	"testing"

	"purser/activities/porttest"
	"purser/order"
)

// TestLapse (PAY-8): Stripe refuses to capture an authorization that has lapsed
// also while the intent still seems authorized, and then reports that it expired.
func TestLapse(t *testing.T) {
	s := open(t)
	amount := order.Money{Amount: 1000, Currency: "EUR"}
	in, err := s.client.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), amount))
	if err == nil {
		_, err = s.sandbox.Confirm(in.ID, "pm_card_visa")
	}
	if err != nil {
		t.Fatal(err)
	}
	s.lapse()
	for range 12 { // more often than there are spare keys
		_, err := s.client.CaptureIntent(t.Context(), in.ID, amount, order.Key(in.OrderID, "capture", 1))
		var p *order.ProviderError
		if !errors.As(err, &p) || p.Kind != order.ErrState || p.Code != "charge_expired_for_capture" {
			t.Fatalf("captured: %v", err)
		}
	}
	if in, err = s.client.GetIntent(t.Context(), in.ID); err != nil || in.Status != order.PaymentAuthorized {
		t.Errorf("before Stripe looks: %+v, %v", in, err)
	}
	before := len(events(t, s.sandbox))
	if err := s.sandbox.Sweep(); err != nil {
		t.Fatal(err)
	}
	var reported []order.ProviderEvent
	for _, body := range events(t, s.sandbox)[before:] {
		d, err := s.client.Parse(body)
		if err != nil || d.Problem != "" {
			t.Errorf("%s: %v %s", body, err, d.Problem)
		}
		if d.Event != nil {
			reported = append(reported, *d.Event)
		}
	}
	if len(reported) != 1 || reported[0].Payment == nil || reported[0].Payment.Reference != in.ID ||
		reported[0].Payment.Status != order.PaymentExpired || reported[0].Payment.Capturable != 0 {
		t.Errorf("events: %+v", reported)
	}
}
