package mails

import (
	"context"
	"slices"
	"time"

	"purser/mail"
	"purser/records/sqldb"
)

// This file holds everything that feedback needs to know about the mail ledger.

// ledger selects the mails with our id, the provider's id and their subject;
// sends selects the mails that went out, and when. Both are plain columns, so
// that the table's indexes serve.
const (
	ledger = `(SELECT mail_key AS id, about, provider, provider_id FROM mails)`
	sends  = `(SELECT mail_key AS id, provider, provider_id, template, settled_at AS sent_at, resent_after_unknown AS again FROM mails WHERE state = 'sent')`
)

// mailProviders lists the providers that mails went out through. It walks an
// index from name to name, because DISTINCT would read every mail.
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

// feedbackOf writes a query for columns of mails m with their feedback f, for
// the mails that where selects; it takes the arguments of where twice. A
// provider may report before the ledger has its id for the mail, so that the
// feedback was stored without our id; such feedback is joined by the provider's
// id. The query is a UNION because no index would serve an OR.
func feedbackOf(columns, mails, where string) string {
	return "SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.mail_id <> '' AND f.mail_id = m.id WHERE " + where +
		" UNION ALL SELECT " + columns + " FROM " + mails + " AS m JOIN mail_feedback AS f ON f.provider = m.provider AND f.provider_id = m.provider_id AND f.mail_id = '' WHERE " + where
}

// proofs are the kinds of feedback that prove that a provider has accepted a
// mail.
var proofs = []mail.Kind{mail.Accepted, mail.Delivered, mail.Delayed, mail.Bounced, mail.Complained}

// confirmOutcome resolves a mail of unknown outcome from its provider's
// feedback: the mail went out (docs/decisions/005-unknown-mail.md).
func confirmOutcome(ctx context.Context, q sqldb.Querier, f mail.Feedback, now time.Time) error {
	if f.MessageID == "" || !slices.Contains(proofs, f.Kind) {
		return nil
	}
	return confirmSent(ctx, q, f.MessageID, f.Recipient, mail.Receipt{Provider: f.Provider, ProviderID: f.ProviderID}, f.Provider+" reports: "+string(f.Kind), now)
}

// routine are the kinds of feedback that a provider which reports them gives about
// every mail that goes out well. Many shops subscribe only to bounces and complaints:
// such a provider is silent about all other mails.
var routine = []mail.Kind{mail.Accepted, mail.Delivered}

// recordReported records when a mail's provider first reported that it had the mail, if
// it names the mail by our id and would do so for another that went out well: only then
// does its silence about the other mean something.
func recordReported(ctx context.Context, q sqldb.Querier, f mail.Feedback, now time.Time) error {
	if f.MessageID == "" || !slices.Contains(routine, f.Kind) {
		return nil
	}
	_, err := q.Exec(ctx, "UPDATE mails SET reported_at = ? WHERE mail_key = ? AND reported_at = 0", sqldb.Micros(now), f.MessageID)
	return err
}

// completeID sets our id of the mail on feedback whose provider did not repeat
// it.
func completeID(ctx context.Context, q sqldb.Querier, f *mail.Feedback) error {
	if f.MessageID != "" || f.ProviderID == "" {
		return nil
	}
	_, err := sqldb.First(ctx, q, "SELECT id FROM "+ledger+" AS m WHERE provider = ? AND provider_id = ? AND provider_id <> ''",
		[]any{f.Provider, f.ProviderID}, &f.MessageID)
	return err
}
