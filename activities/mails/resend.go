package mails

import (
	"context"
	"time"

	"purser/activities"
	"purser/order"
)

// Resends remembers the decisions to send a mail again.
type Resends interface {
	// OpenResend gives the mail its next generation, or finds the one that the
	// same key got before, and returns the mail's Ref and Generation. It fails
	// with order.ErrNotFound for a mail that was never due, unless it is one
	// that is sent on request, and with order.ErrMailing while an earlier
	// generation is still being sent.
	OpenResend(ctx context.Context, r order.Resend) (order.Mail, error)
}

// sendBackWithin is the default time a shopper has to send an order back.
const sendBackWithin = 30 * 24 * time.Hour

// PrepareResend records the decision and returns the mail to send, with the
// order as the record has it now.
func (a *Activities) PrepareResend(ctx context.Context, r order.Resend) (order.Mail, error) {
	o, err := a.Orders.Order(ctx, r.OrderID)
	if err != nil {
		return order.Mail{}, activities.Failure(err)
	}
	r.Ref = o.MailFor(r.Notification).Ref
	m, err := a.Resends.OpenResend(ctx, r)
	if err != nil {
		return order.Mail{}, activities.Failure(err)
	}
	// The mail is about the refund or the parcel that was chosen then, even if there is a
	// later one by now.
	l := o.MailWithRef(r.Notification, m.Ref)
	l.Generation = m.Generation
	if r.Notification == order.MailReturnInstructions {
		l.Link, l.Until = r.Link, r.Until
		if l.Until.IsZero() {
			l.Until = time.Now().Add(sendBackWithin)
		}
	}
	return l, nil
}
