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

// complete returns the request with the reason that its sender gave.
func (r RefundRequest) complete() order.RefundRequest {
	ask := r.RefundRequest
	ask.Reason = cmp.Or(ask.Reason, r.Reason())
	return ask
}

// Reason returns why the money is refunded.
func (r RefundRequest) Reason() string { return r.Sender.Reason() }

func (w *orderWorkflow) checkRefund(ctx workflow.Context, r RefundRequest) error {
	if !w.ready { // onRefund checks
		return nil
	}
	return w.handle(ctx, message{kind: refundMessage, refund: r})
}

// nothingToRefund refuses a refund of an order whose money was not captured.
func (w *orderWorkflow) nothingToRefund(workflow.Context, message) error {
	return workflows.Refuse(workflows.RefusalNotLeft, "the order is "+string(w.Status)+": nothing was captured that could be refunded")
}

// refundsAnyway refuses a refund of an order that is being cancelled: everything
// that is left is refunded anyway.
func (w *orderWorkflow) refundsAnyway(ctx workflow.Context, m message) error {
	if len(w.refundParts(m.refund.ID)) > 0 || m.refund.PaidOut != "" && w.manual() {
		return w.mayRefund(ctx, m)
	}
	return workflows.Refuse(workflows.RefusalNotRefundable, "the order is "+string(w.Status)+": its money is refunded anyway")
}

// mayRefund takes a refund of at most what is left, and a request that was made
// before.
func (w *orderWorkflow) mayRefund(_ workflow.Context, m message) error {
	ask := m.refund.complete()
	if parts := w.refundParts(ask.ID); len(parts) > 0 {
		if asked := parts[0].Asked; asked != "" && asked != ask.Hash() {
			return workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("the refund %s was asked for with another request", ask.ID))
		}
		return nil
	}
	if w.refundByID(ask.ID) != nil {
		return workflows.Refuse(workflows.RefusalOtherRequest, fmt.Sprintf("%s is the id of a refund that nobody asked for here", ask.ID))
	}
	switch parts, err := w.PlanRefund(ask); {
	case errors.Is(err, order.ErrInvalid):
		return workflows.Refuse(workflows.RefusalInvalid, err.Error())
	case err != nil:
		return workflows.Refuse(workflows.RefusalNotLeft, err.Error())
	case w.leavesNothing(ask):
		return workflows.Refuse(workflows.RefusalNotRefundable, "these are all the goods that are left to send: cancel the order instead")
	case parts[0].Status == order.RefundReleased:
		return w.mayRelease()
	}
	return nil
}

// mayRelease takes a request to capture less while it can still be decided how much is
// captured.
func (w *orderWorkflow) mayRelease() error {
	switch {
	case w.Abort != nil || w.Cancel != nil:
		return workflows.Refuse(workflows.RefusalNotRefundable, "the order is about to be cancelled")
	case w.inTransit():
		return workflows.Refuse(workflows.RefusalNotRefundable, "the carrier has the parcel already: ask for it again when the money is captured, and it is refunded")
	case w.captureUnknown():
		return workflows.Refuse(workflows.RefusalNotRefundable, "the money is being captured at this moment: ask for it again when it is captured, and it is refunded")
	}
	return nil
}

// captureUnknown reports whether the capture of one of the order's payments was asked for and
// has no result yet.
func (s *State) captureUnknown() bool {
	p := s.payment(s.CaptureAsked)
	return s.counts(p) && p.Captured == 0
}

// onRefund refunds money, and returns the order when the provider has responded or
// the refund needs attention. The amount counts as refunded from the moment the
// request is certainly in the history, so that two requests never share it.
func (w *orderWorkflow) onRefund(ctx workflow.Context, r RefundRequest) (order.Order, error) {
	if err := w.acceptRepeatable(ctx, func() error { return w.checkRefund(ctx, r) }); err != nil {
		return w.Order, err
	}
	if parts := w.refundParts(r.ID); len(parts) > 0 {
		known := w.refundByID(parts[0].ID)
		known.Asked = cmp.Or(known.Asked, r.complete().Hash())
	} else if err := w.requestRefund(ctx, r); err != nil {
		return w.Order, err
	}
	err := workflow.Await(ctx, func() bool {
		return !slices.ContainsFunc(w.refundParts(r.ID), func(p order.Refund) bool {
			return p.Status == order.RefundRequested && !w.needsAttention(p.ID)
		})
	})
	if err == nil {
		err = w.save(ctx)
	}
	return w.Order, err
}

// requestRefund writes down what is to be refunded, and then has it refunded.
func (w *orderWorkflow) requestRefund(ctx workflow.Context, r RefundRequest) error {
	parts, err := w.PlanRefund(r.complete())
	if err != nil {
		return err
	}
	w.addRefunds(ctx, parts, r.Actor())
	if len(r.Lines) > 0 {
		w.leaveOut(ctx)
	}
	return w.makeRefunds(ctx, parts)
}

