package bulks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"purser/mail"
	"purser/order"
)

// refusals are the errors with which an order refuses a request.
var refusals = []error{
	order.ErrNotFound, order.ErrTooLate, order.ErrClosed, order.ErrIllegalMove, order.ErrNotRefundable, order.ErrInvalid,
	order.ErrOtherRequest, order.ErrMailing, order.ErrNeedsApproval,
}

// askOne asks one order and returns it with its outcome, or an error if the order did
// not respond. again says that an earlier try may have asked it.
func (w *work) askOne(ctx context.Context, item order.BulkOrder, again bool) (order.BulkOrder, error) {
	outcome, why, err := w.outcome(ctx, item.OrderID, again)
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			outcome, why, err = order.OutcomeRefused, err.Error(), nil
			break
		}
	}
	if err != nil {
		return item, err
	}
	item.Outcome, item.Why = outcome, clip(why)
	return item, nil
}

func (w *work) outcome(ctx context.Context, id order.ID, again bool) (order.BulkOutcome, string, error) {
	if _, err := order.ParseID(string(id)); err != nil {
		return "", "", order.ErrNotFound
	}
	o, err := w.Orders.Order(ctx, id)
	switch {
	case errors.Is(err, order.ErrNotFound), err == nil && w.bulk.Customer != "" && o.Customer != w.bulk.Customer:
		return "", "", order.ErrNotFound
	case err != nil:
		return "", "", err
	case w.bulk.DryRun:
		return w.predict(ctx, o)
	case !again && w.bulk.Action == order.BulkCancel && o.Status.Final(): // cancelling it again would return it
		return "", "", w.bulk.Check(o)
	case again && w.bulk.Action == order.BulkResolve:
		if done, err := w.resolved(ctx, id); err != nil || done {
			return order.OutcomeDone, "the order is " + string(o.Status), err
		}
	}
	waited, stop := context.WithTimeout(ctx, cmp.Or(w.Within, 20*time.Second))
	defer stop()
	if w.bulk.Action == order.BulkResend {
		return w.resend(waited, id)
	}
	o, err = w.send(waited, id)
	switch {
	case err != nil && !errors.Is(err, order.ErrBusy) && waited.Err() != nil && ctx.Err() == nil:
		if o, err = w.Orders.Order(ctx, id); err != nil {
			return "", "", err
		}
		return w.late(ctx, o)
	case err != nil:
		return "", "", err
	}
	return w.responded(o)
}

// predict says whether the order would take the action.
func (w *work) predict(ctx context.Context, o order.Order) (order.BulkOutcome, string, error) {
	if w.bulk.Action == order.BulkResend {
		had, err := w.Orders.HadMail(ctx, o.ID, w.bulk.Template)
		if err != nil {
			return "", "", err
		}
		if !had {
			return "", "", errNeverSent
		}
	}
	return order.OutcomePossible, "the order is " + string(o.Status), w.bulk.Check(o)
}

// errNeverSent is the refusal to send a mail again that the order never had.
var errNeverSent error = &order.Refusal{Kind: order.ErrNotFound, Text: "this mail was never sent for the order"}

// resolved reports whether the order's events have the decision already. An order that
// ran on to its next hold would otherwise take it once more.
func (w *work) resolved(ctx context.Context, id order.ID) (bool, error) {
	for after := int64(0); ; {
		page, err := w.Orders.Events(ctx, id, after, 0)
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, e := range page {
			if e.Kind == order.OrderResolved && strings.Contains(e.Why, w.bulk.RecordedReason()) {
				return true, nil
			}
		}
		after = page[len(page)-1].Seq
	}
}

// send sends the order the message of the action.
func (w *work) send(ctx context.Context, id order.ID) (order.Order, error) {
	b := w.bulk
	switch b.Action {
	case order.BulkCancel:
		return w.Messages.Cancel(ctx, id, b.Actor, b.RecordedReason(), b.ID)
	case order.BulkRefund:
		return w.Messages.Refund(ctx, id, w.refund(id), b.Actor, b.ID)
	case order.BulkResolve:
		return w.Messages.ResolveOnce(ctx, b.Key(id), id, b.Choice, b.Actor, b.RecordedReason(), b.ID)
	}
	return order.Order{}, fmt.Errorf("%w: action %q", order.ErrInvalid, b.Action)
}

