package images

import (
	"context"
	"database/sql"
	"fmt"

	"purser/catalog"
	"purser/records/sqldb"
)

// DeleteUpload marks an image for deletion. From then on it cannot be published
// or added to a product. A published image stays visible until HideUpload; the
// sizes of any other image are deleted from the record at once. Deleting it
// again returns the upload unchanged.
func (s *Store) DeleteUpload(ctx context.Context, id string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "delete upload", id, discard)
}

// discard marks an image for deletion.
func discard(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
	if u.Status == catalog.Deleting || u.Status == catalog.Deleted {
		return errUnchanged
	}
	published := u.Status == catalog.Ready
	u.Status = catalog.Deleting
	if published {
		return nil
	}
	return forgetRenditions(ctx, q, u)
}

// forgetRenditions deletes the record of an image's sizes.
func forgetRenditions(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
	u.Renditions = nil
	_, err := q.Exec(ctx, "DELETE FROM renditions WHERE upload_id = ?", u.ID)
	return err
}

// HideUpload deletes the record of the sizes of an image that is being deleted,
// so that its product and the index no longer link to them. It does not change
// any other image.
func (s *Store) HideUpload(ctx context.Context, id string) error {
	_, err := s.changeUpload(ctx, "hide upload", id, func(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
		if u.Status != catalog.Deleting || len(u.Renditions) == 0 {
			return errUnchanged
		}
		return forgetRenditions(ctx, q, u)
	})
	return err
}

// UploadDeleted records that all files of a hidden image have been deleted.
func (s *Store) UploadDeleted(ctx context.Context, id string) error {
	_, err := s.changeUpload(ctx, "upload deleted", id, func(_ context.Context, _ sqldb.Querier, u *catalog.Upload) error {
		switch {
		case u.Status == catalog.Deleted:
			return errUnchanged
		case u.Status != catalog.Deleting || len(u.Renditions) > 0:
			return fmt.Errorf("it is %s, with %d sizes", u.Status, len(u.Renditions))
		}
		u.Status = catalog.Deleted
		return nil
	})
	return err
}

// DeletingUploads returns the ids of up to limit images of a product that are
// marked for deletion and not deleted yet, oldest first.
func (s *Store) DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error) {
	var ids []string
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT id FROM uploads WHERE sku = ? AND status = ? ORDER BY created_at, id LIMIT ?",
		[]any{sku, string(catalog.Deleting), limit}, func(r *sql.Rows) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, sqldb.WrapError("deleting uploads", err)
}

// DiscardUploads marks all images of a product for deletion, in the transaction
// that deletes the product, so that none of them stays public. An upload that
// was never completed has nothing to delete.
func DiscardUploads(ctx context.Context, q sqldb.Querier, sku string, now int64) error {
	all, err := readUploads(ctx, q, "sku = ? AND status NOT IN (?, ?, ?)"+q.ForUpdate(), sku, string(catalog.Deleting), string(catalog.Deleted), string(catalog.Expired))
	for _, u := range all {
		if err := discard(ctx, q, &u); err != nil {
			return err
		}
		if _, err := q.Exec(ctx, "UPDATE uploads SET status = ?, updated_at = ? WHERE id = ?", string(u.Status), now, u.ID); err != nil {
			return err
		}
	}
	return err
}

// RequirePublished refuses an image that is not (or no longer) published,
// because otherwise a delayed message could restore a deleted image to its
// product. It locks the upload, so that a deletion waits until it can see that
// the product shows the image.
func RequirePublished(ctx context.Context, q sqldb.Querier, p *catalog.Image) error {
	if p == nil {
		return nil
	}
	var status catalog.UploadStatus
	found, err := sqldb.First(ctx, q, "SELECT status FROM uploads WHERE id = ?"+q.ForUpdate(), []any{p.ID}, &status)
	if err == nil && found && status != catalog.Ready {
		err = fmt.Errorf("%w: images: %s is %s", catalog.ErrInvalid, p.ID, status)
	}
	return err
}
