package products

import (
	"context"

	"purser/catalog"
)

// Index is the shoppers' search index. Every error is a *order.ProviderError;
// repeating a call is harmless. A call that returns nil has been carried out
// by the search engine, not merely accepted.
type Index interface {
	// PutDocuments adds documents, or replaces documents with the same id as a
	// whole. A document with a lower version than in the index is skipped.
	PutDocuments(ctx context.Context, docs []catalog.Document) error
	// DeleteDocuments removes products; a missing product is not an error.
	DeleteDocuments(ctx context.Context, skus []string) error
}

// IndexKeys lists the contents of an index, for comparing it with the
// catalogue. Errors are as for Index.
type IndexKeys interface {
	// Versions returns the versions of up to 1,000 products in the index, by
	// SKU, without the products that the index does not have.
	Versions(ctx context.Context, skus []string) (map[string]int64, error)
	// Keys returns up to limit (1 to 1,000) keys from offset on, and how many
	// there are in total. The order is stable while the index does not change;
	// a document that is added or removed in between may be missed or returned
	// twice, so a caller must check a difference a second time.
	Keys(ctx context.Context, offset, limit int) (page []catalog.Key, total int, err error)
}

// IndexSettings applies the searchable, filterable and sortable fields, which
// are kept as code. Errors are as for Index.
type IndexSettings interface {
	// ApplySettings creates the index if it does not exist, and changes only
	// the settings that differ.
	ApplySettings(ctx context.Context) (changed bool, err error)
}

// Rebuild fills a second index, the shadow, and replaces the live one with it
// atomically. The name of a rebuild, 1 to 32 lower-case letters, digits or "-",
// is its key: repeating a call under it is harmless, SwapShadow included. A
// product that changes during the rebuild must be put into both indexes, or be
// put again after the swap. A name is used for one rebuild only. Errors are as
// for Index.
type Rebuild interface {
	// PutShadow puts documents into the shadow, which it creates with all
	// settings if it does not exist.
	PutShadow(ctx context.Context, name string, docs []catalog.Document) error
	// SwapShadow replaces the live index with the shadow and drops the old
	// index. It fails with order.ErrNoSuch if there is no such shadow.
	SwapShadow(ctx context.Context, name string) error
	// DropShadow discards a rebuild. It changes nothing if the rebuild was
	// swapped or never begun.
	DropShadow(ctx context.Context, name string) error
}

// Search finds products for shoppers. An error is a *order.ProviderError, or
// catalog.ErrQuery if the query itself is wrong.
type Search interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Results, error)
}
