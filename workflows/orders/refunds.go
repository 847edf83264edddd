package orders

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// runner says how a step is run that a phase or a background task needs.
type runner bool

const (
	foreground runner = false
	background runner = true
)

func runAs[In, Out any](ctx workflow.Context, w *orderWorkflow, r runner, s workflows.Step[In, Out], summary string, in In) (Out, error) {
	if r == background {
		return runBackground(ctx, w, s, 0, summary, in)
	}
	return run(ctx, w, s, returnWithin, "a person is asked", summary, in)
}

// refundOrVoid reverses what an intent holds: it asks for the intent's state,
// cancels or refunds the intent accordingly, and returns which it did. After a
// refusal it uses another idempotency key: under the same one the provider would
// only repeat its response.
func (w *orderWorkflow) refundOrVoid(ctx workflow.Context, r runner, ref string) (reversal, error) {
	began := workflow.Now(ctx)
	for wait := time.Minute; ; wait = min(2*wait, time.Hour) {
		g, status, err := w.tryRefundOrVoid(ctx, r, ref)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errForeign) {
			w.Refusals[ref]++
		}
		within := returnWithin
		if status == order.PaymentProcessing {
			within = processingLasts
		}
		if !workflows.IsFailure(err, activities.FailureState) || workflow.Now(ctx).Sub(began) >= within {
			return g, err
		}
		if w.claimedBack(ref) && asksAboutDisputed(ctx) {
			return g, errDisputed
		}
		// The intent is in motion (processing, or just paid): look again.
		timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "the payment is " + string(status) + " at the provider; ask again whether it can be returned"})
		if err := timer.Get(ctx, nil); err != nil {
			return reversal{}, err
		}
	}
}

// errDisputed reports that the provider does not refund a payment, because the shopper's
// bank has the money until it has decided.
var errDisputed = errors.New("the payment is disputed: it can be refunded if the dispute is won, and nothing is left to refund if it is lost")

// claimedBack reports whether a dispute about a payment is open, for which the bank has
// taken the money.
func (s *State) claimedBack(ref string) bool {
	return slices.ContainsFunc(s.Disputes, func(d order.Dispute) bool {
		return d.PaymentRef == ref && !d.Closed() && d.Status != order.DisputeInquiry
	})
}

// processingLasts is how long a payment may be processing, as a debit is for days,
// until a person is asked why it cannot be returned.
const processingLasts = 30 * 24 * time.Hour

// tryRefundOrVoid does what refundOrVoid does, once. It also returns the status that
// the intent had.
func (w *orderWorkflow) tryRefundOrVoid(ctx workflow.Context, r runner, ref string) (reversal, order.PaymentStatus, error) {
	in, err := runAs(ctx, w, r, getIntent, "Ask about payment "+ref, steps.IntentRef{ID: ref})
	if workflows.IsFailure(err, activities.FailureNoSuch) && w.Refusals[ref] > 0 {
		return reversal{kind: order.PaymentVoided}, "", nil // a person has looked and released the order: there is nothing to refund
	}
	if err == nil {
		err = w.claim(in)
	}
	if err != nil {
		return reversal{}, "", err
	}
	back, was := reversal{kind: order.PaymentVoided}, in.Status
	switch was {
	case order.PaymentCaptured, order.PaymentPartiallyCaptured:
		if own := w.payment(ref); own != nil { // whatever becomes of the refund
			own.Status, own.Captured = was, in.Received
		}
		back, err = w.refundRest(ctx, r, in)
	default:
		in, err = runAs(ctx, w, r, cancelIntent, "Cancel payment "+ref,
			steps.CancelPaymentRequest{ID: ref, Key: order.Key(w.ID, "cancel-"+ref, 1+w.Refusals[ref])})
	}
	if own := w.payment(ref); err == nil && own != nil {
		own.Status, own.Authorized, own.Captured = in.Status, 0, in.Received
	}
	return back, was, err
}

// errRest reports that the provider contradicts itself; an operator must look.
var errRest = errors.New("the payment provider says that nothing is left to refund, but it does not list refunds of the whole amount")

