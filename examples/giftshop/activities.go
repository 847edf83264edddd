// Package giftshop is the worked example of docs/extending.md: a shop that has its orders
// wrapped before their labels are printed, and tells its accounting system (ERP) of each
// sale after the capture. It is built and tested with Purser, and not part of the program.
package giftshop

import (
	"context"

	"purser/activities"
	"purser/order"
)

// Warehouse is the part of the warehouse's system that this shop needs.
type Warehouse interface {
	// Wrap has an order wrapped. Another call with the same key wraps nothing more. It
	// fails with order.ErrRejected if the goods cannot be wrapped.
	Wrap(ctx context.Context, key string, id order.ID, pieces int64) error
}

// ERP is the part of the accounting system that this shop needs.
type ERP interface {
	// PutSale writes a sale under its key, as often as it is called.
	PutSale(ctx context.Context, key string, id order.ID, total order.Money) error
}

// Activities are the steps of this shop over the ports they need.
type Activities struct {
	Warehouse Warehouse
	ERP       ERP
}

// Wrapping asks for an order to be wrapped.
type Wrapping struct {
	OrderID order.ID `json:"orderId"`
	Key     string   `json:"key"`
	Pieces  int64    `json:"pieces"`
}

// WrapOrder has an order wrapped.
func (a *Activities) WrapOrder(ctx context.Context, w Wrapping) error {
	return activities.Failure(a.Warehouse.Wrap(ctx, w.Key, w.OrderID, w.Pieces))
}

// Sale is a sale for the accounting system.
type Sale struct {
	OrderID order.ID    `json:"orderId"`
	Key     string      `json:"key"`
	Total   order.Money `json:"total"`
}

// SyncSale tells the accounting system of a sale.
func (a *Activities) SyncSale(ctx context.Context, s Sale) error {
	return activities.Failure(a.ERP.PutSale(ctx, s.Key, s.OrderID, s.Total))
}
