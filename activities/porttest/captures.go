package porttest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/order"
)

func capturesOnce(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	in = wantIntent(t, h, in.ID, order.PaymentAuthorized)
	if left := time.Until(in.CaptureBefore); in.Capturable != 1000 || left < 24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("%d can be captured until %s", in.Capturable, in.CaptureBefore)
	}
	key := order.Key(in.OrderID, "capture", 1)
	for range 2 {
		got, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, key)
		if err != nil || got.Status != order.PaymentCaptured || got.Received != 1000 || got.Capturable != 0 || !got.CaptureBefore.IsZero() {
			t.Errorf("captured: %+v, %v", got, err)
		}
	}
	_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 2))
	wantKind(t, err, order.ErrState) // F18: another operation
	_, err = h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, "cancel", 1))
	wantKind(t, err, order.ErrState)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000})
}

// capturesLess captures a part. The rest is released: it can be neither captured
// nor refunded, and is no refund.
func capturesLess(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	key := order.Key(in.OrderID, "capture", 1)
	_, err := h.Captures.CaptureIntent(t.Context(), in.ID, euro(1001), key+"-more")
	wantKind(t, err, order.ErrRejected)
	for range 2 {
		got, err := h.Captures.CaptureIntent(t.Context(), in.ID, euro(400), key)
		if err != nil || got.Status != order.PaymentPartiallyCaptured || got.Amount != tenEuro || got.Received != 400 || got.Capturable != 0 {
			t.Errorf("captured: %+v, %v", got, err)
		}
	}
	if got := wantIntent(t, h, in.ID, order.PaymentPartiallyCaptured); got.Received != 400 || got.Capturable != 0 || !got.CaptureBefore.IsZero() {
		t.Errorf("found: %+v", got)
	}
	for _, amount := range []int64{600, 600, 1000} {
		_, err := h.Captures.CaptureIntent(t.Context(), in.ID, euro(amount), order.Key(in.OrderID, "capture", int(amount)))
		wantKind(t, err, order.ErrState)
	}
	_, err = h.Captures.CaptureIntent(t.Context(), in.ID, euro(400), order.Key(in.OrderID, "capture", 2))
	wantKind(t, err, order.ErrState)
	_, err = h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, "cancel", 1))
	wantKind(t, err, order.ErrState)
	wantRefunds(t, h, in.ID)
	_, err = h.Captures.RefundIntent(t.Context(), in.ID, euro(401), order.Key(in.OrderID, "refund", 1))
	wantKind(t, err, order.ErrRejected)
	for n := 2; n <= 3; n++ { // the second finds that everything was refunded
		r, err := h.Captures.RefundIntent(t.Context(), in.ID, euro(400), order.Key(in.OrderID, "refund", n))
		if err != nil || r.Amount != euro(400) || r.ID != order.Key(in.OrderID, "refund", 2) {
			t.Errorf("refund %d: %+v, %v", n, r, err)
		}
		wantRefunds(t, h, in.ID, r)
	}
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 400, Refunds: 1, Returned: 400})
}

// refundOfReleasedAmount checks that a refund of as much as a capture of a part
// released is not taken for the release.
func refundOfReleasedAmount(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	if _, err := h.Captures.CaptureIntent(t.Context(), in.ID, euro(750), order.Key(in.OrderID, "capture", 1)); err != nil {
		t.Fatal(err)
	}
	var want []order.Refund
	for _, key := range []string{"by-hand", order.Key(in.OrderID, "refund", 1)} {
		r, err := h.Captures.RefundIntent(t.Context(), in.ID, euro(250), key)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	}
	wantRefunds(t, h, in.ID, want...)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 750, Refunds: 2, Returned: 500})
}

func cancelsOnce(t *testing.T, h PaymentsHarness) {
	for name, in := range map[string]order.Intent{
		"unpaid": create(t, h, IntentOf(order.NewID(), tenEuro)), "authorised": authorized(t, h),
	} {
		for _, key := range []string{"cancel", "cancel", "cancel-again"} {
			got, err := h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, key, 1))
			if err != nil || got.Status != order.PaymentCanceled || got.Capturable != 0 || !got.CaptureBefore.IsZero() {
				t.Errorf("%s: %s: %+v, %v", name, key, got, err)
			}
		}
		_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1))
		wantKind(t, err, order.ErrState)
		wantRefunds(t, h, in.ID)
		if n := h.Count(in.OrderID); n.Canceled != 1 || n.Captured != 0 || n.Refunds != 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func authorizationLapses(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	h.Lapse(t, in.ID)
	want := wantIntent(t, h, in.ID, order.PaymentExpired)
	if want.Capturable != 0 || want.Received != 0 || !want.CaptureBefore.IsZero() {
		t.Errorf("lapsed: %+v", want)
	}
	for range 2 {
		_, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1))
		wantKind(t, err, order.ErrState)
	}
	_, err := h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "refund", 1))
	wantKind(t, err, order.ErrState)
	for range 2 { // there is nothing to cancel any more
		got, err := h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, "cancel", 1))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("cancelled: %v (-want +got):\n%s", err, diff)
		}
	}
	wantRefunds(t, h, in.ID)
	wantDone(t, h, in.OrderID, PaymentCount{Intents: 1, Authorized: 1, Canceled: 1})
}
