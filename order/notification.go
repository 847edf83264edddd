package order

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Notification is the kind of an order's mail. Each occurrence of its occasion
// causes exactly one mail.
type Notification string

// The notifications. They go to the shopper unless noted otherwise.
const (
	MailPrepayment     Notification = "prepayment"      // how to pay in advance
	MailReceived       Notification = "received"        // the money is held, and the parcel is not booked yet
	MailConfirmation   Notification = "confirmation"    // paid
	MailPaymentProblem Notification = "payment_problem" // declined, and not retried since
	MailPayAgain       Notification = "pay_again"       // the hold on the money is about to lapse
	MailPayMore        Notification = "pay_more"        // what a change of the order costs
	MailDifference     Notification = "pay_difference"  // what an exchange costs more than the goods were worth
	MailShipped        Notification = "shipped"
	MailReady          Notification = "ready" // to be collected
	MailDelivered      Notification = "delivered"
	MailDigital        Notification = "digital_delivery" // how to get goods that need no parcel
	MailCancelled      Notification = "cancelled"
	MailExpired        Notification = "expired"
	MailRefunded       Notification = "refunded"      // the refund has succeeded
	MailRefundFailed   Notification = "refund_failed" // the shopper's bank refused the refund
	MailDispute        Notification = "dispute"       // to the shop
	// The mails about a return are named after the state that it enters.
	MailReturnRequested Notification = "return_requested"
	MailReturnApproved  Notification = "return_approved" // how to send the goods back
	MailReturnRejected  Notification = "return_rejected"
	MailReturnReceived  Notification = "return_received" // and what is refunded
	MailReturnExpired   Notification = "return_expired"
	MailReturnCancelled Notification = "return_cancelled"
	// MailReturnInstructions is sent when the shop asks for it.
	MailReturnInstructions Notification = "return_instructions"
)

// ToShop reports whether the mail goes to the shop itself.
func (m Notification) ToShop() bool { return m == MailDispute }

// OnRequest reports whether the mail is sent because somebody requests it, and
// not because of a change of the order.
func (m Notification) OnRequest() bool { return m == MailReturnInstructions }

// Mail is one mail to be sent once. Its key is made of order, notification,
// generation, and Ref if the notification can be about one of several objects.
type Mail struct {
	OrderID      ID                `json:"orderId"`
	Notification Notification      `json:"milestone"`
	Generation   int               `json:"generation"`
	Ref          string            `json:"ref,omitempty"` // the refund, return, dispute or intent that it is about
	To           string            `json:"to"`
	Name         string            `json:"name"`
	Locale       string            `json:"locale,omitempty"`
	Lines        []Line            `json:"lines,omitempty"`
	Shipping     *Fee              `json:"shipping,omitempty"`
	Total        Money             `json:"total"`
	Amount       Money             `json:"amount,omitzero"` // the refunded or disputed amount, if the mail is about one
	Until        time.Time         `json:"until,omitzero"`  // until when the reader can act
	Tracking     string            `json:"tracking,omitempty"`
	Reason       string            `json:"reason,omitempty"`
	Link         string            `json:"link,omitempty"`  // where its button leads; default: to the order or the parcel
	Label        string            `json:"label,omitempty"` // the carrier's id of the label that it carries as a file
	Delivered    []DigitalDelivery `json:"delivered,omitempty"`
	// NewOrder is the order that the goods of a return were exchanged for, and Credit how
	// much of their value pays for it. NotExchanged says that the shopper wanted another
	// order, and does not get it.
	NewOrder     ID    `json:"newOrder,omitempty"`
	Credit       Money `json:"credit,omitzero"`
	NotExchanged bool  `json:"notExchanged,omitempty"`
}

// Key returns the mail's key in the ledger.
func (m Mail) Key() string {
	operation := "mail-" + string(m.Notification)
	if m.Ref != "" {
		operation += "-" + m.Ref
	}
	return Key(m.OrderID, operation, m.Generation)
}

// MailFor returns the first generation of an order's notification; if it is
// about a refund or a dispute, about the latest one.
func (o Order) MailFor(m Notification) Mail { return o.MailAbout(m, "") }

// MailAbout returns the first generation of an order's notification about the
// refund, dispute or intent with the id ref; "": the latest.
func (o Order) MailAbout(m Notification, ref string) Mail {
	charged := o.WithoutReleased()
	l := Mail{
		OrderID: o.ID, Notification: m, Generation: 1, To: o.Email, Name: o.ShipTo.Name, Locale: o.Locale,
		Lines: charged.Lines, Shipping: charged.Shipping, Total: charged.Total, Tracking: o.Shipment().Tracking,
	}
	switch m {
	case MailShipped, MailReady, MailDelivered, MailDigital:
		l = l.aboutParcel(o, ref)
	case MailPrepayment:
		l.Ref, l.Amount = o.Payment().Reference, Money{o.Total.Amount - o.Captured(), o.Total.Currency}
		if o.Waiting != nil {
			l.Until = o.Waiting.Until
		}
	case MailPayAgain:
		l.Ref, l.Amount = cmp.Or(ref, o.standby().Reference), o.Asked(o.standby())
	case MailPayMore:
		l = l.aboutChange(o, ref)
	case MailDifference:
		l.Ref, l.Amount, l.Credit = cmp.Or(ref, o.Payment().Reference), o.Asked(o.Payment()), Money{o.Credited(), o.Total.Currency}
	case MailPaymentProblem:
		l.Ref = cmp.Or(ref, o.Payment().Reference)
		if d := o.Payment().Decline; d != nil {
			l.Reason = d.Message
		}
	case MailRefunded, MailRefundFailed:
		l.Lines, l.Shipping, l.Total = nil, nil, Money{}
		for _, r := range o.Refunds {
			if ref == "" && r.Status.mail() == m || ref != "" && r.ID == ref {
				l.Ref, l.Amount = r.ID, r.Amount
			}
		}
	case MailReturnRequested, MailReturnApproved, MailReturnRejected, MailReturnReceived, MailReturnExpired, MailReturnCancelled:
		l = l.aboutReturn(o, ref)
	case MailDispute:
		l.To, l.Name, l.Locale, l.Lines, l.Shipping, l.Total = "", "", "", nil, nil, Money{}
		for _, d := range o.Disputes {
			if ref != "" && d.ID != ref {
				continue
			}
			l.Ref, l.Amount, l.Reason, l.Until = d.ID, d.Amount, d.Reason, d.AnswerBy
		}
	}
	return l
}

