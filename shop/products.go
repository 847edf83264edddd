package shop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"purser/catalog"
)

// Product fetches one product.
func (c *Client) Product(ctx context.Context, sku string) (catalog.Stocked, error) {
	var p catalog.Stocked
	return p, c.call(ctx, http.MethodGet, productPath(sku), nil, &p)
}

// PutProduct adds or replaces a product. The change is made only if the product has
// this version; 0 requires that the product does not exist, and a negative version
// makes no condition. The idempotency key, which may be empty, makes a repetition
// with the same version safe.
func (c *Client) PutProduct(ctx context.Context, p catalog.Product, version int64, key string) (catalog.Stocked, error) {
	var put catalog.Stocked
	match, none := ifMatch(version), ""
	if version == 0 {
		none = "*"
	}
	return put, c.call(ctx, http.MethodPut, productPath(p.SKU), p, &put, "If-Match", match, "If-None-Match", none, "Idempotency-Key", key)
}

// PatchProduct changes a product's price or stock, or whether it is for sale, by the
// API's fields. version and key have the same meaning as for PutProduct.
func (c *Client) PatchProduct(ctx context.Context, sku string, patch map[string]any, version int64, key string) (catalog.Stocked, error) {
	var p catalog.Stocked
	return p, c.call(ctx, http.MethodPatch, productPath(sku), patch, &p, "If-Match", ifMatch(version), "Idempotency-Key", key)
}

// DeleteProduct removes a product from the catalogue. version and key have the same
// meaning as for PutProduct.
func (c *Client) DeleteProduct(ctx context.Context, sku string, version int64, key string) error {
	return c.call(ctx, http.MethodDelete, productPath(sku), nil, nil, "If-Match", ifMatch(version), "Idempotency-Key", key)
}

func productPath(sku string) string { return "/v1/products/" + url.PathEscape(sku) }

func ifMatch(version int64) string {
	if version <= 0 {
		return ""
	}
	return strconv.Quote(strconv.FormatInt(version, 10))
}

// ProductList is one page of products, by SKU.
type ProductList struct {
	Products  []catalog.Product `json:"products"`
	NextAfter string            `json:"nextAfter,omitempty"`
}

// ListProducts lists products whose SKU sorts after the given one.
func (c *Client) ListProducts(ctx context.Context, after string, limit int) (ProductList, error) {
	var l ProductList
	q := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	return l, c.call(ctx, http.MethodGet, "/v1/products?"+q.Encode(), nil, &l)
}

// ImportOf describes a file to import.
type ImportOf struct {
	Kind   catalog.ImportKind
	Name   string
	DryRun bool
	// Decimal says how a CSV writes prices: "point", "comma", or "" for whole
	// numbers of minor units.
	Decimal string
	Key     string // idempotency key, which makes a repetition safe
	Size    int64  // in bytes; -1 if unknown
}

// Import streams a file of products, stock or prices to the API.
func (c *Client) Import(ctx context.Context, file io.Reader, of ImportOf) (catalog.Import, error) {
	var i catalog.Import
	q := url.Values{"kind": {string(of.Kind)}, "name": {of.Name}, "dryRun": {strconv.FormatBool(of.DryRun)}}
	if of.Decimal != "" {
		q.Set("decimal", of.Decimal)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/v1/imports?"+q.Encode(), file)
	if err != nil {
		return i, err
	}
	req.ContentLength = of.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	if of.Key != "" {
		req.Header.Set("Idempotency-Key", of.Key)
	}
	return i, c.send(req, &i)
}

// ImportState returns the progress of an import.
func (c *Client) ImportState(ctx context.Context, id string) (catalog.Import, error) {
	var i catalog.Import
	return i, c.call(ctx, http.MethodGet, "/v1/imports/"+url.PathEscape(id), nil, &i)
}

// ImportErrors lists the errors of an import after a line.
func (c *Client) ImportErrors(ctx context.Context, id string, after int64) ([]catalog.RowFault, error) {
	var page struct {
		Errors []catalog.RowFault `json:"errors"`
	}
	return page.Errors, c.call(ctx, http.MethodGet, fmt.Sprintf("/v1/imports/%s/errors?after=%d", url.PathEscape(id), after), nil, &page)
}

// Reconcile compares the search index with the catalogue and repairs it. done is
// false if the comparison is still running.
func (c *Client) Reconcile(ctx context.Context) (found catalog.Drift, done bool, err error) {
	var answer struct {
		Done bool `json:"done"`
		catalog.Drift
	}
	err = c.call(ctx, http.MethodPost, "/v1/catalogue/reconcile", nil, &answer)
	return answer.Drift, answer.Done, err
}

// Reindex rebuilds the search index. done is false if the rebuild is still running.
func (c *Client) Reindex(ctx context.Context) (rebuilt catalog.Rebuilt, done bool, err error) {
	var answer struct {
		Done bool `json:"done"`
		catalog.Rebuilt
	}
	err = c.call(ctx, http.MethodPost, "/v1/catalogue/reindex", nil, &answer)
	return answer.Rebuilt, answer.Done, err
}
