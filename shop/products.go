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

// PutProduct adds a product or describes it again. A version makes the change
// depend on it; below zero it does not matter, and 0 is a product that must
// not exist yet. A key makes sending it again safe, with the same version;
// "" is none.
func (c *Client) PutProduct(ctx context.Context, p catalog.Product, version int64, key string) (catalog.Stocked, error) {
	var put catalog.Stocked
	match, none := ifMatch(version), ""
	if version == 0 {
		none = "*"
	}
	return put, c.call(ctx, http.MethodPut, productPath(p.SKU), p, &put, "If-Match", match, "If-None-Match", none, "Idempotency-Key", key)
}

// PatchProduct changes price, stock or whether a product is for sale, by the
// API's fields. Version and key are those of PutProduct.
func (c *Client) PatchProduct(ctx context.Context, sku string, patch map[string]any, version int64, key string) (catalog.Stocked, error) {
	var p catalog.Stocked
	return p, c.call(ctx, http.MethodPatch, productPath(sku), patch, &p, "If-Match", ifMatch(version), "Idempotency-Key", key)
}

// DeleteProduct takes a product out of the catalogue. Version and key are
// those of PutProduct.
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

// ListProducts lists products from the one that follows after.
func (c *Client) ListProducts(ctx context.Context, after string, limit int) (ProductList, error) {
	var l ProductList
	q := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	return l, c.call(ctx, http.MethodGet, "/v1/products?"+q.Encode(), nil, &l)
}

// ImportOf says what a file is.
type ImportOf struct {
	Kind   catalog.ImportKind
	Name   string
	DryRun bool
	Key    string // makes sending it again safe
	Size   int64  // bytes; -1: unknown
}

// Import sends a file of products, stock or prices as it is read.
func (c *Client) Import(ctx context.Context, file io.Reader, of ImportOf) (catalog.Import, error) {
	var i catalog.Import
	q := url.Values{"kind": {string(of.Kind)}, "name": {of.Name}, "dryRun": {strconv.FormatBool(of.DryRun)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/v1/imports?"+q.Encode(), file)
	if err != nil {
		return i, err
	}
	req.ContentLength = of.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	if of.Key != "" {
		req.Header.Set("Idempotency-Key", of.Key)
	}
	return i, c.answered(req, &i)
}

// ImportState asks how far an import is.
func (c *Client) ImportState(ctx context.Context, id string) (catalog.Import, error) {
	var i catalog.Import
	return i, c.call(ctx, http.MethodGet, "/v1/imports/"+url.PathEscape(id), nil, &i)
}

// ImportErrors lists errors of an import below a line.
func (c *Client) ImportErrors(ctx context.Context, id string, after int64) ([]catalog.RowFault, error) {
	var page struct {
		Errors []catalog.RowFault `json:"errors"`
	}
	return page.Errors, c.call(ctx, http.MethodGet, fmt.Sprintf("/v1/imports/%s/errors?after=%d", url.PathEscape(id), after), nil, &page)
}

// Reconcile compares index and catalogue; not done: it goes on.
func (c *Client) Reconcile(ctx context.Context) (found catalog.Drift, done bool, err error) {
	var answer struct {
		Done bool `json:"done"`
		catalog.Drift
	}
	err = c.call(ctx, http.MethodPost, "/v1/catalogue/reconcile", nil, &answer)
	return answer.Drift, answer.Done, err
}

// Reindex builds the index again; not done: it goes on.
func (c *Client) Reindex(ctx context.Context) (rebuilt catalog.Rebuilt, done bool, err error) {
	var answer struct {
		Done bool `json:"done"`
		catalog.Rebuilt
	}
	err = c.call(ctx, http.MethodPost, "/v1/catalogue/reindex", nil, &answer)
	return answer.Rebuilt, answer.Done, err
}
