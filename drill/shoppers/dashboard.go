package shoppers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"purser/order"
	"purser/shop"
)

// refundedAtStripe is a shopper whose shopkeeper refunds parts of the payment in
// Stripe's dashboard. The order must learn of each.
func refundedAtStripe(ctx context.Context, v *visit) error {
	o, err := v.bought(ctx, "pm_card_visa")
	if err != nil || !paid(o) {
		return errOr(err, v.end(ctx))
	}
	parts := 1 + v.random.IntN(2)
	for i := range parts {
		if err := v.refundByHand(ctx, v.part(o).Amount, i); err != nil {
			return err
		}
	}
	known := func(o shop.Order) bool { return len(o.Refunds) >= parts }
	v.may(order.Cancelled) // a person ends it if nothing is left before it has gone out
	return v.end(ctx, decided, known)
}

// refundByHand refunds an amount at Stripe once. Stripe repeats a failure under its
// key, so the refund is looked for before it is tried under another.
func (v *visit) refundByHand(ctx context.Context, amount int64, n int) error {
	mark := fmt.Sprint("by-hand-", n)
	for try := 0; ; try++ {
		found, err := v.refundsWith(ctx, mark)
		if err != nil || found > 0 {
			return err
		}
		form := url.Values{"payment_intent": {v.intent()}, "amount": {strconv.FormatInt(amount, 10)}, "metadata[drill]": {mark}}
		_, err = v.site.stripe(ctx, http.MethodPost, "/v1/refunds", form, fmt.Sprintf("%s-%s-%d", v.key, mark, try))
		if err == nil {
			return nil
		}
		if err := wait(ctx, poll); err != nil {
			return err
		}
	}
}

func (v *visit) refundsWith(ctx context.Context, mark string) (n int, err error) {
	var list struct {
		Data []struct {
			Metadata map[string]string `json:"metadata"`
		} `json:"data"`
	}
	err = retry(ctx, func() error {
		b, err := v.site.stripe(ctx, http.MethodGet, "/v1/refunds?limit=100&payment_intent="+v.intent(), nil, "")
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &list)
	})
	for _, r := range list.Data {
		if r.Metadata["drill"] == mark {
			n++
		}
	}
	return n, err
}

// capturedAtStripe is a shopper whose shopkeeper captures the payment in Stripe's
// dashboard, at the time at which the order captures it too.
func capturedAtStripe(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	if err := v.think(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	err := retry(ctx, func() error {
		_, err := v.site.stripe(ctx, http.MethodPost, "/v1/payment_intents/"+v.intent()+"/capture", nil, "")
		return err
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	return v.end(ctx)
}

// tamperedAtStripe is a shopper whose payment's amount is changed at Stripe before it is
// paid: nothing may go out for it.
func tamperedAtStripe(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	less := v.placed.Total.Amount / 2 / order.Granule(v.placed.Total.Currency) * order.Granule(v.placed.Total.Currency)
	err := retry(ctx, func() error {
		_, err := v.site.stripe(ctx, http.MethodPost, "/v1/payment_intents/"+v.intent(), url.Values{"amount": {strconv.FormatInt(less, 10)}}, "")
		return err
	})
	if v.perhapsLate(); errors.Is(err, errRefused) && v.ends[order.Expired] { // the shop has cancelled the payment
		return v.end(ctx)
	}
	if err != nil {
		return err
	}
	if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
		return err
	}
	held := func(o shop.Order) bool { return o.Hold != nil }
	o, err := v.until(ctx, held)
	if err != nil {
		return err
	}
	if !held(o) && o.Status != order.Expired {
		return fmt.Errorf("a payment of %d for %s was taken: the order is %s", less, v.placed.Total, o.Status)
	}
	if err := v.end(ctx); err != nil {
		return err
	}
	v.must(order.Cancelled, order.Expired)
	return nil
}

// claimsBack is a shopper who has the bank claim the money back.
func claimsBack(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_createDispute"); err != nil {
		return err
	}
	return v.end(ctx, claimed)
}

// claimed reports whether the order knows that its money is claimed back, if there is
// any.
func claimed(o shop.Order) bool { return len(o.Disputes) > 0 || !paid(o) }
