package shoppers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"purser/order"
	"purser/shop"
)

// arrived buys and waits for the delivery. ok says whether it was delivered.
func (v *visit) arrived(ctx context.Context) (o shop.Order, ok bool, err error) {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return o, false, err
	}
	o, err = v.until(ctx, func(shop.Order) bool { return false })
	return o, err == nil && o.Status == order.Delivered, err
}

// sendsBack is a shopper who sends goods back: the operator approves that, receives all or
// a part of them, some damaged, and keeps a fee.
func sendsBack(ctx context.Context, v *visit) error {
	o, ok, err := v.arrived(ctx)
	if err != nil || !ok {
		return errOr(err, v.end(ctx))
	}
	for range 1 + v.random.IntN(2) { // what is left may go back in another return
		ask := v.asksBack(o)
		if len(ask.Lines) == 0 {
			break
		}
		if err := v.mustTake(ctx, "a return of "+fmt.Sprint(ask.Lines), func() error {
			_, err := v.site.api().RequestReturn(ctx, v.placed.ID, ask)
			return err
		}); err != nil {
			return err
		}
		if err := v.decideReturn(ctx, order.ReturnDecision{ID: ask.ID, Step: order.StepApprove, Link: "https://returns.example/" + ask.ID}); err != nil {
			return err
		}
		if err := v.think(ctx, time.Second); err != nil {
			return err
		}
		if err := v.receive(ctx, o, ask); err != nil {
			return err
		}
		if o, err = v.order(ctx); err != nil {
			return err
		}
	}
	return v.end(ctx, returnsOver, decided)
}

// returnsNothing is a shopper whose return is rejected, or who keeps the goods after all.
func returnsNothing(ctx context.Context, v *visit) error {
	o, ok, err := v.arrived(ctx)
	if err != nil || !ok {
		return errOr(err, v.end(ctx))
	}
	ask := v.asksBack(o)
	if err := v.mustTake(ctx, "a return", func() error {
		_, err := v.site.api().RequestReturn(ctx, v.placed.ID, ask)
		return err
	}); err != nil {
		return err
	}
	d := order.ReturnDecision{ID: ask.ID, Step: order.StepReject, Message: "it was worn"}
	if v.random.IntN(2) == 0 {
		d = order.ReturnDecision{ID: ask.ID, Step: order.StepCancel}
	}
	if err := v.decideReturn(ctx, d); err != nil {
		return err
	}
	return v.end(ctx, returnsOver)
}

// racingReturns asks for two returns of the same pieces at the same time: one of them
// must be refused. What arrives is received several times at once, and refunded once.
func racingReturns(ctx context.Context, v *visit) error {
	o, ok, err := v.arrived(ctx)
	if err != nil || !ok {
		return errOr(err, v.end(ctx))
	}
	l := o.Lines[v.random.IntN(len(o.Lines))]
	var taken []order.ReturnRequest
	if err := v.mustTake(ctx, "each of two returns", func() (err error) {
		taken, err = v.raceReturns(ctx, l)
		return err
	}); err != nil {
		return err
	}
	if len(taken) != 1 {
		return fmt.Errorf("of two returns of all %d pieces of %s, %d were taken", l.Quantity, l.SKU, len(taken))
	}
	if err := v.decideReturn(ctx, order.ReturnDecision{ID: taken[0].ID, Step: order.StepApprove}); err != nil {
		return err
	}
	if err := v.receive(ctx, o, taken[0]); err != nil {
		return err
	}
	if err := v.end(ctx, returnsOver, decided); err != nil {
		return err
	}
	if o, err = v.order(ctx); err == nil && len(o.Refunds) > 1 {
		return fmt.Errorf("one return made %d refunds", len(o.Refunds))
	}
	return err
}

// raceReturns asks for two returns of all pieces of a line at the same time, and returns
// those that are taken. If both are refused, it fails with a refusal.
func (v *visit) raceReturns(ctx context.Context, l shop.Line) (taken []order.ReturnRequest, err error) {
	asks, errs := make([]order.ReturnRequest, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range asks {
		asks[i] = order.ReturnRequest{ID: fmt.Sprint("race-", i), Reason: "asked for in a drill", Lines: []order.ReturnItem{{SKU: l.SKU, Quantity: l.Quantity}}}
		wg.Go(func() {
			errs[i] = retry(ctx, func() error {
				_, err := v.site.api().RequestReturn(ctx, v.placed.ID, asks[i])
				return err
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		switch {
		case err == nil:
			taken = append(taken, asks[i])
		case !refused(err):
			return nil, err
		}
	}
	if len(taken) == 0 {
		return nil, errs[0]
	}
	return taken, nil
}

// asksBack returns a request for a return of some pieces that are in no return yet.
func (v *visit) asksBack(o shop.Order) order.ReturnRequest {
	ask := order.ReturnRequest{ID: fmt.Sprint("back-", len(o.Returns)+1), Reason: "asked for in a drill"}
	for _, l := range o.Lines {
		left := l.Quantity
		for _, r := range o.Returns {
			for _, of := range r.Lines {
				if of.SKU == l.SKU {
					left -= of.Received
				}
			}
		}
		if left > 0 && (len(ask.Lines) == 0 || v.random.IntN(2) == 0) {
			ask.Lines = append(ask.Lines, order.ReturnItem{SKU: l.SKU, Quantity: 1 + v.random.Int64N(left), Reason: "it does not fit"})
		}
	}
	return ask
}

// receive takes the goods of a return that have arrived: all or a part of them, some
// damaged, by several requests at once.
func (v *visit) receive(ctx context.Context, o shop.Order, ask order.ReturnRequest) error {
	var got shop.ReturnReceipt
	got.Reason = "unpacked in a drill"
	granule := order.Granule(o.Total.Currency)
	for _, l := range ask.Lines {
		item := order.ReceivedItem{SKU: l.SKU, Quantity: 1 + v.random.Int64N(l.Quantity), Restock: v.random.IntN(3) > 0}
		if v.random.IntN(3) == 0 {
			item.Damaged = 1
		}
		got.Lines = append(got.Lines, item)
		for _, of := range o.Lines {
			if of.SKU == l.SKU {
				got.Damage += of.Price * item.Damaged / 4 / granule * granule
			}
		}
	}
	got.FeePercent = []int64{0, 10, 15}[v.random.IntN(3)]
	errs := make([]error, 1+v.random.IntN(2))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = v.mustTake(ctx, "what has arrived", func() error {
				_, err := v.site.api().ReceiveReturn(ctx, v.placed.ID, ask.ID, got)
				return err
			})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// decideReturn takes a step about a return.
func (v *visit) decideReturn(ctx context.Context, d order.ReturnDecision) error {
	return v.mustTake(ctx, "to "+string(d.Step)+" a return", func() error {
		_, err := v.site.api().DecideReturn(ctx, v.placed.ID, d, "decided in a drill")
		return err
	})
}

// mustTake sends a request that the shop must take. It repeats one that is refused: after
// a kill, an order does not know that it was delivered, until the event is handled again.
func (v *visit) mustTake(ctx context.Context, what string, send func() error) (err error) {
	for range 30 {
		if err = retry(ctx, send); err == nil || !refused(err) {
			return err
		}
		if err := wait(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s was refused: %w", what, err)
}

// returnsOver reports whether nothing is left to do about any return.
func returnsOver(o shop.Order) bool {
	for _, r := range o.Returns {
		switch r.Status {
		case order.ReturnRequested, order.ReturnApproved, order.ReturnReceived:
			return false
		}
	}
	return true
}
