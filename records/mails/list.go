package mails

import (
	"context"
	"database/sql"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// Entry is one row of the mail ledger.
type Entry struct {
	ID         string            `json:"id"`
	About      string            `json:"about"` // an order or a campaign
	Stream     mail.Stream       `json:"stream"`
	Template   string            `json:"template"`
	Generation int               `json:"generation"`
	State      mail.State        `json:"state"`
	Provider   string            `json:"provider,omitempty"`
	ProviderID string            `json:"providerId,omitempty"`
	Skipped    []mail.PassedOver `json:"skipped,omitempty"`
	Why        string            `json:"why,omitempty"`
	Recipient  string            `json:"-"` // the address's fingerprint
	Recipients int               `json:"recipients"`
	Attempts   int               `json:"attempts"`
	AskedBy    string            `json:"askedBy,omitempty"` // the actor who asked for a resend
	AskedWhy   string            `json:"askedWhy,omitempty"`
	Resent     bool              `json:"resentAfterUnknown,omitempty"` // sent because the outcome of the generation before is unknown
	ClaimedAt  time.Time         `json:"claimedAt,omitzero"`
	ResolvedAt time.Time         `json:"settledAt,omitzero"` // zero while the mail has no outcome
}

const mailColumns = `mail_key, about, stream, template, generation, state, provider, provider_id, skipped, why,
	recipient, recipients, attempts, asked_by, asked_why, resent_after_unknown = 1, claimed_at, settled_at`

// Mail returns an entry of the ledger, or mail.ErrNoMail.
func (s *Store) Mail(ctx context.Context, id string) (Entry, error) {
	return s.oneMail(ctx, "WHERE mail_key = ?", id)
}

// MailByProvider returns the mail with a provider's own id, or mail.ErrNoMail.
func (s *Store) MailByProvider(ctx context.Context, provider, providerID string) (Entry, error) {
	return s.oneMail(ctx, "WHERE provider = ? AND provider_id = ? AND provider_id <> ''", provider, providerID)
}

// Mails lists the mails about an order or a campaign, in the order in which
// they were first claimed.
func (s *Store) Mails(ctx context.Context, about string) ([]Entry, error) {
	return s.someMails(ctx, "WHERE about = ? ORDER BY claimed_at, mail_key", about)
}

// OpenMails lists the mails that are being sent or whose outcome is unknown,
// oldest first.
func (s *Store) OpenMails(ctx context.Context, state mail.State, limit int) ([]Entry, error) {
	return s.someMails(ctx, "WHERE state IN ('sending', 'unknown') AND state = ? ORDER BY claimed_at, mail_key LIMIT ?", string(state), sqldb.PageSize(limit))
}

func (s *Store) oneMail(ctx context.Context, where string, args ...any) (Entry, error) {
	found, err := s.someMails(ctx, where, args...)
	if err == nil && len(found) == 0 {
		err = mail.ErrNoMail
	}
	if err != nil {
		return Entry{}, err
	}
	return found[0], nil
}

func (s *Store) someMails(ctx context.Context, where string, args ...any) ([]Entry, error) {
	var found []Entry
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT "+mailColumns+" FROM mails "+where, args, func(r *sql.Rows) error {
		e, err := scanMail(r)
		found = append(found, e)
		return err
	})
	return found, sqldb.WrapError("mails", err)
}

func scanMail(r *sql.Rows) (e Entry, err error) {
	var skipped string
	var claimed, resolved int64
	if err = r.Scan(&e.ID, &e.About, &e.Stream, &e.Template, &e.Generation, &e.State, &e.Provider, &e.ProviderID, &skipped, &e.Why,
		&e.Recipient, &e.Recipients, &e.Attempts, &e.AskedBy, &e.AskedWhy, &e.Resent, &claimed, &resolved); err != nil {
		return e, err
	}
	e.ClaimedAt, e.ResolvedAt = sqldb.FromMicros(claimed), sqldb.FromMicros(resolved)
	e.Skipped, err = readSkipped(skipped)
	return e, err
}
