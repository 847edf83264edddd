package orders_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/order"
	"purser/records"
)

// TestRefusal: a refusal says what the order's workflow says about this order, and not
// only what its kind means in general.
func TestRefusal(t *testing.T) {
	t.Parallel()
	record := &recordSays{}
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		record.Records = c.Orders.Records
		c.Orders.Records = record
	})
	o := s.Place(t, "cus_1")
	const place, cancel, resolve = "", "/cancel", "/resolve"
	for _, tc := range []struct {
		name, path string
		is         order.Status // in the record
		refusal    *order.Refusal
		status     int
		code, says string
	}{
		{
			name: "sold out since the quote", path: place, refusal: &order.Refusal{Kind: order.ErrOutOfStock, Text: `not enough stock: "mug-blue": 2 wanted, 1 left`},
			status: 409, code: "out_of_stock", says: `not enough stock: "mug-blue": 2 wanted, 1 left`,
		},
		{
			name: "cancelled before it could be paid", path: place, refusal: &order.Refusal{Kind: order.ErrTooLate, Text: "the order is cancelled: the payment provider cannot accept this payment: stripe: create intent: provider rejected the request (HTTP 400): amount_too_large"},
			status: 409, code: "too_late", says: "the order is cancelled: the payment provider cannot accept this payment: stripe: create intent: provider rejected the request (HTTP 400): amount_too_large",
		},
		{
			name: "the account's own minimum", path: place, refusal: &order.Refusal{Kind: order.ErrBelowMinimum, Text: "the amount is too small for the payment provider: amount_too_small"},
			status: 422, code: "amount_too_small", says: "the amount is too small for the payment provider: amount_too_small",
		},
		{
			name: "shipped", path: cancel, is: order.Shipped, refusal: &order.Refusal{Kind: order.ErrTooLate, Text: "the order is shipped"},
			status: 409, code: "too_late", says: "too late to cancel: the order is shipped",
		},
		{
			name: "not on hold", path: resolve, is: order.Delivered, refusal: &order.Refusal{Kind: order.ErrIllegalMove, Text: "the order is delivered: it is not on hold, so there is nothing to decide"},
			status: 409, code: "wrong_state", says: "the order is delivered: it is not on hold, so there is nothing to decide",
		},
		{
			name: "a lost parcel takes more choices than the record knows", path: resolve, is: order.Shipped, refusal: &order.Refusal{Kind: order.ErrIllegalMove, Text: `the order is shipped, and what needs attention takes [release rebook refund], not "keep"`},
			status: 409, code: "wrong_state", says: `the order is shipped, and what needs attention takes [release rebook refund], not "keep"`,
		},
		{
			name: "the record is behind", path: resolve, is: order.Paid, refusal: &order.Refusal{Kind: order.ErrIllegalMove, Text: "the order is on_hold and about to be cancelled"},
			status: 409, code: "wrong_state", says: "the order is on_hold and about to be cancelled",
		},
		{
			name: "a refusal without a text", path: resolve, is: order.Paid, refusal: &order.Refusal{Kind: order.ErrIllegalMove},
			status: 409, code: "wrong_state", says: "the order is paid: it is not on hold, so there is nothing to decide",
		},
	} {
		record.status = tc.is
		s.Orders.FailWith(fmt.Errorf("rpc to 10.0.0.7: %w", tc.refusal))
		body := map[string]string{place: apitest.OrderBody("cus_1"), cancel: `{"reason":"changed my mind"}`, resolve: `{"choice":"keep","reason":"seen to it"}`}[tc.path]
		target := "/v1/orders"
		if tc.path != place {
			target += "/" + string(o.ID) + tc.path
		}
		a := s.Ask("POST", target, apitest.OperatorKey, body)
		if p := a.Problem(t); a.Status != tc.status || p.Code != tc.code || p.Detail != tc.says {
			t.Errorf("%s: got %d %s", tc.name, a.Status, a.Body)
		}
	}
}

// A record that cannot be read does not hide that a decision was refused as something
// else than a fault of ours.
func TestRefusal_unreadable(t *testing.T) {
	t.Parallel()
	down := errors.New("the record is down")
	var failing failingRecord
	s := apitest.New(t, func(c *api.Config, _ *records.Store) {
		failing.recordSays.Records = c.Orders.Records
		c.Orders.Records = &failing
	})
	o := s.Place(t, "cus_1")
	s.Orders.FailWith(&order.Refusal{Kind: order.ErrIllegalMove, Text: "the order is delivered"})
	failing.after, failing.err = 1, down
	a := s.Ask("POST", "/v1/orders/"+string(o.ID)+"/resolve", apitest.OperatorKey, `{"choice":"keep","reason":"seen to it"}`)
	if p := a.Problem(t); a.Status != http.StatusInternalServerError || p.Code != "internal" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// failingRecord fails after some reads of orders.
type failingRecord struct {
	recordSays
	after int
	err   error
}

func (r *failingRecord) Order(ctx context.Context, id order.ID) (order.Order, error) {
	if r.err != nil {
		if r.after--; r.after < 0 {
			return order.Order{}, r.err
		}
	}
	return r.recordSays.Order(ctx, id)
}
