package orders_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/testsuite"

	"purser/order"
	"purser/workflows/orders"
)

// updateResult is how an update ended.
type updateResult struct {
	result any
	err    error
}

func (w *world) update(name, updateID string, got *updateResult, arg any) {
	if got == nil {
		got = new(updateResult)
	}
	got.err = errors.New("no answer")
	w.env.UpdateWorkflow(name, updateID, &testsuite.TestUpdateCallback{
		OnAccept:   func() {},
		OnReject:   func(err error) { got.err = err },
		OnComplete: func(result any, err error) { got.result, got.err = result, err },
	}, arg)
}

func (w *world) place(updateID, hash string, got *updateResult) {
	w.update(string(orders.Place), updateID, got, orders.PlaceRequest{Hash: hash})
}

func (w *world) cancel() *updateResult {
	got := new(updateResult)
	w.update(string(orders.Cancel), fmt.Sprintf("cancel-%d", len(w.script)), got, orders.CancelRequest{Actor: "key:shop", Reason: "changed my mind"})
	return got
}

func (w *world) release() *updateResult {
	got := new(updateResult)
	w.update(string(orders.Release), "", got, orders.ReleaseRequest{Actor: "key:ops", Reason: "looked at it"})
	return got
}

// sendEvents reports to the order, or, if it has ended, to the one who hears late
// reports.
func (w *world) sendEvents(events ...order.ProviderEvent) {
	if !w.over {
		w.env.SignalWorkflow(string(orders.Reported), events)
		return
	}
	w.setByHand(false)
	w.env = w.newEnv()
	w.env.RegisterDelayedCallback(func() { w.env.SignalWorkflow(string(orders.Reported), events) }, 0)
	for _, c := range w.late {
		w.env.RegisterDelayedCallback(c.Do, c.At)
	}
	w.env.ExecuteWorkflow(orders.AftercareWorkflow, orders.Aftercare{OrderID: id})
	w.now = w.env.Now()
	if err := w.env.GetWorkflowError(); err != nil || !w.env.IsWorkflowCompleted() {
		w.Fatalf("the late workflow failed: %v", err)
	}
}

func (w *world) event(n order.ProviderEvent) order.ProviderEvent {
	w.eventCount++
	n.ID, n.OrderID = fmt.Sprintf("evt_%d", w.eventCount), id
	return n
}

// paid is the webhook of a change at the bank, which must have happened.
func (w *world) paid(p order.PaymentEvent, err error) order.ProviderEvent {
	w.Helper()
	if err != nil {
		w.Fatalf("bank: %v", err)
	}
	return w.event(order.ProviderEvent{Type: "payment_intent." + string(p.Status), Payment: &p})
}

// intent is the id of the order's intent.
func (w *world) intent() string {
	if in := w.order().Payment.IntentID; in != "" {
		return in
	}
	in, _ := w.bank.IntentOf(id)
	return in.ID
}

func (w *world) pay() { w.sendEvents(w.paid(w.bank.Pay(w.intent()))) }
func (w *world) decline(code, decline string) {
	w.sendEvents(w.paid(w.bank.Decline(w.intent(), code, decline)))
}
func (w *world) scan(s order.ParcelStatus) { w.sendEvents(w.scanned(s)) }
func (w *world) scanned(s order.ParcelStatus) order.ProviderEvent {
	w.Helper()
	p, err := w.carrier.Scan(reference, s)
	if err != nil {
		w.Fatalf("scan %s: %v", s, err)
	}
	return w.event(order.ProviderEvent{Type: "parcel." + string(s), Parcel: &p})
}

// arrive lets the parcel be picked up two hours, and delivered one day, after
// a time.
func (w *world) arrive(after time.Duration) {
	w.at(after+2*time.Hour, func() { w.scan(order.ParcelInTransit) })
	w.at(after+24*time.Hour, func() { w.scan(order.ParcelDelivered) })
}

// order is the order as recorded.
func (w *world) order() order.Order {
	o, err := w.record.Order(context.Background(), id)
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		w.Fatalf("record: %v", err)
	}
	return o
}

func (w *world) events() []order.Event {
	all, err := w.record.Events(context.Background(), id, 0, 10_000)
	if err != nil {
		w.Fatalf("events: %v", err)
	}
	return all
}

// kinds are the kinds of the order's events, in order.
func (w *world) kinds() []order.Kind {
	var kinds []order.Kind
	for _, e := range w.events() {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// count counts the events of a kind.
func (w *world) count(k order.Kind) (n int) {
	for _, got := range w.kinds() {
		if got == k {
			n++
		}
	}
	return n
}

// logTimeline prints what happened.
func (w *world) logTimeline() {
	for _, e := range w.events() {
		w.Logf("%2d %s %-20s %s → %s %s: %s [%s]", e.Seq, e.At.Format(time.DateTime), e.Kind, e.From, e.To, e.Actor, e.Why, e.Ref)
	}
	w.Logf("calls: %v", w.calls)
}

func (w *world) called(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c == op {
			n++
		}
	}
	return n
}
