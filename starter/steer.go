package starter

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// Cancel cancels an order and returns it when everything is compensated. Repeated
// calls share one update, because many waiting updates would block others. Cancelling
// a cancelled order returns it. Cancel fails with order.ErrNotFound or
// order.ErrTooLate.
func (c *Client) Cancel(ctx context.Context, id order.ID, actor, why, correlation string) (order.Order, error) {
	r := orders.CancelRequest{Sender: sender(actor, why, correlation)}
	o, err := send(ctx, c, orders.Cancel, "cancel", id, string(orders.Cancel), r)
	if !errors.Is(err, order.ErrTooLate) {
		return o, err
	}
	was, rerr := c.Record.Order(ctx, id)
	if rerr != nil {
		return order.Order{}, rerr
	}
	if was.Status == order.Authorized || was.Status == order.Paid { // the refusal is that of an earlier request, which a person overruled
		o, err = send(ctx, c, orders.Cancel, "cancel", id, fmt.Sprintf("%s-%d", orders.Cancel, was.Version), r)
		if !errors.Is(err, order.ErrTooLate) {
			return o, err
		}
	}
	if was.Status == order.Cancelled {
		return was, nil
	}
	return was, &order.Refusal{Kind: order.ErrTooLate, Text: fmt.Sprintf("too late to cancel: the order is %s", was.Status)}
}

// Resolve carries out a person's decision about an order on hold, and returns the
// order as it is then. It fails with order.ErrNotFound, with order.ErrIllegalMove if the
// order does not allow the choice, or with order.ErrNeedsApproval if a second person must
// approve it.
func (c *Client) Resolve(ctx context.Context, id order.ID, choice order.Choice, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.Resolve, "resolve", id, "", orders.ResolveRequest{Choice: choice, Sender: sender(actor, why, correlation)})
}

// Refund refunds money of an order, and returns the order when the payment's provider
// has responded. A repeated request refunds nothing more. It fails with
// order.ErrNotFound, with order.ErrInvalid if the request contradicts the order, with
// order.ErrNotRefundable if it is about more than is left, with order.ErrOtherRequest if
// its ID was used with another request, and with order.ErrInFlight if the workflow is
// behind the record, so that the same request may be taken a moment later.
func (c *Client) Refund(ctx context.Context, id order.ID, ask order.RefundRequest, actor, correlation string) (order.Order, error) {
	updateID := fmt.Sprintf("refund-%s-%s", ask.ID, ask.Hash())
	o, err := send(ctx, c, orders.Refund, "refund", id, updateID, orders.RefundRequest{RefundRequest: ask, Sender: sender(actor, ask.Reason, correlation)})
	if !errors.Is(err, errNotLeft) {
		return o, err
	}
	recorded, rerr := c.Record.Order(ctx, id)
	if rerr == nil && isLeft(recorded, ask) {
		return o, &order.Refusal{Kind: order.ErrInFlight, Text: "the order's workflow does not know yet what the record has of its money: send the request again"}
	}
	return o, err
}

// errNotLeft is order.ErrNotRefundable for the reason that the workflow does not know of
// the money.
var errNotLeft = fmt.Errorf("not left: %w", order.ErrNotRefundable)

// isLeft reports whether the money for a refund was captured and is left, as the record
// has it. The record is ahead of the workflow for a moment if a worker died between the
// two.
func isLeft(o order.Order, ask order.RefundRequest) bool {
	_, err := o.PlanRefund(ask)
	return err == nil && o.Captured() > 0
}

// BookPayment books a sum that came in for an order without a payment provider, and
// returns the order as it is then. A sum is booked once per reference. It fails with
// order.ErrNotFound, order.ErrInvalid, order.ErrIllegalMove, or with
// order.ErrOtherRequest if another sum is booked under the reference.
func (c *Client) BookPayment(ctx context.Context, id order.ID, r order.Receipt, currency, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.BookPayment, "book payment", id, "", orders.BookPaymentRequest{Receipt: r, Currency: currency, Sender: sender(actor, why, correlation)})
}

// RequestReturn asks whether goods may be sent back, and returns the order as it is then.
// A repeated request is the same return. It fails with order.ErrNotFound, with
// order.ErrInvalid, order.ErrNotShipped, order.ErrNotReturnable or order.ErrReturnTooLate
// if the goods cannot be sent back, with order.ErrIllegalMove if the order's state does
// not allow it, and with order.ErrOtherRequest.
func (c *Client) RequestReturn(ctx context.Context, id order.ID, ask order.ReturnRequest, actor, correlation string) (order.Order, error) {
	return send(ctx, c, orders.RequestReturn, "request return", id, "", orders.ReturnRequest{ReturnRequest: ask, Sender: sender(actor, ask.Reason, correlation)})
}

