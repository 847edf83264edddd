package fake_test

import (
	"sync/atomic"
	"testing"

	"purser/activities/fake"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
)

// hook fails once, with the error that load was called with.
type hook struct {
	err atomic.Pointer[order.ProviderError]
}

func (h *hook) load(kind error) {
	h.err.Store(&order.ProviderError{Provider: "fake", Op: "test", Kind: kind})
}

func (h *hook) fire() error {
	if err := h.err.Swap(nil); err != nil {
		return err
	}
	return nil
}

func TestCarrier(t *testing.T) {
	porttest.Carrier(t, func(*testing.T) porttest.CarrierBench {
		var before, after hook
		c := &fake.Carrier{
			Before: func(string, string) error { return before.fire() },
			After:  func(string, string) error { return after.fire() },
		}
		return porttest.CarrierBench{
			Carrier: c, Counts: c.Counts,
			Scan: func(t *testing.T, reference string, s order.ParcelStatus) {
				if _, err := c.Scan(reference, s); err != nil {
					t.Fatal(err)
				}
			},
			FailNext: func(_ *testing.T, kind error) { pick(kind, &before, &after).load(kind) },
		}
	})
}

func TestMailer(t *testing.T) {
	porttest.Mailer(t, func(*testing.T) porttest.MailBench {
		var before, after hook
		m := &fake.Mailer{
			Before: func(mail.Message) error { return before.fire() },
			After:  func(mail.Message) error { return after.fire() },
		}
		return porttest.MailBench{
			Mailer: m, Counts: m.Counts,
			FailNext: func(_ *testing.T, kind error) { pick(kind, &before, &after).load(kind) },
		}
	})
}

func TestSuppressions(t *testing.T) {
	porttest.Suppressions(t, func(*testing.T) porttest.SuppressionBench {
		s := new(fake.Suppressions)
		return porttest.SuppressionBench{
			Suppressions: s,
			All: func(_ *testing.T, email string) {
				s.Block(email, "bounced", mail.Transactional, mail.Marketing)
			},
			Marketing: func(_ *testing.T, email string) { s.Block(email, "unsubscribed", mail.Marketing) },
		}
	})
}

func TestResends(t *testing.T) {
	porttest.Resends(t, func(*testing.T) porttest.ResendLedger { return new(fake.Ledger) })
}

// pick chooses the hook that fails: only a lost response comes after the work.
func pick(kind error, before, after *hook) *hook {
	if kind == order.ErrUnknownOutcome {
		return after
	}
	return before
}
