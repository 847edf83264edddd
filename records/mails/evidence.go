package mails

import (
	"context"
	"slices"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// This file alone holds what feedback needs to know of the mail ledger.

// ledger is the mails with their ids (ours and the provider's) and what they
// are about; sends is those that went out, and when. Both are plain columns, so
// that the indexes of the table serve.
const (
	ledger = `(SELECT mail_key AS id, about, provider, provider_id FROM mails)`
	sends  = `(SELECT mail_key AS id, provider, provider_id, template, settled_at AS sent_at FROM mails WHERE state = 'sent')`
)

// mailProviders lists the providers that mails went out through. It goes from
// name to name along an index; DISTINCT would read every mail.
func (s *Store) mailProviders(ctx context.Context) (names []string, err error) {
	for after := ""; ; {
		var name string
		found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT provider FROM mails WHERE state = 'sent' AND provider > ? ORDER BY provider LIMIT 1", []any{after}, &name)
		if err != nil || !found {
			return names, err
		}
		names, after = append(names, name), name
	}
}

// feedbackOf writes a query for columns of mails m with their feedback f, of the
// mails that where chooses; it takes the arguments of where twice. A provider
// may report before the ledger has its id for the mail, so that the feedback
// could not be given our id: then the provider's id joins them. No index would
// serve a single query with an OR.
func feedbackOf(columns, mails, where string) string {
	return "SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.mail_id <> '' AND f.mail_id = m.id WHERE " + where +
		" UNION ALL SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.provider = m.provider AND f.provider_id = m.provider_id AND f.mail_id = '' WHERE " + where
}

// proofs are the kinds of feedback that prove that a provider has had a mail.
var proofs = []mail.Kind{mail.Accepted, mail.Delivered, mail.Delayed, mail.Bounced, mail.Complained}

// confirmOutcome resolves a mail of unknown outcome by its provider's feedback: it
// went out (docs/decisions/005-unknown-mail.md).
func confirmOutcome(ctx context.Context, q sqldb.Querier, f mail.Feedback, now time.Time) error {
	if f.MessageID == "" || !slices.Contains(proofs, f.Kind) {
		return nil
	}
	return confirmSent(ctx, q, f.MessageID, f.Recipient, mail.Receipt{Provider: f.Provider, ProviderID: f.ProviderID}, f.Provider+" reports: "+string(f.Kind), now)
}

// completeID sets the ledger's id of the mail that feedback is about, where the
// provider has not repeated it.
func completeID(ctx context.Context, q sqldb.Querier, f *mail.Feedback) error {
	if f.MessageID != "" || f.ProviderID == "" {
		return nil
	}
	_, err := sqldb.First(ctx, q, "SELECT id FROM "+ledger+" AS m WHERE provider = ? AND provider_id = ? AND provider_id <> ''",
		[]any{f.Provider, f.ProviderID}, &f.MessageID)
	return err
}
