package starter_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	enums "go.temporal.io/api/enums/v1"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// tooLate is the response of AftercareWorkflow to a request to cancel an order that cannot
// be cancelled.
func tooLate(s order.Status) *aftercare {
	return &aftercare{late: refused(workflows.RefusalTooLate, "the order is "+string(s))}
}

// TestCancel checks what Cancel returns (SHP-4). An order whose workflow has ended, or was
// terminated, is cancelled by AftercareWorkflow.
func TestCancel(t *testing.T) {
	cancelled := order.Order{ID: id, Status: order.Cancelled}
	for _, c := range []struct {
		name   string
		e      engine
		b      book
		status order.Status
		err    error
		words  string
	}{
		{name: "cancelled", e: engine{result: cancelled}, status: order.Cancelled},
		{name: "again, the workflow has ended", e: engine{err: notFound, aftercare: tooLate(order.Cancelled)}, b: recorded(order.Cancelled, ""), status: order.Cancelled},
		{name: "again, just as it ends", e: engine{late: refused(workflows.RefusalTooLate, "the order is cancelled")}, b: recorded(order.Cancelled, ""), status: order.Cancelled},
		{name: "too late", e: engine{late: refused(workflows.RefusalTooLate, "the order is shipped")}, b: recorded(order.Shipped, ""), status: order.Shipped, err: order.ErrTooLate, words: "too late to cancel: the order is shipped"},
		{name: "delivered long ago", e: engine{err: notFound, aftercare: tooLate(order.Delivered)}, b: recorded(order.Delivered, ""), status: order.Delivered, err: order.ErrTooLate, words: "too late to cancel: the order is delivered"},
		{name: "expired", e: engine{err: notFound, aftercare: tooLate(order.Expired)}, b: recorded(order.Expired, ""), status: order.Expired, err: order.ErrTooLate},
		{name: "paid, its workflow terminated", e: engine{err: notFound, aftercare: &aftercare{result: cancelled}}, b: recorded(order.Paid, ""), status: order.Cancelled},
		{name: "shipped, its workflow terminated", e: engine{err: notFound, aftercare: tooLate(order.Shipped)}, b: recorded(order.Shipped, ""), status: order.Shipped, err: order.ErrTooLate},
		{name: "no such order", e: engine{err: notFound}, err: order.ErrNotFound},
		{name: "the record is down", e: engine{err: notFound}, b: book{err: errDown}, err: errDown},
		{name: "accepted, no result in time", e: engine{late: rings}, err: context.DeadlineExceeded},
		{name: "not even accepted in time", e: engine{err: rings}, err: order.ErrBusy},
		{name: "terminated, accepted, no result in time", e: engine{err: notFound, aftercare: &aftercare{late: rings}}, b: recorded(order.Paid, ""), err: context.DeadlineExceeded},
		{name: "terminated, not even accepted in time", e: engine{err: notFound, aftercare: &aftercare{err: rings}}, b: recorded(order.Paid, ""), err: order.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // however often
				o, err := started(&c.e, c.b).Cancel(t.Context(), id, "key:shop", "changed my mind", "corr-1")
				if c.err == nil && err != nil || !errors.Is(err, c.err) || o.Status != c.status {
					t.Errorf("%s, %v, want %s, %v", o.Status, err, c.status, c.err)
				}
				if c.words != "" && (err == nil || err.Error() != c.words) {
					t.Errorf("the error says %q, want %q", err, c.words)
				}
			}
			for _, u := range c.e.updates {
				if u.UpdateID == "" || u.UpdateID != c.e.updates[0].UpdateID {
					t.Errorf("two updates, %q and %q, want one", c.e.updates[0].UpdateID, u.UpdateID)
				}
				if want := []any{orders.CancelRequest{Sender: sentBy("key:shop", "changed my mind")}}; !cmp.Equal(u.Args, want) {
					t.Errorf("asked with %v", u.Args)
				}
			}
			c.e.oneAftercare(t)
		})
	}
}

// sentBy returns the sender of a request of the API.
func sentBy(who, why string) workflows.Sender {
	return workflows.Sender{Version: workflows.MessageVersion, Who: who, Why: why, Correlation: "corr-1"}
}

// oneAftercare checks that at most one workflow takes care of an order, so that the order
// has one writer.
func (e *engine) oneAftercare(t *testing.T) {
	t.Helper()
	if (e.aftercare != nil) != (len(e.starts) > 0) {
		t.Errorf("%d workflows started", len(e.starts))
	}
	for _, o := range e.starts {
		if o.ID != orders.AftercareWorkflowID(id) || o.WorkflowIDConflictPolicy != enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING ||
			o.WorkflowIDReusePolicy != enums.WORKFLOW_ID_REUSE_POLICY_UNSPECIFIED { // by default, another run may follow
			t.Errorf("started as %+v", o)
		}
	}
}

