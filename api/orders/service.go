// Package orders is the API's operations on orders: placing, reading, following,
// finding, cancelling and releasing them.
package orders

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
	orderrecords "purser/records/orders"
)

// Workflows sends messages to the orders' workflows. Every error is, or wraps,
// one of package order's, or the context's.
type Workflows interface {
	// Place starts the order's workflow and returns the order and its client
	// secret as soon as the shopper can pay. Repeating it with the same id
	// and request returns the same; with another request it fails with
	// order.ErrOtherRequest, while the first is still being worked on it may
	// fail with order.ErrInFlight. When the context ends first, the order
	// goes on all the same.
	Place(ctx context.Context, id order.ID, r order.Request, actor, correlation string) (o order.Order, clientSecret string, err error)
	// Cancel undoes the order and returns it as undone. It fails with
	// order.ErrNotFound or order.ErrTooLate.
	Cancel(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)
	// Release lets a held order go on. It fails with order.ErrNotFound or
	// order.ErrIllegalMove.
	Release(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)
}

// Records reads orders and their events, and the prices of what is ordered.
type Records interface {
	httpkit.OrderReader
	// Orders fails with sqldb.ErrCursor.
	Orders(ctx context.Context, f orderrecords.Filter) (orderrecords.Page, error)
	FindOrders(ctx context.Context, text string, limit int) ([]order.Order, error)
	Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error)
	// Since is for followers: it repeats, with what is true now, the events
	// that a lost attempt had recorded.
	EventsSince(ctx context.Context, id order.ID, m orderrecords.Position, limit int) ([]orderrecords.RecordedEvent, error)
	// Watch wakes at this process's writes to the order.
	Watch(id order.ID) (changed <-chan struct{}, stop func())
	Offers(ctx context.Context, skus []string) (map[string]order.Offer, error)
}

// Service serves the operations on orders. Only Workflows and Records must be
// set.
type Service struct {
	Workflows Workflows
	Records   Records
	// Appeared is told each order placed, so that provider events that came
	// before it can be delivered. It must not block.
	Appeared func(order.ID)
	// Stopping, when closed, ends the live streams, which would otherwise
	// hold up a shutdown.
	Stopping <-chan struct{}
	// PollEvery is how often a stream looks for events that another process
	// recorded; a stream learns of those of this process at once. Default
	// 500 ms.
	PollEvery time.Duration
	// BeatEvery is how often a quiet stream shows that it is alive. Default
	// 15 s.
	BeatEvery time.Duration
	// Linger is how long a stream stays after the order has ended, for what
	// is recorded last. Default 2 s.
	Linger time.Duration

	server  *httpkit.Server
	placing sync.Map // ids of the orders being placed under an idempotency key
}

// Register declares the operations on orders.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	if s.Appeared == nil {
		s.Appeared = func(order.ID) {}
	}
	httpkit.OrDefault(&s.PollEvery, 500*time.Millisecond)
	httpkit.OrDefault(&s.BeatEvery, 15*time.Second)
	httpkit.OrDefault(&s.Linger, 2*time.Second)
	read := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	write := []httpkit.Role{httpkit.Shop, httpkit.Operator}
	operate := []httpkit.Role{httpkit.Operator}

	httpkit.Register(server, huma.Operation{
		OperationID: "place-order", Method: http.MethodPost, Path: "/v1/orders", DefaultStatus: http.StatusCreated, Tags: []string{"orders"},
		Summary:     "Place an order",
		Description: "Prices the order from the catalogue, sets its stock aside and makes it payable. One that costs less than can be charged in its currency is refused with the minimum (422 amount_too_small). Sending it again with the same Idempotency-Key answers the same order, with 201 as the first time; with another body it is refused (422 idempotency_key_reused), and while the first is still being opened it may be asked to wait (409 in_flight). An order that is accepted but cannot be paid yet is answered with 202 and no clientSecret: send the same request again, or read the order.",
	}, write, s.place, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-orders", Method: http.MethodGet, Path: "/v1/orders", Tags: []string{"orders"},
		Summary:     "List orders, newest first",
		Description: "With the header Purser-Customer only that customer's orders are there. Follow nextCursor until it is missing.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-order", Method: http.MethodGet, Path: "/v1/orders/{id}", Tags: []string{"orders"},
		Summary:     "Read an order",
		Description: "With If-None-Match and the ETag of the last answer, 304 says that nothing has changed. For news as it comes, follow the order's events.",
	}, read, s.get, http.StatusNotModified)
	httpkit.Register(server, eventsOperation(server.API), read, s.events)
	httpkit.Register(server, huma.Operation{
		OperationID: "cancel-order", Method: http.MethodPost, Path: "/v1/orders/{id}/cancel", Tags: []string{"orders"},
		Summary:     "Cancel an order",
		Description: "Undoes the order if its parcel is not booked yet and answers it as undone; 202 while that is still going on; 409 too_late after. 503 busy says that nobody has taken the request yet: send it again.",
	}, write, s.cancel, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "release-order", Method: http.MethodPost, Path: "/v1/orders/{id}/release", Tags: []string{"operators"},
		Summary:     "Let an order on hold go on",
		Description: "Only for an order that is on_hold: the provider is asked anew, and what it says then counts. 409 wrong_state otherwise; 202 while the order is still moving. The reason stands in the order's story with the name of the key.",
	}, operate, s.release, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "search-orders", Method: http.MethodGet, Path: "/v1/search/orders", Tags: []string{"operators"},
		Summary:     "Search orders",
		Description: "By an id of ours, of Stripe's or the carrier's, or a part of a customer's id, mail address, name or address, or of a product. Newest first.",
	}, operate, s.search)
}