func (w *work) refund(id order.ID) order.RefundRequest {
	return order.RefundRequest{ID: w.bulk.Key(id), All: true, Reason: w.bulk.RecordedReason()}
}

// responded returns the outcome of an order that has responded.
func (w *work) responded(o order.Order) (order.BulkOutcome, string, error) {
	is := "the order is " + string(o.Status)
	switch w.bulk.Action {
	case order.BulkCancel:
		if !o.Status.Final() {
			return order.OutcomeAccepted, is, nil
		}
	case order.BulkRefund:
		return refunded(o, w.refund(o.ID).Hash())
	}
	return order.OutcomeDone, is, nil
}

// refunded returns what became of a refund that the order has taken.
func refunded(o order.Order, asked string) (order.BulkOutcome, string, error) {
	outcome, sum := order.OutcomeDone, order.Money{Currency: o.Total.Currency}
	for _, r := range o.Refunds {
		if r.Asked != asked {
			continue
		}
		sum.Amount += r.Amount.Amount
		switch r.Status {
		case order.RefundRequested:
			outcome = order.OutcomeAccepted
		case order.RefundFailed, order.RefundCanceled:
			return order.OutcomeFailed, fmt.Sprintf("the refund of %s is %s", r.Amount, r.Status), nil
		}
	}
	if sum.Amount == 0 {
		return "", "", fmt.Errorf("%w: the order does not list the refund", order.ErrBusy)
	}
	return outcome, "refund of " + sum.String(), nil
}

// late returns the outcome of an order that did not respond in time, as the record has
// it: it works on the request, or has perhaps not got it.
func (w *work) late(ctx context.Context, o order.Order) (order.BulkOutcome, string, error) {
	is := "the order is " + string(o.Status)
	switch w.bulk.Action {
	case order.BulkCancel:
		compensating := o.Hold != nil && (o.Hold.Kind == order.HoldVoid || o.Hold.Kind == order.HoldRefund)
		switch {
		case o.Status == order.Cancelled || o.Status == order.Expired:
			return order.OutcomeDone, is, nil
		case o.Status == order.Cancelling || compensating:
			return order.OutcomeAccepted, is, nil
		case o.Status.Final() || o.Status == order.Shipped:
			return order.OutcomeRefused, is, nil
		}
		return "", "", fmt.Errorf("%w: %s", order.ErrBusy, is)
	case order.BulkRefund:
		return refunded(o, w.refund(o.ID).Hash())
	}
	done, err := w.resolved(ctx, o.ID)
	if err == nil && !done {
		err = fmt.Errorf("%w: %s", order.ErrBusy, is)
	}
	return order.OutcomeDone, is, err
}

// resend sends a mail of the order again.
func (w *work) resend(ctx context.Context, id order.ID) (order.BulkOutcome, string, error) {
	r := order.Resend{OrderID: id, Notification: w.bulk.Template, Key: w.bulk.Key(id), Actor: w.bulk.Actor, Why: w.bulk.RecordedReason()}
	if err := w.Messages.StartResend(ctx, r); err != nil {
		return "", "", err
	}
	out, err := w.Messages.ResendMail(ctx, r)
	switch {
	case errors.Is(err, order.ErrNotFound): // the order exists: it was read before
		return "", "", errNeverSent
	case err != nil && ctx.Err() != nil: // it was begun, and goes on
		return order.OutcomeAccepted, "the mail is being sent", nil
	case err != nil:
		return "", "", err
	}
	why := strings.TrimSuffix("the mail is "+string(out.State)+": "+out.Why, ": ")
	switch out.State {
	case mail.StateSent:
		return order.OutcomeDone, why, nil
	case mail.StateSuppressed, mail.StateRejected, mail.StateSkipped:
		return order.OutcomeRefused, why, nil
	case mail.StateUnknown:
		return order.OutcomeFailed, why, nil
	}
	return order.OutcomeAccepted, why, nil
}
