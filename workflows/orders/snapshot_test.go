package orders_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/order"
)

// lasting keeps the orders that it was given to write, and a copy of each.
type lasting struct {
	*fake.Record
	written, copied []order.Order
}

func (l *lasting) SaveOrder(ctx context.Context, c order.Change) error {
	l.written = append(l.written, c.Order)
	c.Order.Refunds, c.Order.Disputes = slices.Clone(c.Order.Refunds), slices.Clone(c.Order.Disputes)
	l.copied = append(l.copied, c.Order)
	return l.Record.SaveOrder(ctx, c)
}

// TestSnapshot: an order that is being written does not change while the workflow goes
// on. The step that writes it runs in the same process, concurrently with the workflow.
func TestSnapshot(t *testing.T) {
	w := newFixture(t)
	l := &lasting{Record: &w.record}
	w.orderRecord = l
	w.bank.Slow = true
	w.capturedUndeliverable()
	for i, s := range []string{"needs_response", "won"} {
		w.at(time.Duration(i+2)*time.Minute, func() {
			w.sendEvents(w.event(order.ProviderEvent{Type: "charge.dispute." + s, Dispute: &order.Dispute{ID: "dp_1", PaymentRef: w.intent(), Amount: w.order().Total, Status: order.DisputeStatus(s)}}))
		})
	}
	w.at(time.Hour, func() { w.reportRefund(w.bank.ResolveRefund(w.intent(), order.RefundSucceeded)) })
	w.run()
	for i := range l.written {
		if !reflect.DeepEqual(l.written[i], l.copied[i]) {
			t.Errorf("version %d was given as %+v %+v and has become %+v %+v", l.written[i].Version,
				l.copied[i].Refunds, l.copied[i].Disputes, l.written[i].Refunds, l.written[i].Disputes)
		}
	}
	if last := l.written[len(l.written)-1]; len(last.Refunds) != 1 || len(last.Disputes) != 1 {
		t.Errorf("refunds %+v, disputes %+v", last.Refunds, last.Disputes)
	}
}
