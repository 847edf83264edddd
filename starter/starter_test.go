package starter_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"purser/activities"
	"purser/order"
	"purser/starter"
	"purser/workflows"
	"purser/workflows/orders"
)

const id = order.ID("ord_00000000000000000000000001")

var (
	request  = order.Request{Customer: "c-1", Currency: "EUR", Lines: []order.RequestLine{{SKU: "mug", Quantity: 2}}}
	placed   = order.Order{ID: id, Status: order.AwaitingPayment}
	notFound = serviceerror.NewNotFound("workflow execution already completed")
	exists   = serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "", "run-1")
	rings    = client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
)

func refused(kind, words string, details ...any) error {
	return temporal.NewNonRetryableApplicationError(words, kind, nil, details...)
}

// engine is a Temporal client: err is the error of a call itself, late the error of the
// wait for its result.
type engine struct {
	client.Client
	err, late error
	result    any             // of the update or query
	outcome   *orders.Outcome // of the workflow that has ended
	aftercare *aftercare
	updates   []client.UpdateWorkflowOptions
	signals   []string
	sent      []any // the signals' arguments
	starts    []client.StartWorkflowOptions
}

// aftercare is what AftercareWorkflow returns for an update; err is the error of the call
// itself.
type aftercare struct {
	err, late error
	result    any
}

func (e *engine) NewWithStartWorkflowOperation(o client.StartWorkflowOptions, _ any, _ ...any) client.WithStartWorkflowOperation {
	e.starts = append(e.starts, o)
	return nil
}

func (e *engine) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	e.starts = append(e.starts, o)
	return nil, e.err
}

func (e *engine) UpdateWithStartWorkflow(_ context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	if e.aftercare == nil {
		return e.UpdateWorkflow(context.Background(), o.UpdateOptions)
	}
	e.updates = append(e.updates, o.UpdateOptions)
	if e.aftercare.err != nil {
		return nil, e.aftercare.err
	}
	return handle{v: e.aftercare.result, err: e.aftercare.late}, nil
}

func (e *engine) UpdateWorkflow(_ context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	e.updates = append(e.updates, o)
	if e.err != nil {
		return nil, e.err
	}
	return handle{v: e.result, err: e.late}, nil
}

func (e *engine) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	if e.err != nil {
		return nil, e.err
	}
	return value{e.result}, nil
}

func (e *engine) SignalWorkflow(_ context.Context, workflowID, _, _ string, arg any) error {
	e.signals, e.sent = append(e.signals, workflowID), append(e.sent, arg)
	return e.err
}

func (e *engine) SignalWithStartWorkflow(_ context.Context, workflowID, _ string, arg any, _ client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	e.signals, e.sent = append(e.signals, workflowID), append(e.sent, arg)
	return nil, e.err
}

func (e *engine) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	if e.outcome == nil {
		return run{err: notFound}
	}
	return run{v: *e.outcome}
}

type handle struct {
	client.WorkflowUpdateHandle
	v   any
	err error
}

func (h handle) Get(_ context.Context, to any) error { return encodeInto(h.v, h.err, to) }

type run struct {
	client.WorkflowRun
	v   any
	err error
}

func (r run) Get(_ context.Context, to any) error { return encodeInto(r.v, r.err, to) }

type value struct{ v any }

func (v value) HasValue() bool   { return v.v != nil }
func (v value) Get(to any) error { return encodeInto(v.v, nil, to) }

// encodeInto copies a value as encoding does.
func encodeInto(v any, err error, to any) error {
	if err != nil {
		return err
	}
	p, err := converter.GetDefaultDataConverter().ToPayload(v)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayload(p, to)
}

// book is a record of at most one order.
type book struct {
	o    *order.Order
	hash string
	err  error
}

func (b book) Order(context.Context, order.ID) (order.Order, error) {
	switch {
	case b.err != nil:
		return order.Order{}, b.err
	case b.o == nil:
		return order.Order{}, fmt.Errorf("%w: %s", order.ErrNotFound, id)
	}
	return *b.o, nil
}

func (b book) RequestHash(context.Context, order.ID) (string, error) { return b.hash, b.err }

