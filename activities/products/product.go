// Package products has the activities that change products and keep the search
// index equal to the record.
package products

import (
	"context"
	"time"

	"purser/activities"
	"purser/catalog"
)

// Activities are the steps of products and of their search index.
type Activities struct {
	Products        Products
	ProductNotifier ProductNotifier
	Listings        Listings
	Index           Index
	IndexKeys       IndexKeys
	Rebuild         Rebuild
	Revisions       Revisions
	DueProducts     DueProducts
	StockAudit      StockAudit
	Past            Past
	// KeepChanges is for how long it is known who changed a product. Default
	// 90 days.
	KeepChanges time.Duration
	// KeepWebhooks is for how long the bytes of delivered webhooks are kept; 0:
	// for ever.
	KeepWebhooks time.Duration
	// ProductImages and ImageDeleter have a deleted product's images
	// deleted; nil: there are none.
	ProductImages ProductImages
	ImageDeleter  ImageDeleter
	// ImageURL returns where a browser finds an image; nil: its key.
	ImageURL func(key string) string
}

// Products is the record of the catalogue, as a product's workflow writes it.
type Products interface {
	// ChangeProduct carries out changes of one product in their order, in one
	// transaction, and returns how each ended. A change whose ID was carried
	// out before is answered as it was then. One that is refused stops
	// nothing. The error is the record's own: then nothing was changed.
	ChangeProduct(ctx context.Context, sku string, changes []catalog.Change) ([]catalog.Changed, error)
}

// ProductNotifier brings a product's workflow news, and starts it if none runs.
type ProductNotifier interface {
	NotifyProduct(ctx context.Context, sku string, c catalog.Change) error
}

// ProductChanges are changes of one product, in the order they came.
type ProductChanges struct {
	SKU     string           `json:"sku"`
	Changes []catalog.Change `json:"changes"`
}

// ProductOutcome is how one change ended.
type ProductOutcome struct {
	ID      string          `json:"id"` // of the change
	Product catalog.Stocked `json:"product"`
	// Failure is one of the Failure constants if the change was refused.
	Failure string `json:"failure,omitempty"`
	Why     string `json:"why,omitempty"`
}

// ChangeProduct writes changes of a product to the record. The images of a
// product that is deleted are deleted too.
func (a *Activities) ChangeProduct(ctx context.Context, c ProductChanges) ([]ProductOutcome, error) {
	changed, err := a.Products.ChangeProduct(ctx, c.SKU, c.Changes)
	if err != nil {
		return nil, activities.Failure(err)
	}
	outcomes := make([]ProductOutcome, len(changed))
	for i, v := range changed {
		outcomes[i] = ProductOutcome{ID: v.ID, Product: v.Product}
		if v.Err != nil {
			outcomes[i].Failure, outcomes[i].Why = activities.FailureType(v.Err), v.Err.Error()
		} else if c.Changes[i].Delete {
			// Done again if this fails: the change itself is carried out once.
			if err := a.discardImages(ctx, c.SKU); err != nil {
				return nil, activities.Failure(err)
			}
		}
	}
	return outcomes, nil
}

// ProductNotification is a change for a product's workflow, from another workflow.
type ProductNotification struct {
	SKU    string         `json:"sku"`
	Change catalog.Change `json:"change"`
}

// NotifyProduct tells a product's workflow, which then writes and indexes the
// change: how an image that is ready reaches its product. The change's ID
// makes telling it again harmless.
func (a *Activities) NotifyProduct(ctx context.Context, n ProductNotification) error {
	return activities.Failure(a.ProductNotifier.NotifyProduct(ctx, n.SKU, n.Change))
}

// discardImages has the images of a product deleted that was deleted
// itself; the record has marked them in the same transaction.
func (a *Activities) discardImages(ctx context.Context, sku string) error {
	if a.ProductImages == nil {
		return nil
	}
	ids, err := a.ProductImages.DeletingUploads(ctx, sku, 1)
	if err != nil || len(ids) == 0 {
		return err
	}
	return a.ImageDeleter.DeleteImagesOf(ctx, sku)
}

// ProductImages are the images of products, as whoever deletes a product
// needs them.
type ProductImages interface {
	// DeletingUploads returns the ids of up to limit of a product's images
	// that are to be deleted and are not yet, the oldest first.
	DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error)
}

// ImageDeleter has all images of a product deleted of which the record says
// that they are to be, by one workflow; asking again changes nothing.
type ImageDeleter interface {
	DeleteImagesOf(ctx context.Context, sku string) error
}
