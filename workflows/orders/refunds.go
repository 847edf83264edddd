package orders

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/orders"
	"purser/order"
	"purser/workflows"
)

// reversal says how a payment was reversed: the kind of the event about it, and
// that event's text. An empty kind says that nothing was left to reverse.
type reversal struct {
	kind order.Kind
	what string
}

// cancelIntent cancels an intent of which it is unknown whether its creation
// succeeded.
func (w *orderWorkflow) cancelIntent(ctx workflow.Context) (reversal, error) {
	var in order.Intent
	err := w.step(ctx, workflows.PaymentsQueue, 0, "Cancel the payment intent", do.CancelIntent,
		steps.CancelPaymentRequest{Created: w.intentRequest(), Key: order.Key(w.ID, "cancel", w.Payment.Generation)}, &in)
	if err == nil {
		w.Payment.IntentID, w.Payment.Status = in.ID, in.Status
	}
	return reversal{kind: order.PaymentVoided}, err
}

// refundOrVoid reverses what an intent holds: it asks for the intent's state,
// cancels or refunds the intent accordingly, and returns which it did. After a
// refusal it uses another idempotency key: under the same one the provider would
// only repeat its response.
func (w *orderWorkflow) refundOrVoid(ctx workflow.Context, intentID string) (reversal, error) {
	until := workflow.Now(ctx).Add(refundWithin)
	for wait := time.Minute; ; wait = min(2*wait, time.Hour) {
		g, err := w.tryRefundOrVoid(ctx, intentID)
		if err != nil {
			w.refusals[intentID]++
		}
		if !workflows.IsFailure(err, activities.FailureState) || !workflow.Now(ctx).Before(until) {
			return g, err
		}
		// The intent is in motion (processing, or just paid): look again.
		if err := workflow.Sleep(ctx, wait); err != nil {
			return reversal{}, err
		}
	}
}

func (w *orderWorkflow) tryRefundOrVoid(ctx workflow.Context, intentID string) (reversal, error) {
	var in order.Intent
	err := w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe about "+intentID, do.GetIntent, steps.IntentRef{ID: intentID}, &in)
	if workflows.IsFailure(err, activities.FailureNoSuch) && w.refusals[intentID] > 0 {
		return reversal{kind: order.PaymentVoided}, nil // an operator has looked and released the order: there is nothing to refund
	}
	if err != nil {
		return reversal{}, err
	}
	g := reversal{kind: order.PaymentVoided}
	switch {
	case in.Status != order.Succeeded:
		err = w.step(ctx, workflows.PaymentsQueue, 0, "Cancel "+intentID, do.CancelIntent,
			steps.CancelPaymentRequest{ID: intentID, Key: order.Key(w.ID, "cancel-"+intentID, 1+w.refusals[intentID])}, &in)
	default:
		g, err = w.refundRest(ctx, in)
	}
	if err == nil && intentID == w.Payment.IntentID {
		w.Payment.Status, w.Payment.Authorized, w.Payment.Captured = in.Status, 0, in.Received
	}
	return g, err
}

// errRest reports that the provider contradicts itself; an operator must look.
var errRest = errors.New("stripe says that nothing is left to refund, but it does not list refunds of the whole amount")

// refundRest refunds what has not been refunded yet. The amount of a partial
// refund is in its key, so that no key is used with two amounts. This cannot
// refund more than was captured: two rests together always exceed what is left,
// and the provider accepts only one of them.
func (w *orderWorkflow) refundRest(ctx workflow.Context, in order.Intent) (reversal, error) {
	refused, asked := errRest, int64(0)
	for {
		rest, err := w.left(ctx, in)
		if err != nil || rest == 0 {
			return reversal{}, err
		}
		if rest == asked { // nobody has refunded a part in the meantime
			return reversal{}, refused
		}
		asked = rest
		operation := "refund-" + in.ID
		if rest != in.Received {
			operation += fmt.Sprintf("-%d", rest)
		}
		r, err := w.refund(ctx, in, rest, operation)
		switch {
		case err == nil && r.Amount.Amount == rest:
			w.keepRefund(ctx, r)
			kind, what := describeRefund(r)
			return reversal{kind, what}, nil
		case err == nil: // the response is about another refund: everything was refunded in the meantime
			refused = errRest
		case workflows.IsFailure(err, activities.FailureRejected):
			refused = err
		default:
			return reversal{}, err
		}
	}
}

