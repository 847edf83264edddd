package mails

import (
	"context"
	"time"

	"purser/mail"
	"purser/records/audit"
	"purser/records/sqldb"
)

// Pause says whether and why a stream is paused.
type Pause struct {
	Paused  bool
	Why     string
	Actor   string
	At      time.Time // time of the last change; zero if there was none
	Resumed time.Time // time of the last resumption; zero if there was none
}

// MailPause returns whether a stream is paused, which actor paused it and why.
func (s *Store) MailPause(ctx context.Context, stream mail.Stream) (Pause, error) {
	var p Pause
	var paused, at, resumed int64
	_, err := sqldb.First(ctx, s.DB.Reader(), "SELECT paused, why, actor, at, resumed FROM mail_pauses WHERE stream = ?", []any{string(stream)},
		&paused, &p.Why, &p.Actor, &at, &resumed)
	p.Paused, p.At, p.Resumed = paused == 1, sqldb.FromMicros(at), sqldb.FromMicros(resumed)
	return p, sqldb.WrapError("mail pause", err)
}

// MarketingPaused returns why no marketing may be sent now, or "" if it may.
func (s *Store) MarketingPaused(ctx context.Context) (why string, err error) {
	p, err := s.MailPause(ctx, mail.Marketing)
	if err != nil || !p.Paused {
		return "", err
	}
	return p.Why, nil
}

// PauseMarketing pauses marketing and returns whether it was running until now.
func (s *Store) PauseMarketing(ctx context.Context, actor, why string) (changed bool, err error) {
	now := s.DB.Now()
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `
			INSERT INTO mail_pauses (stream, paused, why, actor, at, resumed) VALUES (?, 1, ?, ?, ?, 0)
			ON CONFLICT (stream) DO UPDATE SET paused = 1, why = excluded.why, actor = excluded.actor, at = excluded.at WHERE mail_pauses.paused = 0`,
			string(mail.Marketing), why, actor, sqldb.Micros(now))
		if changed = n == 1; err != nil || !changed {
			return err
		}
		return audit.Insert(ctx, q, now, actor, "pause", "", why)
	})
	return changed, sqldb.WrapError("pause marketing", err)
}

// ResumeMarketing resumes marketing on an operator's decision; the mails sent
// before no longer count. It returns whether marketing was paused.
func (s *Store) ResumeMarketing(ctx context.Context, actor, why string) (changed bool, err error) {
	now := s.DB.Now()
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE mail_pauses SET paused = 0, why = ?, actor = ?, at = ?, resumed = ? WHERE stream = ? AND paused = 1",
			why, actor, sqldb.Micros(now), sqldb.Micros(now), string(mail.Marketing))
		if changed = n == 1; err != nil || !changed {
			return err
		}
		return audit.Insert(ctx, q, now, actor, "resume", "", why)
	})
	return changed, sqldb.WrapError("resume marketing", err)
}
