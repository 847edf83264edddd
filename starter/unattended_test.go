//go:build !lean

package starter_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
	"purser/workflows/unattended"
)

// placedOrders lists the orders that were placed, one a page, as if they had not changed
// for a day.
type placedOrders struct{ *orderFixture }

func (p placedOrders) Orders(ctx context.Context, f order.Filter) (order.Page, error) {
	for i, id := range p.placed {
		if f.Cursor != "" && string(id) != f.Cursor {
			continue
		}
		o, err := p.record.Order(ctx, id)
		o.UpdatedAt = o.UpdatedAt.Add(-24 * time.Hour)
		page := order.Page{}
		refunding := slices.ContainsFunc(o.Refunds, func(r order.Refund) bool { return r.Status == order.RefundRequested })
		if slices.Contains(f.Status, o.Status) && (refunding || !f.Unfinished) {
			page.Orders = []order.Order{o}
		}
		if i+1 < len(p.placed) {
			page.Next = string(p.placed[i+1])
		}
		return page, err
	}
	return order.Page{}, nil
}

// TestUnattendedOrders (REC-10): an open order whose workflow was terminated is found at
// night, although no provider ever sends an event about it again: one that is not paid is
// cancelled, and one that is paid goes on. An order that is attended is left alone.
func TestUnattendedOrders(t *testing.T) {
	d := newOrderFixture(t)
	running, unpaid, paid := order.IDForKey("unattended", "running"), order.IDForKey("unattended", "unpaid"), order.IDForKey("unattended", "paid")
	for _, id := range []order.ID{running, unpaid, paid} {
		d.place(id)
	}
	b := &buttons{orderFixture: d, id: paid}
	b.pay()
	d.end(unpaid)
	d.end(paid)
	search := func(want unattended.Result) {
		t.Helper()
		run, err := d.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: unattended.WorkflowID, TaskQueue: workflows.OrdersQueue}, unattended.UnattendedOrdersWorkflow)
		var got unattended.Result
		if err == nil {
			err = run.Get(t.Context(), &got)
		}
		if err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	search(unattended.Result{Open: 3, Resumed: 2})
	b.await("the aftercare of the paid order", func() bool { return b.runID(orders.AftercareWorkflowID(paid)) != "" })
	b.await("the end of the unpaid order", (&buttons{orderFixture: d, id: unpaid}).is(order.Cancelled))
	search(unattended.Result{Open: 2})
	if o := (&buttons{orderFixture: d, id: running}).order(); o.Status != order.AwaitingPayment {
		t.Errorf("the order that is attended is %s", o.Status)
	}
	b.scan(order.ParcelDelivered)
	b.await("the delivery", b.is(order.Delivered))
	if sum := b.bank.Count(paid); sum.Captured != 1 || sum.Returned != 0 {
		t.Errorf("%+v", sum)
	}
}
