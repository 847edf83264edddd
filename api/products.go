package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/catalog"
	productrecords "purser/records/products"
)

// Products is what it takes to change the catalogue. All fields must be set.
type Products struct {
	// Workflows send the products' workflows their messages.
	Workflows ProductWorkflows
	// Records are what is shown, and where files are kept.
	Records ProductRecords
	// MaxImport is how many bytes a file may have. Default 1 GiB.
	MaxImport int64
}

// ProductWorkflows send messages. Every error is, or wraps, one of package
// catalog's, order.ErrBusy, or the context's.
type ProductWorkflows interface {
	// ChangeProduct answers the product as soon as the record has the change.
	ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error)
	// StartImport has a file carried out that was received.
	StartImport(ctx context.Context, i catalog.Import) error
	// Reconcile compares the index with the record, and repairs it.
	Reconcile(ctx context.Context, nightly bool) (catalog.Drift, error)
	// Reindex builds the index anew.
	Reindex(ctx context.Context) (catalog.Rebuilt, error)
}

// ProductRecords are products, their changes, and imports. *records.Store is
// one.
type ProductRecords interface {
	// Product fails with catalog.ErrNotFound.
	Product(ctx context.Context, sku string) (catalog.Stocked, error)
	ProductChanges(ctx context.Context, sku string, limit int) ([]productrecords.RecordedChange, error)
	ImportFiles
}

// catalogueRoutes declares the operations on single products and imports.
func (s *server) catalogueRoutes(a huma.API) {
	if s.Products == nil {
		return
	}
	read, operate := []Role{Shop, Viewer, Operator}, []Role{Operator}
	register(s, a, huma.Operation{
		OperationID: "get-product", Method: http.MethodGet, Path: "/v1/products/{sku}", Tags: []string{"catalogue"},
		Summary:     "Read a product",
		Description: "Its ETag is its version and, after a dot, its revision: the version rises when the product is changed, the revision also when its stock moves.",
	}, read, s.product, http.StatusNotModified)
	register(s, a, huma.Operation{
		OperationID: "put-product", Method: http.MethodPut, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Add a product or describe it anew",
		Description: "onHand counts for a new product only: to count the stock of one that exists, use PATCH. If-Match makes the change depend on the version (\"7\") or on version and revision (\"7.42\"); If-None-Match: * on there being no such product. The answer comes when the change is recorded; the search follows.",
	}, operate, s.putProduct, http.StatusCreated)
	register(s, a, huma.Operation{
		OperationID: "patch-product", Method: http.MethodPatch, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Change price, stock or whether a product is for sale",
		Description: "What is missing stays as it is. onHand counts the stock, receive adds to it. If-Match makes the change depend on the version; the same Idempotency-Key changes once.",
	}, operate, s.patchProduct)
	register(s, a, huma.Operation{
		OperationID: "delete-product", Method: http.MethodDelete, Path: "/v1/products/{sku}", Tags: []string{"operators"},
		Summary:     "Take a product out of the catalogue",
		Description: "It is not for sale any more, and its pictures are deleted; orders that have it go on. 409 reserved while stock of it is set aside. If-Match makes it depend on the version.", DefaultStatus: http.StatusNoContent,
	}, operate, s.deleteProduct)
	register(s, a, huma.Operation{
		OperationID: "list-product-changes", Method: http.MethodGet, Path: "/v1/products/{sku}/changes", Tags: []string{"operators"},
		Summary:     "List who changed a product, newest first",
		Description: "Changes are kept for 90 days, or as long as PURSER_KEEP_PRODUCT_CHANGES says.",
	}, operate, s.productChanges)
	s.importRoutes(a)
	register(s, a, huma.Operation{
		OperationID: "reconcile-catalogue", Method: http.MethodPost, Path: "/v1/catalogue/reconcile", Tags: []string{"operators"},
		Summary:     "Compare the search index with the catalogue and repair it",
		Description: "Answers what was found, or 202 while it goes on: ask again to join it.",
	}, operate, s.reconcile, http.StatusAccepted)
	register(s, a, huma.Operation{
		OperationID: "rebuild-index", Method: http.MethodPost, Path: "/v1/catalogue/reindex", Tags: []string{"operators"},
		Summary:     "Build the search index anew",
		Description: "The old one is searched until the new one takes its place. Answers how it went, or 202 while it goes on: ask again to join it.",
	}, operate, s.reindex, http.StatusAccepted)
}

