package giftshop

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/order"
	"purser/workflows"
	"purser/workflows/orders"
)

// do names the activities; its methods are called by the worker, never here.
var do *Activities

var (
	wrapOrder = workflows.NewCommand(workflows.OwnQueue, do.WrapOrder)
	syncSale  = workflows.NewCommand(workflows.OwnQueue, do.SyncSale)
)

// The names of the steps. Orders that are under way have them, so they never change.
const (
	giftWrap = "gift_wrap"
	erpSync  = "erp_sync"
)

// Steps returns the steps that an order of this shop takes.
func Steps() []orders.Extension {
	return []orders.Extension{
		{ID: giftWrap, At: orders.BeforeLabel, Run: wrap},
		{ID: erpSync, At: orders.AfterCapture, Run: syncWithERP},
	}
}

// wrapWithin is how long the warehouse may take.
const wrapWithin = 24 * time.Hour

// wrap has the order wrapped. An order that cannot be wrapped is cancelled, and so is one
// that is not wrapped in time.
func wrap(ctx workflow.Context, o order.Order) error {
	w := Wrapping{OrderID: o.ID, Key: order.Key(o.ID, giftWrap, 1)}
	for _, l := range o.Lines {
		w.Pieces += l.Quantity
	}
	_, err := wrapOrder.Run(ctx, wrapWithin, "Wrap the order", w, nil)
	return err
}

// syncWithERP tells the accounting system of the sale, for as long as it takes.
func syncWithERP(ctx workflow.Context, o order.Order) error {
	s := Sale{OrderID: o.ID, Key: order.Key(o.ID, erpSync, 1), Total: order.Money{Amount: o.Captured(), Currency: o.Total.Currency}}
	_, err := syncSale.Run(ctx, 0, "Tell the ERP of the sale", s, nil)
	return err
}