// left returns what can still be refunded of an intent, in minor units: what was
// received, less the refunds that arrived or are pending, including those made by hand, and
// less the disputes that were lost. It notes the refunds that were not known.
func (w *orderWorkflow) left(ctx workflow.Context, in order.Intent) (int64, error) {
	var found steps.Refunds
	if err := w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe for the refunds of "+in.ID, do.ListRefunds, steps.IntentRef{ID: in.ID}, &found); err != nil {
		return 0, err
	}
	left := in.Received
	for _, r := range found.Refunds {
		if w.keepRefund(ctx, r) {
			kind, why := describeRefund(r)
			w.note(ctx, kind, stripe, why, r.ID)
		}
		if r.Status.Moves() {
			left -= r.Amount.Amount
		}
	}
	return max(left-w.lost(ctx, in.ID), 0), nil
}

// lost returns how much of an intent was lost in disputes, in minor units, as far
// as it was reported.
func (w *orderWorkflow) lost(ctx workflow.Context, intentID string) (sum int64) {
	counted := map[string]bool{}
	count := func(d order.Dispute) {
		if d.IntentID == intentID && d.Status == order.DisputeLost && !counted[d.ID] {
			counted[d.ID] = true
			sum += d.Amount.Amount
		}
	}
	for _, d := range w.Disputes {
		count(d)
	}
	w.listenNow(ctx)
	for _, n := range w.incoming { // not yet handled
		if n.Dispute != nil {
			count(*n.Dispute)
		}
	}
	return sum
}

func (w *orderWorkflow) refund(ctx workflow.Context, in order.Intent, amount int64, operation string) (r order.Refund, err error) {
	err = w.step(ctx, workflows.PaymentsQueue, 0, "Refund "+in.ID, do.RefundIntent, steps.CaptureRequest{
		IntentID: in.ID, Amount: order.Money{Amount: amount, Currency: in.Amount.Currency}, Key: order.Key(w.ID, operation, 1+w.refusals[in.ID]),
	}, &r)
	return r, err
}

// refundInBackground refunds or voids a payment that must not be kept. It retries
// for as long as it takes.
func (w *orderWorkflow) refundInBackground(ctx workflow.Context, intentID, why string) {
	w.retryInBackground(ctx, why+"; cannot be refunded or voided", intentID, time.Time{}, func(ctx workflow.Context) error {
		g, err := w.refundOrVoid(ctx, intentID)
		if err == nil {
			w.note(ctx, cmp.Or(g.kind, order.EventIgnored), workflows.ActorPurser, why+"; "+cmp.Or(g.what, "nothing is held any more"), intentID)
			w.notifyRefunds(ctx)
		}
		return err
	})
}

// retryInBackground runs do until it succeeds or, if until is not zero, until then;
// the order does not wait for it. refused is noted as the reason of a failure, and
// about is what it concerns. While do fails, the order shows that it needs an
// operator, and it goes on showing so if until has passed.
func (w *orderWorkflow) retryInBackground(ctx workflow.Context, refused, about string, until time.Time, do func(workflow.Context) error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = workflow.WithValue(ctx, backgroundKey{}, true)
	outstanding := false // whether this task has added about; another task may have added it too
	done := func() {
		if i := slices.Index(w.needsAttention, about); outstanding && i >= 0 {
			w.needsAttention = slices.Delete(w.needsAttention, i, i+1)
		}
		outstanding = false
	}
	w.runInBackground(ctx, func(ctx workflow.Context) {
		for wait := time.Hour; ; wait = min(2*wait, 24*time.Hour) {
			err := do(ctx)
			done()
			if err == nil {
				if w.shown.on == operator {
					_ = w.show(ctx) // it needs no attention any more; at worst the UI shows so later
				}
				return
			}
			last := !until.IsZero() && !workflow.Now(ctx).Before(until)
			why := refused + ": " + workflows.Reason(err)
			if last {
				why += "; Purser does not try again"
			}
			w.note(ctx, order.OrderCompensationStuck, workflows.ActorPurser, why, about)
			w.needsAttention, outstanding = append(w.needsAttention, about), true
			if err := w.show(ctx); err != nil || last {
				return
			}
			if err := workflow.Sleep(ctx, wait); err != nil {
				return
			}
		}
	})
}