// DecideReturn approves, rejects or cancels a return, and returns the order as it is then.
// It fails with order.ErrNotFound, order.ErrNoReturn, order.ErrInvalid or, if the return's
// state does not allow the step, with order.ErrIllegalMove.
func (c *Client) DecideReturn(ctx context.Context, id order.ID, d order.ReturnDecision, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.DecideReturn, "decide return", id, "", orders.DecideReturnRequest{ReturnDecision: d, Sender: sender(actor, why, correlation)})
}

// ReceiveReturn takes goods of a return that have arrived and has them refunded, and
// returns the order, perhaps before the provider has responded. A repeated call refunds
// nothing more. It fails as DecideReturn does, or with order.ErrNotReturnable.
func (c *Client) ReceiveReturn(ctx context.Context, id order.ID, returnID string, got order.ReturnReceipt, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.ReceiveReturn, "receive return", id, "", orders.ReceiveReturnRequest{ID: returnID, ReturnReceipt: got, Sender: sender(actor, why, correlation)})
}

// ChangeOrder changes an order before its label, and returns it and, if the shopper has to pay, the
// client secret of the payment, when the change is made or can be paid. A repeated request is
// the same change. It fails with order.ErrNotFound, order.ErrInvalid, order.ErrOtherRequest,
// order.ErrChangeTooLate, order.ErrNotChangeable, with order.ErrIllegalMove if the order's
// state does not allow it, with order.ErrInFlight, and with the errors of a price.
func (c *Client) ChangeOrder(ctx context.Context, id order.ID, ask order.ChangeRequest, actor, correlation string) (order.Order, string, error) {
	p, err := send(ctx, c, orders.Change, "change", id, "", orders.ChangeRequest{ChangeRequest: ask, Sender: sender(actor, ask.Reason, correlation)})
	if err != nil || p.SealedSecret == "" {
		return p.Order, "", err
	}
	secret, err := c.Vault.Unseal(id, p.SealedSecret)
	return p.Order, secret, err
}

// AddParcel books a parcel with goods of an order, and returns the order when the carrier
// has responded. A repeated plan books nothing more. It fails with order.ErrNotFound, with
// order.ErrInvalid or order.ErrNotSendable if the goods cannot go into it, with
// order.ErrIllegalMove if the order takes no parcel now, and with order.ErrOtherRequest if
// its ID was used with another plan.
func (c *Client) AddParcel(ctx context.Context, id order.ID, p order.ParcelPlan, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.AddParcel, "add parcel", id, "", orders.AddParcelRequest{ParcelPlan: p, Sender: sender(actor, why, correlation)})
}

// VoidLabel voids the label of a parcel that the carrier does not have, so that its goods
// can go into another one. It fails with order.ErrNotFound, order.ErrNoParcel or
// order.ErrIllegalMove.
func (c *Client) VoidLabel(ctx context.Context, id order.ID, number int, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.VoidLabel, "void label", id, "", orders.VoidLabelRequest{Parcel: number, Sender: sender(actor, why, correlation)})
}

// MarkParcel says that a parcel without the carrier's API was delivered or collected, or came
// back. It fails with order.ErrNotFound, order.ErrNoParcel, order.ErrInvalid or
// order.ErrIllegalMove.
func (c *Client) MarkParcel(ctx context.Context, id order.ID, number int, s order.ParcelStatus, actor, why, correlation string) (order.Order, error) {
	return send(ctx, c, orders.MarkParcel, "mark parcel", id, "", orders.MarkParcelRequest{Parcel: number, Status: s, Sender: sender(actor, why, correlation)})
}

func sender(actor, why, correlation string) workflows.Sender {
	return workflows.Sender{Version: workflows.MessageVersion, Who: actor, Why: why, Correlation: correlation}
}

// send sends an update to the order's workflow or, if that has ended, was terminated
// or is lost, to its AftercareWorkflow, which it starts if necessary.
func send[In, Out any](ctx context.Context, c *Client, u workflows.Update[In, Out], op string, id order.ID, updateID string, in In) (Out, error) {
	out, err := u.Call(ctx, c.Temporal, id.WorkflowID(), updateID, in)
	if err = translate(op, id, err); !errors.Is(err, order.ErrNotFound) {
		return out, err
	}
	o, err := c.Record.Order(ctx, id)
	if err != nil {
		return out, err
	}
	options := aftercareOptions(id)
	options.TypedSearchAttributes = orders.AftercareAttributes(o.Status)
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(options, orders.AftercareWorkflow, orders.Aftercare{OrderID: id}),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: updateID, UpdateName: string(u), Args: []any{in}, WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
	if err != nil {
		return out, translate(op, id, workflows.Untaken(ctx, err))
	}
	return out, translate(op, id, h.Get(ctx, &out))
}

func aftercareOptions(id order.ID) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       orders.AftercareWorkflowID(id),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "An order after the end of its workflow",
	}
}
