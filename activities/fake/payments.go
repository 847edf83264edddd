package fake

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"purser/order"
)

// Bank is a payment provider in memory: both orders.Intents and orders.Captures.
// The zero value is ready. Set the hooks before it is used.
type Bank struct {
	// Before is called before each call ("CreateIntent", "GetIntent",
	// "CancelIntent", "CaptureIntent", "RefundIntent", "Refunds") with the
	// order's id. If it fails, the call returns its error and does nothing.
	Before func(op string, id order.ID) error
	// After is called after the work is done. If it fails, the call returns its
	// error although the work is done.
	After func(op string, id order.ID) error
	// Slow leaves refunds pending until ResolveRefund.
	Slow bool

	mu      sync.Mutex
	intents []*intent
	keys    map[string]string // the request made under each key
	created map[string]*intent
	// refunded is the index of the refund that a key made.
	refunded map[string]int
}

type intent struct {
	order.Intent
	authorized int // number of authorisations
	captured   int
	refunds    []order.Refund
	closed     bool // the card's account is closed: refunds to it fail
}

// Payments counts what was done for one order.
type Payments struct {
	Intents    int
	Authorized int // authorisations
	Captured   int // captures
	Canceled   int // cancelled intents
	Refunds    int
	Taken      int64
	Returned   int64
}

// CreateIntent creates an intent, or finds the one created under the same key.
func (b *Bank) CreateIntent(_ context.Context, r order.IntentRequest) (order.Intent, error) {
	const op = "CreateIntent"
	return b.do(op, r.OrderID, func() (order.Intent, error) {
		if r.Amount.Chargeable() != nil || r.Key == "" {
			return order.Intent{}, bankError(op, order.ErrRejected)
		}
		if r.Amount.Payable() != nil {
			return order.Intent{}, bankError(op, order.ErrBelowMinimum)
		}
		again, err := b.once(op, r.Key, fmt.Sprintf("%s %+v", op, r))
		if err != nil {
			return order.Intent{}, err
		}
		if again {
			return b.created[r.Key].Intent, nil
		}
		id := fmt.Sprintf("pi_%d", len(b.intents)+1)
		in := &intent{Intent: order.Intent{
			ID: id, OrderID: r.OrderID, Status: order.RequiresPaymentMethod, Amount: r.Amount, ClientSecret: id + "_secret_fake",
		}}
		b.intents, b.created[r.Key] = append(b.intents, in), in
		return in.Intent, nil
	})
}

// GetIntent returns an intent.
func (b *Bank) GetIntent(_ context.Context, id string) (order.Intent, error) {
	return b.on("GetIntent", id, func(in *intent) error { return nil })
}

// CancelIntent cancels an intent, unless its money was captured.
func (b *Bank) CancelIntent(_ context.Context, id, key string) (order.Intent, error) {
	const op = "CancelIntent"
	return b.on(op, id, func(in *intent) error {
		if _, err := b.once(op, key, op+" "+id); err != nil {
			return err
		}
		if in.Status == order.Succeeded {
			return bankError(op, order.ErrState)
		}
		in.Status, in.Capturable = order.IntentCanceled, 0
		return nil
	})
}

// CaptureIntent captures the money.
func (b *Bank) CaptureIntent(_ context.Context, id string, amount order.Money, key string) (order.Intent, error) {
	const op = "CaptureIntent"
	return b.on(op, id, func(in *intent) error {
		if amount.Chargeable() != nil {
			return bankError(op, order.ErrRejected)
		}
		again, err := b.once(op, key, fmt.Sprintf("%s %s %s", op, id, amount))
		switch {
		case err != nil:
			return err
		case again && in.Received == amount.Amount:
			return nil
		case in.Status != order.RequiresCapture:
			return bankError(op, order.ErrState)
		case amount.Amount > in.Capturable:
			return bankError(op, order.ErrRejected)
		}
		in.Status, in.Received, in.Capturable = order.Succeeded, amount.Amount, 0
		in.captured++
		return nil
	})
}

// Pay has the shopper pay with a good card, and returns the event about it, as a
// webhook would deliver it.
func (b *Bank) Pay(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.authorize() })
}

// PayClosed has the shopper pay with a card whose account is closed soon after:
// the call for a refund succeeds, but the refund fails later.
func (b *Bank) PayClosed(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.authorize(); in.closed = true })
}

// Decline has the shopper try a card that is declined.
func (b *Bank) Decline(id, code, declineCode string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.decline(code, declineCode) })
}

// Challenge has the shopper try a card that requires authentication (3-D
// Secure).
func (b *Bank) Challenge(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline = order.RequiresAction, nil })
}

