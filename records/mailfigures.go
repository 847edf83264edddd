package records

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"purser/mail"
)

// MailFigures are what became of the mails of one day, provider and template
// (EML-9). Everything counts on the day its mail was sent.
type MailFigures struct {
	Day          string `json:"day"` // 2006-01-02, UTC
	Provider     string `json:"provider"`
	Template     string `json:"template"`
	Sent         int64  `json:"sent"`
	Delivered    int64  `json:"delivered"`
	Delayed      int64  `json:"delayed"`
	Bounced      int64  `json:"bounced"`     // for good
	SoftBounced  int64  `json:"softBounced"` // for a passing reason
	Complained   int64  `json:"complained"`
	Unsubscribed int64  `json:"unsubscribed"`
	Refused      int64  `json:"refused"` // by the provider, after it had accepted
}

// A day of the record's time; byDay numbers the days.
const (
	dayMicros = 24 * 60 * 60 * 1_000_000
	byDay     = "sent_at / 86400000000"
)

// MailStats counts by day, provider and template what was sent in a span of
// time and what became of it, the latest day first.
func (s *Store) MailStats(ctx context.Context, from, to time.Time) ([]MailFigures, error) {
	names, err := s.mailProviders(ctx)
	list := []MailFigures{}
	for _, name := range names {
		var some []MailFigures
		if some, err = s.statsOf(ctx, name, micros(from), micros(to)); err != nil {
			break
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b MailFigures) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Template, b.Template))
	})
	return list, failed("mail stats", err)
}

// statsOf counts one provider's mails, first those sent and then what became
// of them.
func (s *Store) statsOf(ctx context.Context, provider string, from, to int64) ([]MailFigures, error) {
	type key struct {
		day      int64
		template string
	}
	found := make(map[key]*MailFigures)
	const inSpan = "m.provider = ? AND m.sent_at >= ? AND m.sent_at < ?"
	span := []any{provider, max(from, 1), to}
	err := each(ctx, s.db.reader(), "SELECT "+byDay+", template, COUNT(*) FROM "+sends+" AS m WHERE "+inSpan+" GROUP BY 1, 2", span,
		func(r *sql.Rows) error {
			var k key
			f := MailFigures{Provider: provider}
			err := r.Scan(&k.day, &k.template, &f.Sent)
			f.Day, f.Template = fromMicros(k.day*dayMicros).Format(time.DateOnly), k.template
			found[k] = &f
			return err
		})
	if err != nil {
		return nil, err
	}
	err = each(ctx, s.db.reader(), "SELECT "+byDay+", template, kind, bounce, COUNT(DISTINCT id) FROM ("+
		feedbackOf("m.sent_at, m.template, m.id, f.kind, f.bounce", sends, inSpan)+") AS said GROUP BY 1, 2, 3, 4", append(span, span...),
		func(r *sql.Rows) error {
			var k key
			var kind mail.Kind
			var bounce mail.Bounce
			var n int64
			err := r.Scan(&k.day, &k.template, &kind, &bounce, &n)
			if f := found[k]; f != nil { // else it was sent between the two questions
				f.add(kind, bounce, n)
			}
			return err
		})
	list := make([]MailFigures, 0, len(found))
	for _, f := range found {
		list = append(list, *f)
	}
	return list, err
}

// Add adds the figures of another day, provider or template.
func (f *MailFigures) Add(o MailFigures) {
	f.Sent += o.Sent
	f.Delivered += o.Delivered
	f.Delayed += o.Delayed
	f.Bounced += o.Bounced
	f.SoftBounced += o.SoftBounced
	f.Complained += o.Complained
	f.Unsubscribed += o.Unsubscribed
	f.Refused += o.Refused
}

func (f *MailFigures) add(kind mail.Kind, bounce mail.Bounce, n int64) {
	switch kind {
	case mail.Delivered:
		f.Delivered += n
	case mail.Delayed:
		f.Delayed += n
	case mail.Bounced:
		if bounce == mail.Permanent {
			f.Bounced += n
		} else {
			f.SoftBounced += n
		}
	case mail.Complained:
		f.Complained += n
	case mail.Unsubscribed:
		f.Unsubscribed += n
	case mail.Refused:
		f.Refused += n
	case mail.Accepted: // that is what sent says
	}
}

