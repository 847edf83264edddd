package orders

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/activities/mails"
	steps "purser/activities/orders"
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

// mailReturn mails the shopper about the state of a return. What becomes of a parcel that
// came back concerns the shopper only if money is refunded or kept.
func (w *orderWorkflow) mailReturn(ctx workflow.Context, back order.Return) {
	concerns := back.Parcel == 0 || back.Status == order.ReturnReceived && back.Refund.Amount+back.Fee+back.Damage > 0
	if m := back.Status.Notification(); m != "" && concerns {
		w.mailAbout(ctx, m, back.ID)
	}
}

// labelOfReturn stands before a return's ID in what needs attention about its label.
const labelOfReturn = "label of return "

// reviewLabel does what is to be done about the label of a return: it is made while the
// goods are to be sent, and voided if they are not. What was being done about it before ends.
func (w *orderWorkflow) reviewLabel(ctx workflow.Context, id string) {
	back, about := w.ReturnByID(id), labelOfReturn+id
	asked, approved := back.Label.Status == order.ReturnLabelAsked, back.Status == order.ReturnApproved
	unused := back.Label.Status == order.ReturnLabelMade && (back.Status == order.ReturnCancelled || back.Status == order.ReturnExpired)
	switch {
	case !asked && !unused:
		return
	case w.labelling[id]: // it is reviewed again when that has ended
		w.dropAttention(about)
		if stop := w.trying[about]; stop != nil {
			stop()
		}
		return
	}
	refused, do := "the label of the return cannot be made", w.makeLabel
	if !approved {
		refused, do = "the label of the return cannot be voided", w.voidReturnLabel
	}
	w.labelling[id] = true
	w.retryInBackground(ctx, refused, about, time.Time{}, func(ctx workflow.Context) error { return do(ctx, id) }, func() {
		w.labelling[id] = false
		w.labelReviewed(ctx, id, approved)
	})
}

// labelReviewed goes on when a label was made or voided, or a person has dealt with that.
func (w *orderWorkflow) labelReviewed(ctx workflow.Context, id string, approved bool) {
	back := w.ReturnByID(id)
	if approved != (back.Status == order.ReturnApproved) {
		w.reviewLabel(ctx, id)
		return
	}
	if back.Label.Status == order.ReturnLabelAsked || !approved && back.Label.Status == order.ReturnLabelMade {
		back.Label.Status = order.ReturnLabelLeft
	}
	if approved { // without the label, if it could not be made
		w.mailReturn(ctx, *back)
	}
}

// labelRequest asks the carrier for the label of a return.
func (w *orderWorkflow) labelRequest(back order.Return) order.ParcelRequest {
	goods := order.Shipment{Reference: back.Label.Reference}
	for _, l := range back.Lines {
		goods.Lines = append(goods.Lines, order.LineQuantity{SKU: l.SKU, Quantity: l.Quantity})
	}
	r := w.parcelRequest(goods)
	r.Return = true
	return r
}

// makeLabel has the carrier make the label of a return, and keeps its file.
func (w *orderWorkflow) makeLabel(ctx workflow.Context, id string) error {
	back := w.ReturnByID(id)
	if back.Status != order.ReturnApproved {
		return nil
	}
	ask := w.labelRequest(*back)
	if lacks := ask.MissingCustoms(); lacks != "" {
		return errors.New("it needs customs data, and these products lack it: " + lacks)
	}
	p, err := runBackground(ctx, w, bookParcel, returnWithin, "Make the label of return "+id, ask)
	switch {
	case err != nil:
		return err
	case p.Status == order.ParcelVoided:
		return errors.New("it was voided at the carrier")
	}
	l := &w.ReturnByID(id).Label
	l.LabelID, l.Tracking, l.Carrier = p.LabelID, p.Tracking, p.Carrier
	if _, err := runBackground(ctx, w, keepLabel, returnWithin, "Keep the label of return "+id, steps.LabelRef{OrderID: w.ID, LabelID: p.LabelID}); err != nil {
		return err
	}
	w.ReturnByID(id).Label.Status = order.ReturnLabelMade
	w.note(ctx, order.ReturnLabelWasMade, carrier, fmt.Sprintf("%s, tracking %s", p.Carrier, p.Tracking), id)
	return nil
}

// voidReturnLabel voids the label of a return that is not sent, unless the carrier has the
// parcel.
func (w *orderWorkflow) voidReturnLabel(ctx workflow.Context, id string) error {
	back := w.ReturnByID(id)
	_, err := runBackground(ctx, w, voidParcel, returnWithin, "Void the label of return "+id, steps.VoidLabelRequest{Booked: back.Label.LabelID != "", Asked: w.labelRequest(*back)})
	l := &w.ReturnByID(id).Label
	switch {
	case workflows.IsFailure(err, activities.FailureState):
		l.Status = order.ReturnLabelLeft
		w.note(ctx, order.EventIgnored, carrier, "the label of the return is not voided: "+workflows.Reason(err), id)
		return nil
	case err != nil:
		return err
	}
	l.Status = order.ReturnLabelVoid
	w.note(ctx, order.ReturnLabelVoided, workflows.ActorPurser, "", id)
	return nil
}
