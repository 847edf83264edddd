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

// TestFailure checks the failure that a workflow gets for each kind of error,
// and whether the step is tried again (RES-1, PAY-5, PAY-9, F81).
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
		{name: "sold out", err: wrapped(order.ErrOutOfStock), kind: activities.FailureOutOfStock, final: true},
		{name: "opened before", err: wrapped(order.ErrDuplicate), kind: activities.FailureDuplicate, final: true},
		{name: "rejected", err: provider(order.ErrRejected, nil), kind: activities.FailureRejected, final: true},
		{name: "no such object", err: provider(order.ErrNoSuch, nil), kind: activities.FailureNoSuch, final: true},
		{name: "in another state", err: provider(order.ErrState, nil), kind: activities.FailureState, final: true},
		{name: "unavailable", err: provider(order.ErrUnavailable, nil), kind: activities.FailureUnavailable},
		{name: "PAY-9 unknown outcome", err: provider(order.ErrUnknownOutcome, context.DeadlineExceeded), kind: activities.FailureUnknown},
		{name: "cut off by a stopping worker is not a cancellation", err: provider(order.ErrUnknownOutcome, context.Canceled), kind: activities.FailureUnknown},
		{name: "bare context error", err: context.Canceled, kind: "Internal"},
		{name: "throttled", err: provider(order.ErrThrottled, nil), kind: activities.FailureThrottled},
		{name: "PAY-5 throttled with a retry delay", err: &order.ProviderError{Kind: order.ErrThrottled, RetryAfter: 7 * time.Second}, kind: activities.FailureThrottled, delay: 7 * time.Second},
		{name: "denied is retried slowly", err: provider(order.ErrDenied, nil), kind: activities.FailureDenied, delay: time.Minute},
		{name: "a version conflict is retried slowly", err: wrapped(order.ErrVersionConflict), kind: activities.FailureConflict, delay: time.Minute},
		{name: "an illegal move is retried slowly", err: wrapped(order.ErrIllegalMove), kind: activities.FailureIllegalMove, delay: time.Minute},
		{name: "ORD-5 another order's intent is retried slowly", err: wrapped(order.ErrTaken), kind: activities.FailureTaken, delay: time.Minute},
		{name: "a mail that was never claimed is retried slowly", err: wrapped(mail.ErrNoMail), kind: activities.FailureNoMail, delay: time.Minute},
		{name: "an image that does not exist", err: wrapped(catalog.ErrNoUpload), kind: activities.FailureNoImage, final: true},
		{name: "another workflow that does not respond", err: wrapped(order.ErrBusy), kind: activities.FailureUnknown},
		{name: "below the minimum", err: wrapped(order.ErrBelowMinimum), kind: activities.FailureMinimum, final: true},
		{name: "below the provider's minimum", err: provider(order.ErrBelowMinimum, nil), kind: activities.FailureMinimum, final: true},
		{name: "any other error", err: errors.New("disk on fire"), kind: "Internal"},
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

// TestSentinel maps failure types back to errors.
func TestSentinel(t *testing.T) {
	if err := activities.Sentinel(activities.FailureOutOfStock); !errors.Is(err, order.ErrOutOfStock) {
		t.Error(err)
	}
	if err := activities.Sentinel("Internal"); err != nil {
		t.Error(err)
	}
}
