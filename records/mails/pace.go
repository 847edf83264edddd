package mails

import (
	"context"
	"crypto/rand"
	"database/sql"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// A provider's account is one row, which each sender locks for a moment. All
// times here are the database's own, so that processes with different clocks
// keep one pace. The rules are in mail.Pace.

// TakeSlot grants a mail a slot or says when to ask again. The caller must
// return a granted slot with ReleaseSlot as soon as the call has ended.
// TakeSlot fails with mail.ErrQuota, mail.ErrTooMany or mail.ErrNoLimits.
func (s *Store) TakeSlot(ctx context.Context, account string, recipients int, stream mail.Stream) (mail.SendGrant, error) {
	var grant mail.SendGrant
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		p, err := readPace(ctx, q, account, q.ForUpdate())
		if err != nil {
			return err
		}
		now, err := s.DB.Clock(ctx, q)
		if err != nil {
			return err
		}
		taken, err := readSlots(ctx, q, account, now)
		if err != nil {
			return err
		}
		wanted := p.Wanted
		wait, err := p.Take(now, recipients, stream, taken)
		grant = mail.SendGrant{Wait: wait, Window: p.Window()}
		if err != nil || wait > 0 && p.Wanted.Equal(wanted) {
			return err
		}
		if wait == 0 {
			if grant.Slot, err = insertSlot(ctx, q, account, recipients, now); err != nil {
				return err
			}
		}
		_, err = q.Exec(ctx, "UPDATE mail_accounts SET next_at = ?, wanted_at = ?, booked = ? WHERE account = ?",
			sqldb.Micros(p.Next), sqldb.Micros(p.Wanted), p.Booked, account)
		return err
	})
	return grant, sqldb.WrapError("take slot", err)
}

// ReleaseSlot returns a slot: its call has ended or, if the slot was not used,
// never began.
func (s *Store) ReleaseSlot(ctx context.Context, account string, t mail.SendGrant, used bool) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		if !used {
			if _, err := q.Exec(ctx, `UPDATE mail_accounts SET booked = booked -
				COALESCE((SELECT recipients FROM mail_slots WHERE account = ? AND slot = ?), 0) WHERE account = ?`, account, t.Slot, account); err != nil {
				return err
			}
			_, err := q.Exec(ctx, "DELETE FROM mail_slots WHERE account = ? AND slot = ?", account, t.Slot)
			return err
		}
		now, err := s.DB.Clock(ctx, q)
		if err != nil {
			return err
		}
		_, err = q.Exec(ctx, "UPDATE mail_slots SET until_at = ? WHERE account = ? AND slot = ?", sqldb.Micros(now.Add(t.Window)), account, t.Slot)
		return err
	})
	return sqldb.WrapError("give slot", err)
}

// BeginLimits must be called before a provider is asked for an account's
// limits. It returns how many recipients were granted slots so far: those
// granted from here on are not in the provider's count.
func (s *Store) BeginLimits(ctx context.Context, account string) (m mail.Mark, err error) {
	q := s.DB.Reader()
	p, err := readPace(ctx, q, account, "")
	if err != nil {
		return m, sqldb.WrapError("begin limits", err)
	}
	now, err := s.DB.Clock(ctx, q)
	if err != nil {
		return m, sqldb.WrapError("begin limits", err)
	}
	m.Booked, m.At = p.Booked, now
	taken, err := readSlots(ctx, q, account, now)
	for _, t := range taken {
		m.Held += int64(t.Recipients)
	}
	return m, sqldb.WrapError("begin limits", err)
}