type productOutput struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     *catalog.Stocked
}

// productTag is a product's ETag.
func productTag(p catalog.Stocked) string {
	return strconv.Quote(fmt.Sprintf("%d.%d", p.Version, p.Revision))
}

type productInput struct {
	SKU         string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Answers 304 without a body if the product still has this ETag"`
}

func (s *server) product(ctx context.Context, in *productInput) (*productOutput, error) {
	p, err := s.Products.Records.Product(ctx, in.SKU)
	if err != nil {
		return nil, err
	}
	tag := productTag(p)
	if matches(in.IfNoneMatch, tag) {
		return &productOutput{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &productOutput{Status: http.StatusOK, ETag: tag, Body: &p}, nil
}

// ChangeInput is what every change of a product may carry.
type ChangeInput struct {
	SKU     string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Key     string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" doc:"Names this change in the caller's words, so that sending it again, conditions included, changes nothing more and answers how it ended"`
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version (\"7\") or the ETag (\"7.42\") that the change is meant for; * is any"`
}

// change fills in who asks, and on what condition.
func (s *server) change(ctx context.Context, in ChangeInput, c catalog.Change) (catalog.Change, error) {
	caller := callOf(ctx)
	c.Actor, c.Correlation, c.ID = caller.actor(), caller.correlation, "req:"+rand.Text()
	if in.Key != "" {
		c.ID = caller.actor() + ":" + in.Key
	}
	switch in.IfMatch {
	case "":
		return c, nil
	case "*":
		c.IfExists = true
		return c, nil
	}
	tag, err := strconv.Unquote(in.IfMatch)
	version, revision, exact := strings.Cut(tag, ".")
	v, verr := strconv.ParseInt(version, 10, 64)
	r, rerr := strconv.ParseInt(revision, 10, 64)
	if err != nil || verr != nil || exact && rerr != nil {
		return c, problem(http.StatusPreconditionFailed, "version_conflict", `If-Match: want a product's version, such as "7", or its ETag`)
	}
	if c.IfVersion = &v; exact {
		c.IfRevision = &r
	}
	return c, nil
}

// send hands the change to the product's workflow and answers the product.
func (s *server) send(ctx context.Context, in ChangeInput, c catalog.Change) (*productOutput, error) {
	if !catalog.IsSKU(in.SKU) { // no workflow for what can never be
		return nil, refused(fmt.Errorf("%w: %.64q", catalog.ErrNotFound, in.SKU))
	}
	c, err := s.change(ctx, in, c)
	if err != nil {
		return nil, err
	}
	waited, stop := context.WithTimeout(ctx, s.SteerWithin)
	defer stop()
	p, err := s.Products.Workflows.ChangeProduct(waited, in.SKU, c)
	switch {
	case late(waited, err):
		return nil, changedLater(in.Key)
	case err != nil:
		return nil, refused(err)
	}
	return &productOutput{Status: http.StatusOK, ETag: productTag(p), Body: &p}, nil
}

// changedLater answers a change that was not made in time and goes on. The same
// key finds out how it ended; without one, sending it again would be another
// change, and so nothing invites to that.
func changedLater(key string) *Problem {
	if key == "" {
		return problem(http.StatusServiceUnavailable, "timeout", "the change was not made in time, but may be all the same: read the product before sending it again, which would make another change")
	}
	return problem(http.StatusServiceUnavailable, "timeout", "the change was not made in time; send it again as it was, with the same Idempotency-Key").retry(2 * time.Second)
}

type putProductInput struct {
	ChangeInput
	IfNoneMatch string `header:"If-None-Match" enum:"*" doc:"Only if there is no such product"`
	Body        describedProduct
}

// describedProduct may be what was read before: what only the record knows is
// passed over.
type describedProduct struct {
	catalog.Product
	Available int64 `json:"available,omitempty" doc:"Read only"`
	Revision  int64 `json:"revision,omitempty" doc:"Read only"`
	Added     int64 `json:"added,omitempty" doc:"Read only"`
}

func (s *server) putProduct(ctx context.Context, in *putProductInput) (*productOutput, error) {
	put := in.Body.Product
	put.Version, put.Pictures = 0, nil
	if put.SKU != in.SKU {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "sku: the body and the address name different products")
	}
	if faultControl := put.Faults(); len(faultControl) > 0 {
		return nil, faulty(faultControl)
	}
	c := catalog.Change{Put: &put}
	if in.IfNoneMatch != "" {
		none := int64(0)
		c.IfVersion = &none
	}
	out, err := s.send(ctx, in.ChangeInput, c)
	if err == nil && out.Body.Version == 1 {
		out.Status, out.Location = http.StatusCreated, "/v1/products/"+url.PathEscape(in.SKU)
	}
	return out, err
}

// faulty tells everything that is wrong at once.
func faulty(faultControl []catalog.Fault) *Problem {
	p := problem(http.StatusUnprocessableEntity, "invalid", faultControl[0].String())
	for _, f := range faultControl {
		p.Errors = append(p.Errors, Fault{Location: "body." + f.Field, Message: f.Message})
	}
	return p
}

type patchProductInput struct {
	ChangeInput
	Body struct {
		Price    *int64  `json:"price,omitempty" minimum:"1" maximum:"99999999" doc:"Minor units of the currency"`
		Currency *string `json:"currency,omitempty" minLength:"3" maxLength:"3" doc:"With price only"`
		OnHand   *int64  `json:"onHand,omitempty" minimum:"0" maximum:"1000000000" doc:"Counted: so many pieces there are, those set aside included"`
		Receive  int64   `json:"receive,omitempty" minimum:"-1000000000" maximum:"1000000000" doc:"So many pieces more came in, or are gone"`
		Inactive *bool   `json:"inactive,omitempty"`
	}
}

func (s *server) patchProduct(ctx context.Context, in *patchProductInput) (*productOutput, error) {
	b := in.Body
	c := catalog.Change{OnHand: b.OnHand, Receive: b.Receive, Inactive: b.Inactive}
	switch {
	case b.Price != nil:
		c.Price = &catalog.Price{Amount: *b.Price}
		if b.Currency != nil {
			c.Price.Currency = *b.Currency
		}
	case b.Currency != nil:
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "currency: a new currency needs a new price")
	case b.OnHand == nil && b.Receive == 0 && b.Inactive == nil:
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "nothing is to be changed")
	}
	return s.send(ctx, in.ChangeInput, c)
}

type deleteProductInput struct{ ChangeInput }

func (s *server) deleteProduct(ctx context.Context, in *deleteProductInput) (*struct{}, error) {
	_, err := s.send(ctx, in.ChangeInput, catalog.Change{Delete: true})
	return nil, err
}

type productChangesInput struct {
	SKU   string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at the most"`
}

type productChangesOutput struct {
	Body struct {
		Changes []productrecords.RecordedChange `json:"changes"`
	}
}

func (s *server) productChanges(ctx context.Context, in *productChangesInput) (*productChangesOutput, error) {
	changes, err := s.Products.Records.ProductChanges(ctx, in.SKU, in.Limit)
	out := &productChangesOutput{}
	out.Body.Changes = append([]productrecords.RecordedChange{}, changes...)
	return out, err
}
