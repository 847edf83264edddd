package shoppers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"purser/order"
	"purser/shop"
)

// buy places an order and pays it with a card. The order must be delivered.
func (v *visit) buy(ctx context.Context, card string) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	v.must(order.Delivered)
	_, err := v.pay(ctx, card)
	return err
}

func pays(card string) func(context.Context, *visit) error {
	return func(ctx context.Context, v *visit) error {
		if err := v.buy(ctx, card); err != nil {
			return err
		}
		return v.end(ctx)
	}
}

func declinedThenPays(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	v.must(order.Delivered)
	bad := []string{"pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedIncorrectCvc"}
	for range 1 + v.random.IntN(2) {
		if _, err := v.pay(ctx, bad[v.random.IntN(len(bad))]); err != nil {
			return err
		}
		if err := v.think(ctx, time.Second); err != nil {
			return err
		}
	}
	if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
		return err
	}
	return v.end(ctx)
}

// neverPays is a shopper who leaves at once, or when a card was declined: then the shop
// must say so by mail.
func neverPays(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	if v.random.IntN(2) == 0 {
		if _, err := v.pay(ctx, "pm_card_chargeDeclined"); err != nil {
			return err
		}
	}
	v.must(order.Expired)
	return v.end(ctx)
}

func doubleClicks(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 2+v.random.IntN(3)); err != nil {
		return err
	}
	v.must(order.Delivered)
	if _, err := v.pay(ctx, "pm_card_mastercard"); err != nil {
		return err
	}
	return v.end(ctx)
}

// challenged is a shopper whose bank asks for a confirmation.
func challenged(confirms bool) func(context.Context, *visit) error {
	return func(ctx context.Context, v *visit) error {
		if err := v.buy(ctx, "pm_card_threeDSecure2Required"); err != nil {
			return err
		}
		if !confirms {
			v.must(order.Expired)
			return v.end(ctx)
		}
		if err := v.think(ctx, time.Second); err != nil {
			return err
		}
		if err := v.decideAtBank(ctx, "3ds", "succeed"); err != nil {
			return err
		}
		return v.end(ctx)
	}
}

func bankDecidesLater(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_sandbox_slow"); err != nil {
		return err
	}
	if err := v.think(ctx, 3*time.Second); err != nil {
		return err
	}
	outcome := "succeed"
	if v.random.IntN(3) == 0 {
		outcome = "fail"
	}
	if err := v.decideAtBank(ctx, "settle", outcome); err != nil {
		return err
	}
	if outcome == "fail" { // it is declined: the shopper takes another card
		if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
			return err
		}
	}
	return v.end(ctx)
}

// paysEarly is a shopper whose payment succeeds before the shop has the response to the
// call that made it: somebody who watches Stripe confirms it there.
func paysEarly(ctx context.Context, v *visit) error {
	watching, stop := context.WithCancel(ctx)
	confirmed := make(chan bool)
	go func() { confirmed <- v.confirmFirst(watching) }()
	err := v.place(ctx, "", 1)
	stop()
	if early := <-confirmed; early && errors.Is(err, errNeverPayable) { // it was over before the shop responded
		v.may(order.Delivered, order.Expired)
		return v.end(ctx)
	}
	if err != nil {
		return err
	}
	v.must(order.Delivered)
	if _, err := v.pay(ctx, "pm_card_visa"); err != nil {
		return err
	}
	return v.end(ctx)
}

// confirmFirst confirms the order's intent as soon as it exists, and reports whether it
// perhaps did. It gives up if the shop was faster.
func (v *visit) confirmFirst(ctx context.Context) (perhaps bool) {
	for id := order.ID(""); ctx.Err() == nil; _ = wait(ctx, 20*time.Millisecond) {
		if id == "" {
			page, err := v.site.api().Orders(ctx, url.Values{"customerId": {v.key}})
			if err != nil || len(page.Orders) == 0 {
				continue
			}
			id = page.Orders[0].ID
		}
		var list struct {
			Data []struct {
				ID       string            `json:"id"`
				Metadata map[string]string `json:"metadata"`
			} `json:"data"`
		}
		b, err := v.site.stripe(ctx, http.MethodGet, "/v1/payment_intents?limit=20", nil, "")
		if err != nil || json.Unmarshal(b, &list) != nil {
			continue
		}
		for _, in := range list.Data {
			if in.Metadata["order_id"] != string(id) {
				continue
			}
			form := url.Values{"payment_method": {"pm_card_visa"}, "return_url": {"https://shop.example/thanks"}}
			perhaps = true
			if _, err := v.site.stripe(ctx, http.MethodPost, "/v1/payment_intents/"+in.ID+"/confirm", form, ""); err == nil {
				return true
			}
		}
	}
	return perhaps
}

// prepays is a shopper who pays in advance by bank transfer, exactly, too little or too
// much.
func prepays(difference int64) func(context.Context, *visit) error {
	return func(ctx context.Context, v *visit) error {
		if err := v.place(ctx, order.PayManually, 1); err != nil {
			return err
		}
		v.must(order.Delivered)
		if err := v.think(ctx, time.Second); err != nil {
			return err
		}
		total := v.placed.Total
		amount := total.Amount + difference*(total.Amount/3)
		for range 1 + v.random.IntN(2) { // a statement is sometimes read twice
			if err := v.book(ctx, amount, total.Currency, "line 1"); err != nil {
				return err
			}
		}
		received := func(o shop.Order) bool { return o.Payment().Captured > 0 || len(o.Payments) > 1 }
		if o, err := v.until(ctx, received); err != nil {
			return err
		} else if !received(o) && !v.ends[o.Status] {
			return fmt.Errorf("%s came in, and the order has %+v", total, o.Payments)
		}
		return v.end(ctx)
	}
}

func neverPrepays(ctx context.Context, v *visit) error {
	if err := v.place(ctx, order.PayManually, 1); err != nil {
		return err
	}
	v.must(order.Expired)
	return v.end(ctx)
}
