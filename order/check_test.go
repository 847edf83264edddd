package order_test

import (
	"errors"
	"strings"
	"testing"

	"purser/order"
)

// TestCheck lets through only changes that tell one unbroken story (ORD-1,
// ORD-2).
func TestCheck(t *testing.T) {
	event := func(seq int64, from, to order.Status) order.Event {
		return order.Event{OrderID: "ord_1", Seq: seq, From: from, To: to}
	}
	change := func(version int64, s order.Status, events ...order.Event) order.Change {
		return order.Change{Order: order.Order{ID: "ord_1", Version: version, Status: s}, Events: events}
	}
	other := event(1, "", order.Placed)
	other.OrderID = "ord_2"
	for _, c := range []struct {
		name   string
		change order.Change
		want   error
	}{
		{"no events: stock or an attempt only", change(7, order.Placed), nil},
		{"the first event", change(1, order.Placed, event(1, "", order.Placed)), nil},
		{"two moves", change(4, order.Authorized, event(3, order.Placed, order.AwaitingPayment), event(4, order.AwaitingPayment, order.Authorized)), nil},
		{"events that move nothing", change(4, order.Paid, event(3, order.Paid, order.Paid), event(4, order.Paid, order.Paid)), nil},
		{"another order's event", change(1, order.Placed, other), order.ErrVersionConflict},
		{"a gap", change(4, order.Paid, event(2, order.Paid, order.Paid), event(4, order.Paid, order.Paid)), order.ErrVersionConflict},
		{"twice the same number", change(4, order.Paid, event(4, order.Paid, order.Paid), event(4, order.Paid, order.Paid)), order.ErrVersionConflict},
		{"backwards", change(4, order.Paid, event(4, order.Paid, order.Paid), event(3, order.Paid, order.Paid)), order.ErrVersionConflict},
		{"the version is another", change(5, order.Paid, event(4, order.Paid, order.Paid)), order.ErrVersionConflict},
		{"before the first", change(0, order.Placed, event(0, "", order.Placed)), order.ErrVersionConflict},
		{"more events than versions", change(1, order.Placed, event(0, "", ""), event(1, "", order.Placed)), order.ErrVersionConflict},
		{"an illegal move", change(3, order.Cancelled, event(3, order.Paid, order.Cancelled)), order.ErrIllegalMove},
		{"an illegal move, taken back", change(4, order.Paid, event(3, order.Paid, order.Placed), event(4, order.Placed, order.Paid)), order.ErrIllegalMove},
		{"the order is elsewhere", change(3, order.Shipped, event(3, order.Authorized, order.Paid)), order.ErrIllegalMove},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.change.Check(); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if got := change(7, order.Paid, event(6, "", ""), event(7, "", "")).After(); got != 5 {
		t.Errorf("a change of two events to version 7 follows %d", got)
	}
}

// TestProviderError can be told apart by kind and by cause, and its text holds
// codes, not causes (RES-1).
func TestProviderError(t *testing.T) {
	cause := errors.New("dial: ada@example.com")
	err := error(&order.ProviderError{Provider: "stripe", Op: "create intent", Kind: order.ErrThrottled, Status: 429, Code: "rate_limit", Ref: "req_1", Err: cause})
	if !errors.Is(err, order.ErrThrottled) || !errors.Is(err, cause) || errors.Is(err, order.ErrUnavailable) {
		t.Error("it is not what it is")
	}
	if got, want := err.Error(), "stripe: create intent: provider throttles (HTTP 429): rate_limit [req_1]"; got != want || strings.Contains(got, "ada") {
		t.Errorf("got %q, want %q", got, want)
	}
	bare := &order.ProviderError{Provider: "ses", Op: "send", Kind: order.ErrDenied}
	if !errors.Is(bare, order.ErrDenied) || bare.Error() != "ses: send: provider denies access" {
		t.Error(bare)
	}
}
