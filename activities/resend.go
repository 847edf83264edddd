package activities

import (
	"context"

	"purser/order"
)

// Resends remembers who wanted which mail sent anew.
type Resends interface {
	// OpenResend gives the mail its next generation, or finds the one the
	// same key got before. It fails with order.ErrNotFound for a mail that
	// was never due, and with order.ErrMailing while one is still being sent.
	OpenResend(ctx context.Context, r order.Resend) (generation int, err error)
}

// PrepareResend writes the decision down and answers the mail to send: the
// order's as the record has it now.
func (a *Activities) PrepareResend(ctx context.Context, r order.Resend) (order.Mail, error) {
	o, err := a.Orders.Order(ctx, r.OrderID)
	if err != nil {
		return order.Mail{}, failure(err)
	}
	generation, err := a.Resends.OpenResend(ctx, r)
	if err != nil {
		return order.Mail{}, failure(err)
	}
	return order.Mail{
		OrderID: o.ID, Milestone: r.Milestone, Generation: generation, To: o.Email, Name: o.ShipTo.Name, Locale: o.Locale,
		Lines: o.Lines, Total: o.Total, Tracking: o.Shipment.Tracking,
	}, nil
}
