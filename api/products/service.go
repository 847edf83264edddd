// Package products implements the API's operations on the catalogue and on its
// search index.
package products

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
	productrecords "purser/records/products"
)

// Workflows sends messages to the products' workflows. Every error is or wraps an
// error of package catalog or of the context, or order.ErrBusy.
type Workflows interface {
	// ChangeProduct returns the changed product as soon as the record has the
	// change.
	ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error)
	// Reconcile compares the index with the record and repairs the index.
	Reconcile(ctx context.Context, nightly bool) (catalog.Drift, error)
	// Reindex builds a new index and switches the search to it.
	Reindex(ctx context.Context) (catalog.Rebuilt, error)
}

// Records reads products and their changes, and writes many products at once.
type Records interface {
	Products(ctx context.Context, limit int, after string) ([]catalog.Product, error)
	PutProducts(ctx context.Context, products []catalog.Product) error
	// Product fails with catalog.ErrNotFound if there is no such product.
	Product(ctx context.Context, sku string) (catalog.Stocked, error)
	ProductChanges(ctx context.Context, sku string, limit int) ([]productrecords.RecordedChange, error)
}

// Service serves the operations on products.
type Service struct {
	// Records must be set.
	Records Records
	// Workflows may be nil. Then the only operations are those that list products
	// and write many at once; there are none on a single product or on the index.
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
		Description: "Ordered by SKU, including products that are not for sale. onHand is the whole stock, including pieces reserved for orders. Follow nextAfter until it is missing.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "put-products", Method: http.MethodPut, Path: "/v1/products", Tags: []string{"operators"},
		Summary:     "Add or change products",
		Description: "Adds the products that are new and replaces the others, in one transaction: if one of them is invalid, nothing changes. For many products, or for a result for each row, use an import.",
	}, operate, s.putMany)
	if s.Workflows == nil {
		return
	}
	httpkit.Register(server, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/v1/products/{sku}", Tags: []string{"catalogue"},
		Summary:     "Read a product",
		Description: "The ETag is the product's version and, after a dot, its revision: the version rises when the product is changed, the revision also when its stock changes.",
	}, read, s.get, http.StatusNotModified)
	httpkit.Register(server, huma.Operation{
		OperationID: "put-product", Method: http.MethodPut, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Add or replace a product",
		Description: "onHand is used only for a new product: to set the stock of an existing product, use PATCH. With If-Match the change is made only if the product has this version (\"7\") or this version and revision (\"7.42\"); with If-None-Match: * only if the product does not exist. The response is sent when the change is recorded; the search index is updated shortly after.",
	}, operate, s.put, http.StatusCreated)
	httpkit.Register(server, huma.Operation{
		OperationID: "patch-product", Method: http.MethodPatch, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Change a product's price or stock, or whether it is for sale",
		Description: "Fields that are missing stay as they are. onHand sets the counted stock, receive adds to it. With If-Match the change is made only if the product has this version. Requests with the same Idempotency-Key make one change.",
	}, operate, s.patch)
	httpkit.Register(server, huma.Operation{
		OperationID: "delete-product", Method: http.MethodDelete, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Take a product out of the catalogue",
		Description: "The product is no longer for sale, and its images are deleted; orders that contain it continue. With If-Match it is deleted only if it has this version.", DefaultStatus: http.StatusNoContent,
	}, operate, s.delete)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-product-changes", Method: http.MethodGet, Path: "/v1/products/{sku}/changes", Tags: []string{"operators"},
		Summary:     "List the changes of a product, newest first",
		Description: "Each change has its actor. Changes are kept for 90 days, or as long as the setting PURSER_KEEP_PRODUCT_CHANGES says.",
	}, operate, s.changes)
	httpkit.Register(server, huma.Operation{
		OperationID: "reconcile-catalogue", Method: http.MethodPost, Path: "/v1/catalogue/reconcile", Tags: []string{"operators"},
		Summary:     "Compare the search index with the catalogue and repair it",
		Description: "Returns the differences that were found, or 202 while the comparison is running: send the request again to join it.",
	}, operate, s.reconcile, http.StatusAccepted)
	httpkit.Register(server, huma.Operation{
		OperationID: "rebuild-index", Method: http.MethodPost, Path: "/v1/catalogue/reindex", Tags: []string{"operators"},
		Summary:     "Rebuild the search index",
		Description: "The old index is searched until the new one replaces it. Returns the result, or 202 while the rebuild is running: send the request again to join it.",
	}, operate, s.reindex, http.StatusAccepted)
}
