//go:build !lean

package starter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

const namespace = client.DefaultNamespace

// mugs is how many mugs are for sale in TestButtons, and ordered is how many an order has.
const mugs, ordered = 100, 2

// buttons presses the buttons of the Temporal UI on orders of a real engine.
type buttons struct {
	*orderFixture
	id order.ID
}

// TestButtons (REC-10, RES-13): what the buttons of the Temporal UI do to an order moves
// no money twice, and leaves no money behind.
func TestButtons(t *testing.T) {
	d, parent := newOrderFixture(t), t
	d.stock(mugs)
	d.starter.Terms.AskAfter = time.Second
	gone := int64(0)
	for _, c := range []struct {
		name  string
		press func(b *buttons)
		ends  order.Status
		// returned is the money that went back, and kept how many pieces left the stock.
		returned, kept int64
	}{
		{name: "reset to before the capture", press: func(b *buttons) { b.pay(); b.reset("CaptureIntent"); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "reset to before the capture, without its signals", press: func(b *buttons) { b.pay(); b.reset("CaptureIntent", without...); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "reset to before the payment, without its signals", press: func(b *buttons) { b.pay(); b.reset("CreateIntent", without...); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "reset to the beginning", press: func(b *buttons) { b.pay(); b.reset("OpenOrder"); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "reset to before a refund", press: func(b *buttons) { b.pay(); b.refund(); b.reset("RefundIntent"); b.refund(); b.arrive() }, ends: order.Delivered, returned: 450, kept: ordered},
		{name: "reset to before a refund, without its request", press: func(b *buttons) { b.pay(); b.refund(); b.reset("RefundIntent", without...); b.refund(); b.arrive() }, ends: order.Delivered, returned: 450, kept: ordered},
		{name: "reset twice", press: func(b *buttons) {
			b.pay()
			b.reset("CaptureIntent")
			b.awaitCapture()
			b.reset("BookParcel")
			b.arrive()
		}, ends: order.Delivered, kept: ordered},
		{name: "cancelled before it is paid", press: (*buttons).cancel, ends: order.Cancelled},
		{name: "cancelled when it is paid", press: func(b *buttons) { b.pay(); b.cancel() }, ends: order.Cancelled, returned: 2900},
		{name: "cancelled when it is shipped", press: func(b *buttons) {
			b.pay()
			b.scan(order.ParcelInTransit)
			b.await("the parcel", b.is(order.Shipped))
			b.cancel()
			b.arrive()
		}, ends: order.Delivered, kept: ordered},
		{name: "terminated when it is paid", press: func(b *buttons) { b.pay(); b.end(b.id); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "terminated before it is paid, and paid then", press: func(b *buttons) { b.end(b.id); b.authorize() }, ends: order.Cancelled},
		{name: "started once more", press: func(b *buttons) { b.pay(); b.copy(); b.arrive() }, ends: order.Delivered, kept: ordered},
		{name: "its step is paused", press: (*buttons).pauseStep, ends: order.Delivered, kept: ordered},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			d.T = t
			defer func() { d.T = parent }()
			b := &buttons{orderFixture: d, id: order.IDForKey("buttons", c.name)}
			b.place(b.id)
			c.press(b)
			b.await(string(c.ends), b.is(c.ends))
			sum, paid := b.bank.Count(b.id), int64(0)
			if c.kept > 0 || c.returned > 0 {
				paid = 2900
			}
			if sum.Intents != 1 || sum.Captured > 1 || sum.Taken != paid || sum.Returned != c.returned {
				t.Errorf("the provider has %+v, want %d taken once and %d returned", sum, paid, c.returned)
			}
			o := b.order()
			if o.Captured() != paid || o.Payment().Refunded != c.returned {
				t.Errorf("the order says %d captured, %d refunded", o.Captured(), o.Payment().Refunded)
			}
			if gone += c.kept; b.left() != mugs-gone {
				t.Errorf("%d mugs are left, want %d", b.left(), mugs-gone)
			}
		})
		if !ok {
			return
		}
	}
	for ref, n := range d.carrier.Counts() {
		if n != 1 {
			t.Errorf("%d labels were made for %s", n, ref)
		}
	}
	for key, n := range d.mailer.Counts() {
		if n != 1 {
			t.Errorf("%d mails were sent for %s", n, key)
		}
	}
	// A whole workflow cannot be paused here: webhooks would wait without a word.
	_, err := d.temporal.WorkflowService().PauseWorkflowExecution(t.Context(), &workflowservice.PauseWorkflowExecutionRequest{Namespace: namespace, WorkflowId: order.IDForKey("buttons", "x").WorkflowID()})
	if err == nil || !strings.Contains(err.Error(), "not enabled") {
		t.Errorf("the pause of a workflow: %v", err)
	}
}

// without leaves signals and updates out when a workflow is reset.
var without = []enums.ResetReapplyExcludeType{enums.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL, enums.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE}

func (b *buttons) order() order.Order {
	b.Helper()
	o, err := b.record.Order(b.Context(), b.id)
	if err != nil {
		b.Fatal(err)
	}
	return o
}

func (b *buttons) is(s order.Status) func() bool {
	return func() bool { return b.order().Status == s }
}

// authorize pays as the shopper does.
func (b *buttons) authorize() {
	b.Helper()
	n, err := b.bank.Pay(b.order().Payment().Reference)
	if err != nil {
		b.Fatal(err)
	}
	b.report(order.ProviderEvent{ID: "evt_pay_" + string(b.id), Type: "x", OrderID: b.id, Payment: &n})
}

func (b *buttons) report(e order.ProviderEvent) {
	b.Helper()
	events := []order.ProviderEvent{e}
	err := b.starter.Report(b.Context(), b.id, events)
	if err != nil { // its workflow has ended
		err = b.starter.ReportLate(b.Context(), b.id, events)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// pay pays, and waits until the money is captured and the parcel is booked.
func (b *buttons) pay() {
	b.Helper()
	b.authorize()
	b.await("the capture", b.is(order.Paid))
}

// awaitCapture waits until the workflow itself, not only the record, is paid.
func (b *buttons) awaitCapture() {
	b.Helper()
	b.await("the capture", func() bool {
		o, err := orders.GetOrder.Ask(b.Context(), b.temporal, b.id.WorkflowID())
		return err == nil && o.Status == order.Paid
	})
}

func (b *buttons) scan(s order.ParcelStatus) {
	b.Helper()
	n, err := b.carrier.Scan(b.order().Shipment().Reference, s)
	if err != nil {
		b.Fatal(err)
	}
	b.report(order.ProviderEvent{ID: "evt_" + string(s) + "_" + string(b.id), Type: "x", OrderID: b.id, Parcel: &n})
}

func (b *buttons) arrive() {
	b.Helper()
	b.await("the workflow", func() bool {
		o, err := orders.GetOrder.Ask(b.Context(), b.temporal, b.id.WorkflowID())
		return err == nil && o.Captured() > 0 || b.ended()
	})
	b.scan(order.ParcelDelivered)
}

func (b *buttons) ended() bool {
	b.Helper()
	info, err := b.temporal.DescribeWorkflowExecution(b.Context(), b.id.WorkflowID(), "")
	if err != nil {
		b.Fatal(err)
	}
	return info.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
}

func (b *buttons) refund() {
	b.Helper()
	ask := order.RefundRequest{ID: "r1", Amount: order.Money{Amount: 450, Currency: "EUR"}, Reason: "scratched"}
	o, err := b.starter.Refund(b.Context(), b.id, ask, "key:shop", "corr-5")
	if err != nil || o.Payment().Refunded != 450 {
		b.Fatalf("refunded %d, %v", o.Payment().Refunded, err)
	}
}

func (b *buttons) cancel() {
	b.Helper()
	if err := b.temporal.CancelWorkflow(b.Context(), b.id.WorkflowID(), ""); err != nil {
		b.Fatal(err)
	}
}

// copy starts another workflow with the order's input.
func (b *buttons) copy() {
	b.Helper()
	events := b.temporal.GetWorkflowHistory(b.Context(), b.id.WorkflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	started, err := events.Next()
	if err != nil {
		b.Fatal(err)
	}
	var p orders.Placement
	if err := json.Unmarshal(started.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads()[0].GetData(), &p); err != nil {
		b.Fatal(err)
	}
	run, err := b.temporal.ExecuteWorkflow(b.Context(), client.StartWorkflowOptions{ID: "copy", TaskQueue: workflows.OrdersQueue}, orders.OrderWorkflow, p)
	var out orders.Outcome
	if err == nil {
		err = run.Get(b.Context(), &out)
	}
	if err != nil || out.Status != order.Refused {
		b.Errorf("the copy is %q, %v", out.Status, err)
	}
}

// reset resets the workflow to the task before the first event that names an activity.
func (b *buttons) reset(activity string, without ...enums.ResetReapplyExcludeType) {
	b.Helper()
	was, task := b.runID(b.id.WorkflowID()), int64(0)
	b.await(activity+" in the history", func() bool { // a local step is there when its task has ended
		task = b.taskBefore(activity)
		return task > 0
	})
	_, err := b.temporal.ResetWorkflowExecution(b.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: b.id.WorkflowID(), RunId: was},
		Reason: "a test", RequestId: "reset-" + activity + "-" + string(b.id), WorkflowTaskFinishEventId: task, ResetReapplyExcludeTypes: without,
	})
	if err != nil {
		b.Fatal(err)
	}
}

// taskBefore returns the event that ended the last workflow task before an activity, or 0
// if the history does not have the activity yet.
func (b *buttons) taskBefore(activity string) int64 {
	b.Helper()
	task := int64(0)
	events := b.temporal.GetWorkflowHistory(b.Context(), b.id.WorkflowID(), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			b.Fatal(err)
		}
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			task = e.GetEventId()
		}
		if b.names(e, activity) {
			return task
		}
	}
	return 0
}

// names reports whether an event is about an activity, local or not.
func (b *buttons) names(e *historypb.HistoryEvent, activity string) bool {
	b.Helper()
	for _, p := range e.GetMarkerRecordedEventAttributes().GetDetails()["data"].GetPayloads() {
		if strings.Contains(string(p.GetData()), `"`+activity+`"`) {
			return true
		}
	}
	return e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activity
}

// pauseStep pauses the booking of a parcel while the carrier is away, and lets it go on.
func (b *buttons) pauseStep() {
	b.Helper()
	b.away.Store(true)
	b.authorize()
	run := &commonpb.WorkflowExecution{WorkflowId: b.id.WorkflowID(), RunId: b.runID(b.id.WorkflowID())}
	b.await("the step", func() bool {
		_, err := b.temporal.WorkflowService().PauseActivity(b.Context(), &workflowservice.PauseActivityRequest{
			Namespace: namespace, Execution: run, Activity: &workflowservice.PauseActivityRequest_Type{Type: "BookParcel"}, Reason: "a test",
		})
		return err == nil
	})
	b.await("the end of the attempt that was under way", func() bool {
		info, err := b.temporal.DescribeWorkflowExecution(b.Context(), run.GetWorkflowId(), run.GetRunId())
		if err != nil || len(info.GetPendingActivities()) != 1 || !info.GetPendingActivities()[0].GetPaused() {
			b.Fatalf("%s, %v", protojson.Format(info), err)
		}
		return info.GetPendingActivities()[0].GetState() == enums.PENDING_ACTIVITY_STATE_PAUSED
	})
	b.away.Store(false)
	if _, err := b.temporal.WorkflowService().UnpauseActivity(b.Context(), &workflowservice.UnpauseActivityRequest{
		Namespace: namespace, Execution: run, Activity: &workflowservice.UnpauseActivityRequest_Type{Type: "BookParcel"},
	}); err != nil {
		b.Fatal(err)
	}
	b.await("the capture", b.is(order.Paid))
	b.arrive()
}
