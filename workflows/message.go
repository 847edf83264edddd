// Package workflows holds what the workflows of every subject share: typed
// messages, steps, task queues and search attributes. The workflows of orders,
// products, imports, images, mails and campaigns are in a package each.
// Everything that reaches outside the process is an activity.
package workflows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/order"
)

// Query asks a workflow for a T, which it returns at once. Its text is its name
// on the wire.
type Query[T any] string

// Handle registers the query's handler in a workflow. The Temporal UI shows the
// description beside the query's name.
func (q Query[T]) Handle(ctx workflow.Context, description string, handler func() (T, error)) error {
	return workflow.SetQueryHandlerWithOptions(ctx, string(q), handler, workflow.QueryHandlerOptions{Description: description})
}

// Ask sends the query to the workflow's current run.
func (q Query[T]) Ask(ctx context.Context, c client.Client, workflowID string) (T, error) {
	var t T
	v, err := c.QueryWorkflow(ctx, workflowID, "", string(q))
	if err != nil {
		return t, err
	}
	return t, v.Get(&t)
}

// Update is a request to which a workflow responds when it has carried it out.
type Update[In, Out any] string

// Handle registers the update's handler in a workflow. The Temporal UI shows the
// description beside the update's name. check refuses a request before anything about
// it enters the history. A request with a Sender is complete when check is called: one
// that a person sends without any input is not decoded.
func (u Update[In, Out]) Handle(ctx workflow.Context, description string, check func(workflow.Context, In) error, do func(workflow.Context, In) (Out, error)) error {
	validate := func(ctx workflow.Context, in In) error {
		if s, ok := any(in).(interface{ complete() error }); ok {
			if err := s.complete(); err != nil {
				return fmt.Errorf("want %s: %w", fieldsOf(in), err)
			}
		}
		return check(ctx, in)
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, string(u), do, workflow.UpdateHandlerOptions{Validator: validate, Description: description})
}

// Call sends the update and waits for its result. An update with the same id is
// carried out once. The engine keeps an update in memory only until the workflow
// has accepted it: if the wait ends before that, Call fails with order.ErrBusy,
// because the update may never be carried out. An accepted update is carried out
// even if nobody waits for it.
func (u Update[In, Out]) Call(ctx context.Context, c client.Client, workflowID, id string, in In) (Out, error) {
	var out Out
	h, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: string(u), Args: []any{in},
		WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return out, Untaken(ctx, err)
	}
	return out, h.Get(ctx, &out)
}

// Untaken returns order.ErrBusy if err says that an update was not accepted in
// time, unless the caller has cancelled ctx; otherwise it returns err.
func Untaken(ctx context.Context, err error) error {
	var untaken *client.WorkflowUpdateServiceTimeoutOrCanceledError
	if errors.As(err, &untaken) && !errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: not accepted in time: %v", order.ErrBusy, err)
	}
	return err
}

// Signal is a message to a workflow; the sender does not wait for a result.
type Signal[T any] string

// Describe sets the description that the Temporal UI shows beside the signal's name.
// The engine keeps the description only if nothing has received the signal before.
func (s Signal[T]) Describe(ctx workflow.Context, description string) {
	workflow.GetSignalChannelWithOptions(ctx, string(s), workflow.SignalChannelOptions{Description: description})
}

// ReceiveNow returns the next signal that has already arrived.
func (s Signal[T]) ReceiveNow(ctx workflow.Context) (t T, ok bool) {
	ok = workflow.GetSignalChannel(ctx, string(s)).ReceiveAsync(&t)
	return t, ok
}

// Waits reports whether a signal has arrived that was not received.
func (s Signal[T]) Waits(ctx workflow.Context) bool {
	return workflow.GetSignalChannel(ctx, string(s)).Len() > 0
}

// DecodeNow returns the next signal that has already arrived. ReceiveNow would
// drop a signal that is not a T; DecodeNow returns an error for it.
func (s Signal[T]) DecodeNow(ctx workflow.Context) (t T, ok bool, err error) {
	var raw converter.RawValue
	if ok = workflow.GetSignalChannel(ctx, string(s)).ReceiveAsync(&raw); !ok {
		return t, false, nil
	}
	if raw.Payload() == nil {
		return t, true, errors.New("the signal is empty")
	}
	return t, true, converter.GetDefaultDataConverter().FromPayload(raw.Payload(), &t)
}

