package records

import (
	"context"
	"crypto/rand"
	"database/sql"
	"time"

	"purser/mail"
)

// A provider's account is one row, which whoever wants to send locks for a
// moment. All times here are the database's own, so that processes whose
// clocks differ keep one pace. The rules are in mail.Pace.

// TakeSlot lets a mail through or says when to ask again. A turn that was
// granted must be given back with GiveSlot as soon as the call has ended. It
// fails with mail.ErrQuota, mail.ErrTooMany or mail.ErrNoLimits.
func (s *Store) TakeSlot(ctx context.Context, account string, recipients int, stream mail.Stream) (mail.Turn, error) {
	var turn mail.Turn
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		p, err := readPace(ctx, q, account, q.forUpdate())
		if err != nil {
			return err
		}
		now, err := s.clock(ctx, q)
		if err != nil {
			return err
		}
		taken, err := readSlots(ctx, q, account, now)
		if err != nil {
			return err
		}
		wanted := p.Wanted
		wait, err := p.Take(now, recipients, stream, taken)
		turn = mail.Turn{Wait: wait, Window: p.Window()}
		if err != nil || wait > 0 && p.Wanted.Equal(wanted) {
			return err
		}
		if wait == 0 {
			if turn.Slot, err = insertSlot(ctx, q, account, recipients, now); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, "UPDATE mail_accounts SET next_at = ?, wanted_at = ?, booked = ? WHERE account = ?",
			micros(p.Next), micros(p.Wanted), p.Booked, account)
		return err
	})
	return turn, failed("take slot", err)
}

// GiveSlot says that the call of a turn has ended or, if the turn was not
// used, that it never began.
func (s *Store) GiveSlot(ctx context.Context, account string, t mail.Turn, used bool) error {
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		if !used {
			if _, err := q.exec(ctx, `UPDATE mail_accounts SET booked = booked -
				COALESCE((SELECT recipients FROM mail_slots WHERE account = ? AND slot = ?), 0) WHERE account = ?`, account, t.Slot, account); err != nil {
				return err
			}
			_, err := q.exec(ctx, "DELETE FROM mail_slots WHERE account = ? AND slot = ?", account, t.Slot)
			return err
		}
		now, err := s.clock(ctx, q)
		if err != nil {
			return err
		}
		_, err = q.exec(ctx, "UPDATE mail_slots SET until_at = ? WHERE account = ? AND slot = ?", micros(now.Add(t.Window)), account, t.Slot)
		return err
	})
	return failed("give slot", err)
}

// MarkLimits begins the asking of a provider for an account's limits: what is
// let through from here on is not in its answer.
func (s *Store) MarkLimits(ctx context.Context, account string) (m mail.Mark, err error) {
	q := s.db.reader()
	p, err := readPace(ctx, q, account, "")
	if err != nil {
		return m, failed("mark limits", err)
	}
	now, err := s.clock(ctx, q)
	if err != nil {
		return m, failed("mark limits", err)
	}
	m.Booked, m.At = p.Booked, now
	taken, err := readSlots(ctx, q, account, now)
	for _, t := range taken {
		m.Held += int64(t.Recipients)
	}
	return m, failed("mark limits", err)
}

// SetLimits writes what the provider answered. An answer to an older question
// than the last one's is left out.
func (s *Store) SetLimits(ctx context.Context, account string, l mail.Limits, m mail.Mark) error {
	enabled := 0
	if l.Enabled {
		enabled = 1
	}
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		sent, held := l.Sent, m.Held
		if sent == mail.OwnCount {
			var err error
			if sent, err = ownCount(ctx, q, account, m); err != nil {
				return err
			}
			held = 0 // counted already
		}
		_, err := q.exec(ctx, `
			INSERT INTO mail_accounts (account, rate_micro, per_day, sent, enabled, asked_at, next_at, wanted_at, booked, base, held)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)
			ON CONFLICT (account) DO UPDATE SET rate_micro = excluded.rate_micro, per_day = excluded.per_day, sent = excluded.sent,
				enabled = excluded.enabled, asked_at = excluded.asked_at, base = ?, held = ?
			WHERE mail_accounts.asked_at <= excluded.asked_at`,
			account, int64(l.Rate*1e6), l.PerDay, sent, enabled, micros(m.At), m.Booked, held)
		return err
	})
	return failed("set limits", err)
}