type vault struct{}

func (vault) Unseal(_ order.ID, sealed string) (string, error) { return "opened " + sealed, nil }

func started(e *engine, b book) *starter.Client {
	return &starter.Client{Temporal: e, Record: b, Vault: vault{}, Terms: orders.Terms{PayWithin: time.Minute}}
}

// recorded returns a record with an order that was placed with that request.
func recorded(s order.Status, hash string) book {
	return book{o: &order.Order{ID: id, Status: s}, hash: hash}
}

var errDown = errors.New("the record is down")

// TestPlace checks what Place returns for each state of an order (IDEM-1, IDEM-2).
func TestPlace(t *testing.T) {
	answer := orders.Placed{Order: placed, SealedSecret: "secret"}
	hash := request.Hash()
	soldOut := &orders.Outcome{Status: order.Refused, Reason: "not enough stock: mug", Failure: activities.FailureOutOfStock, Hash: hash}
	for _, c := range []struct {
		name   string
		e      engine
		b      book
		status order.Status
		secret string
		err    error
		words  string
	}{
		{name: "placed", e: engine{result: answer}, status: order.AwaitingPayment, secret: "opened secret"},
		{name: "placed before: the same result", e: engine{late: refused(workflows.RefusalAnswered, "placed before", answer)}, status: order.AwaitingPayment, secret: "opened secret"},
		{name: "another request under the key", e: engine{late: refused(workflows.RefusalOtherRequest, "used before")}, err: order.ErrOtherRequest, words: "used before"},
		{name: "a double click", e: engine{late: refused(workflows.RefusalInFlight, "in flight")}, err: order.ErrInFlight, words: "in flight"},
		{name: "sold out just now", e: engine{late: refused(activities.FailureOutOfStock, "not enough stock: mug")}, err: order.ErrOutOfStock, words: "not enough stock: mug"},
		{name: "cancelled while placing", e: engine{late: refused(workflows.RefusalCancelled, "cancelled")}, err: order.ErrTooLate, words: "cancelled"},
		{name: "no result in time", e: engine{err: rings}, err: context.DeadlineExceeded},
		{name: "ended, the same request", e: engine{err: exists}, b: recorded(order.Delivered, hash), status: order.Delivered},
		{name: "ended, another request", e: engine{err: exists}, b: recorded(order.Delivered, "other"), err: order.ErrOtherRequest},
		{name: "cancelled, the same request", e: engine{err: exists}, b: recorded(order.Cancelled, hash), status: order.Cancelled},
		{name: "refused, the same request", e: engine{err: exists, outcome: soldOut}, err: order.ErrOutOfStock, words: "not enough stock: mug"},
		{name: "refused, another request", e: engine{err: exists, outcome: &orders.Outcome{Status: order.Refused, Failure: activities.FailureOutOfStock, Hash: "other"}}, err: order.ErrOtherRequest},
		{name: "refused by an older release, which kept no hash", e: engine{err: exists, outcome: &orders.Outcome{Status: order.Refused, Reason: "sold out", Failure: activities.FailureOutOfStock}}, err: order.ErrOutOfStock, words: "sold out"},
		{name: "refused with an unknown failure", e: engine{err: exists, outcome: &orders.Outcome{Status: order.Refused, Reason: "odd", Failure: "Odd", Hash: hash}}, err: order.ErrInvalid, words: "odd"},
		{name: "ended, forgotten by the engine, in the record: the same request", e: engine{late: refused(activities.FailureDuplicate, "opened before")}, b: recorded(order.Expired, hash), status: order.Expired},
		{name: "ended, forgotten by the engine, in the record: another request", e: engine{late: refused(activities.FailureDuplicate, "opened before")}, b: recorded(order.Expired, "other"), err: order.ErrOtherRequest},
		{name: "terminated, the same request", e: engine{err: notFound}, b: recorded(order.Paid, hash), status: order.Paid},
		{name: "terminated, forgotten by the engine: the same request", e: engine{err: notFound}, b: recorded(order.AwaitingPayment, hash), status: order.AwaitingPayment},
		{name: "terminated, forgotten by the engine: another request", e: engine{err: notFound}, b: recorded(order.AwaitingPayment, "other"), err: order.ErrOtherRequest},
		{name: "in the record when the workflow opens it", e: engine{late: refused(activities.FailureDuplicate, "opened before")}, b: recorded(order.Paid, hash), status: order.Paid},
		{name: "known to the record: the same result", e: engine{late: refused(workflows.RefusalAnswered, "placed before", answer)}, b: recorded(order.AwaitingPayment, hash), status: order.AwaitingPayment, secret: "opened secret"},
		{name: "the record cannot be asked", e: engine{result: answer}, b: book{err: errDown}, err: errDown},
		{name: "ended, and neither the engine nor the record knows it", e: engine{err: exists}, err: order.ErrNotFound},
		{name: "the engine is down", e: engine{err: serviceerror.NewUnavailable("down")}, err: order.ErrBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, secret, err := started(&c.e, c.b).Place(t.Context(), id, request, nil, "key:shop", "corr-1")
			if c.err == nil && c.words == "" && err != nil || c.err != nil && !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if c.words != "" && (err == nil || err.Error() != c.words) {
				t.Errorf("the error says %q, want %q", err, c.words)
			}
			if err == nil && (o.Status != c.status || secret != c.secret && c.secret != "") {
				t.Errorf("%s with %q, want %s with %q", o.Status, secret, c.status, c.secret)
			}
			if err != nil && secret != "" {
				t.Error("a secret came with an error")
			}
			if (c.b.o != nil || c.b.err != nil) && len(c.e.starts) > 0 {
				t.Error("IDEM-1: a workflow was begun for an order that may be in the record: it would lose late events")
			}
			if c.b.err != nil || c.b.o != nil && c.b.o.Status.Final() {
				if len(c.e.updates) > 0 {
					t.Error("the engine was asked although the record is enough")
				}
				return
			}
			if want := []any{orders.PlaceRequest{Hash: hash}}; !cmp.Equal(c.e.updates[0].Args, want) {
				t.Errorf("asked with %v", c.e.updates[0].Args)
			}
		})
	}
}