// SetLimits records the limits that the provider returned. The result of an
// older request than the last recorded one is ignored.
func (s *Store) SetLimits(ctx context.Context, account string, l mail.Limits, m mail.Mark) error {
	enabled := 0
	if l.Enabled {
		enabled = 1
	}
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		sent, held := l.Sent, m.Held
		if sent == mail.OwnCount {
			var err error
			if sent, err = ownCount(ctx, q, account, m); err != nil {
				return err
			}
			held = 0 // already counted
		}
		_, err := q.Exec(ctx, `
			INSERT INTO mail_accounts (account, rate_micro, per_day, sent, enabled, asked_at, next_at, wanted_at, booked, base, held)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)
			ON CONFLICT (account) DO UPDATE SET rate_micro = excluded.rate_micro, per_day = excluded.per_day, sent = excluded.sent,
				enabled = excluded.enabled, asked_at = excluded.asked_at, base = ?, held = ?
			WHERE mail_accounts.asked_at <= excluded.asked_at`,
			account, int64(l.Rate*1e6), l.PerDay, sent, enabled, sqldb.Micros(m.At), m.Booked, held)
		return err
	})
	return sqldb.WrapError("set limits", err)
}

// day is the window of a daily quota.
const day = 24 * time.Hour

// ownCount returns how many recipients were granted slots in the last 24 hours.
// It counts from the last mark before them, so the result may be slightly too
// high. It deletes older marks.
func ownCount(ctx context.Context, q sqldb.Querier, account string, m mail.Mark) (int64, error) {
	var before, booked int64
	since := sqldb.Micros(m.At.Add(-day))
	found, err := sqldb.First(ctx, q, "SELECT at, booked FROM mail_marks WHERE account = ? AND at <= ? ORDER BY at DESC LIMIT 1", []any{account, since}, &before, &booked)
	if err != nil {
		return 0, err
	}
	if found {
		if _, err := q.Exec(ctx, "DELETE FROM mail_marks WHERE account = ? AND at < ?", account, before); err != nil {
			return 0, err
		}
	}
	_, err = q.Exec(ctx, "INSERT INTO mail_marks (account, at, booked) VALUES (?, ?, ?) ON CONFLICT (account, at) DO NOTHING", account, sqldb.Micros(m.At), m.Booked)
	return m.Booked - booked, err
}

// MailPace returns the state of an account; it is the zero value if the
// provider was never asked for its limits.
func (s *Store) MailPace(ctx context.Context, account string) (mail.Pace, error) {
	p, err := readPace(ctx, s.DB.Reader(), account, "")
	return p, sqldb.WrapError("mail pace", err)
}

func readPace(ctx context.Context, q sqldb.Querier, account, lock string) (p mail.Pace, err error) {
	var rate, enabled, asked, next, wanted int64
	_, err = sqldb.First(ctx, q, `SELECT rate_micro, per_day, sent, enabled, asked_at, next_at, wanted_at, booked, base, held
		FROM mail_accounts WHERE account = ?`+lock, []any{account},
		&rate, &p.PerDay, &p.Sent, &enabled, &asked, &next, &wanted, &p.Booked, &p.Base, &p.Held)
	p.Rate, p.Enabled, p.At = float64(rate)/1e6, enabled == 1, sqldb.FromMicros(asked)
	p.Next, p.Wanted = sqldb.FromMicros(next), sqldb.FromMicros(wanted)
	return p, err
}

func readSlots(ctx context.Context, q sqldb.Querier, account string, now time.Time) (taken []mail.Slot, err error) {
	err = sqldb.Each(ctx, q, "SELECT recipients, until_at FROM mail_slots WHERE account = ? AND until_at > ?", []any{account, sqldb.Micros(now)}, func(r *sql.Rows) error {
		var t mail.Slot
		var until int64
		err := r.Scan(&t.Recipients, &until)
		t.Until = sqldb.FromMicros(until)
		taken = append(taken, t)
		return err
	})
	return taken, err
}

// insertSlot inserts a slot for the recipients, and deletes slots that ended
// long ago.
func insertSlot(ctx context.Context, q sqldb.Querier, account string, recipients int, now time.Time) (string, error) {
	if _, err := q.Exec(ctx, "DELETE FROM mail_slots WHERE account = ? AND until_at <= ?", account, sqldb.Micros(now)); err != nil {
		return "", err
	}
	slot := rand.Text()
	_, err := q.Exec(ctx, "INSERT INTO mail_slots (account, slot, recipients, until_at) VALUES (?, ?, ?, ?)",
		account, slot, recipients, sqldb.Micros(now.Add(mail.LongestCall)))
	return slot, err
}
