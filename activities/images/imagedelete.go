package images

import (
	"context"
	"errors"
	"fmt"

	"purser/activities"
	"purser/catalog"
)

// Withdrawal is what taking an image off its product found.
type Withdrawal struct {
	SKU string `json:"sku,omitempty"` // the product
	// Shown says that the image was published: the index may still lead to
	// it.
	Shown bool `json:"shown,omitempty"`
	// Over says that there is nothing (any more) to delete.
	Over bool `json:"over,omitempty"`
}

// WithdrawImage takes an image that is to be deleted off its product. The
// product cannot get it back: the record refuses images that are not ready.
// So one that does not show it now never will.
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
	// A change that the record refused stays refused under its ID; once the
	// product has moved on it may be carried out.
	id := fmt.Sprintf("image/%s/drop/%d", u.ID, p.Revision)
	_, err = a.Notifier.ChangeProduct(ctx, u.SKU, catalog.Change{ID: id, Actor: "purser", DropImage: u.ID})
	if errors.Is(err, catalog.ErrNotFound) { // deleted meanwhile
		err = nil
	}
	return w, activities.Failure(err)
}

// RemoveImage deletes every file of an image that nothing shows any more:
// first the record forgets where they are, then they go, and last the record
// notes that they are gone. An attempt that dies leaves the rest to the next.
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
	for _, folder := range u.Folders() { // by listing: a file may be there that was never noted
		n, err := a.clear(ctx, folder, everything)
		swept.Deleted += n
		if err != nil {
			return swept, activities.Failure(err)
		}
	}
	return swept, activities.Failure(a.Record.UploadDeleted(ctx, u.ID))
}

// everything is the answer of a deletion to the question which of the files
// found may go: all of them.
func everything(context.Context, []catalog.Object) (func(catalog.Object) bool, error) {
	return func(catalog.Object) bool { return true }, nil
}

// deleting reads an image that is being deleted; over if it is not.
func (a *Activities) deleting(ctx context.Context, r ImageRef) (u catalog.Upload, over bool, err error) {
	u, err = a.Record.Upload(ctx, r.ID)
	if errors.Is(err, catalog.ErrNoUpload) {
		return u, true, nil
	}
	return u, err == nil && u.Status != catalog.Deleting, err
}
