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

// refundsChanged handles an event about a refund: the provider is asked for all
// refunds of the payment, because the events may come in any order.
func (w *orderWorkflow) refundsChanged(ctx workflow.Context, m message) error {
	ref := m.event.Refund.PaymentRef
	if own := w.payment(ref); own != nil && !own.AtProvider() {
		w.note(ctx, order.EventIgnored, m.event.Provider, "the payment was not made at a payment provider", ref)
		return nil
	}
	w.Unlisted[ref] = true
	w.listRefundsInBackground(ctx, ref)
	return nil
}

// listRefundsInBackground asks the provider for the refunds of a payment, including
// those made by hand, and mails the shopper about new ones. A provider that does not
// respond is asked for as long as a refund is followed; after a day an operator is
// notified.
func (w *orderWorkflow) listRefundsInBackground(ctx workflow.Context, ref string) {
	until := workflow.Now(ctx).Add(followWithin)
	w.retryInBackground(ctx, "the refunds are not known", refundsOf+ref, until, func(ctx workflow.Context) error {
		return w.compareRefunds(ctx, ref)
	}, func() { delete(w.Unlisted, ref) })
}

// These stand before the payment's reference in what needs attention.
const (
	refundsOf     = "refunds of "
	overRefundsOf = "too much refunded of "
)

// compareRefunds takes over the refunds that the provider lists for a payment. For a
// payment that the order does not have, the provider is asked first whether it is the
// order's.
func (w *orderWorkflow) compareRefunds(ctx workflow.Context, ref string) error {
	if w.payment(ref) == nil { // it is perhaps the payment that is being created
		err := workflow.Await(ctx, func() bool {
			p := w.current()
			return p == nil || p.Reference != "" || w.Phase.ended()
		})
		if err != nil {
			return err
		}
	}
	if w.payment(ref) == nil {
		in, err := runBackground(ctx, w, getIntent, returnWithin, "Ask about payment "+ref, steps.IntentRef{ID: ref})
		if err == nil {
			err = w.claim(in) // its refunds count with it
		}
		if w.isForeign(ref, err) {
			w.note(ctx, order.EventIgnored, workflows.ActorPurser, "refunds; "+workflows.Reason(err), ref)
			return nil
		}
		if err != nil {
			return err
		}
	}
	found, err := runBackground(ctx, w, listRefunds, returnWithin, "Ask for the refunds of payment "+ref, steps.IntentRef{ID: ref})
	if err != nil {
		return err
	}
	all, err := w.recall(ctx, background, found.Refunds)
	if err != nil {
		return err
	}
	for _, r := range all {
		w.keepFound(ctx, r)
	}
	w.reviewFunds(ctx)
	w.reviewOverRefund(ctx, ref)
	w.notifyRefunds(ctx)
	return nil
}

// keepFound records a refund that the provider lists, and notes it if it is new.
func (w *orderWorkflow) keepFound(ctx workflow.Context, r order.Refund) {
	if !w.keepRefund(ctx, r) {
		return
	}
	kind, why := describeRefund(r)
	if r.Status == order.RefundFailed {
		i := slices.IndexFunc(w.Refunds, func(known order.Refund) bool { return known.Reference == r.Reference })
		w.refundFailed(ctx, w.Refunds[i], why)
		return
	}
	w.note(ctx, kind, w.providerOf(r.PaymentRef), why, r.Reference)
}

// providerOf returns the provider of a payment, which is the actor of what it
// reports.
func (w *orderWorkflow) providerOf(ref string) string {
	if p := w.payment(ref); p != nil {
		return p.Provider
	}
	return w.Order.Payment().Provider
}

// reviewFunds puts an order on hold whose goods are not with the carrier yet, if its
// money was refunded as a whole, or if it is disputed and no parcel is booked. A
// person decides whether it ships all the same.
func (w *orderWorkflow) reviewFunds(ctx workflow.Context) {
	p := w.Order.Payment()
	if w.Phase != Fulfilling || w.Hold != nil || w.Abort != nil || w.FundsReleased || w.inTransit() || p.Captured == 0 {
		return
	}
	for _, other := range w.Payments {
		if w.counts(&other) && other.Disputed > 0 {
			p = other
		}
	}
	unbooked := slices.ContainsFunc(w.Shipments, func(s order.Shipment) bool { return !s.Replaced && !s.Booked() }) || w.unpacked()
	switch {
	case w.allRefunded():
		w.hold(ctx, order.HoldFunds, "the money was refunded before the goods went out", p.Reference)
	case p.Disputed > 0 && unbooked:
		w.hold(ctx, order.HoldFunds, "the payment is disputed, and the goods have not gone out", p.Reference)
	}
}

