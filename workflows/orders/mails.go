package orders

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities/mails"
	"purser/mail"
	"purser/order"
	"purser/workflows"
)

// mail sends the mail about a milestone.
func (w *orderWorkflow) mail(ctx workflow.Context, m order.Notification) { w.mailAbout(ctx, m, "") }

// mailAbout sends the mail about a milestone of one of several things: a parcel, a
// refund, a dispute or a payment.
func (w *orderWorkflow) mailAbout(ctx workflow.Context, m order.Notification, ref string) {
	l := w.MailAbout(m, ref)
	if w.Abort != nil && m != order.MailDispute {
		l.Reason = cmp.Or(l.Reason, w.Abort.Shopper)
	}
	w.send(ctx, l)
}

// send sends a mail. The order does not wait for it, but the end of the workflow
// does.
func (w *orderWorkflow) send(ctx workflow.Context, l order.Mail) {
	w.sending++
	first := func() { w.sending-- }
	w.Mails = append(w.Mails, l)
	w.sendInBackground(ctx, l, first)
}

// sendInBackground sends a mail that is due. tried, if it is not nil, is called
// after the first try.
func (w *orderWorkflow) sendInBackground(ctx workflow.Context, l order.Mail, tried func()) {
	w.inBackground(ctx, func(ctx workflow.Context) {
		summary := "Mail: " + string(l.Notification)
		w.task.began(ctx)
		out, err := sendMail.Local(ctx, summary, l)
		if delayed := err != nil && workflows.IsTransient(err); delayed {
			w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(err), "")
			if tried != nil {
				tried()
				tried = nil
			}
			w.changes++
			out, err = sendMail.Remote(ctx, workflows.MailWithin, summary, err, l)
		}
		w.Mails = slices.DeleteFunc(w.Mails, func(m order.Mail) bool { return m.Key() == l.Key() })
		w.noteMail(ctx, l.Notification, out, err)
		if tried != nil {
			tried()
		}
	})
}

// mailReceivedInBackground mails the shopper that the order was received, if no
// parcel is booked some time after the money is held. It is called when that begins
// to look possible, so that the usual order needs no timer.
func (w *orderWorkflow) mailReceivedInBackground(ctx workflow.Context) {
	after := w.Placement.Terms.ReceivedAfter
	over := func() bool { return w.booked() || w.Phase != Fulfilling || w.Abort != nil || w.Cancel != nil }
	if after == 0 || w.Received || w.receiving || over() {
		return
	}
	w.receiving = true
	due := w.Order.Payment().AuthorizedAt.Add(after)
	if w.Free() {
		due = w.PlacedAt.Add(after)
	}
	w.inBackground(ctx, func(ctx workflow.Context) {
		unneeded, err := workflow.AwaitWithTimeout(ctx, max(due.Sub(workflow.Now(ctx)), time.Millisecond), over)
		w.receiving = false
		if err == nil && !unneeded {
			w.Received = true
			w.mail(ctx, order.MailReceived)
			w.changes++
		}
	})
}

// noteMail notes the outcome of a mail: which provider accepted it and why that was
// not the first choice, or why no provider did.
func (w *orderWorkflow) noteMail(ctx workflow.Context, m order.Notification, out mails.MailOutcome, err error) {
	about := string(m)
	if out.Provider != "" {
		about += " by " + out.Provider
	}
	if out.Why != "" {
		about += ": " + out.Why
	}
	switch {
	case err != nil:
		w.note(ctx, order.MailRejected, workflows.ActorPurser, string(m)+": "+workflows.Reason(err), "")
	case out.State == mail.StateSent:
		w.note(ctx, order.MailSent, workflows.ActorPurser, about, out.MessageID)
	case out.State == mail.StateRejected:
		w.note(ctx, order.MailRejected, workflows.ActorPurser, about, "")
	case out.State == mail.StateSuppressed:
		w.note(ctx, order.MailSuppressed, workflows.ActorPurser, about, "")
	default:
		w.note(ctx, order.MailUnknown, workflows.ActorPurser, about+": it may have gone out", "")
	}
}

// mailTroubled notes that one of the order's mails bounced or was reported as
// spam, once however often that is reported.
func (w *orderWorkflow) mailTroubled(ctx workflow.Context, m message) error {
	t := *m.event.Mail
	if slices.ContainsFunc(w.MailTrouble, func(known order.MailTrouble) bool {
		return known.Kind == t.Kind && known.Bounce == t.Bounce && known.Provider == t.Provider && known.ProviderID == t.ProviderID
	}) {
		return nil
	}
	w.MailTrouble = append(w.MailTrouble, t)
	kind, why := order.MailBounced, string(t.Notification)+" by "+t.Provider
	if t.Kind == mail.Complained {
		kind = order.MailComplained
	} else {
		why += ": " + string(t.Bounce)
	}
	w.note(ctx, kind, t.Provider, why, t.ProviderID)
	return nil
}

// noteDecline remembers that the shopper's attempt failed. Most shoppers try again
// at once; notifyDecline mails the others.
func (w *orderWorkflow) noteDecline(ctx workflow.Context) {
	if w.DeclineNotified != w.Order.Payment().Reference {
		w.DeclinedAt = workflow.Now(ctx)
	}
}

// retryUntil returns until when a shopper whose card was declined is not mailed
// about it. It is zero if there is no decline to report.
func (w *orderWorkflow) retryUntil() time.Time {
	if w.DeclinedAt.IsZero() {
		return time.Time{}
	}
	return w.DeclinedAt.Add(w.Placement.Terms.AskAfter)
}

// notifyDecline mails a shopper who has not tried again for a while since a card
// was declined: once for each intent, however many cards are declined, and not if
// the order expires before.
func (w *orderWorkflow) notifyDecline(ctx workflow.Context) {
	if w.DeclinedAt.IsZero() || workflow.Now(ctx).Before(w.retryUntil()) {
		return
	}
	w.DeclinedAt, w.DeclineNotified = time.Time{}, w.Order.Payment().Reference
	l := w.MailFor(order.MailPaymentProblem)
	l.Until = w.payBy()
	w.send(ctx, l)
}
