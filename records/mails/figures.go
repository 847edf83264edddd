package mails

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// Figures are the outcomes of one day's mails, by provider and template.
// Everything counts on the day on which the mail was sent.
type Figures struct {
	Day          string `json:"day"` // 2006-01-02, UTC
	Provider     string `json:"provider"`
	Template     string `json:"template"`
	Sent         int64  `json:"sent"`
	Resent       int64  `json:"resentAfterUnknown"` // of those sent: because the outcome of the copy before was unknown
	Delivered    int64  `json:"delivered"`
	Delayed      int64  `json:"delayed"`
	Bounced      int64  `json:"bounced"`     // permanently
	SoftBounced  int64  `json:"softBounced"` // temporarily
	Complained   int64  `json:"complained"`
	Unsubscribed int64  `json:"unsubscribed"`
	Refused      int64  `json:"refused"` // by the provider, after it had accepted
}

// These are a day in the record's time unit, and the expression that numbers
// the days.
const (
	dayMicros = 24 * 60 * 60 * 1_000_000
	sentDay   = "sent_at / 86400000000"
)

// MailStats counts by day, provider and template the mails that were sent in a
// period and their outcomes, latest day first.
func (s *Store) MailStats(ctx context.Context, from, to time.Time) ([]Figures, error) {
	names, err := s.mailProviders(ctx)
	list := []Figures{}
	for _, name := range names {
		var some []Figures
		if some, err = s.statsOf(ctx, name, sqldb.Micros(from), sqldb.Micros(to)); err != nil {
			break
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b Figures) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Template, b.Template))
	})
	return list, sqldb.WrapError("mail stats", err)
}

// statsOf counts one provider's mails, first those that were sent and then
// their outcomes.
func (s *Store) statsOf(ctx context.Context, provider string, from, to int64) ([]Figures, error) {
	type key struct {
		day      int64
		template string
	}
	found := make(map[key]*Figures)
	const inSpan = "m.provider = ? AND m.sent_at >= ? AND m.sent_at < ?"
	span := []any{provider, max(from, 1), to}
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+sentDay+", template, COUNT(*), CAST(SUM(again) AS BIGINT) FROM "+sends+" AS m WHERE "+inSpan+" GROUP BY 1, 2", span,
		func(r *sql.Rows) error {
			var k key
			f := Figures{Provider: provider}
			err := r.Scan(&k.day, &k.template, &f.Sent, &f.Resent)
			f.Day, f.Template = sqldb.FromMicros(k.day*dayMicros).Format(time.DateOnly), k.template
			found[k] = &f
			return err
		})
	if err != nil {
		return nil, err
	}
	err = sqldb.Each(ctx, s.DB.Reader(), "SELECT "+sentDay+", template, kind, bounce, COUNT(DISTINCT id) FROM ("+
		feedbackOf("m.sent_at, m.template, m.id, f.kind, f.bounce", sends, inSpan)+") AS said GROUP BY 1, 2, 3, 4", append(span, span...),
		func(r *sql.Rows) error {
			var k key
			var kind mail.Kind
			var bounce mail.Bounce
			var n int64
			err := r.Scan(&k.day, &k.template, &kind, &bounce, &n)
			if f := found[k]; f != nil { // otherwise the mail was sent between the two queries
				f.add(kind, bounce, n)
			}
			return err
		})
	list := make([]Figures, 0, len(found))
	for _, f := range found {
		list = append(list, *f)
	}
	return list, err
}

// Add adds the figures of another day, provider or template.
func (f *Figures) Add(o Figures) {
	f.Sent += o.Sent
	f.Resent += o.Resent
	f.Delivered += o.Delivered
	f.Delayed += o.Delayed
	f.Bounced += o.Bounced
	f.SoftBounced += o.SoftBounced
	f.Complained += o.Complained
	f.Unsubscribed += o.Unsubscribed
	f.Refused += o.Refused
}

func (f *Figures) add(kind mail.Kind, bounce mail.Bounce, n int64) {
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
	case mail.Accepted: // already counted as sent
	}
}

// Standings returns for each provider the outcomes of its latest mails, at most
// the given number and none from before an operator last resumed marketing.
func (s *Store) Standings(ctx context.Context, latest int) ([]mail.Standing, error) {
	p, err := s.MailPause(ctx, mail.Marketing)
	if err != nil {
		return nil, err
	}
	since := sqldb.Micros(p.Resumed)
	providers, err := s.mailProviders(ctx)
	if err != nil {
		return nil, sqldb.WrapError("standings", err)
	}
	list := make([]mail.Standing, 0, len(providers))
	for _, name := range providers {
		st := mail.Standing{Provider: name}
		_, err := sqldb.First(ctx, s.DB.Reader(), `
			SELECT COUNT(*), COALESCE(SUM(bounced), 0), COALESCE(SUM(complained), 0) FROM (
				SELECT `+happened("bounced", "permanent")+` AS bounced, `+happened("complained", "")+` AS complained FROM (
					SELECT id, provider, provider_id FROM `+sends+` AS l WHERE provider = ? AND sent_at > ? ORDER BY sent_at DESC LIMIT ?
				) AS m
			) AS latest`, []any{name, since, latest}, &st.Sent, &st.Bounced, &st.Complained)
		if err != nil {
			return nil, sqldb.WrapError("standings", err)
		}
		if st.Sent > 0 {
			list = append(list, st)
		}
	}
	return list, nil
}

// happened writes an expression that is 1 for a mail m with feedback of the
// kind. It checks the two ways of finding feedback separately, so that each can
// use its index.
func happened(kind, bounce string) string {
	of := "f.kind = '" + kind + "' AND f.bounce = '" + bounce + "'"
	return `CASE WHEN EXISTS (SELECT 1 FROM mail_feedback AS f WHERE f.mail_id <> '' AND f.mail_id = m.id AND ` + of + `)
		OR EXISTS (SELECT 1 FROM mail_feedback AS f WHERE f.provider = m.provider AND f.provider_id = m.provider_id AND f.provider_id <> '' AND ` + of + `)
		THEN 1 ELSE 0 END`
}