// Send delivers a signal to the workflow's current run.
func (s Signal[T]) Send(ctx context.Context, c client.Client, workflowID string, t T) error {
	return c.SignalWorkflow(ctx, workflowID, "", string(s), t)
}

// MessageVersion is the version of the messages that this build's API and inbox
// send. A worker takes fields that it does not know from them, so that a newer API
// can talk to an older worker.
const MessageVersion = 1

// ActorTemporalUI is the actor of a request that did not come from the API: nobody
// has checked who typed it.
const ActorTemporalUI = "temporal-ui"

// Sender says who sent a request, and why.
type Sender struct {
	// Version is MessageVersion of the API that sent the request; 0: a person typed
	// it in the Temporal UI or its command line.
	Version     int    `json:"version,omitempty"`
	Who         string `json:"who"`
	Why         string `json:"why"`
	Correlation string `json:"correlationId,omitempty"`
}

// typed reports whether a person typed the request.
func (s Sender) typed() bool { return s.Version < 1 }

// complete fails if a person typed the request, and did not say who and why.
func (s Sender) complete() error {
	if s.typed() && (strings.TrimSpace(s.Who) == "" || strings.TrimSpace(s.Why) == "") {
		return errors.New("who and why must not be empty")
	}
	return nil
}

// Actor returns the actor of the events that the request causes.
func (s Sender) Actor() string {
	if s.typed() {
		return ActorTemporalUI
	}
	return s.Who
}

// Reason returns why the request was sent and, if that was not checked, by whom.
func (s Sender) Reason() string {
	if s.typed() {
		return s.Who + ": " + s.Why
	}
	return s.Why
}

// DecodeRequest decodes a request whose sender is s, a part of into. A request
// without a version was typed by a person: unknown fields are refused, and who and
// why are mandatory.
func DecodeRequest[T any](b []byte, into *T, s *Sender) error {
	if err := json.Unmarshal(b, into); err != nil {
		return err
	}
	if !s.typed() {
		return nil
	}
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	err := strict.Decode(into)
	if err == nil {
		err = s.complete()
	}
	if err != nil {
		return fmt.Errorf("want %s: %w", fieldsOf(into), err)
	}
	return nil
}

// fieldsOf returns the fields of a request that a person types, as JSON.
//
//workflowcheck:ignore
func fieldsOf(request any) string {
	b, err := json.Marshal(request)
	if err != nil {
		return "who and why"
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(b, &fields) // it was marshalled above
	return strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
}

// The types of the errors with which a workflow refuses a request.
const (
	RefusalOtherRequest = "OtherRequest"
	RefusalInFlight     = "InFlight"
	// RefusalAnswered is not a refusal to the caller: the same request was
	// carried out before, and the details hold its result.
	RefusalAnswered = "Answered"
	RefusalTooLate  = "TooLate"
	RefusalNotHeld  = "NotHeld"
	// RefusalApproval: a second person must approve the decision.
	RefusalApproval = "NeedsApproval"
	// RefusalNotLeft: the workflow does not know of money that is left to refund.
	RefusalNotLeft = "NotLeft"
	// RefusalNotRefundable: there may be money, and it must not be refunded now.
	RefusalNotRefundable = "NotRefundable"
	RefusalInvalid       = "InvalidRequest"
	// RefusalNotReturnable: the goods are more than can be sent back.
	RefusalNotReturnable = "NotReturnable"
	RefusalNotShipped    = "NotShipped"
	RefusalReturnTooLate = "ReturnTooLate"
	RefusalNoReturn      = "NoReturn"
	// RefusalNoParcel: the order has no such parcel.
	RefusalNoParcel = "NoSuchParcel"
	// RefusalNotSendable: the goods cannot go into the parcel.
	RefusalNotSendable = "NotSendable"
	RefusalCancelled   = "Undone"
	// RefusalChangeTooLate: the order cannot be changed any more.
	RefusalChangeTooLate = "ChangeTooLate"
)

// Refuse returns the error with which a workflow refuses a request.
func Refuse(kind, message string, details ...any) error {
	return temporal.NewNonRetryableApplicationError(message, kind, nil, details...)
}

// AwaitAccepted returns when the request is certainly in the history. A handler
// must not act before that: if the workflow task fails (because an event arrived
// just as it ended the workflow) or is lost with its process, the update that
// came with it is lost too, and its effects would have no request behind them.
func AwaitAccepted(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.Sleep(ctx, time.Millisecond)
}
