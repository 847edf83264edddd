package images

import (
	"context"
	"errors"
	"fmt"

	"purser/activities"
	"purser/catalog"
)

// Withdrawal is the result of taking an image off its product.
type Withdrawal struct {
	SKU string `json:"sku,omitempty"` // the product
	// Shown is true if the image was published: the index may still refer to
	// it.
	Shown bool `json:"shown,omitempty"`
	// Over is true if there is nothing (any more) to delete.
	Over bool `json:"over,omitempty"`
}

// WithdrawImage takes an image that is to be deleted off its product. The image
// cannot be added again, because the record refuses images that are not ready;
// so a product that does not show it now never will.
func (a *Activities) WithdrawImage(ctx context.Context, r ImageRef) (Withdrawal, error) {
	u, over, err := a.deleting(ctx, r)
	if over || err != nil {
		return Withdrawal{Over: over}, activities.Failure(err)
	}
	w := Withdrawal{SKU: u.SKU, Shown: u.Shown()}
	if !w.Shown {
		return w, nil
	}
	defer activities.Beat(ctx)()
	now, err := a.Products.Stocked(ctx, []string{u.SKU})
	if err != nil {
		return w, activities.Failure(err)
	}
	p := now[u.SKU]
	if p.Deleted || !p.Shows(u.ID) {
		return w, nil
	}
	// A change that the record refused stays refused under its ID. With the
	// revision in the ID, the change can succeed once the product has changed.
	id := fmt.Sprintf("image/%s/drop/%d", u.ID, p.Revision)
	_, err = a.Notifier.ChangeProduct(ctx, u.SKU, catalog.Change{ID: id, Actor: "purser", DropImage: u.ID})
	if errors.Is(err, catalog.ErrNotFound) { // deleted in the meantime
		err = nil
	}
	return w, activities.Failure(err)
}

// RemoveImage deletes every file of an image that nothing shows any more. First
// the record forgets where the files are, then they are deleted, and last the
// record notes the deletion. The next attempt continues where one failed.
func (a *Activities) RemoveImage(ctx context.Context, r ImageRef) (Swept, error) {
	u, over, err := a.deleting(ctx, r)
	if over || err != nil {
		return Swept{}, activities.Failure(err)
	}
	defer activities.Beat(ctx)()
	if err := a.Record.HideUpload(ctx, u.ID); err != nil {
		return Swept{}, activities.Failure(err)
	}
	if err := a.Store.DeleteObject(ctx, u.Key); err != nil {
		return Swept{}, activities.Failure(err)
	}
	var swept Swept
	for _, folder := range u.Folders() { // by listing, because there may be files that the record does not have
		n, err := a.clear(ctx, folder, everything)
		swept.Deleted += n
		if err != nil {
			return swept, activities.Failure(err)
		}
	}
	return swept, activities.Failure(a.Record.UploadDeleted(ctx, u.ID))
}

// everything selects all files of a page for deletion.
func everything(context.Context, []catalog.Object) (func(catalog.Object) bool, error) {
	return func(catalog.Object) bool { return true }, nil
}

// deleting reads an image that is being deleted; over is true if it is not.
func (a *Activities) deleting(ctx context.Context, r ImageRef) (u catalog.Upload, over bool, err error) {
	u, err = a.Record.Upload(ctx, r.ID)
	if errors.Is(err, catalog.ErrNoUpload) {
		return u, true, nil
	}
	return u, err == nil && u.Status != catalog.Deleting, err
}
