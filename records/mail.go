package records

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"purser/mail"
	"purser/order"
)

// FindMail answers how a mail stands. One the ledger has never seen is due.
func (s *Store) FindMail(ctx context.Context, id string) (mail.Outcome, error) {
	o, err := readOutcome(ctx, s.db.reader(), id)
	return o, failed("find mail", err)
}

// ClaimMail marks the mail as being sent and answers how it stood before.
// mail.StateDue (new, or known not to be sent) means the caller, and nobody
// else, now owns the sending (EML-1); any other state means hands off.
func (s *Store) ClaimMail(ctx context.Context, m mail.Message) (before mail.Outcome, err error) {
	now := micros(s.now())
	recipient := ""
	if len(m.To) > 0 {
		recipient = mail.Fingerprint(m.To[0].Email)
	}
	err = s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			INSERT INTO mails (mail_key, about, template, generation, stream, recipient, recipients, state, provider_id, why, attempts, claimed_at, settled_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', '', '', 1, ?, 0)
			ON CONFLICT (mail_key) DO UPDATE SET state = 'sending', attempts = mails.attempts + 1, claimed_at = excluded.claimed_at,
				stream = excluded.stream, recipient = excluded.recipient, recipients = excluded.recipients
			WHERE mails.state = 'due'`, m.ID, m.About, m.Template, m.Generation, string(m.Stream), recipient, len(m.To), now)
		if err != nil {
			return err
		}
		if n == 1 {
			before = mail.Outcome{State: mail.StateDue}
			return nil
		}
		if before, err = readOutcome(ctx, q, m.ID); before.State == mail.StateDue {
			before.State = mail.StateSending // it has just become due: claimed it is not
		}
		return err
	})
	return before, failed("claim mail", err)
}

func readOutcome(ctx context.Context, q querier, id string) (mail.Outcome, error) {
	o := mail.Outcome{State: mail.StateDue}
	var skipped string
	_, err := first(ctx, q, "SELECT state, provider, provider_id, skipped, why FROM mails WHERE mail_key = ?", []any{id},
		&o.State, &o.Receipt.Provider, &o.Receipt.ProviderID, &skipped, &o.Why)
	if err == nil {
		o.Receipt.Skipped, err = readSkipped(skipped)
	}
	return o, err
}

// SettleMail writes how the sending of a mail that is claimed ended. That it
// was sent is always news; nothing else changes what was settled before.
// mail.ErrNoMail if it was never claimed.
func (s *Store) SettleMail(ctx context.Context, m mail.Message, o mail.Outcome) error {
	now, skipped := micros(s.now()), writeSkipped(o.Receipt.Skipped)
	err := s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			UPDATE mails SET state = ?, provider = ?, provider_id = ?, skipped = ?, why = ?, settled_at = ?
			WHERE mail_key = ? AND (state = 'sending' OR state <> 'sent' AND CAST(? AS TEXT) = 'sent')`,
			string(o.State), o.Receipt.Provider, o.Receipt.ProviderID, skipped, o.Why, now, m.ID, string(o.State))
		if err != nil || n == 1 {
			return err
		}
		var n1 int
		found, err := first(ctx, q, "SELECT 1 FROM mails WHERE mail_key = ?", []any{m.ID}, &n1)
		if err == nil && !found {
			err = mail.ErrNoMail
		}
		return err
	})
	if err != nil {
		return failed("settle mail", err)
	}
	if o.State.Settled() {
		s.watches.wake(order.ID(m.About))
	}
	return nil
}

// proveMail settles a mail as sent because its provider speaks of it, in the
// ledger and, if it is a campaign's, at its recipient there. One known to be
// sent stays as it is. to is the recipient, if the provider says.
func proveMail(ctx context.Context, q querier, id, to string, r mail.Receipt, why string, now time.Time) error {
	_, err := q.exec(ctx, "UPDATE mails SET state = 'sent', provider = ?, provider_id = ?, why = ?, settled_at = ? WHERE mail_key = ? AND state <> 'sent'",
		r.Provider, r.ProviderID, why, micros(now), id)
	if err == nil {
		err = proveRecipient(ctx, q, id, to, r.ProviderID, why, now)
	}
	return err
}

// SweepMails gives up on mails whose sender has not been heard of since a
// time: whether they went out is not known. It answers how many there were.
func (s *Store) SweepMails(ctx context.Context, since time.Time) (int, error) {
	now := micros(s.now())
	var n int64
	err := s.db.writeAlone(ctx, func(ctx context.Context, q querier) (err error) {
		n, err = q.exec(ctx, "UPDATE mails SET state = 'unknown', why = 'the process ended while it was being sent', settled_at = ? WHERE state = 'sending' AND claimed_at < ?",
			now, micros(since))
		return err
	})
	return int(n), failed("sweep mails", err)
}

// maxSkipped keeps a broken provider from filling the ledger with its words.
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
		panic(err) // strings only
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