// addRefunds writes down the parts of a refund.
func (w *orderWorkflow) addRefunds(ctx workflow.Context, parts []order.Refund, actor string) {
	for i, p := range parts {
		if p.Status == order.RefundRequested { // an event about it may come before the response, if a task is lost
			p.Key = order.Key(w.ID, requestOperation+p.ID, 1)
			parts[i] = p
		}
		w.Refunds = append(w.Refunds, p)
		w.sumRefunds(p.PaymentRef)
		kind, why := order.RefundWasRequested, p.Amount.String()+": "+p.Reason
		switch {
		case p.PaidOut:
			kind, why = order.PaymentRefunded, p.Amount.String()+" was paid out: "+p.Reason
		case p.Status == order.RefundCredited:
			kind, why = order.ReturnWasExchanged, p.Amount.String()+" are kept to pay for order "+string(p.CreditTo)
		case p.Status == order.RefundReleased:
			kind, why = order.LinesLeftOut, p.Amount.String()+" less is captured: "+p.Reason
		}
		w.note(ctx, kind, actor, why, cmp.Or(p.Reference, p.ID))
	}
}

// makeRefunds has the parts of a refund made.
func (w *orderWorkflow) makeRefunds(ctx workflow.Context, parts []order.Refund) error {
	w.changes++
	w.reviewFunds(ctx)                  // before it goes on with what is left to send
	if err := w.save(ctx); err != nil { // the record must know of it first
		return err
	}
	for _, p := range parts {
		if p.Status == order.RefundRequested {
			w.makeRefundInBackground(ctx, p.ID)
		}
	}
	w.notifyRefunds(ctx)
	w.reviewTransfers(ctx)
	return nil
}

// refundParts returns the refunds that a request has led to.
func (s *State) refundParts(id string) (parts []order.Refund) {
	for _, r := range s.Refunds {
		if (r.Asked != "" || r.Key != "") && (r.ID == id || strings.HasPrefix(r.ID, id+":")) {
			parts = append(parts, r)
		}
	}
	return parts
}

