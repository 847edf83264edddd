package shop

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"purser/catalog"
)

// Search finds products, by the API's query parameters.
func (c *Client) Search(ctx context.Context, query url.Values) (catalog.Results, error) {
	var r catalog.Results
	return r, c.call(ctx, http.MethodGet, "/v1/search?"+query.Encode(), nil, &r)
}

// FindOrders finds orders by an id, a customer, an email address, a name or a
// product.
func (c *Client) FindOrders(ctx context.Context, text string, limit int) ([]Order, error) {
	var p Page
	err := c.call(ctx, http.MethodGet, "/v1/search/orders?"+url.Values{"q": {text}, "limit": {strconv.Itoa(limit)}}.Encode(), nil, &p)
	return p.Orders, err
}
