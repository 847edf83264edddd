package fake

import (
	"context"
	"fmt"
	"slices"

	"purser/order"
)

// Intents answers every intent of an order, oldest first.
func (b *Bank) Intents(id order.ID) []order.Intent {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []order.Intent
	for _, in := range b.intents {
		if in.OrderID == id {
			all = append(all, in.Intent)
		}
	}
	return all
}

// Change lets something happen to an intent at the provider that no call of
// ours asks for, such as a person's hand in the dashboard, and answers the
// news of it.
func (b *Bank) Change(id string, how func(*order.Intent)) order.PaymentNews {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	how(&in.Intent)
	return in.News()
}

// RefundIntent gives money back, once per key.
func (b *Bank) RefundIntent(_ context.Context, id string, amount order.Money, key string) (order.Refund, error) {
	const op = "RefundIntent"
	var done order.Refund
	_, err := b.on(op, id, func(in *intent) error {
		if amount.Chargeable() != nil {
			return bankError(op, order.ErrRejected)
		}
		if in.Status != order.Succeeded {
			return bankError(op, order.ErrState)
		}
		switch left := in.left(); {
		case b.keys[key] != "": // once decides
		case left == 0: // everything went back before, under another key
			done = in.refunds[len(in.refunds)-1]
			return nil
		case amount.Amount > left:
			return bankError(op, order.ErrRejected)
		}
		again, err := b.once(op, key, fmt.Sprintf("%s %s %s", op, id, amount))
		if err != nil {
			return err
		}
		if again {
			done = in.refunds[b.refunded[key]]
			return nil
		}
		b.refunded[key] = len(in.refunds)
		done = order.Refund{ID: fmt.Sprintf("re_%s_%d", id, len(in.refunds)+1), IntentID: id, Amount: amount, Status: order.RefundSucceeded}
		if b.Slow {
			done.Status = order.RefundPending
		}
		in.refunds = append(in.refunds, done)
		return nil
	})
	if err != nil {
		return order.Refund{}, err
	}
	return done, nil
}

// left is what can still be given back.
func (in *intent) left() int64 {
	left := in.Received
	for _, r := range in.refunds {
		if r.Status.Moves() {
			left -= r.Amount.Amount
		}
	}
	return left
}

// Refunds lists what was given back of an intent.
func (b *Bank) Refunds(_ context.Context, id string) (all []order.Refund, err error) {
	_, err = b.on("Refunds", id, func(in *intent) error {
		all = slices.Clone(in.refunds)
		return nil
	})
	return all, err
}

// SettleRefund is the bank's word on the last refund of an intent.
func (b *Bank) SettleRefund(id string, s order.RefundStatus) order.RefundNews {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	in.refunds[len(in.refunds)-1].Status = s
	return order.RefundNews{IntentID: id}
}
