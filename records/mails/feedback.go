package mails

import (
	"context"
	"database/sql"
	"time"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
)

// Rules say when an address that keeps bouncing is suppressed.
type Rules struct {
	// SoftBounces is how many mails may bounce for a temporary reason within
	// SoftWithin before the address is suppressed. Default 3.
	SoftBounces int
	// SoftWithin is the period in which SoftBounces are counted. Default 14 days.
	SoftWithin time.Duration
}

func (r Rules) withDefaults() Rules {
	if r.SoftBounces <= 0 {
		r.SoftBounces = 3
	}
	if r.SoftWithin <= 0 {
		r.SoftWithin = 14 * 24 * time.Hour
	}
	return r
}

// RecordFeedback records a provider's reports about mails and acts on them: an
// address that cannot be reached, or whose owner complained, is suppressed. It
// does so in one transaction, and acts only once for an inbox id; fresh is
// false if it has acted before.
func (s *Store) RecordFeedback(ctx context.Context, inboxID int64, list []mail.Feedback) (fresh bool, err error) {
	now := s.DB.Now()
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "INSERT INTO mail_heard (inbox_id, at) VALUES (?, ?) ON CONFLICT (inbox_id) DO NOTHING", inboxID, sqldb.Micros(now))
		if fresh = n == 1; err != nil || !fresh {
			return err
		}
		for _, f := range list {
			f.Recipient = canonical(f.Recipient)
			if err := s.applyFeedback(ctx, q, inboxID, f, now); err != nil {
				return err
			}
		}
		return nil
	})
	return fresh, sqldb.WrapError("record feedback", err)
}

// applyFeedback records feedback about one recipient and acts on it. Two events
// may report the same bounce (SES can publish it in two ways); it counts once.
func (s *Store) applyFeedback(ctx context.Context, q sqldb.Querier, inboxID int64, f mail.Feedback, now time.Time) error {
	if err := recordReported(ctx, q, f, now); err != nil {
		return err
	}
	if err := completeID(ctx, q, &f); err != nil {
		return err
	}
	if err := confirmOutcome(ctx, q, f, now); err != nil {
		return err
	}
	fresh, err := insertFeedback(ctx, q, inboxID, f, now)
	if err != nil || !fresh {
		return err
	}
	why := mail.Reason("")
	switch {
	case f.Kind == mail.Bounced && f.Bounce == mail.Permanent:
		why = mail.BecauseBounced
	case f.Kind == mail.Bounced:
		often, err := s.bouncesOften(ctx, q, f.Recipient, now)
		if err != nil || !often {
			return err
		}
		why = mail.BecauseKeepsBounced
	case f.Kind == mail.Complained:
		why = mail.BecauseComplained
	case f.Kind == mail.Unsubscribed:
		why = mail.BecauseUnsubscribed
	default:
		return nil
	}
	return suppress(ctx, q, Suppression{
		Email: f.Recipient, Scope: mail.ScopeOf(why), Reason: why, Diagnostic: f.Diagnostic,
		Provider: f.Provider, InboxID: inboxID, Actor: "provider:" + f.Provider, Since: now,
	})
}

// insertFeedback returns whether the feedback was new.
func insertFeedback(ctx context.Context, q sqldb.Querier, inboxID int64, f mail.Feedback, now time.Time) (fresh bool, err error) {
	n, err := q.Exec(ctx, `
		INSERT INTO mail_feedback (provider, provider_id, recipient, kind, bounce, mail_id, diagnostic, at, heard_at, inbox_id, times)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (provider, provider_id, recipient, kind, bounce) DO NOTHING`,
		f.Provider, f.ProviderID, f.Recipient, string(f.Kind), string(f.Bounce), f.MessageID, f.Diagnostic, sqldb.Micros(f.At), sqldb.Micros(now), inboxID)
	if err != nil || n == 1 {
		return true, err
	}
	_, err = q.Exec(ctx, `
		UPDATE mail_feedback SET times = times + 1
		WHERE provider = ? AND provider_id = ? AND recipient = ? AND kind = ? AND bounce = ?`,
		f.Provider, f.ProviderID, f.Recipient, string(f.Kind), string(f.Bounce))
	return false, err
}

// bouncesOften counts the mails that bounced for a temporary reason, each mail
// once. Bounces from before an operator lifted the address's suppression do not
// count.
func (s *Store) bouncesOften(ctx context.Context, q sqldb.Querier, email string, now time.Time) (bool, error) {
	rules := s.Rules.withDefaults()
	since := sqldb.Micros(now.Add(-rules.SoftWithin))
	chance, err := sqldb.One[int64](ctx, q, "SELECT COALESCE(MAX(at), 0) FROM mail_audit WHERE email = ? AND action = 'unsuppress' AND email <> ''", email)
	if err != nil {
		return false, err
	}
	n, err := sqldb.One[int64](ctx, q, `
		SELECT COUNT(*) FROM (SELECT DISTINCT provider, provider_id FROM mail_feedback
		WHERE recipient = ? AND kind = 'bounced' AND bounce <> 'permanent' AND at > ? AND heard_at > ?) AS mails`,
		email, since, chance)
	return n >= int64(rules.SoftBounces), err
}

// Feedback is a provider's report about one mail and one recipient.
type Feedback struct {
	mail.Feedback
	RecordedAt time.Time
	InboxID    int64 // the first event that reported it
	Times      int
}

// FeedbackOf lists the feedback about an order's mails, oldest first.
func (s *Store) FeedbackOf(ctx context.Context, id order.ID) ([]Feedback, error) {
	var found []Feedback
	err := sqldb.Each(ctx, s.DB.Reader(), feedbackOf("f.provider, f.provider_id, f.recipient, f.kind, f.bounce, m.id, f.diagnostic, f.at, f.heard_at, f.inbox_id, f.times",
		ledger, "m.about = ?")+" ORDER BY 8, 4", []any{string(id), string(id)},
		func(r *sql.Rows) error {
			var f Feedback
			var at, recorded int64
			err := r.Scan(&f.Provider, &f.ProviderID, &f.Recipient, &f.Kind, &f.Bounce, &f.MessageID, &f.Diagnostic, &at, &recorded, &f.InboxID, &f.Times)
			f.At, f.RecordedAt = sqldb.FromMicros(at), sqldb.FromMicros(recorded)
			found = append(found, f)
			return err
		})
	return found, sqldb.WrapError("feedback of", err)
}