// day is the window of a daily quota.
const day = 24 * time.Hour

// ownCount is what we let through in the last 24 hours: since the last mark
// before them, so a little more. Older marks go.
func ownCount(ctx context.Context, q querier, account string, m mail.Mark) (int64, error) {
	var before, booked int64
	since := micros(m.At.Add(-day))
	found, err := first(ctx, q, "SELECT at, booked FROM mail_marks WHERE account = ? AND at <= ? ORDER BY at DESC LIMIT 1", []any{account, since}, &before, &booked)
	if err != nil {
		return 0, err
	}
	if found {
		if _, err := q.exec(ctx, "DELETE FROM mail_marks WHERE account = ? AND at < ?", account, before); err != nil {
			return 0, err
		}
	}
	_, err = q.exec(ctx, "INSERT INTO mail_marks (account, at, booked) VALUES (?, ?, ?) ON CONFLICT (account, at) DO NOTHING", account, micros(m.At), m.Booked)
	return m.Booked - booked, err
}

// MailPace answers where an account stands; its zero value if it was never
// asked for its limits.
func (s *Store) MailPace(ctx context.Context, account string) (mail.Pace, error) {
	p, err := readPace(ctx, s.db.reader(), account, "")
	return p, failed("mail pace", err)
}

func readPace(ctx context.Context, q querier, account, lock string) (p mail.Pace, err error) {
	var rate, enabled, asked, next, wanted int64
	_, err = first(ctx, q, `SELECT rate_micro, per_day, sent, enabled, asked_at, next_at, wanted_at, booked, base, held
		FROM mail_accounts WHERE account = ?`+lock, []any{account},
		&rate, &p.PerDay, &p.Sent, &enabled, &asked, &next, &wanted, &p.Booked, &p.Base, &p.Held)
	p.Rate, p.Enabled, p.At = float64(rate)/1e6, enabled == 1, fromMicros(asked)
	p.Next, p.Wanted = fromMicros(next), fromMicros(wanted)
	return p, err
}

func readSlots(ctx context.Context, q querier, account string, now time.Time) (taken []mail.Slot, err error) {
	err = each(ctx, q, "SELECT recipients, until_at FROM mail_slots WHERE account = ? AND until_at > ?", []any{account, micros(now)}, func(r *sql.Rows) error {
		var t mail.Slot
		var until int64
		err := r.Scan(&t.Recipients, &until)
		t.Until = fromMicros(until)
		taken = append(taken, t)
		return err
	})
	return taken, err
}

// insertSlot takes the seats, and sweeps away those long free.
func insertSlot(ctx context.Context, q querier, account string, recipients int, now time.Time) (string, error) {
	if _, err := q.exec(ctx, "DELETE FROM mail_slots WHERE account = ? AND until_at <= ?", account, micros(now)); err != nil {
		return "", err
	}
	slot := rand.Text()
	_, err := q.exec(ctx, "INSERT INTO mail_slots (account, slot, recipients, until_at) VALUES (?, ?, ?, ?)",
		account, slot, recipients, micros(now.Add(mail.LongestCall)))
	return slot, err
}

// clock tells the database's time: of SQLite, which lives in this process,
// ours.
func (s *Store) clock(ctx context.Context, q querier) (time.Time, error) {
	if q.clock() == "" || s.ownClock {
		return s.now(), nil
	}
	us, err := one[int64](ctx, q, q.clock())
	return time.UnixMicro(us), err
}
