package mails

import (
	"context"
	"time"

	"purser/activities"
	"purser/order"
)

// Resends remembers who wanted which mail sent again.
type Resends interface {
	// OpenResend gives the mail its next generation, or finds the one the
	// same key got before, and returns which mail that is: its Ref and its
	// Generation. It fails with order.ErrNotFound for a mail that
	// was never due, except for one that is sent on request, and with
	// order.ErrMailing while one is still being sent.
	OpenResend(ctx context.Context, r order.Resend) (order.Mail, error)
}

// sendBackWithin is how long a shopper has for sending an order back, where
// the shop does not say.
const sendBackWithin = 30 * 24 * time.Hour

// PrepareResend writes the decision down and returns the mail to send: the
// order's as the record has it now.
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
	// What was decided upon stays so, though there be a later refund by now.
	l := o.MailAbout(r.Notification, m.Ref)
	l.Generation = m.Generation
	if r.Notification == order.MailReturnInstructions {
		l.Link, l.Until = r.Link, r.Until
		if l.Until.IsZero() {
			l.Until = time.Now().Add(sendBackWithin)
		}
	}
	return l, nil
}
