package porttest

import (
	"errors"
	"testing"
	"time"

	"purser/order"
)

func throttledAndDenied(t *testing.T, h PaymentsHarness) {
	r := IntentOf(order.NewID(), tenEuro)
	h.FailNext(t, Throttle)
	_, err := h.Intents.CreateIntent(t.Context(), r)
	wantKind(t, err, order.ErrThrottled)
	var p *order.ProviderError
	if errors.As(err, &p) && p.RetryAfter != 2*time.Second {
		t.Errorf("RetryAfter: %v, want 2s", p.RetryAfter)
	}
	h.FailNext(t, Deny)
	_, err = h.Intents.CreateIntent(t.Context(), r)
	wantKind(t, err, order.ErrDenied)
	wantDone(t, h, r.OrderID, PaymentCount{})
	create(t, h, r)
}

func failedRead(t *testing.T, h PaymentsHarness) {
	in := authorized(t, h)
	h.FailNext(t, ReadLost)
	// A transport may retry by itself: reading twice is harmless.
	if _, err := h.Intents.GetIntent(t.Context(), in.ID); err != nil {
		wantKind(t, err, order.ErrUnavailable)
	}
	wantIntent(t, h, in.ID, order.PaymentAuthorized)
}

// accidents makes each write fail with each fault, some twice, and repeats it
// under its key until it succeeds. It must then have been done once.
func accidents(t *testing.T, h PaymentsHarness) {
	for name, w := range writes {
		for _, sequence := range [][]Fault{
			{LostBefore},
			{LostAfter},
			{BrokenAfter},
			{FailureBefore},
			{FailureAfter},
			{FailureBefore, FailureBefore, LostBefore},
			{LostBefore, FailureAfter},
			{FailureBefore, LostAfter, BrokenAfter},
		} {
			t.Run(name+" "+string(sequence[0]), func(t *testing.T) {
				id, do := w.prepare(t, h)
				for _, f := range sequence {
					h.FailNext(t, f)
					err := do()
					switch {
					case err != nil:
						wantKind(t, err, order.ErrUnknownOutcome)
					case f != FailureAfter && f != FailureBefore: // those leave an answer, which may be looked into
						t.Errorf("%s: went unnoticed", f)
					}
				}
				for range 2 {
					if err := do(); err != nil {
						t.Errorf("again: %v", err)
					}
				}
				wantDone(t, h, id, w.done)
			})
		}
	}
}

// writes are the operations that move money, and their effects.
var writes = map[string]struct {
	prepare func(*testing.T, PaymentsHarness) (order.ID, func() error)
	done    PaymentCount
}{
	"create": {func(t *testing.T, h PaymentsHarness) (order.ID, func() error) {
		r := IntentOf(order.NewID(), tenEuro)
		first := ""
		return r.OrderID, func() error {
			in, err := h.Intents.CreateIntent(t.Context(), r)
			if err == nil && first != "" && in.ID != first {
				t.Errorf("returned %s and then %s", first, in.ID)
			}
			first = in.ID
			return err
		}
	}, PaymentCount{Intents: 1}},
	"capture": {func(t *testing.T, h PaymentsHarness) (order.ID, func() error) {
		in := authorized(t, h)
		return in.OrderID, func() error {
			got, err := h.Captures.CaptureIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "capture", 1))
			if err == nil && (got.Status != order.PaymentCaptured || got.Received != 1000) {
				t.Errorf("captured: %+v", got)
			}
			return err
		}
	}, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000}},
	"capture a part": {func(t *testing.T, h PaymentsHarness) (order.ID, func() error) {
		in := authorized(t, h)
		return in.OrderID, func() error {
			got, err := h.Captures.CaptureIntent(t.Context(), in.ID, euro(400), order.Key(in.OrderID, "capture", 1))
			if err == nil && (got.Status != order.PaymentPartiallyCaptured || got.Received != 400) {
				t.Errorf("captured: %+v", got)
			}
			return err
		}
	}, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 400}},
	"cancel": {func(t *testing.T, h PaymentsHarness) (order.ID, func() error) {
		in := authorized(t, h)
		return in.OrderID, func() error {
			got, err := h.Intents.CancelIntent(t.Context(), in.ID, order.Key(in.OrderID, "cancel", 1))
			if err == nil && got.Status != order.PaymentCanceled {
				t.Errorf("cancelled: %+v", got)
			}
			return err
		}
	}, PaymentCount{Intents: 1, Authorized: 1, Canceled: 1}},
	"refund": {func(t *testing.T, h PaymentsHarness) (order.ID, func() error) {
		in := captured(t, h)
		return in.OrderID, func() error {
			_, err := h.Captures.RefundIntent(t.Context(), in.ID, tenEuro, order.Key(in.OrderID, "refund", 1))
			return err
		}
	}, PaymentCount{Intents: 1, Authorized: 1, Captured: 1, Taken: 1000, Refunds: 1, Returned: 1000}},
}
