package orders_test

import (
	"slices"
	"strings"

	"purser/mail"
	"purser/order"
)

// keptMails checks that each milestone that the order reached was mailed once, and
// no other. Whether a decline is mailed depends on what the shopper does next; it is
// never mailed twice for an intent.
func (w *generated) keptMails() {
	due := map[order.Kind]order.Notification{
		order.PaymentWasCaptured: order.MailConfirmation, order.ParcelWasShipped: order.MailShipped, order.ParcelArrived: order.MailDelivered,
		order.OrderCancelled: order.MailCancelled, order.OrderExpired: order.MailExpired, order.PaymentAskedAgain: order.MailPayAgain,
		order.ParcelIsReady: order.MailReady, order.ReturnWasRequested: order.MailReturnRequested, order.ReturnWasApproved: order.MailReturnApproved,
		order.ReturnWasRejected: order.MailReturnRejected, order.ReturnHasExpired: order.MailReturnExpired, order.ReturnWasCancelled: order.MailReturnCancelled,
	}
	var want []order.Notification
	for _, e := range w.events() {
		k := e.Kind
		if k == order.PaymentReady && strings.Contains(e.Why, " for the change ") {
			want = append(want, order.MailPayMore)
		}
		if k == order.ParcelArrived && w.collected(e.Ref) { // the shopper knows
			continue
		}
		if k == order.ReturnWasCancelled && strings.HasPrefix(e.Ref, "parcel-") { // nobody has told the shopper of it
			continue
		}
		if m, ok := due[k]; ok && (m != order.MailConfirmation || w.placement.Terms.Capture == "") {
			want = append(want, m)
		}
	}
	if w.placement.Terms.Capture != "" && w.count(order.PaymentWasCaptured) > 0 && w.state().Confirmed { // captured early is confirmed later
		want = append(want, order.MailConfirmation)
	}
	if len(w.order().MailFor(order.MailDigital).Delivered) > 0 {
		want = append(want, order.MailDigital)
	}
	if w.order().Free() && w.state().Confirmed { // nothing is captured then
		want = append(want, order.MailConfirmation)
	}
	asked := slices.ContainsFunc(w.mailer.Sent(), func(m mail.Message) bool { return m.Template == string(order.MailPrepayment) })
	if p := w.order().Payment(); p.Manual() && p.Reference != "" || w.terminatedAfter > 0 && asked { // the workflow may have ended before the order was saved
		want = append(want, order.MailPrepayment)
		for _, a := range w.order().Changes { // what a transfer is for has changed
			if a.Status == order.AmendmentMade && a.Amount != 0 && !slices.ContainsFunc(w.order().Refunds, func(r order.Refund) bool { return r.Asked == a.Asked }) {
				want = append(want, order.MailPrepayment)
			}
		}
	}
	for _, r := range w.order().Returns {
		if r.Refund.Currency != "" && (r.Parcel == 0 || r.Refund.Amount+r.Fee+r.Damage > 0) { // it says what is refunded
			want = append(want, order.MailReturnReceived)
		}
	}
	for _, r := range w.order().Refunds {
		switch {
		case r.Status == order.RefundSucceeded:
			want = append(want, order.MailRefunded)
		case r.Status == order.RefundFailed:
			want = append(want, order.MailRefundFailed)
		}
	}
	problems := 0
	for _, m := range w.mailer.Sent() {
		if m.Template == string(order.MailPaymentProblem) {
			problems++
			want = append(want, order.MailPaymentProblem)
		}
	}
	if problems > w.count(order.PaymentDeclined) || problems > w.order().Payment().Number {
		w.Errorf("%d mails about declined cards in %v", problems, w.kinds())
	}
	w.mailed(want...)
}