// refundRest refunds what has not been refunded yet. The amount is in its key, so
// that no key is used with two amounts. This cannot refund more than was captured:
// two rests together always exceed what is left, and the provider accepts only one
// of them.
func (w *orderWorkflow) refundRest(ctx workflow.Context, run runner, in order.Intent) (reversal, error) {
	refused, asked := errRest, int64(0)
	for {
		rest, err := w.left(ctx, run, in)
		if err != nil || rest == 0 {
			return reversal{}, err
		}
		if rest == asked { // nobody has refunded a part in the meantime
			return reversal{}, refused
		}
		asked = rest
		operation := fmt.Sprintf("refund-%s-%d", in.ID, rest)
		r, err := w.refund(ctx, run, in, rest, operation)
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

// left returns what can still be refunded of a payment, in minor units: what was
// received, less the refunds that arrived, are pending or were asked for, including
// those made by hand, and less the disputes that were lost. It notes the refunds that
// were not known.
func (w *orderWorkflow) left(ctx workflow.Context, run runner, in order.Intent) (int64, error) {
	found, err := runAs(ctx, w, run, listRefunds, "Ask for the refunds of payment "+in.ID, steps.IntentRef{ID: in.ID})
	if err != nil {
		return 0, err
	}
	all, err := w.recall(ctx, run, found.Refunds)
	if err != nil {
		return 0, err
	}
	for _, r := range all {
		w.keepFound(ctx, r)
	}
	left := in.Received
	for _, r := range w.Refunds { // also those that the provider does not list: asked for, or paid out by hand
		if r.PaymentRef == in.ID && r.Status.Moves() {
			left -= r.Amount.Amount
		}
	}
	for _, d := range w.Disputes {
		if d.PaymentRef == in.ID && d.Status == order.DisputeLost {
			left -= d.Amount.Amount
		}
	}
	return max(left, 0), nil
}

func (w *orderWorkflow) refund(ctx workflow.Context, run runner, in order.Intent, amount int64, operation string) (order.Refund, error) {
	return runAs(ctx, w, run, refundIntent, "Refund payment "+in.ID, steps.CaptureRequest{
		IntentID: in.ID, Amount: order.Money{Amount: amount, Currency: in.Amount.Currency}, Key: order.Key(w.ID, operation, 1+w.Refusals[in.ID]),
	})
}

// returnInBackground refunds or voids a payment that must not be kept. It retries
// for as long as it takes, or until a person says that it is settled.
func (w *orderWorkflow) returnInBackground(ctx workflow.Context, ref string) {
	why := w.Reversals[ref]
	w.retryInBackground(ctx, why+"; cannot be refunded or voided", ref, time.Time{}, func(ctx workflow.Context) error {
		back, err := w.refundOrVoid(ctx, background, ref)
		if w.isForeign(ref, err) {
			w.note(ctx, order.EventIgnored, workflows.ActorPurser, why+"; "+workflows.Reason(err), ref)
			return nil
		}
		if err == nil {
			w.note(ctx, cmp.Or(back.kind, order.EventIgnored), workflows.ActorPurser, why+"; "+cmp.Or(back.what, "nothing is held any more"), ref)
			w.notifyRefunds(ctx)
		}
		return err
	}, func() { delete(w.Reversals, ref) })
}

// isForeign reports whether an error says that a payment, which the order does not
// have, is not the order's.
func (w *orderWorkflow) isForeign(ref string, err error) bool {
	return w.payment(ref) == nil && (errors.Is(err, errForeign) || workflows.IsFailure(err, activities.FailureNoSuch))
}

// retryInBackground does what retry does; the order does not wait for it.
func (w *orderWorkflow) retryInBackground(ctx workflow.Context, refused, about string, until time.Time, do func(workflow.Context) error, over func()) {
	w.inBackground(ctx, func(ctx workflow.Context) { w.retry(ctx, refused, about, until, do, over) })
}

// retry runs do until it succeeds or, if until is not zero, until then. refused is noted as the reason of a failure, and
// about is what it concerns. While do fails, the order shows that it needs
// attention, and it goes on showing so if until has passed. A person can have it
// tried at once, or end it. over is called when it is not tried any more.
func (w *orderWorkflow) retry(ctx workflow.Context, refused, about string, until time.Time, do func(workflow.Context) error, over func()) {
	end := func() { // the record must know it, or the aftercare workflow would try it again
		over()
		w.unsaved = true
		w.changes++
	}
	for wait := time.Hour; ; wait = min(2*wait, 24*time.Hour) {
		try, stop := workflow.WithCancel(ctx)
		w.trying[about] = stop
		err := do(try)
		delete(w.trying, about)
		shown := w.dropAttention(about)
		if err == nil || try.Err() != nil { // done, or a person has settled it
			end()
			if shown {
				_ = w.show(ctx) // it needs no attention any more; at worst the UI shows so later
			}
			return
		}
		why := refused + ": " + workflows.Reason(err)
		last := !until.IsZero() && !workflow.Now(ctx).Before(until)
		if last {
			end()
			why += "; Purser does not try again"
		}
		if err := w.needAttention(ctx, about, why); err != nil || last {
			return
		}
		_, _ = workflow.AwaitWithTimeout(ctx, wait, func() bool { return w.retrying[about] || !w.needsAttention(about) })
		delete(w.retrying, about)
		if !w.needsAttention(about) { // a person has settled it
			end()
			return
		}
	}
}

// needAttention shows a person what Purser cannot finish by itself. A later reason
// replaces an earlier one, so that one decision about it is carried out once.
func (w *orderWorkflow) needAttention(ctx workflow.Context, about, why string) error {
	w.dropAttention(about)
	delete(w.Decided, about)
	w.Attention = append(w.Attention, order.Attention{About: about, Why: why})
	w.note(ctx, order.OrderNeedsAttention, workflows.ActorPurser, why, about)
	return w.show(ctx)
}

func (w *orderWorkflow) needsAttention(about string) bool {
	return slices.ContainsFunc(w.Attention, func(a order.Attention) bool { return a.About == about })
}

// dropAttention forgets what needed attention, and reports whether it did.
func (w *orderWorkflow) dropAttention(about string) bool {
	n := len(w.Attention)
	w.Attention = slices.DeleteFunc(w.Attention, func(a order.Attention) bool { return a.About == about })
	return len(w.Attention) < n
}

// overRefund returns how much more of a payment was refunded than was captured, in minor
// units: a part was paid out by a person, or pays for another order, and the provider has
// refunded more than was left of it.
func (s *State) overRefund(ref string) int64 {
	own := s.payment(ref)
	if own == nil || !s.paidElsewhere(ref) {
		return 0
	}
	made := func(s order.RefundStatus) bool { return s.Moves() && s != order.RefundRequested }
	return max(s.refundSum(ref, made)-own.Captured, 0)
}

// overRefundedPayment returns the reference of the payment of which more was refunded.
func overRefundedPayment(about string) string {
	about, is := strings.CutPrefix(about, overRefundsOf)
	ref, _, _ := strings.Cut(about, ": ")
	if !is {
		return ""
	}
	return ref
}

// reviewOverRefund asks a person when more was refunded of a payment than was captured. What
// it is about names the amount, so that more is another matter.
func (w *orderWorkflow) reviewOverRefund(ctx workflow.Context, ref string) {
	over := order.Money{Amount: w.overRefund(ref), Currency: w.Total.Currency}
	about := overRefundsOf + ref + ": " + over.String()
	for _, a := range slices.Clone(w.Attention) {
		if overRefundedPayment(a.About) == ref && a.About != about {
			w.dropAttention(a.About)
		}
	}
	if over.Amount == 0 || w.needsAttention(about) || w.Resolved[about] {
		return
	}
	why := over.String() + " more was refunded than was captured: "
	if slices.ContainsFunc(w.Refunds, func(r order.Refund) bool { return r.PaidOut && r.PaymentRef == ref }) {
		why += "a person has paid out what the payment provider refunded, too"
	} else {
		why += "the payment provider refunded what pays for another order, too" + w.paysForOthers()
	}
	_ = w.needAttention(ctx, about, why)
	w.changes++
}
