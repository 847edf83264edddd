package records

import (
	"context"
	"fmt"
	"time"

	"purser/mail"
	"purser/order"
)

// givenUp is how long a mail that certainly did not go out may still be tried
// by the workflow that wants it sent.
const givenUp = 4 * 24 * time.Hour

// OpenResend gives a mail its next generation, with who asked for it and why,
// or finds the one the same key got before. It fails with order.ErrNotFound if
// the order never had such a mail, unless it is sent on request, and with
// order.ErrMailing while the last one is not settled.
func (s *Store) OpenResend(ctx context.Context, r order.Resend) (generation int, err error) {
	for range maxTries { // two at once: the later one finds the other's generation taken
		if generation, err = s.openResend(ctx, r); !isTaken(err) {
			break
		}
	}
	return generation, failed("open resend", err)
}

func (s *Store) openResend(ctx context.Context, r order.Resend) (generation int, err error) {
	err = s.db.write(ctx, func(ctx context.Context, q querier) error {
		about, template := string(r.OrderID), string(r.Milestone)
		asked := func() (bool, error) {
			return first(ctx, q, "SELECT generation FROM mails WHERE about = ? AND template = ? AND asked_key = ? AND asked_key <> ''",
				[]any{about, template, r.Key}, &generation)
		}
		found, err := asked()
		if err != nil || found {
			return err
		}
		var last mail.State
		var claimed int64
		one := r.Stem() // that of another refund says nothing about this one's
		found, err = first(ctx, q, "SELECT generation, state, claimed_at FROM mails WHERE about = ? AND template = ? AND substr(mail_key, 1, ?) = ? ORDER BY generation DESC LIMIT 1",
			[]any{about, template, len(one), one}, &generation, &last, &claimed)
		switch {
		case err != nil:
			return err
		case !found && !r.Milestone.OnRequest():
			return fmt.Errorf("%w: it has no mail %.40q", order.ErrNotFound, template)
		case found && !last.Settled() && s.now().Sub(fromMicros(claimed)) < givenUp:
			// It may be the same key's, opened since this one looked.
			if found, err := asked(); err != nil || found {
				return err
			}
			return order.ErrMailing
		}
		generation++
		key := r.Mail(generation).Key()
		_, err = q.exec(ctx, `
			INSERT INTO mails (mail_key, about, template, generation, state, provider_id, why, attempts, claimed_at, settled_at, asked_by, asked_why, asked_key)
			VALUES (?, ?, ?, ?, 'due', '', '', 0, ?, 0, ?, ?, ?)`, key, about, template, generation, micros(s.now()), r.Actor, r.Why, r.Key)
		return err
	})
	return generation, err
}