// Think has the shopper pay by a method whose result is known later.
func (b *Bank) Think(id string) (order.PaymentEvent, error) {
	return b.shopper(id, payable, func(in *intent) { in.Status, in.Intent.Decline = order.Processing, nil })
}

// Authenticate is the bank's decision after Challenge or Think.
func (b *Bank) Authenticate(id string, ok bool) (order.PaymentEvent, error) {
	waiting := []order.IntentStatus{order.RequiresAction, order.Processing}
	return b.shopper(id, waiting, func(in *intent) {
		switch {
		case ok:
			in.authorize()
		case in.Status == order.Processing:
			in.decline("card_declined", "generic_decline")
		default:
			in.decline("payment_intent_authentication_failure", "")
		}
	})
}

// IntentOf returns the newest intent of an order.
func (b *Bank) IntentOf(id order.ID) (order.Intent, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := len(b.intents) - 1; n >= 0; n-- {
		if b.intents[n].OrderID == id {
			return b.intents[n].Intent, true
		}
	}
	return order.Intent{}, false
}

// Count returns what was done for an order.
func (b *Bank) Count(id order.ID) Payments {
	b.mu.Lock()
	defer b.mu.Unlock()
	var p Payments
	for _, in := range b.intents {
		if in.OrderID != id {
			continue
		}
		p.Intents++
		p.Authorized += in.authorized
		p.Captured += in.captured
		p.Refunds += len(in.refunds)
		p.Taken += in.Received
		p.Returned += in.Received - in.left()
		if in.Status == order.IntentCanceled {
			p.Canceled++
		}
	}
	return p
}

func (in *intent) authorize() {
	in.Status, in.Capturable, in.Intent.Decline = order.RequiresCapture, in.Amount.Amount, nil
	in.authorized++
}

func (in *intent) decline(code, declineCode string) {
	in.Status, in.Intent.Decline = order.RequiresPaymentMethod, order.NewDecline(code, declineCode)
}

var payable = []order.IntentStatus{order.RequiresPaymentMethod, order.RequiresConfirmation, order.RequiresAction}

func (b *Bank) shopper(id string, from []order.IntentStatus, act func(*intent)) (order.PaymentEvent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.find(id)
	if in == nil {
		return order.PaymentEvent{}, errors.New("no such intent")
	}
	for _, s := range from {
		if in.Status == s {
			act(in)
			return order.PaymentEvent{
				IntentID: in.ID, Status: in.Status, Amount: in.Amount, Capturable: in.Capturable, Received: in.Received,
				Decline: in.Intent.Decline, Failed: in.Intent.Decline != nil,
			}, nil
		}
	}
	return order.PaymentEvent{}, fmt.Errorf("the intent is %s", in.Status)
}

// once reports whether a key was used before; it fails if the key was used for
// another request.
func (b *Bank) once(op, key, request string) (again bool, err error) {
	before, used := b.keys[key]
	if used && before != request {
		return false, bankError(op, order.ErrRejected)
	}
	b.keys[key] = request
	return used, nil
}

func (b *Bank) find(id string) *intent {
	for _, in := range b.intents {
		if in.ID == id {
			return in
		}
	}
	return nil
}

// on does some work on an intent, unless the intent does not exist or a hook
// fails.
func (b *Bank) on(op, id string, work func(*intent) error) (order.Intent, error) {
	b.mu.Lock()
	in := b.find(id)
	b.mu.Unlock()
	if in == nil {
		return b.do(op, "", func() (order.Intent, error) { return order.Intent{}, bankError(op, order.ErrNoSuch) })
	}
	return b.do(op, in.OrderID, func() (order.Intent, error) { return in.Intent, work(in) })
}

func (b *Bank) do(op string, id order.ID, work func() (order.Intent, error)) (order.Intent, error) {
	if b.Before != nil {
		if err := b.Before(op, id); err != nil {
			return order.Intent{}, err
		}
	}
	in, err := b.locked(work)
	if err == nil && b.After != nil {
		err = b.After(op, id)
	}
	if err != nil {
		return order.Intent{}, err
	}
	return in, nil
}

func (b *Bank) locked(work func() (order.Intent, error)) (order.Intent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys, b.created, b.refunded = map[string]string{}, map[string]*intent{}, map[string]int{}
	}
	in, err := work()
	if err == nil {
		in = b.find(in.ID).Intent // as it is after the work
	}
	return in, err
}

func bankError(op string, kind error) error {
	return &order.ProviderError{Provider: "bank", Op: op, Kind: kind}
}
