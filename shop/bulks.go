package shop

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"purser/order"
)

// BulkRequest asks for one action on many orders: on those with the ids, or on those
// that the filter selects.
type BulkRequest struct {
	order.BulkRequest
	IDs    []string    `json:"ids,omitempty"`
	Filter *BulkFilter `json:"filter,omitempty"`
	Limit  int         `json:"limit,omitempty"` // the most orders that the filter may select
}

// BulkFilter selects orders; an empty field does not restrict.
type BulkFilter struct {
	Status     []string  `json:"status,omitempty"`
	Customer   string    `json:"customerId,omitempty"`
	WaitsFor   string    `json:"waitingOn,omitempty"`
	PlacedFrom time.Time `json:"placedFrom,omitzero"`
	PlacedTo   time.Time `json:"placedTo,omitzero"`
}

// StartBulk starts a bulk, or joins the one that the same request has started under the
// idempotency key.
func (c *Client) StartBulk(ctx context.Context, r BulkRequest, key string) (order.Bulk, error) {
	var b order.Bulk
	return b, c.call(ctx, http.MethodPost, "/v1/orders/bulk", r, &b, "Idempotency-Key", key)
}

// BulkPage is one page of a list of bulks.
type BulkPage struct {
	Bulks      []order.Bulk `json:"bulks"`
	NextCursor string       `json:"nextCursor,omitempty"`
}

// Bulks lists bulks, the latest first, by the API's query parameters.
func (c *Client) Bulks(ctx context.Context, query url.Values) (p BulkPage, err error) {
	return p, c.call(ctx, http.MethodGet, "/v1/bulk?"+query.Encode(), nil, &p)
}

// Bulk returns how far a bulk is.
func (c *Client) Bulk(ctx context.Context, id string) (order.Bulk, error) {
	var b order.Bulk
	return b, c.call(ctx, http.MethodGet, "/v1/bulk/"+url.PathEscape(id), nil, &b)
}

// StopBulk lets a bulk begin no more orders.
func (c *Client) StopBulk(ctx context.Context, id, reason string) (order.Bulk, error) {
	var b order.Bulk
	return b, c.call(ctx, http.MethodPost, "/v1/bulk/"+url.PathEscape(id)+"/stop", map[string]string{"reason": reason}, &b)
}

// BulkOrders lists all orders of a bulk with their outcomes.
func (c *Client) BulkOrders(ctx context.Context, id string) (all []order.BulkOrder, err error) {
	for after := int64(0); ; {
		var page struct {
			Orders    []order.BulkOrder `json:"orders"`
			NextAfter int64             `json:"nextAfter"`
		}
		query := url.Values{"limit": {"500"}, "after": {strconv.FormatInt(after, 10)}}
		if err := c.call(ctx, http.MethodGet, "/v1/bulk/"+url.PathEscape(id)+"/orders?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Orders...)
		if after = page.NextAfter; after == 0 {
			return all, nil
		}
	}
}
