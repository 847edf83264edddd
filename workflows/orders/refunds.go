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

// reversal is how money was let go of: the event that tells of it, and in words
// what it says. Without a kind, nothing was left to be given.
type reversal struct {
	kind order.Kind
	what string
}

// cancelIntent ends an intent whose creation was tried, but of which it is unknown
// whether it exists.
func (w *orderWorkflow) cancelIntent(ctx workflow.Context) (reversal, error) {
	var in order.Intent
	err := w.step(ctx, workflows.PaymentsQueue, 0, "Give up the payment intent", do.CancelIntent,
		steps.CancelPaymentRequest{Created: w.intentRequest(), Key: order.Key(w.ID, "cancel", w.Payment.Generation)}, &in)
	if err == nil {
		w.Payment.IntentID, w.Payment.Status = in.ID, in.Status
	}
	return reversal{kind: order.PaymentVoided}, err
}

// refundOrVoid frees whatever an intent holds: asks how it stands, then cancels
// or refunds, and returns which it was. After a refusal the key is another:
// under the same one the provider would only repeat itself.
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
		// It is moving (being processed, or just paid): look again.
		if err := workflow.Sleep(ctx, wait); err != nil {
			return reversal{}, err
		}
	}
}

func (w *orderWorkflow) tryRefundOrVoid(ctx workflow.Context, intentID string) (reversal, error) {
	var in order.Intent
	err := w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe about "+intentID, do.GetIntent, steps.IntentRef{ID: intentID}, &in)
	if workflows.IsFailure(err, activities.FailureNoSuch) && w.refusals[intentID] > 0 {
		return reversal{kind: order.PaymentVoided}, nil // a person has looked and said to go on: there is nothing to give back
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

// errRest is a contradiction in terms, for a person to look at.
var errRest = errors.New("nothing is left to give back, says Stripe, but it does not list it all")

// refundRest gives back what nobody has given back yet. The amount of
// a part is in its key, so that no key is ever asked for two amounts. None of
// this can give back more than was taken: two rests together are always more
// than is left, and the provider takes one of them only.
func (w *orderWorkflow) refundRest(ctx workflow.Context, in order.Intent) (reversal, error) {
	refused, asked := errRest, int64(0)
	for {
		rest, err := w.left(ctx, in)
		if err != nil || rest == 0 {
			return reversal{}, err
		}
		if rest == asked { // nobody has given back a part meanwhile
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
		case err == nil: // the answer is another's: everything went back meanwhile
			refused = errRest
		case workflows.IsFailure(err, activities.FailureRejected):
			refused = err
		default:
			return reversal{}, err
		}
	}
}

// left is what can still be given back of an intent: what was received less
// what went back, by whatever hand, or is on its way, or was lost to the
// shopper's bank in a dispute. What is new of it is written down.
func (w *orderWorkflow) left(ctx workflow.Context, in order.Intent) (int64, error) {
	var found steps.Refunds
	if err := w.step(ctx, workflows.PaymentsQueue, 0, "Ask Stripe what was given back of "+in.ID, do.ListRefunds, steps.IntentRef{ID: in.ID}, &found); err != nil {
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

// lost is what the shopper's bank has taken back of an intent in disputes, as
// far as it was reported.
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
	for _, n := range w.incoming { // not yet weighed
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

// refundInBackground gives back money nobody expected, for as long as it takes.
func (w *orderWorkflow) refundInBackground(ctx workflow.Context, intentID, why string) {
	w.retryInBackground(ctx, why+"; cannot be given back", intentID, time.Time{}, func(ctx workflow.Context) error {
		g, err := w.refundOrVoid(ctx, intentID)
		if err == nil {
			w.note(ctx, cmp.Or(g.kind, order.EventIgnored), workflows.ActorPurser, why+"; "+cmp.Or(g.what, "given back"), intentID)
			w.notifyRefunds(ctx)
		}
		return err
	})
}

// retryInBackground does something the order does not wait for, for as long as it takes
// or, if that is given, until a time. While the provider refuses, the order
// says that it waits for a person, and it goes on saying so if that time comes.
func (w *orderWorkflow) retryInBackground(ctx workflow.Context, refused, about string, until time.Time, do func(workflow.Context) error) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = workflow.WithValue(ctx, backgroundKey{}, true)
	outstanding := false // by this one; another may insist on something about the same
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
					_ = w.show(ctx) // nothing is owed any more; at worst the UI says so later
				}
				return
			}
			last := !until.IsZero() && !workflow.Now(ctx).Before(until)
			why := refused + ": " + workflows.Reason(err)
			if last {
				why += "; Purser asks no more"
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
