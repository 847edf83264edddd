package fake_test

import (
	"sync"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/order"
)

// TestBank (TEST-1): the bank of the workflows' tests passes the same suite as
// the adapter to Stripe.
func TestBank(t *testing.T) {
	porttest.Payments(t, func(t *testing.T) porttest.PaymentsHarness {
		var next faults
		b := &fake.Bank{Before: next.before, After: next.after}
		act := func(do func(string) (order.PaymentEvent, error)) func(*testing.T, string) {
			return func(t *testing.T, id string) {
				t.Helper()
				if _, err := do(id); err != nil {
					t.Fatal(err)
				}
			}
		}
		return porttest.PaymentsHarness{
			Intents: b, Captures: b, Pay: act(b.Pay), PayClosed: act(b.PayClosed), Challenge: act(b.Challenge),
			Decline: act(func(id string) (order.PaymentEvent, error) {
				return b.Decline(id, "card_declined", "insufficient_funds")
			}),
			Authenticate: func(t *testing.T, id string, ok bool) {
				act(func(id string) (order.PaymentEvent, error) { return b.Authenticate(id, ok) })(t, id)
			},
			Lapse:    func(_ *testing.T, id string) { b.Lapse(id) },
			Ago:      func(*testing.T, time.Duration) {}, // it finds an intent of any age
			Count:    func(id order.ID) porttest.PaymentCount { return porttest.PaymentCount(b.Count(id)) },
			FailNext: func(t *testing.T, f porttest.Fault) { next.set(f) },
		}
	})
}

// TestBankHolds: an authorization lapses a week after the bank's clock, which
// GetIntent alone reports, and only an intent that holds money lapses.
func TestBankHolds(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := &fake.Bank{Now: func() time.Time { return now }}
	in, err := b.CreateIntent(t.Context(), porttest.IntentOf(order.NewID(), order.Money{Amount: 1000, Currency: "EUR"}))
	if err != nil {
		t.Fatal(err)
	}
	if e := b.Lapse(in.ID); e.Status != order.PaymentPending {
		t.Errorf("before it was paid: %+v", e)
	}
	paid, err := b.Pay(in.ID)
	if err != nil || paid.Capturable != 1000 || !paid.CaptureBefore.IsZero() {
		t.Errorf("paid: %+v, %v", paid, err)
	}
	if in, err = b.GetIntent(t.Context(), in.ID); err != nil || !in.CaptureBefore.Equal(now.AddDate(0, 0, 7)) {
		t.Errorf("authorized: %+v, %v", in, err)
	}
	if e := b.Lapse(in.ID); e.Reference != in.ID || e.Status != order.PaymentExpired || e.Capturable != 0 || e.Failed {
		t.Errorf("lapsed: %+v", e)
	}
	if _, err := b.Pay(in.ID); err == nil {
		t.Error("a lapsed intent was paid again")
	}
}

// faults converts the suite's faults to errors of the hooks.
type faults struct {
	mu   sync.Mutex
	next porttest.Fault
}

func (f *faults) set(next porttest.Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

func (f *faults) before(op string, _ order.ID) error {
	return f.strike(op, map[porttest.Fault]error{
		porttest.LostBefore: order.ErrUnknownOutcome, porttest.FailureBefore: order.ErrUnknownOutcome,
		porttest.Throttle: order.ErrThrottled, porttest.Deny: order.ErrDenied, porttest.ReadLost: order.ErrUnavailable,
	})
}

func (f *faults) after(op string, _ order.ID) error {
	return f.strike(op, map[porttest.Fault]error{
		porttest.LostAfter: order.ErrUnknownOutcome, porttest.FailureAfter: order.ErrUnknownOutcome, porttest.BrokenAfter: order.ErrUnknownOutcome,
	})
}

func (f *faults) strike(op string, kinds map[porttest.Fault]error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, ok := kinds[f.next]
	if !ok || (op == "GetIntent" || op == "FindIntents") != (f.next == porttest.ReadLost) {
		return nil
	}
	e := &order.ProviderError{Provider: "bank", Op: op, Kind: kind}
	if f.next == porttest.Throttle {
		e.RetryAfter = 2 * time.Second
	}
	f.next = ""
	return e
}
