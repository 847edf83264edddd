package mails

import (
	"context"
	"fmt"
	"time"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
)

// retryHorizon is how long a workflow may still try a mail that has certainly
// not been sent.
const retryHorizon = 4 * 24 * time.Hour

// OpenResend gives a mail its next generation and records the actor and the
// reason, or returns the generation that the same key got before. It fails with
// order.ErrNotFound if the order never had such a mail, unless the mail is sent
// on request, and with order.ErrMailing while the last generation has no
// outcome.
func (s *Store) OpenResend(ctx context.Context, r order.Resend) (m order.Mail, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		about, template := string(r.OrderID), string(r.Notification)
		var key string
		var generation int
		before := func() (bool, error) {
			found, err := sqldb.First(ctx, q, "SELECT mail_key, generation FROM mails WHERE about = ? AND template = ? AND asked_key = ? AND asked_key <> ''",
				[]any{about, template, r.Key}, &key, &generation)
			if found {
				m = r.Named(key, generation)
			}
			return found, err
		}
		found, err := before()
		if err != nil || found {
			return err
		}
		var last mail.State
		var claimed int64
		one := r.Stem() // a mail about another refund does not count
		found, err = sqldb.First(ctx, q, "SELECT generation, state, claimed_at FROM mails WHERE about = ? AND template = ? AND substr(mail_key, 1, ?) = ? ORDER BY generation DESC LIMIT 1",
			[]any{about, template, len(one), one}, &generation, &last, &claimed)
		switch {
		case err != nil:
			return err
		case !found && !r.Notification.OnRequest():
			return fmt.Errorf("%w: it has no mail %.40q", order.ErrNotFound, template)
		case found && !last.Resolved() && s.DB.Now().Sub(sqldb.FromMicros(claimed)) < retryHorizon:
			if found, err = before(); err != nil || found { // the same key wrote it between the two queries
				return err
			}
			return order.ErrMailing
		}
		m = r.Mail(generation + 1)
		_, err = q.Exec(ctx, `
			INSERT INTO mails (mail_key, about, template, generation, state, provider_id, why, attempts, claimed_at, settled_at, asked_by, asked_why, asked_key, asked_link, asked_until)
			VALUES (?, ?, ?, ?, 'due', '', '', 0, ?, 0, ?, ?, ?, ?, ?)`, m.Key(), about, template, m.Generation, sqldb.Micros(s.DB.Now()), r.Actor, r.Why, r.Key, r.Link, sqldb.Micros(r.Until))
		if sqldb.IsUniqueViolation(err) { // a concurrent resend took the generation
			err = fmt.Errorf("%w: %w", sqldb.ErrRace, err)
		}
		return err
	})
	return m, sqldb.WrapError("open resend", err)
}

// HadMail reports whether the order ever had a mail about the notification, so that it
// can be sent again.
func (s *Store) HadMail(ctx context.Context, id order.ID, n order.Notification) (bool, error) {
	var generation int
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT generation FROM mails WHERE about = ? AND template = ? LIMIT 1", []any{string(id), string(n)}, &generation)
	return found, sqldb.WrapError("had mail", err)
}