// refundByID returns the order's refund with an ID, or nil.
func (s *State) refundByID(id string) *order.Refund {
	i := slices.IndexFunc(s.Refunds, func(r order.Refund) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Refunds[i]
}

// makeRefundInBackground has the provider make a refund that was asked for. It
// tries for as long as it takes, or until a person says that it is settled.
func (w *orderWorkflow) makeRefundInBackground(ctx workflow.Context, id string) {
	w.retryInBackground(ctx, "the refund cannot be made", id, time.Time{}, func(ctx workflow.Context) error {
		return w.makeRefund(ctx, id)
	}, func() {
		if r := w.refundByID(id); r.Status == order.RefundRequested { // a person has settled it
			r.Status = order.RefundCanceled
			w.sumRefunds(r.PaymentRef)
		}
		w.closeReturns(ctx)
	})
}

// checkPaidOut takes over the refunds that the provider lists for a payment of which a
// part was paid out elsewhere, or pays for another order: the provider does not know of that part, so it would not
// refuse to refund too much.
func (w *orderWorkflow) checkPaidOut(ctx workflow.Context, ref string) error {
	if !w.paidElsewhere(ref) {
		return nil
	}
	return w.compareRefunds(ctx, ref)
}

// paidElsewhere reports whether a part of a payment was refunded without its provider.
func (s *State) paidElsewhere(ref string) bool {
	return slices.ContainsFunc(s.Refunds, func(r order.Refund) bool {
		return (r.PaidOut || r.Status == order.RefundCredited) && r.PaymentRef == ref
	})
}

// overdrawn reports whether the refunds of a payment, those that were asked for
// included, come to more than was captured.
func (s *State) overdrawn(ref string) bool {
	own := s.payment(ref)
	return own != nil && s.refundSum(ref, order.RefundStatus.Moves) > own.Captured
}

// makeRefund has the provider make a refund, once: the request's id is in its
// idempotency key. A refund that the provider refuses for good has failed, and its
// amount can be refunded otherwise.
func (w *orderWorkflow) makeRefund(ctx workflow.Context, id string) error {
	r := w.refundByID(id)
	if r.Status != order.RefundRequested {
		return nil
	}
	ref, amount := r.PaymentRef, r.Amount
	if own := w.payment(ref); own != nil && own.Credit() {
		return w.makeCreditRefund(ctx, id)
	}
	if err := w.checkPaidOut(ctx, ref); err != nil {
		return err
	}
	if r = w.refundByID(id); w.overdrawn(ref) && r.Status == order.RefundRequested {
		r.Status = order.RefundFailed
		w.sumRefunds(ref)
		w.refundFailed(ctx, *r, "more was refunded at the payment provider than was known: less than this is left")
		return nil
	}
	r.Key = order.Key(w.ID, requestOperation+id, 1+w.Refusals[id])
	made, err := runBackground(ctx, w, refundIntent, 0, "Refund "+amount.String(), steps.CaptureRequest{IntentID: ref, Amount: amount, Key: r.Key})
	r = w.refundByID(id) // refunds may have been added in the meantime
	refused := ""
	switch {
	case workflows.IsFailure(err, activities.FailureRejected):
		refused = workflows.Reason(err)
	case err != nil:
		if ctx.Err() == nil { // under the same key the provider would only repeat its response
			w.Refusals[id]++
		}
		return err
	case made.ID != r.Key:
		refused = "everything was refunded already"
	default:
		w.keepFound(ctx, made)
	}
	if refused != "" && r.Status == order.RefundRequested {
		r.Status = order.RefundFailed
		w.sumRefunds(ref)
		w.refundFailed(ctx, *r, refused)
		if err := w.compareRefunds(ctx, ref); err != nil { // what has been refunded instead?
			return err
		}
	}
	w.notifyRefunds(ctx)
	w.reviewFunds(ctx)
	return nil
}

// requestOperation is, with the refund's ID behind it, the operation in the key of a
// refund that was asked for.
const requestOperation = "request-"

// adoptRequest returns a refund that the provider lists, with the ID under which it
// was asked for. It is for a refund that this history does not know, because the
// workflow was reset to before the request.
func (w *orderWorkflow) adoptRequest(r order.Refund) order.Refund {
	id, asked := strings.CutPrefix(r.ID, order.Key(w.ID, requestOperation, 0)[:len(w.ID)+1+len(requestOperation)])
	if i := strings.LastIndexByte(id, ':'); asked && i > 0 && w.refundByID(id[:i]) == nil {
		r.Key, r.ID = r.ID, id[:i]
		r.ReturnID = order.ReturnOfRefund(r.ID)
	}
	return r
}

// recall returns refunds that the provider lists, completed by what the record knows
// about those that this history does not know: the goods that they are for.
func (w *orderWorkflow) recall(ctx workflow.Context, run runner, listed []order.Refund) ([]order.Refund, error) {
	forgotten := func(r order.Refund) bool {
		return w.adoptRequest(r).Key != "" && !slices.ContainsFunc(w.Refunds, func(known order.Refund) bool { return known.Reference == r.Reference })
	}
	if !slices.ContainsFunc(listed, forgotten) {
		return listed, nil
	}
	recorded, err := runAs(ctx, w, run, recallRefunds, "Read the refunds that this history does not know", w.ID)
	if err != nil {
		return nil, err
	}
	for i, r := range listed {
		for _, was := range recorded.Refunds {
			if forgotten(r) && was.ID == w.adoptRequest(r).ID && was.PaymentRef == r.PaymentRef && was.Amount == r.Amount {
				listed[i].Lines, listed[i].Shipping, listed[i].Reason = was.Lines, was.Shipping, was.Reason
			}
		}
	}
	return listed, nil
}

// refundFailed reopens the balance of a refund that failed, and asks a person how
// the money is refunded instead.
func (w *orderWorkflow) refundFailed(ctx workflow.Context, r order.Refund, why string) {
	w.sumRefunds(r.PaymentRef)
	w.note(ctx, order.RefundHasFailed, w.providerOf(r.PaymentRef), why, cmp.Or(r.Reference, r.ID))
	_ = w.needAttention(ctx, failedRefund+r.ID, "a refund of "+r.Amount.String()+" failed: "+why)
}

// failedRefund stands before the refund's ID in what needs attention.
const failedRefund = "refund "

// refundAgain asks the provider again for a refund that failed, as far as that is
// still possible.
func (w *orderWorkflow) refundAgain(ctx workflow.Context, id string) {
	failed := w.refundByID(id)
	if failed == nil || failed.Status.Moves() {
		return
	}
	base, _, _ := strings.Cut(id, ":")
	r := *failed
	r.ID, r.Reference, r.Key, r.Status, r.Notified = fmt.Sprintf("%s:%d", base, 1+len(w.refundParts(base))), "", "", order.RefundRequested, ""
	r.Asked = cmp.Or(r.Asked, "again")
	for i := range r.Lines {
		r.Lines = slices.Clone(r.Lines)
		r.Lines[i].Restock = false // the pieces count with the refund that failed
	}
	p := w.payment(r.PaymentRef)
	if p == nil { // it was listed for a payment that the order does not have
		w.note(ctx, order.EventIgnored, workflows.ActorPurser, "the order does not have the payment of the refund", id)
		return
	}
	if left := p.Captured - p.Refunded - p.Disputed; left < r.Amount.Amount {
		w.note(ctx, order.EventIgnored, workflows.ActorPurser, fmt.Sprintf("%s cannot be refunded again: %d is left", r.Amount, left), id)
		return
	}
	r.Key = order.Key(w.ID, requestOperation+r.ID, 1)
	w.Refunds = append(w.Refunds, r)
	w.sumRefunds(r.PaymentRef)
	w.note(ctx, order.RefundWasRequested, workflows.ActorPurser, r.Amount.String()+": again", r.ID)
	w.makeRefundInBackground(ctx, r.ID)
}
