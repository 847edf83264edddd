package shoppers

import (
	"context"
	"fmt"
	"strings"

	"purser/order"
	"purser/shop"
)

// mostTries is how often the operator lets the order try again before a decision that
// ends it.
const mostTries = 2

// operate takes the decision that an order needs, if it needs one. A refusal is fine:
// the order has gone on in the meantime.
func (v *visit) operate(ctx context.Context, o shop.Order) error {
	v.cases = o.Cases
	switch {
	case o.Hold != nil && o.Hold.Kind == order.HoldUnderpaid:
		return v.underpaid(ctx, o)
	case o.Hold != nil && o.Hold.Kind == order.HoldRefund:
		return v.unrefundable(ctx, o)
	case o.Hold != nil:
		return v.resolve(ctx, v.choose(o.Hold.Choices))
	case len(o.Attention) > 0:
		return v.attend(ctx, o)
	}
	for _, c := range o.Cases {
		if c.Kind == order.CaseDispute {
			return v.leaveDispute(ctx, c.ID)
		}
	}
	if handed, err := v.handOver(ctx, o); handed || err != nil {
		return err
	}
	if o.Waiting != nil && o.Waiting.On == order.WaitPacking {
		return v.pack(ctx, o)
	}
	return nil
}

// leaveDispute decides that nothing more is done about a dispute here: its evidence is sent
// on the provider's page.
func (v *visit) leaveDispute(ctx context.Context, caseID string) error {
	err := retry(ctx, func() error {
		_, err := v.site.api().DecideCase(ctx, caseID, order.ChooseKeep, "left to the bank in a drill")
		return err
	})
	if refused(err) {
		return nil
	}
	return err
}

// choose returns one of the choices; after some tries, none that lets the order try
// again.
func (v *visit) choose(choices []order.Choice) order.Choice {
	c := choices[v.random.IntN(len(choices))]
	if c == order.ChooseRelease && v.tries >= mostTries {
		c = choices[len(choices)-1]
	}
	return c
}

// resolve takes a decision. The order may then end as decided.
func (v *visit) resolve(ctx context.Context, c order.Choice) error {
	v.tries++
	switch c {
	case order.ChooseVoid, order.ChooseRefund:
		v.may(order.Cancelled, order.Returned)
	case order.ChooseKeep:
		v.may(order.Delivered, order.Returned, order.Cancelled)
	case order.ChooseRelease, order.ChooseRebook:
		v.may(order.Delivered)
	}
	err := v.decide(ctx, c)
	if refused(err) {
		return nil
	}
	return err
}

// decide sends a decision: to the order, or to the case that is open about it, which is
// sometimes taken and noted before.
func (v *visit) decide(ctx context.Context, c order.Choice) error {
	const why = "decided in a drill"
	if len(v.cases) == 0 || v.random.IntN(2) == 0 {
		return retry(ctx, func() error {
			_, err := v.site.api().Resolve(ctx, v.placed.ID, c, why)
			return err
		})
	}
	id := v.cases[0].ID
	for _, of := range v.cases { // a hold is decided first
		if of.Kind.IsHold() {
			id = of.ID
		}
	}
	steps := []func() error{func() error {
		_, err := v.site.api().DecideCase(ctx, id, c, why)
		return err
	}}
	if v.random.IntN(3) == 0 {
		steps = append([]func() error{
			func() error { _, err := v.site.api().TakeCase(ctx, id, ""); return err },
			func() error { _, err := v.site.api().NoteCase(ctx, id, "seen in a drill"); return err },
		}, steps...)
	}
	for _, step := range steps {
		if err := retry(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// underpaid decides about an order of which a part came in: the rest comes, or it is
// kept as it is, or ended.
func (v *visit) underpaid(ctx context.Context, o shop.Order) error {
	if v.random.IntN(3) == 0 {
		v.may(order.Delivered)
		return v.book(ctx, o.Total.Amount-o.Payment().Captured, o.Total.Currency, "the rest")
	}
	return v.resolve(ctx, []order.Choice{order.ChooseKeep, order.ChooseVoid}[v.random.IntN(2)])
}

// unrefundable pays back what no program can pay back, or what the provider has
// refused, and books that.
func (v *visit) unrefundable(ctx context.Context, o shop.Order) error {
	if o.Payment().Provider == "stripe" && v.tries < mostTries {
		return v.resolve(ctx, order.ChooseRelease)
	}
	if o.Refundable > 0 {
		if err := v.payOut(ctx, shop.RefundRequest{All: true}); err != nil {
			return err
		}
	}
	now, err := v.order(ctx)
	if err != nil || now.Hold == nil || now.Hold.Kind != order.HoldRefund {
		return err
	}
	return v.resolve(ctx, order.ChooseKeep)
}

// attend deals with what the order cannot finish by itself: it pays out what must be
// paid back, lets the order try again, and in the end leaves it at that.
func (v *visit) attend(ctx context.Context, o shop.Order) error {
	for _, p := range o.Payments {
		tooMuch := p.Captured - p.Refunded
		if !p.Surplus {
			tooMuch -= o.Total.Amount
		}
		if p.Provider == order.Manual && tooMuch > 0 {
			return v.payOut(ctx, shop.RefundRequest{Amount: &order.Money{Amount: tooMuch, Currency: o.Total.Currency}})
		}
	}
	for _, a := range o.Attention {
		id, ofRefund := strings.CutPrefix(a.About, "refund ")
		for _, r := range o.Refunds {
			if ofRefund && r.ID == id && o.Refundable >= r.Amount.Amount {
				if err := v.payOut(ctx, shop.RefundRequest{Amount: &r.Amount}); err != nil {
					return err
				}
			}
		}
	}
	if v.tries < mostTries && v.random.IntN(2) == 0 {
		return v.resolve(ctx, order.ChooseRelease)
	}
	return v.resolve(ctx, order.ChooseKeep)
}

// payOut books a refund that a person has paid out.
func (v *visit) payOut(ctx context.Context, r shop.RefundRequest) error {
	r.PaidOut = fmt.Sprintf("statement of %s, line %d", v.key, v.refunds+1)
	_, err := v.refund(ctx, r)
	return err
}

// book books a sum that came in.
func (v *visit) book(ctx context.Context, amount int64, currency, line string) error {
	err := retry(ctx, func() error {
		_, err := v.site.api().BookPayment(ctx, v.placed.ID, order.Money{Amount: amount, Currency: currency}, line+" of "+v.key, v.began, "read on the bank's statement")
		return err
	})
	v.perhapsLate()
	if refused(err) {
		return nil
	}
	return err
}

// refund asks for a refund under the next id, and repeats the request until it is known
// whether it was taken. taken is false if the shop refused it.
func (v *visit) refund(ctx context.Context, r shop.RefundRequest) (taken bool, err error) {
	v.refunds++
	r.ID, r.Reason = fmt.Sprintf("drill-%d", v.refunds), "asked for in a drill"
	return v.refundAs(ctx, r)
}

func (v *visit) refundAs(ctx context.Context, r shop.RefundRequest) (taken bool, err error) {
	err = retry(ctx, func() error {
		_, err := v.site.api().Refund(ctx, v.placed.ID, r)
		return err
	})
	if refused(err) {
		v.mu.Lock()
		v.refusal = err
		v.mu.Unlock()
		return false, nil
	}
	return err == nil, err
}

// refusedFor returns why the last refund was refused.
func (v *visit) refusedFor() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refusal
}
