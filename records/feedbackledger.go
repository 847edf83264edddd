package records

import (
	"context"
	"slices"
	"time"

	"purser/mail"
)

// What the feedback needs to know of the mail ledger is in this file alone.

// sends is the ledger as mails with their ids (ours and the provider's), what
// they were and when they went out (0: not, or not known).
const sends = `(SELECT mail_key AS id, about AS order_id, provider, provider_id, template, stream, CASE WHEN state = 'sent' THEN settled_at ELSE 0 END AS sent_at FROM mails)`

// feedbackOfSends joins feedback to mails. A provider may speak before the
// ledger has learned its id for the mail, so that the feedback could not be
// given ours: then the provider's joins them.
const feedbackOfSends = `mail_feedback AS f ON (f.mail_id <> '' AND f.mail_id = m.id) OR
	(f.mail_id = '' AND f.provider_id <> '' AND f.provider_id = m.provider_id AND f.provider = m.provider)`

// proves are the words that say that a provider has had a mail.
var proves = []mail.Kind{mail.Accepted, mail.Delivered, mail.Delayed, mail.Bounced, mail.Complained}

// prove settles a mail of unknown outcome by its provider's word: it went out
// (docs/decisions/005-unknown-mail.md).
func prove(ctx context.Context, q querier, f mail.Feedback, now time.Time) error {
	if f.MessageID == "" || !slices.Contains(proves, f.Kind) {
		return nil
	}
	_, err := proveMail(ctx, q, f.MessageID, mail.Receipt{Provider: f.Provider, ProviderID: f.ProviderID}, f.Provider+" reports: "+string(f.Kind), now)
	return err
}

// mailOf finds the ledger's id of the mail that feedback is about, where the
// provider has not repeated it.
func mailOf(ctx context.Context, q querier, f *mail.Feedback) error {
	if f.MessageID != "" || f.ProviderID == "" {
		return nil
	}
	_, err := first(ctx, q, "SELECT id FROM "+sends+" AS m WHERE provider_id = ? AND provider = ?",
		[]any{f.ProviderID, f.Provider}, &f.MessageID)
	return err
}
