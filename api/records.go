package api

import (
	"context"

	"purser/catalog"
	"purser/order"
	"purser/records"
)

// Records is what the API reads, and the catalogue it writes. *records.Store
// is one.
type Records interface {
	OrderRecords
	Catalogue
	InboxRecords
}

// OrderRecords reads orders and their stories.
type OrderRecords interface {
	// Order fails with order.ErrNotFound.
	Order(ctx context.Context, id order.ID) (order.Order, error)
	// Orders fails with records.ErrCursor.
	Orders(ctx context.Context, f records.Filter) (records.Page, error)
	FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
	// Since is for followers: it tells anew what a lost attempt had told.
	Since(ctx context.Context, id order.ID, m records.Mark, limit int) ([]records.Told, error)
	// Watch wakes at this process's writes to the order.
	Watch(id order.ID) (changed <-chan struct{}, stop func())
}

// Catalogue is what is for sale.
type Catalogue interface {
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	PutProducts(ctx context.Context, products []catalog.Product) error
}
