package records_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/sandbox/postgres"
)

// fleet opens the record as several processes of a fleet see it: on SQLite
// there is only one.
func fleet(t *testing.T, test func(t *testing.T, fleet []*records.Store)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := openAt(t, "sqlite://"+t.TempDir()+"/record.db")
		test(t, []*records.Store{s, s, s})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := postgres.ForTest(t)
		test(t, []*records.Store{openAt(t, url), openAt(t, url), openAt(t, url)})
	})
}

// setLimits asks a provider that answers at once.
func setLimits(t *testing.T, s *records.Store, account string, l mail.Limits) {
	t.Helper()
	m, err := s.MarkLimits(t.Context(), account)
	if err == nil {
		err = s.SetLimits(t.Context(), account, l, m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPaceOfAFleet (EML-5, F41, N7): many senders in several processes, some
// of them slow, never reach more recipients in a second than the account may,
// and use what it may.
func TestPaceOfAFleet(t *testing.T) {
	const rate, senders, mails = 40, 24, 70
	fleet(t, func(t *testing.T, stores []*records.Store) {
		setLimits(t, stores[0], "ses", mail.Limits{Rate: rate, PerDay: mail.Unlimited, Enabled: true})
		began := time.Now()
		var mu sync.Mutex
		var seen []time.Time // by the provider
		var all sync.WaitGroup
		for n := range senders {
			s := stores[n%len(stores)]
			all.Go(func() {
				for {
					turn, err := s.TakeSlot(t.Context(), "ses", 1, mail.Transactional)
					if err != nil {
						t.Errorf("take: %v", err)
						return
					}
					if turn.Slot == "" {
						pause(t.Context(), turn.Wait)
						continue
					}
					pause(t.Context(), time.Duration(n)*time.Millisecond) // on its way
					mu.Lock()
					seen = append(seen, time.Now())
					enough := len(seen) >= mails
					mu.Unlock()
					pause(t.Context(), time.Duration(n)*time.Millisecond) // and back
					if err := s.GiveSlot(t.Context(), "ses", turn, true); err != nil {
						t.Errorf("give: %v", err)
					}
					if enough {
						return
					}
				}
			})
		}
		all.Wait()
		slices.SortFunc(seen, time.Time.Compare)
		for i := range seen {
			if i >= rate && seen[i].Sub(seen[i-rate]) < time.Second {
				t.Fatalf("%d recipients within %s", rate+1, seen[i].Sub(seen[i-rate]))
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%d mails took %s at %d a second", len(seen), took, rate)
		}
		if p, err := stores[1].MailPace(t.Context(), "ses"); err != nil || p.Booked != int64(len(seen)) {
			t.Errorf("%d booked, %d sent (%v)", p.Booked, len(seen), err)
		}
	})
}

// pause waits as long as the pace says.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// TestTurns (EML-5, EML-6, EML-13): a turn is held until it is given back, one
// not used costs nothing, marketing stands back, and what is not known is not
// allowed.
func TestTurns(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		take := func(account string, recipients int, stream mail.Stream, want error) mail.Turn {
			t.Helper()
			turn, err := s.TakeSlot(t.Context(), account, recipients, stream)
			if !errors.Is(err, want) {
				t.Fatalf("got %+v %v, want %v", turn, err, want)
			}
			return turn
		}
		take("ses", 1, mail.Transactional, mail.ErrNoLimits)
		setLimits(t, s, "ses", mail.Limits{Rate: 2, PerDay: 100, Sent: 80, Enabled: true})
		take("ses", 3, mail.Transactional, mail.ErrTooMany)
		both := take("ses", 2, mail.Transactional, nil)
		if both.Slot == "" {
			t.Fatalf("two seats of two: %+v", both)
		}
		if turn := take("ses", 1, mail.Transactional, nil); turn.Slot != "" || turn.Wait <= 0 {
			t.Errorf("no seat is free: %+v", turn)
		}
		if err := s.GiveSlot(t.Context(), "ses", both, false); err != nil {
			t.Fatal(err)
		}
		if p, err := s.MailPace(t.Context(), "ses"); err != nil || p.Booked != 0 {
			t.Errorf("an unused turn is booked: %+v %v", p, err)
		}
		if turn := take("ses", 1, mail.Marketing, nil); turn.Slot != "" {
			t.Errorf("marketing before a waiting order: %+v", turn)
		}
		setLimits(t, s, "other", mail.Limits{Rate: 100, PerDay: 100, Sent: 89, Enabled: true})
		take("other", 1, mail.Marketing, nil)
		take("other", 1, mail.Marketing, mail.ErrQuota) // the last tenth is for orders
		take("other", 1, mail.Transactional, nil)
	})
}

// TestLimits (EML-6): a question that was answered late does not hide a newer
// answer, and what was on its way when the provider counted counts as sent.
func TestLimits(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		slow, err := s.MarkLimits(t.Context(), "ses")
		if err != nil {
			t.Fatal(err)
		}
		setLimits(t, s, "ses", mail.Limits{Rate: 14, PerDay: 50_000, Sent: 10, Enabled: true})
		turn, err := s.TakeSlot(t.Context(), "ses", 5, mail.Transactional)
		if err != nil || turn.Slot == "" {
			t.Fatalf("%+v %v", turn, err)
		}
		if err := s.SetLimits(t.Context(), "ses", mail.Limits{Rate: 1000, PerDay: mail.Unlimited}, slow); err != nil {
			t.Fatal(err)
		}
		p, err := s.MailPace(t.Context(), "ses")
		if err != nil || p.Rate != 14 || p.PerDay != 50_000 || !p.Enabled {
			t.Errorf("%+v %v", p, err)
		}
		setLimits(t, s, "ses", mail.Limits{Rate: 14, PerDay: 50_000, Sent: 10})
		if p, err = s.MailPace(t.Context(), "ses"); err != nil || p.Held != 5 || p.Base != p.Booked || p.Enabled {
			t.Errorf("%+v %v", p, err)
		}
	})
}

