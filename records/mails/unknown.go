package mails

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
)

// This file decides which mails about orders are sent once more because their
// outcome is unknown (docs/decisions/015-silence.md).

const (
	// reportsFor is how long a provider counts as one that reports back after it
	// was last heard.
	reportsFor = 24 * time.Hour
	// resendWithin is the age at which a mail is news no more: an older one is not sent
	// once more automatically.
	resendWithin = 3 * 24 * time.Hour
	// mostResends is how many mails of a provider one sweep decides about.
	mostResends = 100
)

// errSuperseded means that a mail is not unknown any more, or that a person has
// had it sent again.
var errSuperseded = errors.New("the mail is not to be sent once more")

// ResendUnknown decides that mails of unknown outcome are sent once more: those
// whose provider has reported about mails that were handed over later and not
// about them, and, if the rule says so, those whose provider reports about no
// mails. Each decision opens the mail's next generation, in the transaction that
// ends the unknown one, so that of several sweeps one decides. It returns how many
// decisions there were.
func (s *Store) ResendUnknown(ctx context.Context, rule mail.Silence) (n int, err error) {
	now := s.DB.Now()
	var providers []string
	err = sqldb.Each(ctx, s.DB.Reader(), "SELECT DISTINCT provider FROM mails WHERE state = 'unknown' AND claimed_at > ?", []any{sqldb.Micros(now.Add(-resendWithin))},
		func(r *sql.Rows) error {
			var p string
			err := r.Scan(&p)
			providers = append(providers, p)
			return err
		})
	for _, p := range providers {
		var some int
		if some, err = s.resendUnknownOf(ctx, p, rule, now); err != nil {
			break
		}
		n += some
	}
	return n, sqldb.WrapError("resend unknown mails", err)
}

func (s *Store) resendUnknownOf(ctx context.Context, provider string, rule mail.Silence, now time.Time) (n int, err error) {
	until, why, err := s.silentUntil(ctx, provider, rule, now)
	if err != nil || until == 0 {
		return 0, err
	}
	lost, err := s.lostMails(ctx, provider, sqldb.Micros(now.Add(-resendWithin)), until)
	if err != nil {
		return 0, err
	}
	for _, r := range lost {
		r.Why = why
		switch err := s.resendOnce(ctx, r); {
		case errors.Is(err, errSuperseded):
			continue
		case err != nil:
			return n, err
		}
		n++
		if s.Changed != nil {
			s.Changed(r.OrderID)
		}
	}
	return n, nil
}

// silentUntil returns the time of hand-over before which silence about a mail of
// the provider means that it is sent once more, and why. 0: silence means nothing
// so far.
func (s *Store) silentUntil(ctx context.Context, provider string, rule mail.Silence, now time.Time) (until int64, why string, err error) {
	waited := sqldb.Micros(now.Add(-rule.Within)) + 1
	q := s.DB.Reader()
	last, err := sqldb.One[int64](ctx, q, "SELECT COALESCE(MAX(reported_at), 0) FROM mails WHERE provider = ? AND reported_at > 0", provider)
	switch {
	case err != nil:
		return 0, "", err
	case last > sqldb.Micros(now.Add(-reportsFor)):
		// Reports that were held up come in any order, so a report about a later
		// mail must have been there for a while.
		until, err = sqldb.One[int64](ctx, q, `
			SELECT COALESCE(MAX(claimed_at), 0) FROM (
				SELECT claimed_at FROM mails WHERE provider = ? AND reported_at > 0 AND reported_at <= ? ORDER BY reported_at DESC LIMIT 200
			) AS latest`, provider, sqldb.Micros(now.Add(-rule.Within/3)))
		return min(until, waited), "no answer; " + provider + " reported about later mails and not about this one", err
	case rule.Twice:
		return waited, "no answer, and no reports about any mail: twice is better than never", nil
	}
	return 0, "", nil
}

// lostMail is a mail of unknown outcome and the decision to send it once more.
type lostMail struct {
	order.Resend
	key        string
	generation int
}

