package api

import (
	"context"

	"purser/catalog"
	"purser/order"
	orderrecords "purser/records/orders"
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
	// Orders fails with sqldb.ErrCursor.
	Orders(ctx context.Context, f orderrecords.Filter) (orderrecords.Page, error)
	FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
	// EventsSince is for followers: it returns again what replaced the events of
	// a lost attempt.
	EventsSince(ctx context.Context, id order.ID, p orderrecords.Position, limit int) ([]orderrecords.RecordedEvent, error)
	// Watch wakes at this process's writes to the order.
	Watch(id order.ID) (changed <-chan struct{}, stop func())
}

// Catalogue is what is for sale.
type Catalogue interface {
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	PutProducts(ctx context.Context, products []catalog.Product) error
}
