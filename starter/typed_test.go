//go:build !lean

package starter_test

import (
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// typed is what a person types in the Temporal UI or its command line.
type typed map[string]any

// update sends a typed update to an order's workflow. Without a body it has no input.
func (d *orderFixture) update(id order.ID, name string, body ...any) error {
	h, err := d.temporal.UpdateWorkflow(d.Context(), client.UpdateWorkflowOptions{
		WorkflowID: id.WorkflowID(), UpdateName: name, Args: body, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = h.Get(d.Context(), nil)
	}
	return err
}

// refuses sends updates that must be refused, and must not become a part of the history.
func (d *orderFixture) refuses(id order.ID, name string) {
	d.Helper()
	for want, body := range map[string][]any{
		`unknown field "nope"`:          {typed{"nope": 1}},
		"who and why must not be empty": {typed{}},
		"why must not be empty":         {typed{"who": "Ada"}},
		"cannot unmarshal":              {"Ada"},
		"want":                          nil,
	} {
		if err := d.update(id, name, body...); err == nil || !strings.Contains(err.Error(), want) {
			d.Errorf("%s %v: %v, want %q", name, body, err, want)
		}
	}
	for events := d.temporal.GetWorkflowHistory(d.Context(), id.WorkflowID(), "", false, 0); events.HasNext(); {
		e, err := events.Next()
		if err != nil {
			d.Fatal(err)
		}
		if r := e.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput().GetName(); r == name {
			d.Errorf("%s was accepted", name)
		}
	}
}

// happened returns an order's events of a kind.
func (d *orderFixture) happened(id order.ID, k order.Kind) []order.Event {
	d.Helper()
	events, err := d.record.Events(d.Context(), id, 0, 1000)
	if err != nil {
		d.Fatal(err)
	}
	return slices.DeleteFunc(events, func(e order.Event) bool { return e.Kind != k })
}

// TestTypedCancel: a cancellation that a person types in the Temporal UI must say who and why,
// and nothing else; otherwise it cancels nothing.
func TestTypedCancel(t *testing.T) {
	d := newOrderFixture(t)
	id := order.IDForKey("typed", "cancel")
	d.place(id)
	d.refuses(id, string(orders.Cancel))
	if o, err := d.starter.Get(t.Context(), id); err != nil || o.Status != order.AwaitingPayment {
		t.Fatalf("the order is %s, %v", o.Status, err)
	}
	if err := d.update(id, string(orders.Cancel), typed{"who": "Ada", "why": "placed by mistake"}); err != nil {
		t.Fatal(err)
	}
	o, err := d.record.Order(t.Context(), id)
	requested := d.happened(id, order.CancelRequested)
	if err != nil || o.Status != order.Cancelled || len(requested) != 1 || requested[0].Actor != workflows.ActorTemporalUI || requested[0].Why != "Ada: placed by mistake" {
		t.Errorf("the order is %s, %v, requested by %+v", o.Status, err, requested)
	}
}

// TestTypedResolve: a decision about an order on hold that a person types in the Temporal UI
// must say who and why, and nothing else; otherwise the order stays on hold.
func TestTypedResolve(t *testing.T) {
	d := newOrderFixture(t)
	m := d.messenger("typed resolve", running)
	in := m.place(m.id).Payment().Reference
	p := d.bank.Change(in, func(in *order.Intent) { in.Status, in.Capturable = order.PaymentAuthorized, 1 })
	m.send(m.payment(p), nil)
	m.awaitKind(order.OrderOnHold)
	d.refuses(m.id, string(orders.Resolve))
	choice := typed{"choice": order.ChooseVoid}
	if err := d.update(m.id, string(orders.Resolve), choice); err == nil || m.order().Status != order.OnHold {
		t.Fatalf("the order is %s, %v", m.order().Status, err)
	}
	choice["who"], choice["why"] = "Ada", "the amount is wrong"
	if err := d.update(m.id, string(orders.Resolve), choice); err != nil {
		t.Fatal(err)
	}
	m.awaitKind(order.OrderCancelled)
	resolved := d.happened(m.id, order.OrderResolved)
	if len(resolved) != 1 || resolved[0].Actor != workflows.ActorTemporalUI || resolved[0].Why != "void: Ada: the amount is wrong" {
		t.Errorf("resolved %+v", resolved)
	}
}

// TestTypedReport: a signal that cannot be decoded, or that the inbox did not send, is kept as
// an ignored event with the reason, and changes nothing; also if the order's workflow has ended.
func TestTypedReport(t *testing.T) {
	d := newOrderFixture(t)
	for _, k := range []kept{running, history} {
		m := d.messenger("typed report", k)
		if k == running {
			m.place(m.id)
			m.base = m.order().Version
		} else {
			m.cancelUnpaid()
		}
		was := m.order()
		held := typed{"id": "evt_1", "type": "payment", "payment": typed{
			"intentId": was.Payment().Reference, "status": order.PaymentAuthorized, "amount": was.Total, "capturable": was.Total.Amount,
		}}
		broken := typed{"id": "evt_2", "type": "payment", "payment": typed{
			"intentId": was.Payment().Reference, "status": order.PaymentAuthorized, "amount": was.Total, "capturable": "everything",
		}}
		for _, c := range []struct {
			name string
			body any
			want string
		}{
			{name: "a text", body: "paid", want: "a signal cannot be decoded"},
			{name: "an event that is not one", body: typed{"version": 1, "events": []any{7}}, want: "a signal cannot be decoded"},
			{name: "an event that can be decoded in part", body: typed{"version": 1, "events": []any{broken}}, want: "a signal cannot be decoded"},
			{name: "no version", body: typed{"events": []any{held}}, want: "does not come from Purser's inbox"},
			{name: "below the first version", body: typed{"version": -1, "events": []any{held}}, want: "does not come from Purser's inbox"},
			{name: "null", want: "does not come from Purser's inbox"},
		} {
			m.stop()
			version := m.order().Version
			m.typeReport(c.body)
			m.awaitKinds(version, []order.Kind{order.EventIgnored})
			events := m.since()
			if e := events[len(events)-1]; e.Actor != workflows.ActorTemporalUI || !strings.Contains(e.Why, c.want) || e.To != was.Status {
				t.Errorf("%s: %s: %+v, want %q", k, c.name, e, c.want)
			}
		}
	}
}

// typeReport sends a typed signal to the order's workflow or, if that has ended, to
// AftercareWorkflow.
func (m *messenger) typeReport(body any) {
	m.Helper()
	var err error
	if m.kept == running {
		err = m.temporal.SignalWorkflow(m.Context(), m.id.WorkflowID(), "", string(orders.Reported), body)
	} else {
		_, err = m.temporal.SignalWithStartWorkflow(m.Context(), orders.AftercareWorkflowID(m.id), string(orders.Reported), body,
			client.StartWorkflowOptions{TaskQueue: workflows.OrdersQueue}, orders.AftercareWorkflow, orders.Aftercare{OrderID: m.id})
	}
	if err != nil {
		m.Fatal(err)
	}
}
