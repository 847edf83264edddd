package httpkit

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"purser/order"
)

// OrderReader reads one order. It fails with order.ErrNotFound.
type OrderReader interface {
	Order(ctx context.Context, id order.ID) (order.Order, error)
}

// VisibleOrder reads an order as the caller may see it. An id that is
// malformed, unknown or another customer's gives the very same error.
func VisibleOrder(ctx context.Context, from OrderReader, raw string) (order.Order, error) {
	id, err := order.ParseID(raw)
	if err != nil {
		return order.Order{}, order.ErrNotFound
	}
	c := CallOf(ctx)
	c.OrderID = id
	o, err := from.Order(ctx, id)
	if err != nil {
		return order.Order{}, err
	}
	if c.Customer != "" && o.Customer != c.Customer {
		return order.Order{}, order.ErrNotFound
	}
	return o, nil
}

// ETagMatches compares an If-None-Match header with a resource's ETag, weakly,
// as RFC 9110 has it.
func ETagMatches(header, tag string) bool {
	for _, t := range strings.Split(header, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}

// MaxReason is the length that a reason may have: it goes into the order's
// history.
const MaxReason = 200

// CheckReason refuses a reason that is missing, too long or not plain text.
func CheckReason(reason string) error {
	if err := order.CheckText("reason", reason, true, MaxReason); err != nil {
		return NewProblem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	return nil
}

// TimedOut reports whether a call ended because waited, the context of our own
// patience, did. A call that may not have been taken at all (order.ErrBusy) has
// not timed out: it may never be carried out.
func TimedOut(waited context.Context, err error) bool {
	return err != nil && !errors.Is(err, order.ErrBusy) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(waited.Err(), context.DeadlineExceeded))
}
