package records

import (
	"context"
	"database/sql"
	"time"

	"purser/order"
)

// MailEntry is one line of the mail ledger.
type MailEntry struct {
	Key        string
	Milestone  order.Milestone
	Generation int
	State      order.MailState
	MessageID  string
	Why        string
	Attempts   int
	ClaimedAt  time.Time
	SettledAt  time.Time // zero: not yet
}

// ClaimMail marks the mail as being sent and answers the state before.
// MailStateDue (new, or known not to be sent) means the caller, and nobody
// else, now owns the sending (EML-1); any other state means hands off.
// messageID is that of a mail already sent.
func (s *Store) ClaimMail(ctx context.Context, m order.Mail) (before order.MailState, messageID string, err error) {
	key, now := m.Key(), micros(s.now())
	err = s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			INSERT INTO mails (mail_key, order_id, milestone, generation, state, message_id, why, attempts, claimed_at, settled_at)
			VALUES (?, ?, ?, ?, 'sending', '', '', 1, ?, 0)
			ON CONFLICT (mail_key) DO UPDATE SET state = 'sending', attempts = mails.attempts + 1, claimed_at = excluded.claimed_at
			WHERE mails.state = 'due'`, key, string(m.OrderID), string(m.Milestone), m.Generation, now)
		if err != nil {
			return err
		}
		if n == 1 {
			before, messageID = order.MailStateDue, ""
			return nil
		}
		_, err = first(ctx, q, "SELECT state, message_id FROM mails WHERE mail_key = ?", []any{key}, &before, &messageID)
		return err
	})
	return before, messageID, failed("claim mail", err)
}

// SettleMail writes how the sending ended. A mail once known to be sent stays
// so. ErrNoMail if it was never claimed.
func (s *Store) SettleMail(ctx context.Context, m order.Mail, st order.MailState, messageID, why string) error {
	key, now := m.Key(), micros(s.now())
	err := s.db.writeAlone(ctx, func(ctx context.Context, q querier) error {
		n, err := q.exec(ctx, `
			UPDATE mails SET state = ?, message_id = ?, why = ?, settled_at = ? WHERE mail_key = ? AND state <> 'sent'`,
			string(st), messageID, why, now, key)
		if err != nil || n == 1 {
			return err
		}
		var n1 int
		found, err := first(ctx, q, "SELECT 1 FROM mails WHERE mail_key = ?", []any{key}, &n1)
		if err == nil && !found {
			err = ErrNoMail
		}
		return err
	})
	if err != nil {
		return failed("settle mail", err)
	}
	if st != order.MailStateDue && st != order.MailStateSending {
		s.watches.wake(m.OrderID)
	}
	return nil
}

// Mails lists the order's mails in the order they were first claimed.
func (s *Store) Mails(ctx context.Context, id order.ID) ([]MailEntry, error) {
	var found []MailEntry
	err := each(ctx, s.db.reader(), `
		SELECT mail_key, milestone, generation, state, message_id, why, attempts, claimed_at, settled_at FROM mails
		WHERE order_id = ? ORDER BY claimed_at, mail_key`, []any{string(id)}, func(r *sql.Rows) error {
		var e MailEntry
		var claimed, settled int64
		if err := r.Scan(&e.Key, &e.Milestone, &e.Generation, &e.State, &e.MessageID, &e.Why, &e.Attempts, &claimed, &settled); err != nil {
			return err
		}
		e.ClaimedAt, e.SettledAt = fromMicros(claimed), fromMicros(settled)
		found = append(found, e)
		return nil
	})
	return found, failed("mails", err)
}
