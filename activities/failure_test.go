package activities_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/activities/fake"
	"purser/activities/orders"
	"purser/catalog"
	"purser/mail"
	"purser/order"
)

// TestFailure is what a workflow is told of each kind of error, and whether
// the step is tried again (RES-1, PAY-5, PAY-9, F81).
func TestFailure(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("record: %w", err) }
	provider := func(kind, cause error) error {
		return &order.ProviderError{Provider: "stripe", Op: "create intent", Kind: kind, Err: cause}
	}
	for _, c := range []struct {
		name  string
		err   error
		kind  string
		final bool
		delay time.Duration
	}{
		{"sold out", wrapped(order.ErrOutOfStock), activities.FailureOutOfStock, true, 0},
		{"opened before", wrapped(order.ErrDuplicate), activities.FailureDuplicate, true, 0},
		{"refused", provider(order.ErrRejected, nil), activities.FailureRejected, true, 0},
		{"no such", provider(order.ErrNoSuch, nil), activities.FailureNoSuch, true, 0},
		{"in another state", provider(order.ErrState, nil), activities.FailureState, true, 0},
		{"unavailable", provider(order.ErrUnavailable, nil), activities.FailureUnavailable, false, 0},
		{"PAY-9 unknown", provider(order.ErrUnknownOutcome, context.DeadlineExceeded), activities.FailureUnknown, false, 0},
		{"cut short by a worker that stops: no cancellation", provider(order.ErrUnknownOutcome, context.Canceled), activities.FailureUnknown, false, 0},
		{"bare cut short", context.Canceled, "Internal", false, 0},
		{"throttled", provider(order.ErrThrottled, nil), activities.FailureThrottled, false, 0},
		{"PAY-5 throttled with a word how long", &order.ProviderError{Kind: order.ErrThrottled, RetryAfter: 7 * time.Second}, activities.FailureThrottled, false, 7 * time.Second},
		{"denied: slowly", provider(order.ErrDenied, nil), activities.FailureDenied, false, time.Minute},
		{"conflict: slowly", wrapped(order.ErrVersionConflict), activities.FailureConflict, false, time.Minute},
		{"an illegal move: slowly", wrapped(order.ErrIllegalMove), activities.FailureIllegalMove, false, time.Minute},
		{"ORD-5 another order's intent: slowly", wrapped(order.ErrTaken), activities.FailureTaken, false, time.Minute},
		{"a mail that was never claimed: slowly", wrapped(mail.ErrNoMail), activities.FailureNoMail, false, time.Minute},
		{"an image that is gone", wrapped(catalog.ErrNoUpload), activities.FailureNoImage, true, 0},
		{"another workflow that is not taken up", wrapped(order.ErrBusy), activities.FailureUnknown, false, 0},
		{"below the minimum", wrapped(order.ErrBelowMinimum), activities.FailureMinimum, true, 0},
		{"below the provider's minimum", provider(order.ErrBelowMinimum, nil), activities.FailureMinimum, true, 0},
		{"anything else", errors.New("disk on fire"), "Internal", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &orders.Activities{Record: &fake.Record{Before: func(string, order.ID) error { return c.err }}}
			err := a.SaveOrder(t.Context(), order.Change{})
			app, ok := err.(*temporal.ApplicationError) // outermost: the converter looks no deeper
			if !ok {
				t.Fatalf("got %T: %v", err, err)
			}
			if app.Type() != c.kind || app.NonRetryable() != c.final || app.NextRetryDelay() != c.delay {
				t.Errorf("got %s, final %t, delay %s; want %s, %t, %s", app.Type(), app.NonRetryable(), app.NextRetryDelay(), c.kind, c.final, c.delay)
			}
		})
	}
}

// TestSentinel goes the way back.
func TestSentinel(t *testing.T) {
	if err := activities.Sentinel(activities.FailureOutOfStock); !errors.Is(err, order.ErrOutOfStock) {
		t.Error(err)
	}
	if err := activities.Sentinel("Internal"); err != nil {
		t.Error(err)
	}
}
