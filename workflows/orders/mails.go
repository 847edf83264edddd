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

// doMail names the activities that send mail; its methods are called by the
// worker, never here.
var doMail *mails.Activities

// mail sends the mail about a milestone.
func (w *orderWorkflow) mail(ctx workflow.Context, m order.Notification) {
	l := w.MailFor(m)
	l.Reason = cmp.Or(l.Reason, w.customerMessage)
	w.send(ctx, l)
}

// send sends a mail. If it does not go out at once, the order does not wait for
// it, but the end of the workflow does.
func (w *orderWorkflow) send(ctx workflow.Context, l order.Mail) {
	summary := "Mail: " + string(l.Notification)
	var out mails.MailOutcome
	w.task.began(ctx)
	err := workflows.RunLocal(ctx, summary, doMail.SendMail, l, &out)
	if err == nil || !workflows.IsTransient(err) {
		w.noteMail(ctx, l.Notification, out, err)
		return
	}
	w.note(ctx, order.StepDelayed, workflows.ActorPurser, summary+": "+workflows.Reason(err), "")
	w.runInBackground(ctx, func(ctx workflow.Context) {
		err := workflows.RunRemote(ctx, workflows.MailQueue, workflows.MailWithin, summary, err, doMail.SendMail, l, &out)
		w.noteMail(ctx, l.Notification, out, err)
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
		w.note(ctx, order.MailUnknown, workflows.ActorPurser, about+": may have gone out; it is not sent again", "")
	}
}

// handleMailEvent notes that one of the order's mails bounced or was reported as
// spam, once however often that is reported.
func (w *orderWorkflow) handleMailEvent(ctx workflow.Context, t order.MailTrouble) {
	if slices.ContainsFunc(w.MailTrouble, func(known order.MailTrouble) bool {
		return known.Kind == t.Kind && known.Bounce == t.Bounce && known.Provider == t.Provider && known.ProviderID == t.ProviderID
	}) {
		return
	}
	w.MailTrouble = append(w.MailTrouble, t)
	kind, why := order.MailBounced, string(t.Notification)+" by "+t.Provider
	if t.Kind == mail.Complained {
		kind = order.MailComplained
	} else {
		why += ": " + string(t.Bounce)
	}
	w.note(ctx, kind, t.Provider, why, t.ProviderID)
}

// noteDecline remembers that the shopper's attempt failed. Most shoppers try again
// at once; notifyDecline mails the others.
func (w *orderWorkflow) noteDecline(ctx workflow.Context) {
	if w.declineNotified != w.Payment.IntentID {
		w.declined = workflow.Now(ctx)
	}
}

// retryUntil returns until when a shopper whose card was declined is not mailed
// about it. It is zero if there is no decline to report.
func (w *orderWorkflow) retryUntil() time.Time {
	if w.declined.IsZero() {
		return time.Time{}
	}
	return w.declined.Add(w.placement.Terms.AskAfter)
}

// notifyDecline mails a shopper who has not tried again for a while since a card
// was declined: once for each intent, however many cards are declined, and not if
// the order expires before.
func (w *orderWorkflow) notifyDecline(ctx workflow.Context) {
	if w.declined.IsZero() || w.Payment.Authorized > 0 || workflow.Now(ctx).Before(w.retryUntil()) {
		return
	}
	w.declined, w.declineNotified = time.Time{}, w.Payment.IntentID
	l := w.MailFor(order.MailPaymentProblem)
	l.Until = w.payBy()
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	w.send(ctx, l)
}
