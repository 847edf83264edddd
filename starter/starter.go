// Package starter is the typed client of the workflows. The API, the webhooks and the
// commands reach orders through it.
package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// Record is the part of the record that the client reads about orders whose workflow
// has ended.
type Record interface {
	Order(ctx context.Context, id order.ID) (order.Order, error)
	RequestHash(ctx context.Context, id order.ID) (string, error)
}

// Unsealer decrypts the client secret.
type Unsealer interface {
	Unseal(id order.ID, sealed string) (string, error)
}

// Client starts the workflows and sends them messages.
type Client struct {
	Temporal client.Client
	Record   Record
	Vault    Unsealer
	Terms    orders.Terms // of orders placed from now on
	Cases    CaseRecord
	// Extensions are the steps of the shop's own that orders placed from now on take.
	Extensions []string
}

// Place starts the order and returns it with the client secret as soon as the shopper
// can pay, in one round trip. decided is what was decided about its price, or nil. A repeated request with the same id returns the same
// order, however long ago the first was: an order in the record is never started
// again, even if the engine has forgotten it. It fails with order.ErrOtherRequest,
// order.ErrInFlight, the errors of pricing.Price, or context.DeadlineExceeded,
// in which case the order goes on and Get returns it.
func (c *Client) Place(ctx context.Context, id order.ID, r order.Request, decided *order.Pricing, actor, correlation string) (order.Order, string, error) {
	return c.place(ctx, orders.Placement{
		ID: id, Request: r, Hash: r.Hash(), Actor: actor, Correlation: correlation, Terms: c.Terms, Extensions: c.Extensions, Pricing: decided,
	})
}

// place places an order, or finds the one that was placed before.
func (c *Client) place(ctx context.Context, p orders.Placement) (order.Order, string, error) {
	var h client.WorkflowUpdateHandle
	switch before, err := c.Record.Order(ctx, p.ID); {
	case errors.Is(err, order.ErrNotFound):
		h, err = c.begin(ctx, p)
		return c.placed(ctx, p.ID, p.Hash, h, err)
	case err != nil: // the order may have been started before
		return order.Order{}, "", err
	case before.Status.Final():
		return c.placedBefore(ctx, p.ID, p.Hash)
	}
	h, err := c.Temporal.UpdateWorkflow(ctx, placeUpdate(p.ID, p.Hash))
	return c.placed(ctx, p.ID, p.Hash, h, err)
}

func placeUpdate(id order.ID, hash string) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: id.WorkflowID(), UpdateName: string(orders.Place), Args: []any{orders.PlaceRequest{Hash: hash}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}

// begin starts the order's workflow, unless it runs, and sends it the update.
func (c *Client) begin(ctx context.Context, p orders.Placement) (client.WorkflowUpdateHandle, error) {
	start := c.Temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       p.ID.WorkflowID(),
		TaskQueue:                workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes:    orders.StartAttributes(p.Terms.PayBy(p.Request.Payment, time.Now())),
		StaticSummary:            fmt.Sprintf("Order of %d lines in %s", len(p.Request.Lines), p.Request.Currency),
		Memo:                     orders.StartMemo(p.Request),
	}, orders.OrderWorkflow, p)
	ask := placeUpdate(p.ID, p.Hash)
	ask.WorkflowID = "" // it is that of the start operation
	return c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: start, UpdateOptions: ask})
}

// placed returns the result of the Place update, or the order from the record if
// the workflow has none.
func (c *Client) placed(ctx context.Context, id order.ID, hash string, h client.WorkflowUpdateHandle, err error) (order.Order, string, error) {
	var placed orders.Placed
	if err == nil {
		err = h.Get(ctx, &placed)
	}
	var app *temporal.ApplicationError
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &app) && app.Type() == workflows.RefusalAnswered:
		if err := app.Details(&placed); err != nil {
			return order.Order{}, "", fmt.Errorf("place %s: %w", id, err)
		}
	case errors.As(err, &exists), errors.As(err, &gone), errors.Is(translate("place", id, err), order.ErrDuplicate):
		return c.placedBefore(ctx, id, hash)
	case err != nil:
		return order.Order{}, "", translate("place", id, err)
	}
	if placed.SealedSecret == "" { // it is not paid online
		return placed.Order, "", nil
	}
	secret, err := c.Vault.Unseal(id, placed.SealedSecret)
	return placed.Order, secret, err
}

// placedBefore returns the result of a repeated request for an order whose workflow
// has ended: from the record or, if the order was refused, from the workflow's
// result.
func (c *Client) placedBefore(ctx context.Context, id order.ID, hash string) (order.Order, string, error) {
	o, err := c.Record.Order(ctx, id)
	if errors.Is(err, order.ErrNotFound) {
		var out orders.Outcome
		if err := c.Temporal.GetWorkflow(ctx, id.WorkflowID(), "").Get(ctx, &out); err != nil {
			return order.Order{}, "", translate("place", id, err)
		}
		if out.Hash != "" && out.Hash != hash {
			return order.Order{}, "", order.ErrOtherRequest
		}
		if s := activities.Sentinel(out.Failure); s != nil {
			return order.Order{}, "", &order.Refusal{Kind: s, Text: out.Reason}
		}
		return order.Order{}, "", &order.Refusal{Kind: order.ErrInvalid, Text: out.Reason}
	}
	if err != nil {
		return order.Order{}, "", err
	}
	first, err := c.Record.RequestHash(ctx, id)
	switch {
	case err != nil:
		return o, "", err
	case first != hash:
		return o, "", order.ErrOtherRequest
	}
	return o, "", c.refusedAfterOpening(ctx, o)
}

