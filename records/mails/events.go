package mails

import (
	"context"
	"errors"

	"purser/mail"
	"purser/order"
	"purser/records/sqldb"
)

// MailEvents converts feedback to events of orders: which of their mails
// bounced or were reported as spam. It leaves out feedback about other mails
// and about mails that are not in the ledger. The same feedback always gives
// the same events.
func (s *Store) MailEvents(ctx context.Context, list []mail.Feedback) ([]order.ProviderEvent, error) {
	var fresh []order.ProviderEvent
	for _, f := range list {
		if f.Kind != mail.Bounced && f.Kind != mail.Complained {
			continue
		}
		e, err := s.mailBehind(ctx, f)
		if errors.Is(err, mail.ErrNoMail) {
			continue
		}
		if err != nil {
			return nil, sqldb.WrapError("mail events", err)
		}
		id, err := order.ParseID(e.About)
		if err != nil { // a campaign's mail
			continue
		}
		fresh = append(fresh, order.ProviderEvent{
			ID: "mail:" + f.Provider + ":" + f.ProviderID + ":" + string(f.Kind) + ":" + string(f.Bounce), Type: "mail." + string(f.Kind), At: f.At, OrderID: id,
			Mail: &order.MailTrouble{
				Notification: order.Notification(e.Template), Kind: f.Kind, Bounce: f.Bounce, Provider: f.Provider, ProviderID: f.ProviderID, At: f.At,
			},
		})
	}
	return fresh, nil
}

// mailBehind returns the ledger entry that feedback is about, by our id if the
// provider repeats it, otherwise by the provider's id.
func (s *Store) mailBehind(ctx context.Context, f mail.Feedback) (Entry, error) {
	if f.MessageID != "" {
		return s.Mail(ctx, f.MessageID)
	}
	return s.MailByProvider(ctx, f.Provider, f.ProviderID)
}
