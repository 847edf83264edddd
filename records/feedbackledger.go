package records

import (
	"context"
	"slices"
	"time"

	"purser/mail"
)

// What the feedback needs to know of the mail ledger is in this file alone.

// ledger is the mails with their ids (ours and the provider's) and what they
// are; sends is those that went out, and when. Both are plain columns, so that
// the indexes of the table serve.
const (
	ledger = `(SELECT mail_key AS id, about, provider, provider_id FROM mails)`
	sends  = `(SELECT mail_key AS id, provider, provider_id, template, settled_at AS sent_at FROM mails WHERE state = 'sent')`
)

// mailProviders lists those that mails went out through. It goes from name to
// name along an index; DISTINCT would read every mail.
func (s *Store) mailProviders(ctx context.Context) (names []string, err error) {
	for after := ""; ; {
		var name string
		found, err := first(ctx, s.db.reader(), "SELECT provider FROM mails WHERE state = 'sent' AND provider > ? ORDER BY provider LIMIT 1", []any{after}, &name)
		if err != nil || !found {
			return names, err
		}
		names, after = append(names, name), name
	}
}

// feedbackOf is a query for columns of mails m with their feedback f, of the
// mails that where chooses; its arguments are wanted twice. A provider may
// speak before the ledger has learned its id for the mail, so that the
// feedback could not be given ours: then the provider's joins them. Asked as
// one question with an OR, no index would serve.
func feedbackOf(columns, mails, where string) string {
	return "SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.mail_id <> '' AND f.mail_id = m.id WHERE " + where +
		" UNION ALL SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.provider = m.provider AND f.provider_id = m.provider_id AND f.mail_id = '' WHERE " + where
}

// proves are the words that say that a provider has had a mail.
var proves = []mail.Kind{mail.Accepted, mail.Delivered, mail.Delayed, mail.Bounced, mail.Complained}

// prove settles a mail of unknown outcome by its provider's word: it went out
// (docs/decisions/005-unknown-mail.md).
func prove(ctx context.Context, q querier, f mail.Feedback, now time.Time) error {
	if f.MessageID == "" || !slices.Contains(proves, f.Kind) {
		return nil
	}
	return proveMail(ctx, q, f.MessageID, f.Recipient, mail.Receipt{Provider: f.Provider, ProviderID: f.ProviderID}, f.Provider+" reports: "+string(f.Kind), now)
}

// mailOf finds the ledger's id of the mail that feedback is about, where the
// provider has not repeated it.
func mailOf(ctx context.Context, q querier, f *mail.Feedback) error {
	if f.MessageID != "" || f.ProviderID == "" {
		return nil
	}
	_, err := first(ctx, q, "SELECT id FROM "+ledger+" AS m WHERE provider = ? AND provider_id = ? AND provider_id <> ''",
		[]any{f.Provider, f.ProviderID}, &f.MessageID)
	return err
}
