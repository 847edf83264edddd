package order

import (
	"cmp"
	"time"
)

// Notification is an occasion for a mail: exactly one for each time it occurs.
type Notification string

// The milestones that are mailed, to the shopper unless another is named.
const (
	MailConfirmation   Notification = "confirmation"    // paid
	MailPaymentProblem Notification = "payment_problem" // declined, and not tried again since
	MailShipped        Notification = "shipped"
	MailDelivered      Notification = "delivered"
	MailCancelled      Notification = "cancelled"
	MailExpired        Notification = "expired"
	MailRefunded       Notification = "refunded"      // money is known to have gone back
	MailRefundFailed   Notification = "refund_failed" // the bank did not take it
	MailDispute        Notification = "dispute"       // to the shop
	// MailReturnInstructions is sent when the shop asks for it.
	MailReturnInstructions Notification = "return_instructions"
)

// ToShop reports whether the mail goes to the shop itself.
func (m Notification) ToShop() bool { return m == MailDispute }

// OnRequest reports whether the mail is sent because somebody asks for it, and
// not because the order has come to a point.
func (m Notification) OnRequest() bool { return m == MailReturnInstructions }

// Mail is one mail to be sent once: its key is order, milestone and
// generation, and what it is about where there may be several.
type Mail struct {
	OrderID      ID           `json:"orderId"`
	Notification Notification `json:"milestone"`
	Generation   int          `json:"generation"`
	Ref          string       `json:"ref,omitempty"` // the one it is about of several: a refund, a dispute, an intent
	To           string       `json:"to"`
	Name         string       `json:"name"`
	Locale       string       `json:"locale,omitempty"`
	Lines        []Line       `json:"lines,omitempty"`
	Total        Money        `json:"total"`
	Amount       Money        `json:"amount,omitzero"` // the money that moves, where the mail is about that
	Until        time.Time    `json:"until,omitzero"`  // until when the reader can do something
	Tracking     string       `json:"tracking,omitempty"`
	Reason       string       `json:"reason,omitempty"`
	Link         string       `json:"link,omitempty"` // where its button leads; default: to the order or the parcel
}

// Key names the mail in the ledger.
func (m Mail) Key() string {
	operation := "mail-" + string(m.Notification)
	if m.Ref != "" {
		operation += "-" + m.Ref
	}
	return Key(m.OrderID, operation, m.Generation)
}

// MailFor is the order's first mail of a milestone: about the latest refund or
// dispute, where it is about one.
func (o Order) MailFor(m Notification) Mail { return o.MailAbout(m, "") }

// MailAbout is the order's first mail of a milestone about the refund,
// dispute or intent that ref names; "": the latest.
func (o Order) MailAbout(m Notification, ref string) Mail {
	l := Mail{
		OrderID: o.ID, Notification: m, Generation: 1, To: o.Email, Name: o.ShipTo.Name, Locale: o.Locale,
		Lines: o.Lines, Total: o.Total, Tracking: o.Shipment.Tracking,
	}
	switch m {
	case MailPaymentProblem:
		l.Ref = cmp.Or(ref, o.Payment.IntentID)
		if d := o.Payment.Decline; d != nil {
			l.Reason = d.Message
		}
	case MailRefunded, MailRefundFailed:
		l.Lines, l.Total = nil, Money{}
		for _, r := range o.Refunds {
			if ref == "" && r.Status.mail() == m || ref != "" && r.ID == ref {
				l.Ref, l.Amount = r.ID, r.Amount
			}
		}
	case MailDispute:
		l.To, l.Name, l.Locale, l.Lines, l.Total = "", "", "", nil, Money{}
		for _, d := range o.Disputes {
			if ref != "" && d.ID != ref {
				continue
			}
			l.Ref, l.Amount, l.Reason, l.Until = d.ID, d.Amount, d.Reason, d.AnswerBy
		}
	}
	return l
}
