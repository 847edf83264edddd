package fake

import (
	"context"
	"fmt"
	"sync"
	"time"

	"purser/order"
)

// bank is the name of the Bank as a provider.
const bank = "bank"

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
	// Hold is how long an authorization is valid; default seven days.
	Hold time.Duration
	// Now is the clock that CaptureBefore follows; default time.Now. An
	// authorization lapses only by Lapse.
	Now func() time.Time

	mu      sync.Mutex
	intents []*intent
	keys    map[string]string // the request made under each key
	created map[string]*intent
	// refunded is the index of the refund that a key made.
	refunded map[string]int
}

type intent struct {
	order.Intent
	number     int // of the order's payment
	authorized int // number of authorisations
	captured   int
	refunds    []order.Refund
	closed     bool // the card's account is closed: refunds to it fail
	atOnce     bool // the shopper's method knows no hold: it is captured when it is confirmed
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
		asked := r
		asked.PlacedAt = time.Time{} // not a part of what is created
		again, err := b.once(op, r.Key, fmt.Sprintf("%s %+v", op, asked))
		if err != nil {
			return order.Intent{}, err
		}
		if again {
			return b.created[r.Key].Intent, nil
		}
		id := fmt.Sprintf("pi_%d", len(b.intents)+1)
		in := &intent{number: r.Number, Intent: order.Intent{
			ID: id, Provider: bank, OrderID: r.OrderID, Status: order.PaymentPending, Amount: r.Amount, ClientSecret: id + "_secret_fake",
		}}
		b.intents, b.created[r.Key] = append(b.intents, in), in
		return in.Intent, nil
	})
}

// FindIntents returns the intents of an order's payment.
func (b *Bank) FindIntents(_ context.Context, r order.IntentRequest) (found []order.Intent, err error) {
	const op = "FindIntents"
	if b.Before != nil {
		if err := b.Before(op, r.OrderID); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, in := range b.intents {
		if in.OrderID == r.OrderID && in.number == r.Number {
			found = append(found, in.Intent)
		}
	}
	return found, nil
}

// GetIntent returns an intent.
func (b *Bank) GetIntent(_ context.Context, id string) (order.Intent, error) {
	return b.on("GetIntent", id, func(in *intent) error { return nil })
}

// CancelIntent cancels an intent, unless its money was captured. An intent that
// has lapsed stays so.
func (b *Bank) CancelIntent(_ context.Context, id, key string) (order.Intent, error) {
	const op = "CancelIntent"
	return b.on(op, id, func(in *intent) error {
		if _, err := b.once(op, key, op+" "+id); err != nil {
			return err
		}
		switch {
		case in.isCaptured(), in.Status == order.PaymentProcessing:
			return bankError(op, order.ErrState)
		case !in.Status.Dead():
			in.end(order.PaymentCanceled)
		}
		return nil
	})
}

// CaptureIntent captures the amount, and releases the rest.
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
		case in.Status != order.PaymentAuthorized:
			return bankError(op, order.ErrState)
		case amount.Amount > in.Capturable:
			return bankError(op, order.ErrRejected)
		}
		in.end(order.PaymentCaptured)
		if in.Received = amount.Amount; in.Received < in.Amount.Amount {
			in.Status = order.PaymentPartiallyCaptured
		}
		in.captured++
		return nil
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
		if in.Status.Dead() {
			p.Canceled++
		}
	}
	return p
}

// end ends an authorization, with its new status.
func (in *intent) end(s order.PaymentStatus) {
	in.Status, in.Capturable, in.CaptureBefore = s, 0, time.Time{}
}

// isCaptured reports whether the amount, or a part of it, was captured.
func (in *intent) isCaptured() bool {
	return in.Status == order.PaymentCaptured || in.Status == order.PaymentPartiallyCaptured
}

// event returns the event that reports the intent's state. As a webhook of
// Stripe, it does not say when the authorization lapses.
func (in *intent) event() order.PaymentEvent {
	e := in.PaymentEvent()
	e.CaptureBefore = time.Time{}
	return e
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
	return &order.ProviderError{Provider: bank, Op: op, Kind: kind}
}