// Standings tells of each provider how its latest sends went, at most so many
// and none from before an operator last let marketing go on (BNC-4).
func (s *Store) Standings(ctx context.Context, latest int) ([]mail.Standing, error) {
	p, err := s.MailPause(ctx, mail.Marketing)
	if err != nil {
		return nil, err
	}
	since := micros(p.Resumed)
	providers, err := s.mailProviders(ctx)
	if err != nil {
		return nil, failed("standings", err)
	}
	list := make([]mail.Standing, 0, len(providers))
	for _, name := range providers {
		st := mail.Standing{Provider: name}
		_, err := first(ctx, s.db.reader(), `
			SELECT COUNT(*), COALESCE(SUM(bounced), 0), COALESCE(SUM(complained), 0) FROM (
				SELECT `+happened("bounced", "permanent")+` AS bounced, `+happened("complained", "")+` AS complained FROM (
					SELECT id, provider, provider_id FROM `+sends+` AS l WHERE provider = ? AND sent_at > ? ORDER BY sent_at DESC LIMIT ?
				) AS m
			) AS latest`, []any{name, since, latest}, &st.Sent, &st.Bounced, &st.Complained)
		if err != nil {
			return nil, failed("standings", err)
		}
		if st.Sent > 0 {
			list = append(list, st)
		}
	}
	return list, nil
}

// happened is 1 for a mail m of which that is said. The two ways of finding
// feedback are asked one by one, so that each has its index.
func happened(kind, bounce string) string {
	of := "f.kind = '" + kind + "' AND f.bounce = '" + bounce + "'"
	return `CASE WHEN EXISTS (SELECT 1 FROM mail_feedback AS f WHERE f.mail_id <> '' AND f.mail_id = m.id AND ` + of + `)
		OR EXISTS (SELECT 1 FROM mail_feedback AS f WHERE f.provider = m.provider AND f.provider_id = m.provider_id AND f.provider_id <> '' AND ` + of + `)
		THEN 1 ELSE 0 END`
}

// MailPause is whether and why a stream is paused.
type MailPause struct {
	Paused  bool
	Why     string
	Actor   string
	At      time.Time // of the last change; zero: there was none
	Resumed time.Time // zero: never
}

// MailPause answers whether a stream is paused, by whom and why.
func (s *Store) MailPause(ctx context.Context, stream mail.Stream) (MailPause, error) {
	var p MailPause
	var paused, at, resumed int64
	_, err := first(ctx, s.db.reader(), "SELECT paused, why, actor, at, resumed FROM mail_pauses WHERE stream = ?", []any{string(stream)},
		&paused, &p.Why, &p.Actor, &at, &resumed)
	p.Paused, p.At, p.Resumed = paused == 1, fromMicros(at), fromMicros(resumed)
	return p, failed("mail pause", err)
}

// MarketingPaused answers why no marketing may be sent now; "" if it may.
func (s *Store) MarketingPaused(ctx context.Context) (why string, err error) {
	p, err := s.MailPause(ctx, mail.Marketing)
	if err != nil || !p.Paused {
		return "", err
	}
	return p.Why, nil
}

// PauseMarketing pauses it and answers whether it was going on until now.
func (s *Store) PauseMarketing(ctx context.Context, actor, why string) (changed bool, err error) {
	now := s.now()
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			INSERT INTO mail_pauses (stream, paused, why, actor, at, resumed) VALUES (?, 1, ?, ?, ?, 0)
			ON CONFLICT (stream) DO UPDATE SET paused = 1, why = excluded.why, actor = excluded.actor, at = excluded.at WHERE mail_pauses.paused = 0`,
			string(mail.Marketing), why, actor, micros(now))
		if changed = n == 1; err != nil || !changed {
			return err
		}
		return audit(ctx, q, now, actor, "pause", "", why)
	})
	return changed, failed("pause marketing", err)
}

// ResumeMarketing lets it go on: an operator's decision, after which the mails
// sent so far are judged no more. It answers whether it was paused.
func (s *Store) ResumeMarketing(ctx context.Context, actor, why string) (changed bool, err error) {
	now := s.now()
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, "UPDATE mail_pauses SET paused = 0, why = ?, actor = ?, at = ?, resumed = ? WHERE stream = ? AND paused = 1",
			why, actor, micros(now), micros(now), string(mail.Marketing))
		if changed = n == 1; err != nil || !changed {
			return err
		}
		return audit(ctx, q, now, actor, "resume", "", why)
	})
	return changed, failed("resume marketing", err)
}
