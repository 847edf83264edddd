// Package bulks implements the API's operations on bulks: one action on many orders.
package bulks

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/order"
	"purser/records/bulks"
)

// Workflows starts the workflows that carry out bulks. Every error is or wraps
// order.ErrBusy or an error of the context.
type Workflows interface {
	// StartBulk starts to carry out a bulk whose orders are selected. Starting it again
	// changes nothing, unless its workflow has failed: then it goes on.
	StartBulk(ctx context.Context, b order.Bulk) error
}

// Records stores bulks and what became of each order.
type Records interface {
	// Orders selects the orders of a filter.
	Orders(ctx context.Context, f order.Filter) (order.Page, error)
	// JoinBulk fails with order.ErrNoBulk, or with order.ErrOtherRequest if the bulk came
	// from another request.
	JoinBulk(ctx context.Context, id, hash string) (order.Bulk, error)
	OpenBulk(ctx context.Context, b order.Bulk, hash string, ids []order.ID) (order.Bulk, error)
	Bulk(ctx context.Context, id string) (order.Bulk, error)
	// Bulks fails with sqldb.ErrCursor if the filter's cursor is invalid.
	Bulks(ctx context.Context, f bulks.ListFilter) (bulks.Page, error)
	BulkOrders(ctx context.Context, id string, f bulks.Filter) ([]order.BulkOrder, error)
	// StopBulk changes nothing about a bulk that is being stopped or has ended.
	StopBulk(ctx context.Context, id, why string) (order.Bulk, error)
}

// Service serves the operations on bulks.
type Service struct {
	Workflows Workflows
	Records   Records
}

// Register declares the operations on bulks.
func (s *Service) Register(server *httpkit.Server) {
	operate := []httpkit.Role{httpkit.Operator}
	httpkit.Register(server, huma.Operation{
		OperationID: "start-bulk", Method: http.MethodPost, Path: "/v1/orders/bulk", Tags: []string{"operators"}, DefaultStatus: http.StatusAccepted,
		Summary:     "Cancel, refund, resolve or send a mail again for many orders",
		Description: "Does one action to each of the orders that ids or filter selects, in the background, and returns the bulk. The orders are selected once, when the request arrives. What one order refuses is an outcome of that order, in its own words, and does not stop the others; so is an id that no order has. No order is asked twice to move money or to end, however often the bulk is interrupted. With dryRun, nothing is changed, and the outcomes say which orders would take it, and why others would not. Sending the request again with the same Idempotency-Key returns the same bulk, about the same orders, and lets it go on if it was interrupted; another request under that key is refused (422 idempotency_key_reused). A selection without any order is refused (422 empty_selection), and so is a filter that selects more orders than limit (422 too_many_orders). Read the bulk for its progress, and its orders for their outcomes.",
	}, operate, s.start)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-bulks", Method: http.MethodGet, Path: "/v1/bulk", Tags: []string{"operators"},
		Summary:     "List bulks, the latest first",
		Description: "Each with its counts. With the header Purser-Customer, only bulks that are restricted to that customer are listed. Follow nextCursor until it is missing.",
	}, operate, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-bulk", Method: http.MethodGet, Path: "/v1/bulk/{id}", Tags: []string{"operators"},
		Summary:     "Read the progress of a bulk",
		Description: "Counts its orders by their outcomes. The states done and stopped are final.",
	}, operate, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-bulk-orders", Method: http.MethodGet, Path: "/v1/bulk/{id}/orders", Tags: []string{"operators"},
		Summary:     "List the orders of a bulk with their outcomes",
		Description: "In the order of the selection. Follow nextAfter until it is missing.",
	}, operate, s.orders)
	httpkit.Register(server, huma.Operation{
		OperationID: "stop-bulk", Method: http.MethodPost, Path: "/v1/bulk/{id}/stop", Tags: []string{"operators"},
		Summary:     "Stop a bulk",
		Description: "Begins no more of its orders, and returns the bulk. Orders that were asked already get their outcome (state stopping); the others stay as they are (state stopped, outcome due). Stopping it again changes nothing; 409 too_late if every order has an outcome.",
	}, operate, s.stop)
}
