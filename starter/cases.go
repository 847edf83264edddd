package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/cases"
	"purser/workflows/orders"
)

// CaseRecord is the part of the record that the client reads about cases.
type CaseRecord interface {
	// Case returns a case; it fails with order.ErrNoCase.
	Case(ctx context.Context, id string) (order.Case, error)
}

// StartCase starts the workflow of a case, unless it runs or has ended.
func (c *Client) StartCase(ctx context.Context, opened order.Case) error {
	o := caseOptions(opened.ID)
	o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	o.TypedSearchAttributes = cases.StartAttributes(opened)
	o.StaticSummary = fmt.Sprintf("Case: %s", opened.Kind)
	o.StaticDetails = opened.Why
	_, err := c.Temporal.ExecuteWorkflow(ctx, o, cases.CaseWorkflow, cases.Run{Case: opened})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return nil
	}
	return translate("start case", order.ID(opened.ID), err)
}

// caseOptions are those of a case's workflow. A case that is over is not started: the
// caller asks the record first.
func caseOptions(id string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: order.CaseWorkflowID(id), TaskQueue: workflows.OrdersQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Case",
	}
}

// ReviewCase tells a case that its matter may be over. A case without a workflow is over,
// or the sweep finds it.
func (c *Client) ReviewCase(ctx context.Context, e order.CaseEnd) error {
	err := translate("review case", order.ID(e.ID), cases.Reviewed.Send(ctx, c.Temporal, order.CaseWorkflowID(e.ID), e))
	if errors.Is(err, order.ErrNotFound) {
		return nil
	}
	return err
}

// AttendCase lets a recorded case look whether its matter is over, and starts its workflow
// if none runs. It reports whether it has started it.
func (c *Client) AttendCase(ctx context.Context, id string) (started bool, err error) {
	switch runs, err := c.runs(ctx, order.CaseWorkflowID(id)); {
	case err != nil:
		return false, translate("attend case", order.ID(id), err)
	case runs:
		return false, c.ReviewCase(ctx, order.CaseEnd{ID: id})
	}
	_, err = c.Temporal.ExecuteWorkflow(ctx, caseOptions(id), cases.CaseWorkflow, cases.Run{Case: order.Case{ID: id}})
	return err == nil, translate("attend case", order.ID(id), err)
}

// ResolveCase carries a decision about an order's case out. A repeated request is the same
// one. It fails with an *order.ApprovalRefusal, or with order.ErrIllegalMove if the order does
// not take the decision (any more).
func (c *Client) ResolveCase(ctx context.Context, r order.CaseRequest) error {
	s := sender(r.Decision.Who, r.Decision.Why, "")
	_, err := send(ctx, c, orders.Resolve, "resolve", r.OrderID, r.Request, orders.ResolveRequest{
		Choice: r.Decision.Choice, Case: r.Case, Request: r.Request, ApprovedBy: r.Decision.ApprovedBy, Amount: r.Amount, Sender: s,
	})
	return err
}

// TakeCase says who looks after a case: assignee or, if that is empty, the actor. It fails
// with order.ErrNoCase, or with order.ErrIllegalMove if the case is over.
func (c *Client) TakeCase(ctx context.Context, id, assignee, actor, correlation string) (order.Case, error) {
	return sendCase(ctx, c, cases.TakeCase, id, cases.TakeRequest{Assignee: assignee, Sender: sender(actor, "taken", correlation)})
}

// NoteCase adds a note to a case. It fails as TakeCase does.
func (c *Client) NoteCase(ctx context.Context, id, text, actor, correlation string) (order.Case, error) {
	return sendCase(ctx, c, cases.NoteCase, id, cases.NoteRequest{Sender: sender(actor, text, correlation)})
}

// DecideCase takes a decision about a case, and returns the case when it was carried out,
// or is kept as proposed until a second person decides the same. It fails as TakeCase
// does, and with order.ErrNeedsApproval if the actor may not approve what is proposed.
func (c *Client) DecideCase(ctx context.Context, id string, choice order.Choice, actor, why, correlation string) (order.Case, error) {
	return sendCase(ctx, c, cases.DecideCase, id, cases.DecideRequest{Choice: choice, Sender: sender(actor, why, correlation)})
}

// sendCase sends an update to a case's workflow, which it starts if it was terminated or
// is lost.
func sendCase[In any](ctx context.Context, c *Client, u workflows.Update[In, order.Case], id string, in In) (out order.Case, err error) {
	was, err := c.Cases.Case(ctx, id)
	switch {
	case err != nil:
		return was, err
	case was.Status.Over():
		return was, &order.Refusal{Kind: order.ErrIllegalMove, Text: fmt.Sprintf("the case is %s: %s", was.Status, was.Outcome)}
	}
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(caseOptions(id), cases.CaseWorkflow, cases.Run{Case: order.Case{ID: id}}),
		UpdateOptions:          client.UpdateWorkflowOptions{UpdateName: string(u), Args: []any{in}, WaitForStage: client.WorkflowUpdateStageAccepted},
	})
	if err == nil {
		err = h.Get(ctx, &out)
	} else {
		err = workflows.Untaken(ctx, err)
	}
	return out, translate(string(u), order.ID(id), err)
}

// KeepSweepingCases schedules the search for cases that have lost their workflow and for
// matters that have no case, once in each interval. It updates a schedule that exists
// already.
func (c *Client) KeepSweepingCases(ctx context.Context, every time.Duration) error {
	err := c.keep(ctx, client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}}, &client.ScheduleWorkflowAction{
		ID: cases.SweepWorkflowID, TaskQueue: workflows.OrdersQueue, Workflow: cases.CaseSweepWorkflow, StaticSummary: "Search for cases",
	}, false)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", cases.SweepWorkflowID, err)
	}
	return nil
}
