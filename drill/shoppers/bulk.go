package shoppers

import (
	"context"
	"fmt"
	"time"

	"purser/order"
	"purser/shop"
)

// inBulk is a shopper whose order the operator cancels or refunds in a bulk, together with
// an order that does not exist.
func inBulk(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	action := order.BulkCancel
	if v.random.IntN(2) == 0 {
		action = order.BulkRefund
		if o, err := v.untilPaid(ctx); err != nil || !paid(o) {
			return errOr(err, v.end(ctx))
		}
		v.may(order.Cancelled) // it is on hold if it has not gone out yet
	} else if err := v.think(ctx, 2*time.Second); err != nil {
		return err
	}
	outcome, err := v.bulk(ctx, action)
	if err != nil {
		return err
	}
	switch {
	case action == order.BulkCancel && (outcome == order.OutcomeDone || outcome == order.OutcomeAccepted):
		v.must(order.Cancelled)
		v.perhapsLate()
	case outcome == order.OutcomeFailed: // it is not known whether the order has taken it
		v.may(order.Cancelled)
	}
	return v.end(ctx, decided)
}

// noOrder is the id of an order that does not exist.
const noOrder = "ord_00000000000000000000000000"

// bulk carries an action out in a bulk, which is asked for twice under one key, and
// returns what became of the order.
func (v *visit) bulk(ctx context.Context, a order.BulkAction) (order.BulkOutcome, error) {
	r := shop.BulkRequest{BulkRequest: order.BulkRequest{Action: a, Reason: "asked for in a drill"}, IDs: []string{string(v.placed.ID), noOrder}}
	var first, b order.Bulk
	for range 2 {
		first = b
		if err := retry(ctx, func() (err error) {
			b, err = v.site.api().StartBulk(ctx, r, v.key+"-bulk")
			return err
		}); err != nil {
			return "", fmt.Errorf("a bulk: %w", err)
		}
	}
	if first.ID != b.ID {
		return "", fmt.Errorf("one key began the bulks %s and %s", first.ID, b.ID)
	}
	id := b.ID // b is empty after a call that failed
	for !b.State.Final() {
		if err := wait(ctx, poll); err != nil {
			return "", fmt.Errorf("the bulk %s is %s, %+v: %w", id, b.State, b.Counts, err)
		}
		if err := retry(ctx, func() (err error) {
			b, err = v.site.api().Bulk(ctx, id)
			return err
		}); err != nil {
			return "", err
		}
	}
	var all []order.BulkOrder
	if err := retry(ctx, func() (err error) {
		all, err = v.site.api().BulkOrders(ctx, id)
		return err
	}); err != nil {
		return "", err
	}
	outcomes := map[order.ID]order.BulkOutcome{}
	for _, o := range all {
		outcomes[o.OrderID] = o.Outcome
	}
	if got := outcomes[noOrder]; got != order.OutcomeRefused || len(all) != 2 {
		return "", fmt.Errorf("a bulk of an order and one that does not exist has %+v", all)
	}
	return outcomes[v.placed.ID], nil
}
