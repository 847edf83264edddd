// Package mails records mail: the ledger of each mail that was sent or is being
// sent, the feedback of its providers, the suppressed addresses, and the pace
// of the providers' accounts.
package mails

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"purser/mail"
	"purser/order"
	"purser/records/campaigns"
	"purser/records/sqldb"
)

// Store reads and writes the mail ledger and what belongs to it.
type Store struct {
	DB *sqldb.DB
	// Rules say when an address that keeps bouncing is suppressed.
	Rules Rules
	// Changed, if set, is called with the order or campaign of a mail when the mail
	// has reached its outcome.
	Changed func(about order.ID)
}

// FindMail returns the current outcome of a mail. A mail that the ledger does
// not know is due.
func (s *Store) FindMail(ctx context.Context, id string) (mail.Outcome, error) {
	o, err := readOutcome(ctx, s.DB.Reader(), id)
	return o, sqldb.WrapError("find mail", err)
}

// ClaimMail records that the mail is being sent by a provider and returns its
// previous outcome. mail.StateDue (new, or known not to be sent) means that this caller
// alone may send the mail; with any other state the caller must not send.
func (s *Store) ClaimMail(ctx context.Context, m mail.Message, provider string) (before mail.Outcome, err error) {
	now := sqldb.Micros(s.DB.Now())
	recipient := ""
	if len(m.To) > 0 {
		recipient = mail.Fingerprint(m.To[0].Email)
	}
	err = s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `
			INSERT INTO mails (mail_key, about, template, generation, stream, recipient, recipients, state, provider, provider_id, why, attempts, claimed_at, settled_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?, '', '', 1, ?, 0)
			ON CONFLICT (mail_key) DO UPDATE SET state = 'sending', attempts = mails.attempts + 1, claimed_at = excluded.claimed_at,
				provider = excluded.provider, stream = excluded.stream, recipient = excluded.recipient, recipients = excluded.recipients
			WHERE mails.state = 'due'`, m.ID, m.About, m.Template, m.Generation, string(m.Stream), recipient, len(m.To), provider, now)
		if err != nil {
			return err
		}
		if n == 1 {
			before = mail.Outcome{State: mail.StateDue}
			return nil
		}
		if before, err = readOutcome(ctx, q, m.ID); before.State == mail.StateDue {
			before.State = mail.StateSending // it has just become due, but was not claimed
		}
		return err
	})
	return before, sqldb.WrapError("claim mail", err)
}

// PassMail records that a claimed mail, which its provider certainly did not
// take, is handed to another one now.
func (s *Store) PassMail(ctx context.Context, m mail.Message, provider string) error {
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE mails SET provider = ? WHERE mail_key = ? AND state = 'sending'", provider, m.ID)
		return err
	})
	return sqldb.WrapError("pass mail", err)
}

func readOutcome(ctx context.Context, q sqldb.Querier, id string) (mail.Outcome, error) {
	o := mail.Outcome{State: mail.StateDue}
	var skipped string
	_, err := sqldb.First(ctx, q, "SELECT state, provider, provider_id, skipped, why FROM mails WHERE mail_key = ?", []any{id},
		&o.State, &o.Receipt.Provider, &o.Receipt.ProviderID, &skipped, &o.Why)
	if err == nil {
		o.Receipt.Skipped, err = readSkipped(skipped)
	}
	return o, err
}

// RecordMailOutcome records how the sending of a claimed mail ended. Sent
// replaces any outcome; no other outcome replaces a recorded one. It fails with
// mail.ErrNoMail if the mail was never claimed.
func (s *Store) RecordMailOutcome(ctx context.Context, m mail.Message, o mail.Outcome) error {
	now, skipped := sqldb.Micros(s.DB.Now()), writeSkipped(o.Receipt.Skipped)
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `
			UPDATE mails SET state = ?, provider = ?, provider_id = ?, skipped = ?, why = ?, settled_at = ?
			WHERE mail_key = ? AND (state = 'sending' OR state <> 'sent' AND CAST(? AS TEXT) = 'sent')`,
			string(o.State), o.Receipt.Provider, o.Receipt.ProviderID, skipped, o.Why, now, m.ID, string(o.State))
		if err != nil || n == 1 {
			return err
		}
		var n1 int
		found, err := sqldb.First(ctx, q, "SELECT 1 FROM mails WHERE mail_key = ?", []any{m.ID}, &n1)
		if err == nil && !found {
			err = mail.ErrNoMail
		}
		return err
	})
	if err != nil {
		return sqldb.WrapError("record mail outcome", err)
	}
	if o.State.Resolved() && s.Changed != nil {
		s.Changed(order.ID(m.About))
	}
	return nil
}

// confirmSent records a mail as sent because its provider reports about it, in
// the ledger and, for a campaign's mail, at its recipient in the campaign. A
// mail that is known to be sent is not changed. to is the recipient, if the
// provider names one.
func confirmSent(ctx context.Context, q sqldb.Querier, id, to string, r mail.Receipt, why string, now time.Time) error {
	n, err := q.Exec(ctx, "UPDATE mails SET state = 'sent', provider = ?, provider_id = ?, why = ?, settled_at = ? WHERE mail_key = ? AND state <> 'sent'",
		r.Provider, r.ProviderID, why, sqldb.Micros(now), id)
	if err == nil && n == 1 {
		err = skipResend(ctx, q, id, now)
	}
	if err == nil {
		err = campaigns.ConfirmRecipient(ctx, q, id, to, r.ProviderID, why, now)
	}
	return err
}

// SweepMails marks mails as unknown if their sender has not reported since a
// time, because they may have been sent. It returns how many there were.
func (s *Store) SweepMails(ctx context.Context, since time.Time) (int, error) {
	now := sqldb.Micros(s.DB.Now())
	var n int64
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		n, err = q.Exec(ctx, "UPDATE mails SET state = 'unknown', why = ?, settled_at = ? WHERE state = 'sending' AND claimed_at < ?",
			mail.NoOutcome, now, sqldb.Micros(since))
		return err
	})
	return int(n), sqldb.WrapError("sweep mails", err)
}

// maxSkipped keeps a broken provider from filling the ledger with its messages.
const maxSkipped = 300

func writeSkipped(skipped []mail.PassedOver) string {
	if len(skipped) == 0 {
		return ""
	}
	short := make([]mail.PassedOver, len(skipped))
	for i, k := range skipped {
		short[i] = mail.PassedOver{Provider: k.Provider, Why: k.Why[:min(len(k.Why), maxSkipped)]}
	}
	b, err := json.Marshal(short)
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(b)
}

func readSkipped(s string) (skipped []mail.PassedOver, err error) {
	if s == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s), &skipped); err != nil {
		return nil, fmt.Errorf("skipped providers: %w", err)
	}
	return skipped, nil
}
