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

// SearchSettings returns the shop's settings of the search.
func (c *Client) SearchSettings(ctx context.Context) (catalog.RecordedSettings, error) {
	var s catalog.RecordedSettings
	return s, c.call(ctx, http.MethodGet, "/v1/search/settings", nil, &s)
}

// PutSearchSettings replaces the shop's settings of the search. If ifVersion is above
// 0, it fails unless they have this version.
func (c *Client) PutSearchSettings(ctx context.Context, settings catalog.SearchSettings, ifVersion int64) (catalog.RecordedSettings, error) {
	var s catalog.RecordedSettings
	var headers []string
	if ifVersion > 0 {
		headers = []string{"If-Match", strconv.Quote(strconv.FormatInt(ifVersion, 10))}
	}
	return s, c.call(ctx, http.MethodPut, "/v1/search/settings", settings, &s, headers...)
}