// MailWithRef returns the first generation of an order's notification whose Ref is ref.
// Mails about the first parcel have none, whichever parcel is the present one.
func (o Order) MailWithRef(m Notification, ref string) Mail {
	l := o.MailAbout(m, ref)
	for _, s := range o.Shipments {
		if l.Ref == ref {
			return l
		}
		l = o.MailAbout(m, s.Reference)
	}
	l.Ref = ref
	return l
}

// standby returns the payment that the shopper is asked for because a hold lapses, or
// the zero Payment.
func (o Order) standby() Payment {
	for _, p := range slices.Backward(o.Payments) {
		if p.Standby && p.Change == "" {
			return p
		}
	}
	return Payment{}
}

// aboutChange makes a mail one about what a change of the order costs, which waits for the
// payment with a reference; "": the latest one.
func (m Mail) aboutChange(o Order, ref string) Mail {
	for _, a := range o.Changes {
		if a.Payment == 0 || a.Payment > len(o.Payments) {
			continue
		}
		if p := o.Payments[a.Payment-1]; ref == "" || p.Reference == ref {
			m.Ref, m.Amount, m.Until, m.Lines, m.Shipping, m.Total = p.Reference, o.Asked(p), a.Until, a.Added, nil, a.cost(o.Total.Currency)
		}
	}
	return m
}

// aboutParcel makes a mail one about the shipment with a reference; "": the
// present one. The mails about the first one of its kind have no Ref.
func (m Mail) aboutParcel(o Order, ref string) Mail {
	s := o.Shipment()
	first := slices.IndexFunc(o.Shipments, func(s Shipment) bool { return s.Method == NoParcel })
	if m.Notification == MailDigital && first >= 0 {
		s = o.Shipments[first]
	}
	for _, other := range o.Shipments {
		if ref != "" && other.Reference == ref {
			s = other
		}
	}
	m.Tracking = s.Tracking
	if m.Notification == MailShipped {
		m.Link = s.Link
	}
	if m.Notification == MailDigital {
		m.Delivered, m.Lines, m.Shipping, m.Total = s.Delivered, nil, nil, Money{}
	}
	if s.Number > 1 && (m.Notification != MailDigital || first >= 0 && s.Number != o.Shipments[first].Number) {
		m.Ref = s.Reference
	}
	return m
}

// aboutReturn makes a mail one about a return; "": the latest one in the state that the
// mail is about.
func (m Mail) aboutReturn(o Order, ref string) Mail {
	m.Lines, m.Shipping, m.Total = nil, nil, Money{}
	for _, r := range o.Returns {
		if ref == "" && r.Status.Notification() == m.Notification || ref != "" && r.ID == ref {
			m.Ref, m.Amount, m.Until, m.Link, m.Reason = r.ID, r.Refund, r.Due, r.Link, r.Message
			if m.Notification == MailReturnApproved && r.Label.Status == ReturnLabelMade {
				m.Label = r.Label.LabelID
			}
			if x := r.Exchange; x != nil && m.Notification == MailReturnReceived {
				m.NotExchanged = x.Refused != ""
				if m.NewOrder, m.Credit = x.OrderID, x.Credit; m.NotExchanged {
					m.NewOrder, m.Credit = "", Money{}
				}
			}
		}
	}
	return m
}

// ErrMailing means that a mail cannot be sent again yet, because it is still
// being sent.
var ErrMailing = errors.New("the mail is still being sent")

// Resend is a person's decision to send a notification again, or to send one
// that is sent on request. The same key is the same decision.
type Resend struct {
	OrderID      ID           `json:"orderId"`
	Notification Notification `json:"milestone"`
	Ref          string       `json:"ref,omitempty"` // as in Mail; set from the order
	Key          string       `json:"key"`
	Actor        string       `json:"actor"`
	Why          string       `json:"why"`
	// Until and Link are for return instructions: the last day (default: 30 days
	// from now) and the link to the label (default: no link).
	Until time.Time `json:"until,omitzero"`
	Link  string    `json:"link,omitempty"`
}

// Mail returns the mail of a generation.
func (r Resend) Mail(generation int) Mail {
	return Mail{OrderID: r.OrderID, Notification: r.Notification, Ref: r.Ref, Generation: generation}
}

// Named returns the mail of a generation with the given key, which may be about
// another refund or dispute than the order's latest.
func (r Resend) Named(key string, generation int) Mail {
	m := r.Mail(generation)
	m.Ref = ""
	about := strings.TrimSuffix(m.Key(), fmt.Sprintf(":%d", generation))
	m.Ref = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(key, fmt.Sprintf(":%d", generation)), about), "-")
	return m
}

// Stem returns the common prefix of the keys of all generations of the mail,
// which no other mail's key has.
func (r Resend) Stem() string { return strings.TrimSuffix(r.Mail(0).Key(), "0") }