// lostMails lists the latest generations of mails about orders that were handed to
// the provider within the times, and about which nothing is known. A mail that was
// itself sent because of that is not sent again, and neither is one that its order
// has overtaken, or one to the shop about a case of the order: the shop is reminded.
func (s *Store) lostMails(ctx context.Context, provider string, since, until int64) (lost []lostMail, err error) {
	const next = "substr(m.mail_key, 1, length(m.mail_key) - length(CAST(m.generation AS TEXT))) || CAST(m.generation + 1 AS TEXT)"
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT m.mail_key, m.about, m.template, m.generation, m.asked_link, m.asked_until FROM mails m
		WHERE m.state = 'unknown' AND m.claimed_at > ? AND m.claimed_at < ? AND m.provider = ?
			AND m.stream = 'transactional' AND substr(m.about, 1, 4) = 'ord_' AND m.generation > 0 AND m.resent_after_unknown = 0
			AND NOT EXISTS (SELECT 1 FROM mail_feedback f WHERE f.mail_id <> '' AND f.mail_id = m.mail_key)
			AND NOT EXISTS (SELECT 1 FROM mails later WHERE later.mail_key = `+next+`)
			AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = m.about AND (
				m.template = ? AND o.status <> ? OR m.template = ? AND o.status <> ?))
		ORDER BY m.claimed_at LIMIT ?`,
		[]any{
			since, until, provider,
			string(order.MailReceived), string(order.Authorized), string(order.MailPaymentProblem), string(order.AwaitingPayment), mostResends,
		},
		func(r *sql.Rows) error {
			var key, about, template, link string
			var generation int
			var askedUntil int64
			err := r.Scan(&key, &about, &template, &generation, &link, &askedUntil)
			again := order.Resend{
				OrderID: order.ID(about), Notification: order.Notification(template), Actor: "purser", Key: unknownKey(key),
				Link: link, Until: sqldb.FromMicros(askedUntil),
			}
			again.Ref = again.Named(key, generation).Ref
			lost = append(lost, lostMail{again, key, generation})
			return err
		})
	return lost, err
}

// unknownKey returns the key of the decision to send a mail of unknown outcome
// once more.
func unknownKey(mailKey string) string { return "unknown:" + mailKey }

// resendOnce ends a mail of unknown outcome as one that is sent once more, and
// opens its next generation.
func (s *Store) resendOnce(ctx context.Context, r lostMail) error {
	now := sqldb.Micros(s.DB.Now())
	return s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE mails SET state = ?, why = why || CAST(? AS TEXT), settled_at = ? WHERE mail_key = ? AND state = 'unknown'",
			string(mail.StateResent), "; sent once more", now, r.key)
		if err == nil && n == 0 {
			err = errSuperseded
		}
		if err != nil {
			return err
		}
		m := r.Mail(r.generation + 1)
		n, err = q.Exec(ctx, `
			INSERT INTO mails (mail_key, about, template, generation, state, provider_id, why, attempts, claimed_at, settled_at,
				asked_by, asked_why, asked_key, asked_link, asked_until, resent_after_unknown)
			VALUES (?, ?, ?, ?, 'due', '', '', 0, ?, 0, ?, ?, ?, ?, ?, 1) ON CONFLICT (mail_key) DO NOTHING`,
			m.Key(), string(r.OrderID), string(r.Notification), m.Generation, now, r.Actor, r.Why, r.Key, r.Link, sqldb.Micros(r.Until))
		if err == nil && n == 0 { // a person was faster
			err = errSuperseded
		}
		return err
	})
}

// DueResends lists the decisions of ResendUnknown that nobody may have begun to
// carry out. One whose mail was tried is left to the workflow that tried it.
func (s *Store) DueResends(ctx context.Context) (due []order.Resend, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT about, template, mail_key, generation, asked_by, asked_why, asked_key, asked_link, asked_until FROM mails
		WHERE resent_after_unknown = 1 AND state = 'due' AND attempts = 0 AND claimed_at > ? ORDER BY claimed_at LIMIT ?`,
		[]any{sqldb.Micros(s.DB.Now().Add(-retryHorizon)), mostResends},
		func(r *sql.Rows) error {
			var d order.Resend
			var key string
			var generation int
			var until int64
			err := r.Scan(&d.OrderID, &d.Notification, &key, &generation, &d.Actor, &d.Why, &d.Key, &d.Link, &until)
			d.Until, d.Ref = sqldb.FromMicros(until), d.Named(key, generation).Ref
			due = append(due, d)
			return err
		})
	return due, sqldb.WrapError("due resends", err)
}

// skipResend ends the decision to send a mail once more, because the mail is
// proven to have gone out, unless its second copy has been handed over.
func skipResend(ctx context.Context, q sqldb.Querier, id string, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE mails SET state = ?, why = ?, settled_at = ?
		WHERE about = (SELECT about FROM mails WHERE mail_key = ?) AND asked_key = ? AND resent_after_unknown = 1 AND state = 'due'`,
		string(mail.StateSkipped), fmt.Sprintf("%s was sent", id), sqldb.Micros(now), id, unknownKey(id))
	return err
}