// TestResolve checks what Resolve returns. AftercareWorkflow takes the decision about an
// order whose workflow has ended, or was terminated.
func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name   string
		e      engine
		b      book
		status order.Status
		err    error
		words  string
	}{
		{name: "resolved", e: engine{result: placed}, status: order.AwaitingPayment},
		{name: "not on hold", e: engine{late: refused(workflows.RefusalNotHeld, "it is paid")}, err: order.ErrIllegalMove, words: "it is paid"},
		{name: "returned after its workflow had ended", e: engine{err: notFound, aftercare: &aftercare{result: order.Order{ID: id, Status: order.Returned}}}, b: recorded(order.OnHold, ""), status: order.Returned},
		{name: "ended", e: engine{err: notFound, aftercare: &aftercare{late: refused(workflows.RefusalNotHeld, "it is delivered")}}, b: recorded(order.Delivered, ""), err: order.ErrIllegalMove, words: "it is delivered"},
		{name: "no such order", e: engine{err: notFound}, err: order.ErrNotFound},
		{name: "the record is down", e: engine{err: notFound}, b: book{err: errDown}, err: errDown},
		{name: "not even accepted in time", e: engine{err: notFound, aftercare: &aftercare{err: rings}}, b: recorded(order.OnHold, ""), err: order.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := started(&c.e, c.b).Resolve(t.Context(), id, order.ChooseKeep, "key:ops", "looked at it", "corr-1")
			if c.err == nil && err != nil || !errors.Is(err, c.err) || o.Status != c.status {
				t.Errorf("%s, %v, want %s, %v", o.Status, err, c.status, c.err)
			}
			if c.words != "" && (err == nil || err.Error() != c.words) {
				t.Errorf("the error says %q, want %q", err, c.words)
			}
			for _, u := range c.e.updates {
				if want := []any{orders.ResolveRequest{Choice: order.ChooseKeep, Sender: sentBy("key:ops", "looked at it")}}; u.UpdateID != "" || !cmp.Equal(u.Args, want) {
					t.Errorf("asked with %v as update %q", u.Args, u.UpdateID)
				}
			}
			c.e.oneAftercare(t)
		})
	}
}

// TestRefundBehindTheRecord (F87): a worker died after it had recorded a capture and before
// the workflow knew it. The workflow refuses to refund what it does not know, and the caller
// is asked to repeat the request, which is a refusal in no other case.
func TestRefundBehindTheRecord(t *testing.T) {
	captured := func(s order.Status, amount, refunded int64) book {
		b := recorded(s, "")
		b.o.Total = order.Money{Amount: 2900, Currency: "EUR"}
		b.o.Payments = []order.Payment{{Number: 1, Reference: "pi_1", Status: order.PaymentCaptured, Authorized: 2900, Captured: amount, Refunded: refunded}}
		return b
	}
	notLeft := engine{late: refused(workflows.RefusalNotLeft, "the order is awaiting_payment: nothing was captured that could be refunded")}
	for _, c := range []struct {
		name string
		e    engine
		b    book
		err  error
	}{
		{name: "the record has the capture", e: notLeft, b: captured(order.Paid, 2900, 0), err: order.ErrInFlight},
		{name: "delivered, as the record has it", e: notLeft, b: captured(order.Delivered, 2900, 0), err: order.ErrInFlight},
		{name: "the record has no capture either", e: notLeft, b: captured(order.AwaitingPayment, 0, 0), err: order.ErrNotRefundable},
		{name: "the money has gone back", e: notLeft, b: captured(order.Delivered, 2900, 2900), err: order.ErrNotRefundable},
		{name: "less than that is left", e: notLeft, b: captured(order.Delivered, 2900, 2500), err: order.ErrNotRefundable},
		{name: "refunded anyway", e: engine{late: refused(workflows.RefusalNotRefundable, "its money is refunded anyway")}, b: captured(order.Cancelling, 2900, 0), err: order.ErrNotRefundable},
		{name: "the record is down", e: notLeft, b: book{err: errDown}, err: order.ErrNotRefundable},
		{name: "refused for another reason", e: engine{late: refused(workflows.RefusalOtherRequest, "another")}, b: captured(order.Paid, 2900, 0), err: order.ErrOtherRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			ask := order.RefundRequest{ID: "r-1", Amount: order.Money{Amount: 500, Currency: "EUR"}, Reason: "damaged"}
			if _, err := started(&c.e, c.b).Refund(t.Context(), id, ask, "key:shop", "corr-1"); !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
		})
	}
}
