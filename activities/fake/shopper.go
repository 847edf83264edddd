package fake

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"purser/order"
)

// Pay has the shopper pay with a good card, and returns the event about it, as a
// webhook would deliver it.
func (b *Bank) Pay(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, b.authorize)
}

// PayClosed has the shopper pay with a card whose account is closed soon after:
// the call for a refund succeeds, but the refund fails later.
func (b *Bank) PayClosed(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { b.authorize(in); in.closed = true })
}

// Decline has the shopper try a card that is declined.
func (b *Bank) Decline(id, code, declineCode string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.decline(code, declineCode) })
}

// Challenge has the shopper try a card that requires authentication (3-D
// Secure).
func (b *Bank) Challenge(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline = order.PaymentRequiresAction, nil })
}

// Think has the shopper pay by a method whose result is known later.
func (b *Bank) Think(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline = order.PaymentProcessing, nil })
}

// Leave has the shopper pay by a method that leads to the bank's page and knows no
// hold, such as iDEAL.
func (b *Bank) Leave(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline, in.atOnce = order.PaymentRequiresAction, nil, true })
}

// Debit has the shopper pay by direct debit, which knows no hold. The bank decides
// days later.
func (b *Bank) Debit(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline, in.atOnce = order.PaymentProcessing, nil, true })
}

// Authenticate is the bank's decision after Challenge, Think, Leave or Debit.
func (b *Bank) Authenticate(id string, ok bool) (order.PaymentEvent, error) {
	waiting := []order.PaymentStatus{order.PaymentRequiresAction, order.PaymentProcessing}
	return b.shopper(id, waiting, func(in *intent) {
		switch {
		case ok && in.atOnce:
			in.Status, in.Received, in.Intent.Decline = order.PaymentCaptured, in.Amount.Amount, nil
			in.authorized, in.captured = in.authorized+1, in.captured+1
		case ok:
			b.authorize(in)
		case in.Status == order.PaymentProcessing:
			in.decline("card_declined", "generic_decline")
		default:
			in.decline("payment_intent_authentication_failure", "")
		}
	})
}

// holdFor is how long an authorization is valid by default.
const holdFor = 7 * 24 * time.Hour

func (b *Bank) authorize(in *intent) {
	now := b.Now
	if now == nil {
		now = time.Now
	}
	in.Status, in.Capturable, in.Intent.Decline = order.PaymentAuthorized, in.Amount.Amount, nil
	in.CaptureBefore = now().Add(cmp.Or(b.Hold, holdFor)).UTC().Truncate(time.Second)
	in.authorized++
}

func (in *intent) decline(code, declineCode string) {
	in.Status, in.Intent.Decline, in.atOnce = order.PaymentPending, order.NewDecline(code, declineCode), false
}

var payable = []order.PaymentStatus{order.PaymentPending, order.PaymentRequiresAction}

func (b *Bank) shopper(id string, from []order.PaymentStatus, act func(*intent)) (order.PaymentEvent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	if in == nil {
		return order.PaymentEvent{}, errors.New("no such intent")
	}
	if !slices.Contains(from, in.Status) {
		return order.PaymentEvent{}, fmt.Errorf("the intent is %s", in.Status)
	}
	act(in)
	return in.event(), nil
}
