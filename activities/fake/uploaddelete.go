package fake

import (
	"context"
	"fmt"
	"slices"

	"purser/catalog"
)

// DeleteUpload marks an image for deletion, as the record does.
func (u *Uploads) DeleteUpload(_ context.Context, id string) (catalog.Upload, error) {
	return u.change(id, func(up *catalog.Upload) error {
		switch up.Status {
		case catalog.Deleting, catalog.Deleted:
			return errUnchanged
		case catalog.Ready:
		default:
			up.Renditions = nil
		}
		up.Status = catalog.Deleting
		return nil
	})
}

// HideUpload implements images.ImageRecord.
func (u *Uploads) HideUpload(_ context.Context, id string) error {
	_, err := u.change(id, func(up *catalog.Upload) error {
		if up.Status != catalog.Deleting {
			return errUnchanged
		}
		up.Renditions = nil
		return nil
	})
	return err
}

// UploadDeleted implements images.ImageRecord.
func (u *Uploads) UploadDeleted(_ context.Context, id string) error {
	_, err := u.change(id, func(up *catalog.Upload) error {
		switch {
		case up.Status == catalog.Deleted:
			return errUnchanged
		case up.Status != catalog.Deleting || len(up.Renditions) > 0:
			return fmt.Errorf("it is %s, with %d sizes", up.Status, len(up.Renditions))
		}
		up.Status = catalog.Deleted
		return nil
	})
	return err
}

// DeletingUploads implements images.ProductImages.
func (u *Uploads) DeletingUploads(_ context.Context, sku string, limit int) (ids []string, err error) {
	for _, up := range u.where(func(up catalog.Upload) bool { return up.SKU == sku && up.Status == catalog.Deleting }) {
		ids = append(ids, up.ID)
	}
	return ids[:min(limit, len(ids))], nil
}

// NotifyProduct implements images.ImageNotifier: the product has the change at
// once.
func (u *Uploads) NotifyProduct(_ context.Context, sku string, c catalog.Change) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.notifications = append(u.notifications, c)
	now := slices.DeleteFunc(u.shown[sku], func(p catalog.Image) bool {
		return p.ID == c.DropImage || c.AddImage != nil && p.ID == c.AddImage.ID
	})
	if c.AddImage != nil {
		now = append(now, *c.AddImage)
	}
	set(&u.shown, sku, now)
	return nil
}

// ChangeProduct implements images.ImageNotifier.
func (u *Uploads) ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error) {
	return catalog.Stocked{}, u.NotifyProduct(ctx, sku, c)
}

// Stocked implements images.ImageProducts: products have only their images. All
// revisions rise with each change.
func (u *Uploads) Stocked(_ context.Context, skus []string) (map[string]catalog.Stocked, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := map[string]catalog.Stocked{}
	for _, sku := range skus {
		all[sku] = catalog.Stocked{Product: catalog.Product{SKU: sku, Images: slices.Clone(u.shown[sku])}, Revision: int64(len(u.notifications))}
	}
	return all, nil
}

// Notifications returns the changes that products were notified of.
func (u *Uploads) Notifications() []catalog.Change {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.notifications)
}
