package httpkit

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"purser/order"
)

// OrderReader reads an order. Order fails with order.ErrNotFound if there is no
// such order.
type OrderReader interface {
	Order(ctx context.Context, id order.ID) (order.Order, error)
}

// VisibleOrder returns an order that the caller may see. It fails with the same
// order.ErrNotFound for a malformed id, an unknown id and another customer's order.
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

// ETagMatches reports whether an If-None-Match header matches a resource's ETag, by
// the weak comparison of RFC 9110.
func ETagMatches(header, tag string) bool {
	for _, t := range strings.Split(header, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}

// MaxReason is the most characters that a reason may have: it goes into the
// order's history.
const MaxReason = 200

// CheckReason refuses a reason that is missing, too long or not plain text.
func CheckReason(reason string) error {
	if err := order.CheckText("reason", reason, true, MaxReason); err != nil {
		return NewProblem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	return nil
}

// TimedOut reports whether a call failed because waited, the context that limits
// our own wait, expired. A call that failed with order.ErrBusy has not timed out:
// the engine may never have accepted it.
func TimedOut(waited context.Context, err error) bool {
	return err != nil && !errors.Is(err, order.ErrBusy) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(waited.Err(), context.DeadlineExceeded))
}
