package products

import (
	"purser/catalog"
	"purser/workflows"
)

// The messages of a product's workflow.
const (
	// ChangeProduct returns the product as soon as the record has the change;
	// the index follows. It starts the workflow if none runs.
	ChangeProduct workflows.Update[catalog.Change, catalog.Stocked] = "ChangeProduct"
	// ProductChanged is ChangeProduct for callers that need no result: an image
	// that is ready, for example. It starts the workflow if none runs.
	ProductChanged workflows.Signal[catalog.Change] = "ProductChanged"
	// GetProduct returns how far the index is behind the record, at once.
	GetProduct workflows.Query[ProductStatus] = "GetProduct"
)

// ProductStatus is the state of a product's workflow.
type ProductStatus struct {
	SKU      string `json:"sku"`
	Recorded int64  `json:"recorded"` // the revision this run wrote last; 0: none yet
	Indexed  int64  `json:"indexed"`  // the revision the index is known to have
	Pending  int    `json:"pending"`  // changes not yet written
	// WaitingOn is what cannot be reached: "search", or nothing.
	WaitingOn string `json:"waitingOn,omitempty"`
}
