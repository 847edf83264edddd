package stripe

import (
	"slices"
	"testing"

	sdk "github.com/stripe/stripe-go/v76"
	"pgregory.net/rapid"

	"purser/order"
)

// TestPaymentStatus (PAY-7): each of Stripe's seven statuses has one meaning, and
// any other word is unknown.
func TestPaymentStatus(t *testing.T) {
	known := []sdk.PaymentIntentStatus{
		sdk.PaymentIntentStatusRequiresPaymentMethod, sdk.PaymentIntentStatusRequiresConfirmation, sdk.PaymentIntentStatusRequiresAction,
		sdk.PaymentIntentStatusProcessing, sdk.PaymentIntentStatusRequiresCapture, sdk.PaymentIntentStatusCanceled, sdk.PaymentIntentStatusSucceeded,
	}
	for _, c := range []struct {
		intent sdk.PaymentIntent
		want   order.PaymentStatus
	}{
		{intent: sdk.PaymentIntent{Status: "requires_payment_method"}, want: order.PaymentPending},
		{intent: sdk.PaymentIntent{Status: "requires_confirmation"}, want: order.PaymentPending},
		{intent: sdk.PaymentIntent{Status: "requires_action"}, want: order.PaymentRequiresAction},
		{intent: sdk.PaymentIntent{Status: "processing"}, want: order.PaymentProcessing},
		{intent: sdk.PaymentIntent{Status: "requires_capture"}, want: order.PaymentAuthorized},
		{intent: sdk.PaymentIntent{Status: "succeeded", Amount: 1000, AmountReceived: 1000}, want: order.PaymentCaptured},
		{intent: sdk.PaymentIntent{Status: "succeeded", Amount: 1000, AmountReceived: 1001}, want: order.PaymentCaptured},
		{intent: sdk.PaymentIntent{Status: "succeeded", Amount: 1000, AmountReceived: 999}, want: order.PaymentPartiallyCaptured},
		{intent: sdk.PaymentIntent{Status: "canceled"}, want: order.PaymentCanceled},
		{intent: sdk.PaymentIntent{Status: "canceled", CancellationReason: "abandoned"}, want: order.PaymentCanceled},
		{intent: sdk.PaymentIntent{Status: "canceled", CancellationReason: "automatic"}, want: order.PaymentExpired},
		{intent: sdk.PaymentIntent{Status: "requires_capture", CancellationReason: "automatic"}, want: order.PaymentAuthorized},
		{intent: sdk.PaymentIntent{}, want: order.PaymentUnknown},
		{intent: sdk.PaymentIntent{Status: "SUCCEEDED"}, want: order.PaymentUnknown},
		{intent: sdk.PaymentIntent{Status: "succeeded "}, want: order.PaymentUnknown},
		{intent: sdk.PaymentIntent{Status: "requires_source"}, want: order.PaymentUnknown},
	} {
		if got := paymentStatus(&c.intent); got != c.want {
			t.Errorf("%q, cancelled as %q, %d of %d received: got %s, want %s",
				c.intent.Status, c.intent.CancellationReason, c.intent.AmountReceived, c.intent.Amount, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := sdk.PaymentIntentStatus(rapid.OneOf(rapid.SampledFrom(known), rapid.Map(rapid.String(), func(s string) sdk.PaymentIntentStatus {
			return sdk.PaymentIntentStatus(s)
		})).Draw(t, "status"))
		pi := sdk.PaymentIntent{
			Status: s, CancellationReason: sdk.PaymentIntentCancellationReason(rapid.String().Draw(t, "reason")),
			Amount: rapid.Int64().Draw(t, "amount"), AmountReceived: rapid.Int64().Draw(t, "received"),
		}
		got := paymentStatus(&pi)
		if slices.Contains(known, s) == (got == order.PaymentUnknown) || !slices.Contains(order.PaymentStatuses(), got) {
			t.Fatalf("%q is read as %q", s, got)
		}
	})
}

// TestDisputeStatus (REF-7): only a dispute that has ended is closed, and only one
// that took the money is lost.
func TestDisputeStatus(t *testing.T) {
	for status, want := range map[sdk.DisputeStatus]order.DisputeStatus{
		"warning_needs_response": order.DisputeInquiry,
		"warning_under_review":   order.DisputeInquiry,
		"warning_closed":         order.DisputeWon,
		"needs_response":         order.DisputeNeedsResponse,
		"under_review":           order.DisputeUnderReview,
		"charge_refunded":        order.DisputeWon,
		"won":                    order.DisputeWon,
		"lost":                   order.DisputeLost,
		"":                       order.DisputeNeedsResponse,
		"LOST":                   order.DisputeNeedsResponse,
	} {
		if got := disputeStatus(status); got != want {
			t.Errorf("%q is read as %s, want %s", status, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "status")
		got := disputeStatus(sdk.DisputeStatus(s))
		if !slices.Contains(order.DisputeStatuses(), got) || (got == order.DisputeLost) != (s == "lost") {
			t.Fatalf("%q is read as %q", s, got)
		}
	})
}
