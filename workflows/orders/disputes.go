package orders

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

const (
	// followFirst is how soon the provider is asked about a refund that is
	// pending; the waits double up to a day.
	followFirst = time.Hour
	// followWithin is how long a refund may be pending until an operator is
	// notified. Stripe fails most such refunds within ten days.
	followWithin = 14 * 24 * time.Hour
)

// handleRefundOrDispute handles an event about a refund or a dispute and reports
// whether it was one. Such an event does not change the order's status, so it is
// handled whatever the order waits for.
func (w *orderWorkflow) handleRefundOrDispute(ctx workflow.Context, n order.ProviderEvent) (event bool) {
	switch {
	case n.Refund == nil && n.Dispute == nil:
		return false
	case w.Status == order.Refused: // there is no record to write to
	case n.Refund != nil:
		w.compareRefundsInBackground(ctx, n.Refund.IntentID)
	default:
		d := *n.Dispute
		d.At = n.At
		w.handleDispute(ctx, d)
	}
	return true
}

// compareRefundsInBackground asks the provider for the refunds of an intent,
// including those made by hand, and mails the shopper about new ones. A provider that does
// not respond is asked for as long as a refund is followed; after a day an
// operator is notified.
func (w *orderWorkflow) compareRefundsInBackground(ctx workflow.Context, intentID string) {
	until := workflow.Now(ctx).Add(followWithin)
	w.retryInBackground(ctx, "the refunds are not known", intentID, until, func(ctx workflow.Context) error {
		return w.compareRefunds(ctx, intentID)
	})
}

func (w *orderWorkflow) compareRefunds(ctx workflow.Context, intentID string) error {
	var found steps.Refunds
	err := w.stepInBackground(ctx, workflows.PaymentsQueue, refundWithin, "Ask Stripe for the refunds of "+intentID, do.ListRefunds, steps.IntentRef{ID: intentID}, &found)
	if err != nil {
		return err
	}
	for _, r := range found.Refunds {
		if w.keepRefund(ctx, r) {
			kind, why := describeRefund(r)
			w.note(ctx, kind, stripe, why, r.ID)
		}
	}
	w.notifyRefunds(ctx)
	return nil
}

// describeRefund returns the kind and the text of the event about a refund.
func describeRefund(r order.Refund) (order.Kind, string) {
	switch r.Status {
	case order.RefundSucceeded:
		return order.PaymentRefunded, r.Amount.String() + " refunded"
	case order.RefundFailed:
		return order.RefundHasFailed, "the bank did not accept " + r.Amount.String() + ": it must be refunded another way"
	case order.RefundCanceled:
		return order.RefundHasFailed, "the refund of " + r.Amount.String() + " was cancelled"
	}
	return order.RefundIsPending, "the refund of " + r.Amount.String() + " is pending"
}

// keepRefund records a refund's status, which never moves backwards, and reports
// whether it was new. It follows a refund that is pending.
func (w *orderWorkflow) keepRefund(ctx workflow.Context, r order.Refund) bool {
	i := slices.IndexFunc(w.Refunds, func(known order.Refund) bool { return known.ID == r.ID })
	switch {
	case i < 0:
		w.Refunds = append(w.Refunds, r)
		if r.Status == order.RefundPending {
			w.followRefundInBackground(ctx, r)
		}
	case !r.Status.Overtakes(w.Refunds[i].Status):
		return false
	default:
		w.Refunds[i].Status = r.Status
	}
	if r.IntentID == w.Payment.IntentID {
		w.Payment.Refunded = 0
		for _, r := range w.Refunds {
			if r.IntentID == w.Payment.IntentID && r.Status.Moves() {
				w.Payment.Refunded += r.Amount.Amount
			}
		}
	}
	return true
}

// followRefundInBackground asks about a refund until it is no longer pending,
// because the event about that may never come.
func (w *orderWorkflow) followRefundInBackground(ctx workflow.Context, r order.Refund) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	until := workflow.Now(ctx).Add(followWithin)
	pending := func() bool {
		return slices.ContainsFunc(w.Refunds, func(known order.Refund) bool { return known.ID == r.ID && known.Status == order.RefundPending })
	}
	w.runInBackground(ctx, func(ctx workflow.Context) {
		for wait := followFirst; ; wait = min(2*wait, 24*time.Hour) {
			if done, err := workflow.AwaitWithTimeout(ctx, wait, func() bool { return !pending() }); done || err != nil {
				return
			}
			_ = w.compareRefunds(ctx, r.IntentID) // after an error it is asked again
			if pending() && !workflow.Now(ctx).Before(until) {
				w.note(ctx, order.OrderCompensationStuck, workflows.ActorPurser, fmt.Sprintf("a refund of %s is pending for %d days", r.Amount, followWithin/(24*time.Hour)), r.ID)
				return
			}
		}
	})
}

// notifyRefunds mails the shopper about each refund that has succeeded and each
// that has failed, once.
func (w *orderWorkflow) notifyRefunds(ctx workflow.Context) {
	for i := 0; i < len(w.Refunds); i++ { // more may come while a mail goes out
		r := w.Refunds[i]
		m := r.PendingNotification()
		if m == "" {
			continue
		}
		w.Refunds[i].Notified = r.Status
		l := w.MailFor(m)
		l.Ref, l.Amount = r.ID, r.Amount
		w.send(ctx, l)
	}
}

// handleDispute handles an event about a dispute. The shop is mailed when a dispute
// begins, because it must respond by a given day.
func (w *orderWorkflow) handleDispute(ctx workflow.Context, d order.Dispute) {
	i := slices.IndexFunc(w.Disputes, func(known order.Dispute) bool { return known.ID == d.ID })
	switch {
	case i < 0:
		w.Disputes = append(w.Disputes, d)
		w.note(ctx, order.PaymentDisputed, stripe, describeDispute(d), d.ID)
		if !d.Closed() {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			w.send(ctx, w.MailFor(order.MailDispute))
		}
	case w.Disputes[i].Status == d.Status:
	case w.Disputes[i].Closed(), d.At.Before(w.Disputes[i].At):
		w.note(ctx, order.EventIgnored, stripe, fmt.Sprintf("late event %q, the dispute is %q", d.Status, w.Disputes[i].Status), d.ID)
	default:
		kind := order.DisputeMoved
		if d.Closed() {
			kind = order.DisputeClosed
		}
		w.Disputes[i] = d
		w.note(ctx, kind, stripe, describeDispute(d), d.ID)
	}
}

// describeDispute returns the text of the event about a dispute.
func describeDispute(d order.Dispute) string {
	s := fmt.Sprintf("%s, %s: %s", d.Amount, d.Reason, d.Status)
	if !d.AnswerBy.IsZero() && !d.Closed() {
		s += ", respond by " + d.AnswerBy.UTC().Format(time.DateOnly)
	}
	return s
}
