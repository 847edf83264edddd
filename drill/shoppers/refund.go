package shoppers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"purser/order"
	"purser/shop"
)

func cancelsUnpaid(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	v.must(order.Cancelled)
	if err := v.cancel(ctx); err != nil {
		return err
	}
	return v.end(ctx)
}

// cancelsPaid cancels at any time from the payment to the delivery. An order that the
// carrier has is delivered.
func cancelsPaid(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	if err := v.think(ctx, 2*time.Second); err != nil {
		return err
	}
	if err := v.cancel(ctx); err != nil {
		return err
	}
	return v.end(ctx)
}

// cancel asks to cancel the order. A request that is taken means that it ends so,
// unless the operator decides otherwise.
func (v *visit) cancel(ctx context.Context) error {
	err := retry(ctx, func() error {
		_, err := v.site.api().Cancel(ctx, v.placed.ID, "changed my mind")
		return err
	})
	if refused(err) {
		return nil // too late
	}
	if err == nil {
		v.must(order.Cancelled)
		v.perhapsLate() // an order that expires already ends so
	}
	return err
}

// bought buys and waits until the money is captured, and sometimes until the delivery.
func (v *visit) bought(ctx context.Context, card string) (shop.Order, error) {
	if err := v.buy(ctx, card); err != nil {
		return shop.Order{}, err
	}
	return v.untilPaid(ctx)
}

// untilPaid waits until the money is captured, and sometimes until the delivery.
func (v *visit) untilPaid(ctx context.Context) (shop.Order, error) {
	when := paid
	if v.random.IntN(2) == 0 {
		when = func(o shop.Order) bool { return o.Status.Final() }
	}
	return v.until(ctx, when)
}

// part returns a part of the order's money, between a tenth and a half, as an amount
// that every provider can refund.
func (v *visit) part(o shop.Order) *order.Money {
	granule := order.Granule(o.Total.Currency)
	n := o.Total.Amount / 10 * (1 + v.random.Int64N(5)) / granule * granule
	return &order.Money{Amount: max(n, granule), Currency: o.Total.Currency}
}

// mustRefund asks for a refund that must be taken, under the next id.
func (v *visit) mustRefund(ctx context.Context, r shop.RefundRequest) error {
	v.refunds++
	r.ID, r.Reason = fmt.Sprintf("drill-%d", v.refunds), "asked for in a drill"
	return v.mustRefundAs(ctx, r)
}

// mustRefundAs repeats a request that is refused: after a kill, an order does not know that
// it is paid, until it has asked the provider again.
func (v *visit) mustRefundAs(ctx context.Context, r shop.RefundRequest) error {
	for range 5 {
		if taken, err := v.refundAs(ctx, r); err != nil || taken {
			return err
		}
		if err := v.think(ctx, 2*time.Second); err != nil {
			return err
		}
		if _, err := v.until(ctx, paid); err != nil {
			return err
		}
	}
	return fmt.Errorf("a refund of what is left was refused: %w", v.refusedFor())
}

// decided reports whether the provider has decided about every refund.
func decided(o shop.Order) bool {
	for _, r := range o.Refunds {
		if r.Status == order.RefundRequested || r.Status == order.RefundPending {
			return false
		}
	}
	return true
}

func partRefund(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	return v.partBack(ctx)
}

// partBack asks for a part of the money of an order that is being paid.
func (v *visit) partBack(ctx context.Context) error {
	o, err := v.untilPaid(ctx)
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	v.may(order.Cancelled) // it is on hold if it has not gone out yet
	if err := v.mustRefund(ctx, shop.RefundRequest{Amount: v.part(o)}); err != nil {
		return err
	}
	return v.end(ctx, decided)
}

func partRefunds(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_visa")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	for range 2 + v.random.IntN(3) { // the last may be too much, and is refused then
		if _, err := v.refund(ctx, shop.RefundRequest{Amount: v.part(o)}); err != nil {
			return err
		}
		if err := v.think(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return v.end(ctx, decided)
}

func goodsRefund(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	o, err := v.until(ctx, func(o shop.Order) bool { return o.Status == order.Shipped || o.Status.Final() })
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	l := o.Lines[v.random.IntN(len(o.Lines))]
	item := shop.RefundItem{SKU: l.SKU, Quantity: 1 + v.random.Int64N(l.Quantity), Restock: v.random.IntN(2) == 0}
	if err := v.mustRefund(ctx, shop.RefundRequest{Lines: []shop.RefundItem{item}}); err != nil {
		return err
	}
	return v.end(ctx, decided)
}

func wholeRefund(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_visa")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	if err := v.mustRefund(ctx, shop.RefundRequest{All: true}); err != nil {
		return err
	}
	return v.end(ctx, decided)
}

// repeatedRefund asks for one refund several times, under the same id.
func repeatedRefund(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_visa")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	r := shop.RefundRequest{ID: "again", Amount: v.part(o), Reason: "asked for in a drill"}
	errs := make([]error, 2+v.random.IntN(2))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = v.mustRefundAs(ctx, r) })
	}
	wg.Wait()
	for _, err := range append(errs, v.mustRefundAs(ctx, r)) {
		if err != nil {
			return err
		}
	}
	once := func(o shop.Order) bool { return len(o.Refunds) == 1 }
	if err := v.end(ctx, decided); err != nil {
		return err
	}
	if o, err = v.order(ctx); err == nil && !once(o) && o.Status == order.Delivered {
		return fmt.Errorf("one request made %d refunds", len(o.Refunds))
	}
	return err
}

// racingRefunds asks for two refunds at the same time that are more than the order has
// together: one of them must be refused.
func racingRefunds(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_visa")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	granule := order.Granule(o.Total.Currency)
	most := order.Money{Amount: (o.Total.Amount*2/3)/granule*granule + granule, Currency: o.Total.Currency}
	taken, errs := make([]bool, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range taken {
		r := shop.RefundRequest{ID: fmt.Sprint("race-", i), Amount: &most, Reason: "asked for in a drill"}
		wg.Go(func() { taken[i], errs[i] = v.refundAs(ctx, r) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if taken[0] && taken[1] {
		return fmt.Errorf("two refunds of %s of an order of %s were taken", most, o.Total)
	}
	return v.end(ctx, decided)
}

// refusedRefund is a shopper whose bank refuses the refund: a person pays it out.
func refusedRefund(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_refundFail")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	if err := v.mustRefund(ctx, shop.RefundRequest{Amount: v.part(o)}); err != nil {
		return err
	}
	failed := func(o shop.Order) bool {
		for _, r := range o.Refunds {
			if r.Status == order.RefundFailed {
				return true
			}
		}
		return false
	}
	return v.end(ctx, decided, failed)
}

func errOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
