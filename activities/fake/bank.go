package fake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"purser/order"
)

// Intents returns every intent of an order, oldest first.
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

// Change changes an intent without a call of the program, as a person in the
// provider's dashboard does, and returns the event about it.
func (b *Bank) Change(id string, how func(*order.Intent)) order.PaymentEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	how(&in.Intent)
	return in.event()
}

// Lapse has an intent's authorization expire, and returns the event about it.
// An intent that holds nothing stays as it is.
func (b *Bank) Lapse(id string) order.PaymentEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	if in.Status == order.PaymentAuthorized {
		in.end(order.PaymentExpired)
	}
	return in.event()
}

// RefundIntent refunds money, once per key.
func (b *Bank) RefundIntent(_ context.Context, id string, amount order.Money, key string) (order.Refund, error) {
	const op = "RefundIntent"
	var done order.Refund
	_, err := b.on(op, id, func(in *intent) error {
		if amount.Chargeable() != nil {
			return bankError(op, order.ErrRejected)
		}
		if !in.isCaptured() {
			return bankError(op, order.ErrState)
		}
		again, err := b.once(op, key, fmt.Sprintf("%s %s %s", op, id, amount))
		if err != nil {
			return err
		}
		if n, made := b.refunded[key]; made {
			if done = in.refunds[n]; !done.Status.Moves() { // the bank declined it: the key does not try again
				return bankError(op, order.ErrRejected)
			}
			return nil
		}
		switch left := in.left(); {
		case left == 0: // everything was refunded before, under another key
			done = in.refunds[in.lastMoving()]
			return nil
		case again, amount.Amount > left: // a rejection is also kept under its key
			return bankError(op, order.ErrRejected)
		}
		b.refunded[key] = len(in.refunds)
		reference := fmt.Sprintf("re_%s_%d", id, len(in.refunds)+1)
		done = order.Refund{ID: reference, Reference: reference, PaymentRef: id, Amount: amount, Status: order.RefundSucceeded}
		if strings.HasPrefix(key, string(in.OrderID)+":") { // any other key is that of a person who refunds at the bank
			done.ID = key
		}
		if b.Slow {
			done.Status = order.RefundPending
		}
		in.refunds = append(in.refunds, done)
		if in.closed {
			in.refunds[len(in.refunds)-1].Status = order.RefundFailed
		}
		return nil
	})
	if err != nil {
		return order.Refund{}, err
	}
	return done, nil
}

// left returns what can still be refunded, in minor units.
func (in *intent) left() int64 {
	left := in.Received
	for _, r := range in.refunds {
		if r.Status.Moves() {
			left -= r.Amount.Amount
		}
	}
	return left
}

// lastMoving returns the index of the newest refund that the bank has not
// declined.
func (in *intent) lastMoving() int {
	n := len(in.refunds) - 1
	for n > 0 && !in.refunds[n].Status.Moves() {
		n--
	}
	return n
}

// Refunds lists the refunds of an intent.
func (b *Bank) Refunds(_ context.Context, id string) (all []order.Refund, err error) {
	_, err = b.on("Refunds", id, func(in *intent) error {
		all = slices.Clone(in.refunds)
		return nil
	})
	return all, err
}

// ResolveRefund sets the status of the oldest pending refund of an intent, or of
// the last one if none is pending, and returns the event about it.
func (b *Bank) ResolveRefund(id string, s order.RefundStatus) order.RefundEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	n := slices.IndexFunc(in.refunds, func(r order.Refund) bool { return r.Status == order.RefundPending })
	if n < 0 {
		n = len(in.refunds) - 1
	}
	in.refunds[n].Status = s
	return order.RefundEvent{PaymentRef: id}
}