// allRefunded reports whether all that was captured was refunded, and nothing else is held.
func (s *State) allRefunded() bool {
	refunded := int64(0)
	for _, p := range s.Payments {
		switch {
		case p.Surplus:
		case p.Authorized > 0 && p.Captured == 0:
			return false
		default:
			refunded += p.Refunded
		}
	}
	return s.Captured() > 0 && refunded >= s.Captured()
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
	i := slices.IndexFunc(w.Refunds, func(known order.Refund) bool {
		return !known.PaidOut && known.Reference == r.Reference || known.Key != "" && known.Key == r.ID
	})
	switch {
	case i < 0:
		r = w.adoptRequest(r)
		w.Refunds = append(w.Refunds, r)
		w.adoptCreditBack()
		if len(r.Lines) > 0 {
			w.leaveOut(ctx)
		}
		if r.Status == order.RefundPending {
			w.followRefundInBackground(ctx, r)
		}
	case w.Refunds[i].Reference == "": // the provider has responded to what the order asked for
		known := w.Refunds[i].Status
		w.Refunds[i].Reference, w.Refunds[i].Status = r.Reference, r.Status
		if r.Status == known { // that it failed is known from a refusal
			return false
		}
		if r.Status == order.RefundPending {
			w.followRefundInBackground(ctx, w.Refunds[i])
		}
	case !r.Status.Overtakes(w.Refunds[i].Status):
		return false
	default:
		w.Refunds[i].Status = r.Status
	}
	w.sumRefunds(r.PaymentRef)
	return true
}

// sumRefunds adds up the refunds of a payment.
func (w *orderWorkflow) sumRefunds(ref string) {
	if p := w.payment(ref); p != nil {
		p.Refunded = w.refundSum(ref, order.RefundStatus.Moves)
	}
}

// refundSum adds up the refunds of a payment whose status counts, in minor units.
func (s *State) refundSum(ref string, counts func(order.RefundStatus) bool) (sum int64) {
	for _, r := range s.Refunds {
		if r.PaymentRef == ref && counts(r.Status) {
			sum += r.Amount.Amount
		}
	}
	return sum
}

// refunded reports whether there is a refund of a payment, whatever became of it.
func (w *orderWorkflow) refunded(ref string) bool {
	return slices.ContainsFunc(w.Refunds, func(r order.Refund) bool { return r.PaymentRef == ref })
}

// followRefundInBackground asks about a refund until it is no longer pending,
// because the event about that may never come.
func (w *orderWorkflow) followRefundInBackground(ctx workflow.Context, r order.Refund) {
	until := workflow.Now(ctx).Add(followWithin)
	pending := func() bool {
		return slices.ContainsFunc(w.Refunds, func(known order.Refund) bool {
			return known.Reference == r.Reference && known.Status == order.RefundPending
		})
	}
	w.inBackground(ctx, func(ctx workflow.Context) {
		for wait := followFirst; ; wait = min(2*wait, 24*time.Hour) {
			if done, err := workflow.AwaitWithTimeout(ctx, wait, func() bool { return !pending() }); done || err != nil {
				return
			}
			_ = w.compareRefunds(ctx, r.PaymentRef) // after an error it is asked again
			if pending() && !workflow.Now(ctx).Before(until) {
				w.note(ctx, order.OrderNeedsAttention, workflows.ActorPurser, fmt.Sprintf("a refund of %s is pending for %d days", r.Amount, followWithin/(24*time.Hour)), r.Reference)
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

// disputed handles an event about a dispute. The shop is mailed when a dispute
// begins, because it must respond by a given day.
func (w *orderWorkflow) disputed(ctx workflow.Context, m message) error {
	d := *m.event.Dispute
	d.At = m.event.At
	i := slices.IndexFunc(w.Disputes, func(known order.Dispute) bool { return known.ID == d.ID })
	switch {
	case i < 0:
		w.Disputes = append(w.Disputes, d)
		w.note(ctx, order.PaymentDisputed, m.event.Provider, describeDispute(d), d.ID)
		if !d.Closed() {
			w.mail(ctx, order.MailDispute)
		}
	case w.Disputes[i].Status == d.Status:
		return nil
	case w.Disputes[i].Closed(), d.At.Before(w.Disputes[i].At):
		w.note(ctx, order.EventIgnored, m.event.Provider, fmt.Sprintf("late event %q, the dispute is %q", d.Status, w.Disputes[i].Status), d.ID)
		return nil
	default:
		kind := order.DisputeMoved
		if d.Closed() {
			kind = order.DisputeClosed
		}
		w.Disputes[i] = d
		delete(w.Decided, d.ID) // the bank asks for something else now
		w.note(ctx, kind, m.event.Provider, describeDispute(d), d.ID)
	}
	if p := w.payment(d.PaymentRef); p != nil {
		p.Disputed = 0
		for _, d := range w.Disputes {
			if d.PaymentRef == p.Reference && d.Status != order.DisputeWon && d.Status != order.DisputeInquiry {
				p.Disputed += d.Amount.Amount
			}
		}
	}
	w.reviewFunds(ctx)
	w.refundReturnsInBackground(ctx)
	return nil
}

// describeDispute returns the text of the event about a dispute.
func describeDispute(d order.Dispute) string {
	s := fmt.Sprintf("%s, %s: %s", d.Amount, d.Reason, d.Status)
	if !d.AnswerBy.IsZero() && !d.Closed() {
		s += ", respond by " + d.AnswerBy.UTC().Format(time.DateOnly)
	}
	return s
}