// refusedAfterOpening returns the refusal with which Place failed for an order
// that had been opened already: the provider refuses its amount. If the engine does
// not say how the workflow ended (it has forgotten it, or the workflow still waits
// for a mail), the order as the record has it is the result.
func (c *Client) refusedAfterOpening(ctx context.Context, o order.Order) error {
	if o.Status != order.Cancelled || o.Payment().Reference != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var out orders.Outcome
	if err := c.Temporal.GetWorkflow(ctx, o.ID.WorkflowID(), "").Get(ctx, &out); err != nil {
		return nil // the record says what became of the order
	}
	if s := activities.Sentinel(out.Failure); s != nil {
		return &order.Refusal{Kind: s, Text: out.Reason}
	}
	return nil
}

// Get returns the order as its workflow knows it.
func (c *Client) Get(ctx context.Context, id order.ID) (order.Order, error) {
	o, err := orders.GetOrder.Ask(ctx, c.Temporal, id.WorkflowID())
	return o, translate("get", id, err)
}

// Report sends events to an order. It fails with order.ErrClosed if the order's
// workflow has ended, and with order.ErrNotFound if there is no such order (yet).
func (c *Client) Report(ctx context.Context, id order.ID, events []order.ProviderEvent) error {
	err := translate("report", id, orders.Reported.Send(ctx, c.Temporal, id.WorkflowID(), report(events)))
	if !errors.Is(err, order.ErrNotFound) {
		return err
	}
	if _, rerr := c.Record.Order(ctx, id); rerr != nil {
		return rerr // ErrNotFound, or the record cannot be asked
	}
	return order.ErrClosed
}

// ReportLate sends events about an order whose workflow has ended.
func (c *Client) ReportLate(ctx context.Context, id order.ID, events []order.ProviderEvent) error {
	_, err := c.Temporal.SignalWithStartWorkflow(ctx, orders.AftercareWorkflowID(id), string(orders.Reported), report(events),
		aftercareOptions(id), orders.AftercareWorkflow, orders.Aftercare{OrderID: id})
	return translate("report late", id, err)
}

func report(events []order.ProviderEvent) orders.Report {
	return orders.Report{Version: workflows.MessageVersion, Events: events}
}

// refusals are the errors that the types of workflows' refusals stand for.
var refusals = map[string]error{
	workflows.RefusalOtherRequest:  order.ErrOtherRequest,
	workflows.RefusalInFlight:      order.ErrInFlight,
	workflows.RefusalTooLate:       order.ErrTooLate,
	workflows.RefusalNotHeld:       order.ErrIllegalMove,
	workflows.RefusalApproval:      order.ErrNeedsApproval,
	workflows.RefusalNotLeft:       errNotLeft,
	workflows.RefusalNotRefundable: order.ErrNotRefundable,
	workflows.RefusalInvalid:       order.ErrInvalid,
	workflows.RefusalNoParcel:      order.ErrNoParcel,
	workflows.RefusalNotSendable:   order.ErrNotSendable,
	workflows.RefusalCancelled:     order.ErrTooLate,
	workflows.RefusalNotReturnable: order.ErrNotReturnable,
	workflows.RefusalNotShipped:    order.ErrNotShipped,
	workflows.RefusalReturnTooLate: order.ErrReturnTooLate,
	workflows.RefusalNoReturn:      order.ErrNoReturn,
	workflows.RefusalChangeTooLate: order.ErrChangeTooLate,
}

// translate turns Temporal's errors into the errors of package order.
func translate(op string, id order.ID, err error) error {
	if err == nil {
		return nil
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		if e := refusals[app.Type()]; e != nil {
			if e == order.ErrNeedsApproval {
				r := &order.ApprovalRefusal{Text: app.Message()}
				_ = app.Details(&r.Amount) // the refusal of a case has none
				return r
			}
			return &order.Refusal{Kind: e, Text: app.Message()}
		}
		if e := activities.Sentinel(app.Type()); e != nil {
			return &order.Refusal{Kind: e, Text: app.Message()}
		}
	}
	var notFound *serviceerror.NotFound
	if errors.As(err, &notFound) {
		return fmt.Errorf("%w: %s: %v", order.ErrNotFound, op, err)
	}
	// After some crashes in a row the engine accepts no updates until the workflow
	// has made progress again.
	var (
		notReady  *serviceerror.WorkflowNotReady
		exhausted *serviceerror.ResourceExhausted
		away      *serviceerror.Unavailable
		aborted   *serviceerror.Aborted
	)
	if errors.As(err, &notReady) || errors.As(err, &exhausted) || errors.As(err, &away) || errors.As(err, &aborted) {
		return fmt.Errorf("%s %s: %w: %v", op, id, order.ErrBusy, err)
	}
	var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if errors.As(err, &late) {
		return fmt.Errorf("%s %s: %w", op, id, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s %s: %w", op, id, err)
}
