package records

import (
	"context"
	"database/sql"
	"fmt"

	"purser/catalog"
)

// DeleteUpload notes that a picture is to be deleted. From then on it cannot
// be published or added to a product. One that is published is seen until
// HideUpload; of any other the sizes are forgotten at once. Deleting it again
// answers it as it is.
func (s *Store) DeleteUpload(ctx context.Context, id string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "delete upload", id, discard)
}

// discard marks a picture that is to be deleted.
func discard(ctx context.Context, q querier, u *catalog.Upload) error {
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

// forgetRenditions forgets where a picture's sizes are.
func forgetRenditions(ctx context.Context, q querier, u *catalog.Upload) error {
	u.Renditions = nil
	_, err := q.exec(ctx, "DELETE FROM renditions WHERE upload_id = ?", u.ID)
	return err
}

// HideUpload forgets the sizes of a picture that is being deleted: its product
// and the index lead there no more. Of any other it changes nothing.
func (s *Store) HideUpload(ctx context.Context, id string) error {
	_, err := s.changeUpload(ctx, "hide upload", id, func(ctx context.Context, q querier, u *catalog.Upload) error {
		if u.Status != catalog.Deleting || len(u.Renditions) == 0 {
			return errUnchanged
		}
		return forgetRenditions(ctx, q, u)
	})
	return err
}

// UploadDeleted notes that none of the files of a picture is left that was
// being deleted and hidden.
func (s *Store) UploadDeleted(ctx context.Context, id string) error {
	_, err := s.changeUpload(ctx, "upload deleted", id, func(_ context.Context, _ querier, u *catalog.Upload) error {
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

// DeletingUploads answers the ids of up to limit of a product's pictures that
// are to be deleted and are not yet, the oldest first.
func (s *Store) DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error) {
	var ids []string
	err := each(ctx, s.db.reader(), "SELECT id FROM uploads WHERE sku = ? AND status = ? ORDER BY created_at, id LIMIT ?",
		[]any{sku, string(catalog.Deleting), limit}, func(r *sql.Rows) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, failed("deleting uploads", err)
}

// discardUploads marks all pictures of a product that is being deleted, in the
// same transaction: none of them stays public. Of an upload that was never
// completed there is nothing to delete.
func (c clock) discardUploads(ctx context.Context, q querier, sku string) error {
	all, err := readUploads(ctx, q, "sku = ? AND status NOT IN (?, ?, ?)"+q.forUpdate(), sku, string(catalog.Deleting), string(catalog.Deleted), string(catalog.Expired))
	for _, u := range all {
		if err := discard(ctx, q, &u); err != nil {
			return err
		}
		if _, err := q.exec(ctx, "UPDATE uploads SET status = ?, updated_at = ? WHERE id = ?", string(u.Status), c.now, u.ID); err != nil {
			return err
		}
	}
	return err
}

// onlyPublished refuses a picture that is not (or no longer) published: else a
// message that was held up could bring back to a product what was deleted.
// Locked, so that who deletes it waits until the product is seen to show it.
func onlyPublished(ctx context.Context, q querier, p *catalog.Picture) error {
	if p == nil {
		return nil
	}
	var status catalog.UploadStatus
	found, err := first(ctx, q, "SELECT status FROM uploads WHERE id = ?"+q.forUpdate(), []any{p.ID}, &status)
	if err == nil && found && status != catalog.Ready {
		err = fmt.Errorf("%w: pictures: %s is %s", catalog.ErrInvalid, p.ID, status)
	}
	return err
}
