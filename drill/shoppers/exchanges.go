package shoppers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"purser/order"
	"purser/shop"
)

// tooMany is more pieces of a product than the shop has.
const tooMany = order.MaxQuantity

// exchangesGoods is a shopper who sends goods back and wants others instead: cheaper or
// dearer ones, or more than the shop has.
func exchangesGoods(ctx context.Context, v *visit) error {
	o, ok, err := v.arrived(ctx)
	if err != nil || !ok {
		return errOr(err, v.end(ctx))
	}
	ask := v.asksBack(o)
	ask.Exchange = []order.RequestLine{{SKU: v.otherGoods(o), Quantity: 1 + v.random.Int64N(2)}}
	if v.random.IntN(5) == 0 {
		ask.Exchange[0].Quantity = tooMany
	}
	if err := v.mustTake(ctx, "an exchange", func() error {
		_, err := v.site.api().RequestReturn(ctx, v.placed.ID, ask)
		return err
	}); err != nil {
		return err
	}
	if err := v.decideReturn(ctx, order.ReturnDecision{ID: ask.ID, Step: order.StepApprove}); err != nil {
		return err
	}
	if err := v.receive(ctx, o, ask); err != nil {
		return err
	}
	if err := v.end(ctx, returnsOver, decided); err != nil {
		return err
	}
	if o, err = v.order(ctx); err != nil {
		return err
	}
	for _, r := range o.Returns {
		if x := r.Exchange; x != nil && x.Refused == "" && x.OrderID != "" && x.Credit.Amount > 0 {
			if err := v.takesExchange(ctx, x.OrderID); err != nil {
				return fmt.Errorf("%s, which the goods were exchanged for: %w", x.OrderID, err)
			}
		}
	}
	return v.end(ctx, returnsOver, decided)
}

// otherGoods returns a product that is sold in the currency of an order.
func (v *visit) otherGoods(o shop.Order) string {
	var all []string
	for _, of := range goods {
		if of.currency == o.Total.Currency {
			all = append(all, of.skus...)
		}
	}
	return all[v.random.IntN(len(all))]
}

// takesExchange pays the difference of the order that goods were exchanged for, if there is
// one, or cancels it, and waits for its end.
func (v *visit) takesExchange(ctx context.Context, id order.ID) error {
	w := &visit{
		site: v.site, random: rand.New(rand.NewPCG(v.random.Uint64(), 1)), key: v.key + "-exchange",
		began: time.Now(), payable: order.ExchangePayWithin, ends: map[order.Status]bool{},
	}
	w.placed.ID = id
	v.others = append(v.others, w)
	w.must(order.Delivered)
	o, err := w.order(ctx)
	if err != nil {
		return err
	}
	if o.Status == order.Placed || o.Status == order.AwaitingPayment {
		if w.random.IntN(4) == 0 {
			return w.cancelsNow(ctx)
		}
		if err := w.paysWhatIsAsked(ctx); err != nil {
			return err
		}
	}
	return w.end(ctx, decided)
}

// paysWhatIsAsked asks the shop for the secret to pay with, and pays, once more if the
// payment was replaced by another before that.
func (v *visit) paysWhatIsAsked(ctx context.Context) error {
	return retry(ctx, func() (err error) {
		before := v.placed.ClientSecret
		v.placed.ClientSecret, err = v.site.api().ClientSecret(ctx, v.placed.ID)
		var p *shop.Problem
		switch {
		case errors.As(err, &p) && refusal(p): // it was paid, or its time is over
			v.perhapsLate()
			return nil
		case err != nil:
			return err
		}
		outcome, err := v.pay(ctx, "pm_card_visa")
		if err == nil && outcome == elsewise && v.placed.ClientSecret != before {
			return errReplaced
		}
		return err
	})
}

// errReplaced means that a payment was replaced before it could be paid.
var errReplaced = errors.New("another payment asks for the money now")

// cancelsNow cancels an order that is not paid.
func (v *visit) cancelsNow(ctx context.Context) error {
	err := retry(ctx, func() error {
		_, err := v.site.api().Cancel(ctx, v.placed.ID, "the shopper does not want it")
		return err
	})
	if err != nil && !refused(err) {
		return err
	}
	v.may(order.Cancelled)
	return v.end(ctx, decided)
}

// changesUnpaid is a shopper who changes the order before it is paid: then another payment
// asks for what it costs.
func changesUnpaid(ctx context.Context, v *visit) error {
	if err := v.place(ctx, "", 1); err != nil {
		return err
	}
	v.must(order.Delivered)
	for n := range 1 + v.random.IntN(2) {
		if err := v.change(ctx, n); err != nil {
			return err
		}
	}
	if err := v.paysWhatIsAsked(ctx); err != nil {
		return err
	}
	return v.end(ctx, decided)
}

// changesPaid is a shopper who changes the order when it was paid, while its label is being
// booked: the change is too late, or is made once it is paid, or is dropped.
func changesPaid(ctx context.Context, v *visit) error {
	if err := v.buy(ctx, "pm_card_visa"); err != nil {
		return err
	}
	before := v.placed.ClientSecret
	if err := v.change(ctx, 0); err != nil {
		return err
	}
	if v.placed.ClientSecret != before && v.random.IntN(3) > 0 {
		if _, err := v.pay(ctx, "pm_card_mastercard"); err != nil {
			return err
		}
	}
	return v.end(ctx, decided)
}

// change asks for more or fewer pieces of a product, or for another address. A refusal is
// fine: it may be too late.
func (v *visit) change(ctx context.Context, n int) error {
	r := order.ChangeRequest{ID: fmt.Sprintf("drill-%d", n), Reason: "changed in a drill"}
	o, err := v.order(ctx)
	if err != nil {
		return err
	}
	if l := o.Lines[v.random.IntN(len(o.Lines))]; v.random.IntN(4) > 0 {
		r.Lines = []order.RequestLine{{SKU: l.SKU, Quantity: 1 + v.random.Int64N(4)}}
	} else {
		moved := order.Address{Name: "Sam Shopper", Line1: "7 Pier Road", City: "Harbourtown", PostalCode: "10115", Country: "DE"}
		r.ShipTo = &moved
	}
	var changed shop.Placed
	err = retry(ctx, func() (err error) {
		changed, err = v.site.api().Change(ctx, v.placed.ID, r)
		return err
	})
	v.perhapsLate()
	switch {
	case refused(err):
		return nil
	case err == nil && changed.ClientSecret != "":
		v.placed.ClientSecret = changed.ClientSecret
	}
	return err
}
