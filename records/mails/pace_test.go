package mails_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"purser/mail"
	"purser/records"
	"purser/records/recordstest"
)

// fleet opens the record as several processes see it; on SQLite there is only
// one.
func fleet(t *testing.T, test func(t *testing.T, fleet []*records.Store)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := recordstest.Open(t, "sqlite://"+t.TempDir()+"/record.db")
		test(t, []*records.Store{s, s, s})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := recordstest.Postgres(t)
		test(t, []*records.Store{recordstest.Open(t, url), recordstest.Open(t, url), recordstest.Open(t, url)})
	})
}

// setLimits sets the limits of a provider that responds at once.
func setLimits(t *testing.T, s *records.Store, account string, l mail.Limits) {
	t.Helper()
	m, err := s.BeginLimits(t.Context(), account)
	if err == nil {
		err = s.SetLimits(t.Context(), account, l, m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPaceOfAFleet (EML-5, F41, F86, N7) checks that many senders in several
// processes, some of them slow, never exceed the account's rate, and use all of
// it.
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
					grant, err := s.TakeSlot(t.Context(), "ses", 1, mail.Transactional)
					if err != nil {
						t.Errorf("take: %v", err)
						return
					}
					if grant.Slot == "" {
						pause(t.Context(), grant.Wait)
						continue
					}
					pause(t.Context(), time.Duration(n)*time.Millisecond) // on its way
					mu.Lock()
					seen = append(seen, time.Now())
					enough := len(seen) >= mails
					mu.Unlock()
					pause(t.Context(), time.Duration(n)*time.Millisecond) // and back
					if err := s.ReleaseSlot(t.Context(), "ses", grant, true); err != nil {
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

// pause waits as long as the pace demands.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// TestSlots (EML-5, EML-6, EML-13) checks that a slot is held until it is
// released, an unused slot costs nothing, marketing yields to orders, and
// nothing is allowed while limits are unknown.
func TestSlots(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		take := func(account string, recipients int, stream mail.Stream, want error) mail.SendGrant {
			t.Helper()
			grant, err := s.TakeSlot(t.Context(), account, recipients, stream)
			if !errors.Is(err, want) {
				t.Fatalf("got %+v %v, want %v", grant, err, want)
			}
			return grant
		}
		take("ses", 1, mail.Transactional, mail.ErrNoLimits)
		setLimits(t, s, "ses", mail.Limits{Rate: 2, PerDay: 100, Sent: 80, Enabled: true})
		take("ses", 3, mail.Transactional, mail.ErrTooMany)
		both := take("ses", 2, mail.Transactional, nil)
		if both.Slot == "" {
			t.Fatalf("two seats of two: %+v", both)
		}
		if grant := take("ses", 1, mail.Transactional, nil); grant.Slot != "" || grant.Wait <= 0 {
			t.Errorf("no seat is free: %+v", grant)
		}
		if err := s.ReleaseSlot(t.Context(), "ses", both, false); err != nil {
			t.Fatal(err)
		}
		if p, err := s.MailPace(t.Context(), "ses"); err != nil || p.Booked != 0 {
			t.Errorf("an unused slot is booked: %+v %v", p, err)
		}
		if grant := take("ses", 1, mail.Marketing, nil); grant.Slot != "" {
			t.Errorf("marketing before a waiting order: %+v", grant)
		}
		setLimits(t, s, "other", mail.Limits{Rate: 100, PerDay: 100, Sent: 89, Enabled: true})
		take("other", 1, mail.Marketing, nil)
		take("other", 1, mail.Marketing, mail.ErrQuota) // the last tenth is for orders
		take("other", 1, mail.Transactional, nil)
	})
}

// TestLimits (EML-6) checks that a late response does not replace a newer one,
// and that mails on their way when the provider counted count as sent.
func TestLimits(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		slow, err := s.BeginLimits(t.Context(), "ses")
		if err != nil {
			t.Fatal(err)
		}
		setLimits(t, s, "ses", mail.Limits{Rate: 14, PerDay: 50_000, Sent: 10, Enabled: true})
		grant, err := s.TakeSlot(t.Context(), "ses", 5, mail.Transactional)
		if err != nil || grant.Slot == "" {
			t.Fatalf("%+v %v", grant, err)
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

// TestOwnCount (EML-6, F40) checks that a relay without reports still has a
// daily quota: our own count of the last 24 hours applies, however often the
// limits are set again.
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
			grant, err := s.TakeSlot(t.Context(), "smtp", 1, mail.Transactional)
			if errors.Is(err, mail.ErrQuota) {
				continue
			}
			if err != nil || grant.Slot == "" {
				t.Fatalf("%+v %v", grant, err)
			}
			if err := s.ReleaseSlot(t.Context(), "smtp", grant, true); err != nil {
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
