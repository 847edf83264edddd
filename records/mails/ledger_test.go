package mails_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mailactivities "purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

func TestLedger(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Ledger(t, func(t *testing.T) mailactivities.MailLedger { return open(t) })
	})
}

func TestResends(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Resends(t, func(t *testing.T) porttest.ResendLedger { return open(t) })
	})
}

// TestLedgerEvidence (EML-1, EML-9) checks that only its provider's report
// resolves a mail of unknown outcome, that a mail whose sender died becomes
// unknown, and that each is found by the provider's id.
func TestLedgerEvidence(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		id := order.NewID()
		lost, dead, sent := porttest.MessageOf(id, order.MailShipped), porttest.MessageOf(id, order.MailDelivered), porttest.MessageOf(id, order.MailConfirmation)
		for _, m := range []mail.Message{lost, dead, sent} {
			if _, err := s.ClaimMail(t.Context(), m, "ses"); err != nil {
				t.Fatal(err)
			}
		}
		for m, o := range map[*mail.Message]mail.Outcome{
			&lost: {State: mail.StateUnknown, Receipt: mail.Receipt{Provider: "ses"}, Why: "no answer"},
			&sent: {State: mail.StateSent, Receipt: mail.Receipt{Provider: "smtp", ProviderID: "q-1", Skipped: []mail.PassedOver{{Provider: "ses", Why: "down"}}}},
		} {
			if err := s.RecordMailOutcome(t.Context(), *m, o); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.SweepMails(t.Context(), time.Now().Add(-time.Minute)); n != 0 || err != nil {
			t.Errorf("a mail under way was given up: %d %v", n, err)
		}
		if n, err := s.SweepMails(t.Context(), time.Now().Add(time.Minute)); n != 1 || err != nil {
			t.Errorf("swept %d %v, want 1", n, err)
		}
		open2, err := s.OpenMails(t.Context(), mail.StateUnknown, 10)
		if err != nil || len(open2) != 2 {
			t.Errorf("unknown: %+v %v", open2, err)
		}
		word := feedback("ses-7", "ada@example.com", mail.Delivered, "")
		word.MessageID = lost.ID
		forged := feedback("ses-9", "ada@example.com", mail.Delivered, "")
		forged.MessageID = "ord_1:mail-x:1"
		for range 2 {
			report(t, s, word, forged)
		}
		if _, err := s.Mail(t.Context(), forged.MessageID); !errors.Is(err, mail.ErrNoMail) {
			t.Errorf("a mail that is not ours was proved: %v", err)
		}
		e, err := s.MailByProvider(t.Context(), "ses", "ses-7")
		if err != nil || e.ID != lost.ID || e.State != mail.StateSent || e.Recipient != mail.Fingerprint("ada@example.com") || e.Stream != mail.Transactional {
			t.Errorf("%+v %v", e, err)
		}
		if e, err = s.MailByProvider(t.Context(), "smtp", "q-1"); err != nil || e.ID != sent.ID || len(e.Skipped) != 1 {
			t.Errorf("%+v %v", e, err)
		}
		for _, name := range []string{"", "ses-8"} {
			if _, err := s.MailByProvider(t.Context(), "ses", name); !errors.Is(err, mail.ErrNoMail) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// TestClaimFence (EML-1) checks that of many senders that claim a mail and
// release it as not sent, each claim belongs to one: a sender that sees that
// the mail has just become due has not claimed it.
func TestClaimFence(t *testing.T) {
	fleet(t, func(t *testing.T, stores []*records.Store) {
		const senders, rounds = 9, 40
		m := porttest.MessageOf(order.NewID(), order.MailShipped)
		var owners, claims atomic.Int64
		var all sync.WaitGroup
		for n := range senders {
			s := stores[n%len(stores)]
			all.Go(func() {
				for range rounds {
					before, err := s.ClaimMail(t.Context(), m, "ses")
					if err != nil {
						t.Error(err)
						return
					}
					if before.State != mail.StateDue {
						continue
					}
					claims.Add(1)
					if n := owners.Add(1); n != 1 {
						t.Errorf("%d own the mail", n)
					}
					owners.Add(-1)
					if err := s.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateDue}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		e, err := stores[0].Mail(t.Context(), m.ID)
		if err != nil || int64(e.Attempts) != claims.Load() {
			t.Errorf("%d claims of %d attempts, %v", claims.Load(), e.Attempts, err)
		}
	})
}