func TestGet(t *testing.T) {
	if o, err := started(&engine{result: placed}, book{}).Get(t.Context(), id); err != nil || o.Status != order.AwaitingPayment {
		t.Errorf("%s, %v", o.Status, err)
	}
	if _, err := started(&engine{err: notFound}, book{}).Get(t.Context(), id); !errors.Is(err, order.ErrNotFound) {
		t.Error(err)
	}
}

// TestReport distinguishes an order that has ended from one that does not exist (WHK-12,
// REC-10).
func TestReport(t *testing.T) {
	report := orders.Report{Version: workflows.MessageVersion, Events: []order.ProviderEvent{{ID: "evt_1"}}}
	for _, c := range []struct {
		name string
		e    engine
		b    book
		err  error
	}{
		{name: "delivered", e: engine{}},
		{name: "ended", e: engine{err: notFound}, b: recorded(order.Delivered, ""), err: order.ErrClosed},
		{name: "no such order", e: engine{err: notFound}, err: order.ErrNotFound},
		{name: "the record is down", e: engine{err: notFound}, b: book{err: errDown}, err: errDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := started(&c.e, c.b).Report(t.Context(), id, []order.ProviderEvent{{ID: "evt_1"}})
			if c.err == nil && err != nil || !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
			if want := []string{id.WorkflowID()}; !cmp.Equal(c.e.signals, want) || !cmp.Equal(c.e.sent, []any{report}) {
				t.Errorf("signals %v: %+v", c.e.signals, c.e.sent)
			}
		})
	}
	t.Run("late", func(t *testing.T) {
		e := new(engine)
		if err := started(e, book{}).ReportLate(t.Context(), id, []order.ProviderEvent{{ID: "evt_1"}}); err != nil || !cmp.Equal(e.signals, []string{orders.AftercareWorkflowID(id)}) || !cmp.Equal(e.sent, []any{report}) {
			t.Errorf("%v, signals %v: %+v", err, e.signals, e.sent)
		}
	})
}
