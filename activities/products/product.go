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
	// KeepChanges is how long the record keeps who changed a product; default
	// 90 days.
	KeepChanges time.Duration
	// KeepWebhooks is how long the bodies of delivered webhooks are kept; 0:
	// for ever.
	KeepWebhooks time.Duration
	// ProductImages and ImageDeleter delete the images of a deleted product;
	// nil: there are no images.
	ProductImages ProductImages
	ImageDeleter  ImageDeleter
	// ImageURL returns an image's URL for browsers; nil: the key itself.
	ImageURL func(key string) string
}

// Products is the record of the catalogue, as a product's workflow writes it.
type Products interface {
	// ChangeProduct applies changes of one product in their order, in one
	// transaction, and returns the outcome of each. For a change whose ID was
	// applied before it returns the outcome of that time. A refused change does
	// not stop the others. The error is the record's own; then nothing was
	// changed.
	ChangeProduct(ctx context.Context, sku string, changes []catalog.Change) ([]catalog.Changed, error)
}

// ProductNotifier notifies a product's workflow of a change, and starts the
// workflow if it does not run.
type ProductNotifier interface {
	NotifyProduct(ctx context.Context, sku string, c catalog.Change) error
}

// ProductChanges are changes of one product, in the order of their arrival.
type ProductChanges struct {
	SKU     string           `json:"sku"`
	Changes []catalog.Change `json:"changes"`
}

// ProductOutcome is the outcome of one change.
type ProductOutcome struct {
	ID      string          `json:"id"` // of the change
	Product catalog.Stocked `json:"product"`
	// SameDescription and SameImages say that Product lacks them because they are
	// those of the outcome before it (see Expand).
	SameDescription bool `json:"sameDescription,omitempty"`
	SameImages      bool `json:"sameImages,omitempty"`
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
			// If this fails the step is repeated; the change itself is applied once.
			if err := a.discardImages(ctx, c.SKU); err != nil {
				return nil, activities.Failure(err)
			}
		}
	}
	compact(outcomes)
	return outcomes, nil
}

// ProductNotification is a change for a product's workflow, from another workflow.
type ProductNotification struct {
	SKU    string         `json:"sku"`
	Change catalog.Change `json:"change"`
}

// NotifyProduct notifies a product's workflow, which then writes and indexes the
// change; an image that is ready reaches its product this way. The change's ID
// makes a repeated notification harmless.
func (a *Activities) NotifyProduct(ctx context.Context, n ProductNotification) error {
	return activities.Failure(a.ProductNotifier.NotifyProduct(ctx, n.SKU, n.Change))
}

// discardImages starts the deletion of a deleted product's images; the record
// marked them in the transaction that deleted the product.
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

// ProductImages are the images of products that are to be deleted.
type ProductImages interface {
	// DeletingUploads returns the ids of up to limit images of a product that
	// are to be deleted and still exist, oldest first.
	DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error)
}

// ImageDeleter starts one workflow that deletes all images of a product that the
// record has marked for deletion. Starting it again changes nothing.
type ImageDeleter interface {
	DeleteImagesOf(ctx context.Context, sku string) error
}
