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

// fleet opens the record as several processes of a fleet see it: on SQLite
// there is only one.
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

// setLimits sets the limits of a provider that answers at once.
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

// TestPaceOfAFleet (EML-5, F41, F86, N7): many senders in several processes, some
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

// pause waits as long as the pace says.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// TestSlots (EML-5, EML-6, EML-13): a turn is held until it is given back, one
// not used costs nothing, marketing stands back, and what is not known is not
// allowed.
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
			t.Errorf("an unused turn is booked: %+v %v", p, err)
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

// TestLimits (EML-6): a question that was answered late does not hide a newer
// answer, and what was on its way when the provider counted counts as sent.
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

// TestOwnCount (EML-6, F40): a relay that cannot be asked has a day's quota all
// the same: what we let through in the last 24 hours counts, however often the
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
