package shop

import (
	"context"
	"net/http"
	"net/url"

	"purser/catalog"
)

// Search finds products, by the API's query parameters.
func (c *Client) Search(ctx context.Context, query url.Values) (catalog.Results, error) {
	var r catalog.Results
	return r, c.call(ctx, http.MethodGet, "/v1/search?"+query.Encode(), nil, &r)
}