// TestOwnCount (EML-6, F40): a relay that cannot be asked has a day's quota all
// the same: what we let through in the last 24 hours counts, however often the
// limits are set anew.
func TestOwnCount(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := records.Open(t.Context(), "sqlite://"+t.TempDir()+"/record.db", records.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	relay := mail.Limits{Rate: 100, PerDay: 10, Sent: mail.OwnCount, Enabled: true}
	send := func(n int) (sent int) {
		t.Helper()
		for range n {
			now = now.Add(5 * time.Minute)
			setLimits(t, s, "smtp", relay)
			turn, err := s.TakeSlot(t.Context(), "smtp", 1, mail.Transactional)
			if errors.Is(err, mail.ErrQuota) {
				continue
			}
			if err != nil || turn.Slot == "" {
				t.Fatalf("%+v %v", turn, err)
			}
			if err := s.GiveSlot(t.Context(), "smtp", turn, true); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		return sent
	}
	if n := send(100); n != 10 { // within 9 hours
		t.Errorf("%d sent, of 10 a day", n)
	}
	now = now.Add(14 * time.Hour) // 24 hours after the first, not yet after the last
	if n := send(288); n < 10 || n > 11 {
		t.Errorf("%d sent on the second day", n)
	}
	now = now.Add(72 * time.Hour)
	if n := send(50); n != 10 {
		t.Errorf("%d sent after three quiet days", n)
	}
}

// TestLedgerEvidence (EML-1, EML-9): a mail of unknown outcome is settled by
// its provider's word and by nothing else; one whose sender died becomes
// unknown; each is found by the provider's name for it.
func TestLedgerEvidence(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		id := order.NewID()
		lost, dead, sent := porttest.MessageOf(id, order.MailShipped), porttest.MessageOf(id, order.MailDelivered), porttest.MessageOf(id, order.MailConfirmation)
		for _, m := range []mail.Message{lost, dead, sent} {
			if _, err := s.ClaimMail(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		for m, o := range map[*mail.Message]mail.Outcome{
			&lost: {State: mail.StateUnknown, Receipt: mail.Receipt{Provider: "ses"}, Why: "no answer"},
			&sent: {State: mail.StateSent, Receipt: mail.Receipt{Provider: "smtp", ProviderID: "q-1", Skipped: []mail.PassedOver{{Provider: "ses", Why: "down"}}}},
		} {
			if err := s.SettleMail(t.Context(), *m, o); err != nil {
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
		word := said("ses-7", "ada@example.com", mail.Delivered, "")
		word.MessageID = lost.ID
		forged := said("ses-9", "ada@example.com", mail.Delivered, "")
		forged.MessageID = "ord_1:mail-x:1"
		for range 2 {
			hear(t, s, word, forged)
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

// TestClaimFence (EML-1): of many senders that claim a mail and give it back
// as not sent, each claim belongs to one: whoever reads that it has just
// become due has not claimed it.
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
					before, err := s.ClaimMail(t.Context(), m)
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
					if err := s.SettleMail(t.Context(), m, mail.Outcome{State: mail.StateDue}); err != nil {
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
