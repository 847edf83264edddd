package products

import (
	"context"

	"purser/catalog"
)

// Index is the shoppers' search index. Every error is a *order.ProviderError;
// repeating a call is harmless. A call that returns nil has been carried out
// by the engine, not merely accepted.
type Index interface {
	// PutDocuments adds documents or replaces those with the same id, whole.
	// One whose version is lower than that in the index is left out.
	PutDocuments(ctx context.Context, docs []catalog.Document) error
	// DeleteDocuments removes products; those not there are no error.
	DeleteDocuments(ctx context.Context, skus []string) error
}

// IndexKeys tells what an index holds, for comparing it with the catalogue.
// Errors as above.
type IndexKeys interface {
	// Versions returns the versions of these products in the index, by SKU;
	// those not there are missing. At most 1,000 at once.
	Versions(ctx context.Context, skus []string) (map[string]int64, error)
	// Keys returns up to limit (1 to 1,000) keys from offset on, and how many
	// there are. The order holds while the index does not change; what comes
	// or goes meanwhile may be missed or told twice, and is no drift until a
	// second look says so.
	Keys(ctx context.Context, offset, limit int) (page []catalog.Key, total int, err error)
}

// IndexSettings are what is searchable, filterable and sortable, kept as
// code. Errors as above.
type IndexSettings interface {
	// ApplySettings makes the index if there is none, and changes only the
	// settings that differ.
	ApplySettings(ctx context.Context) (changed bool, err error)
}

// Rebuild fills a second index beside the one that is searched and puts it in
// its place in one moment. The name of a rebuild, 1 to 32
// lower-case letters, digits or "-", is its key: repeating a call under it is
// harmless, SwapShadow included. What changes in the catalogue meanwhile must
// be put into both, or be put again after the swap. A name is used for one
// rebuild only. Errors as above.
type Rebuild interface {
	// PutShadow puts documents into the shadow, which it makes with all
	// settings if there is none.
	PutShadow(ctx context.Context, name string, docs []catalog.Document) error
	// SwapShadow puts the shadow in the place of the index that is searched
	// and drops what was there before. ErrNoSuch if there is no such shadow.
	SwapShadow(ctx context.Context, name string) error
	// DropShadow gives a rebuild up. One that was swapped, or never begun,
	// is left as it is.
	DropShadow(ctx context.Context, name string) error
}

// Search finds products for shoppers. An error is a *order.ProviderError, or
// catalog.ErrQuery if the query itself is wrong.
type Search interface {
	Search(ctx context.Context, q catalog.Query) (catalog.Results, error)
}
