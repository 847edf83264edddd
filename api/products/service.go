// Package products is the API's operations on the catalogue and its search
// index.
package products

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	productrecords "purser/records/products"
)

// Workflows sends messages to the products' workflows. Every error is, or
// wraps, one of package catalog's, order.ErrBusy, or the context's.
type Workflows interface {
	// ChangeProduct returns the product as soon as the record has the change.
	ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error)
	// Reconcile compares the index with the record, and repairs it.
	Reconcile(ctx context.Context, nightly bool) (catalog.Drift, error)
	// Reindex builds a new index.
	Reindex(ctx context.Context) (catalog.Rebuilt, error)
}

// Records reads products and their changes, and writes many products at once.
type Records interface {
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	PutProducts(ctx context.Context, products []catalog.Product) error
	// Product fails with catalog.ErrNotFound.
	Product(ctx context.Context, sku string) (catalog.Stocked, error)
	ProductChanges(ctx context.Context, sku string, limit int) ([]productrecords.RecordedChange, error)
}

// Service serves the operations on products.
type Service struct {
	// Records must be set.
	Records Records
	// Workflows may be nil: then products are listed and written many at once,
	// and there are no operations on a single product or the index.
	Workflows Workflows

	server *httpkit.Server
}

// Register declares the operations on products.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	read := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	operate := []httpkit.Role{httpkit.Operator}

	httpkit.Register(server, huma.Operation{
		OperationID: "list-products", Method: http.MethodGet, Path: "/v1/products", Tags: []string{"catalogue"},
		Summary:     "List products",
		Description: "By SKU, also what is not for sale now. onHand is what there is, whether or not it is set aside for orders. Follow nextAfter until it is missing.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "put-products", Method: http.MethodPut, Path: "/v1/products", Tags: []string{"operators"},
		Summary:     "Add or change products",
		Description: "Adds those that are new and describes the others anew, all at once or, if one of them is wrong, none. For many products, or with an answer for each, use an import.",
	}, operate, s.putMany)
	if s.Workflows == nil {
		return
	}
	httpkit.Register(server, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/v1/products/{sku}", Tags: []string{"catalogue"},
		Summary:     "Read a product",
		Description: "Its ETag is its version and, after a dot, its revision: the version rises when the product is changed, the revision also when its stock moves.",
	}, read, s.get, http.StatusNotModified)
	httpkit.Register(server, huma.Operation{
		OperationID: "put-product", Method: http.MethodPut, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Add a product or describe it anew",
		Description: "onHand counts for a new product only: to count the stock of one that exists, use PATCH. If-Match makes the change depend on the version (\"7\") or on version and revision (\"7.42\"); If-None-Match: * on there being no such product. The answer comes when the change is recorded; the search follows.",
	}, operate, s.put, http.StatusCreated)
	httpkit.Register(server, huma.Operation{
		OperationID: "patch-product", Method: http.MethodPatch, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Change price, stock or whether a product is for sale",
		Description: "What is missing stays as it is. onHand counts the stock, receive adds to it. If-Match makes the change depend on the version; the same Idempotency-Key changes once.",
	}, operate, s.patch)
	httpkit.Register(server, huma.Operation{
		OperationID: "delete-product", Method: http.MethodDelete, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Take a product out of the catalogue",
		Description: "It is not for sale any more, and its images are deleted; orders that have it go on. 409 reserved while stock of it is set aside. If-Match makes it depend on the version.", DefaultStatus: http.StatusNoContent,
	}, operate, s.delete)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-product-changes", Method: http.MethodGet, Path: "/v1/products/{sku}/changes", Tags: []string{"operators"},
		Summary:     "List who changed a product, newest first",
		Description: "Changes are kept for 90 days, or as long as PURSER_KEEP_PRODUCT_CHANGES says.",
	}, operate, s.changes)
	httpkit.Register(server, huma.Operation{
		OperationID: "reconcile-catalogue", Method: http.MethodPost, Path: "/v1/catalogue/reconcile", Tags: []string{"operators"},
		Summary:     "Compare the search index with the catalogue and repair it",
		Description: "Answers what was found, or 202 while it goes on: ask again to join it.",
	}, operate, s.reconcile, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "rebuild-index", Method: http.MethodPost, Path: "/v1/catalogue/reindex", Tags: []string{"operators"},
		Summary:     "Build the search index anew",
		Description: "The old one is searched until the new one takes its place. Answers how it went, or 202 while it goes on: ask again to join it.",
	}, operate, s.reindex, http.StatusAccepted)
}
