// Package images records the images of products: the uploads, the outcome of
// each, and the sizes made from it. Its functions on a Querier are steps of the
// transactions that write products.
package images

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"purser/catalog"
	"purser/records/sqldb"
)

// Store reads and writes uploads.
type Store struct {
	DB *sqldb.DB
}

const uploadColumns = "id, sku, owner, status, reason, detail, alt, content_type, size, width, height, upload_key, upload_by, created_at, updated_at"

// CreateUpload records that a client may send an image. It fails with
// catalog.ErrNotFound if the product does not exist, and with
// catalog.ErrManyUploads if the product has reached its limit, unfinished
// uploads included.
func (s *Store) CreateUpload(ctx context.Context, u catalog.Upload) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		var sku string
		// The lock keeps two concurrent uploads from both taking the last place.
		found, err := sqldb.First(ctx, q, "SELECT sku FROM products WHERE sku = ? AND deleted = 0"+q.ForUpdate(), []any{u.SKU}, &sku)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%w: %s", catalog.ErrNotFound, u.SKU)
		}
		n, err := sqldb.One[int64](ctx, q, "SELECT COUNT(*) FROM uploads WHERE sku = ? AND status IN (?, ?, ?, ?)", // an image that is being deleted may still be visible
			u.SKU, string(catalog.AwaitingUpload), string(catalog.Processing), string(catalog.Ready), string(catalog.Deleting))
		if err != nil {
			return err
		}
		if n >= catalog.MaxImages {
			return fmt.Errorf("%w: %d", catalog.ErrManyUploads, n)
		}
		_, err = q.Exec(ctx, "INSERT INTO uploads ("+uploadColumns+") VALUES ("+sqldb.Placeholders(15)+")",
			u.ID, u.SKU, u.Owner, string(u.Status), u.Reason, u.Detail, u.Alt, u.Type, u.Bytes, u.Width, u.Height,
			u.Key, sqldb.Micros(u.UploadBy), sqldb.Micros(u.CreatedAt), sqldb.Micros(u.UpdatedAt))
		return err
	})
	return sqldb.WrapError("create upload", err)
}

// Upload returns an upload, or catalog.ErrNoUpload.
func (s *Store) Upload(ctx context.Context, id string) (catalog.Upload, error) {
	u, err := readUpload(ctx, s.DB.Reader(), id, "")
	return u, sqldb.WrapError("upload", err)
}

// Uploads lists a product's images, oldest first, without the deleted ones.
func (s *Store) Uploads(ctx context.Context, sku string) ([]catalog.Upload, error) {
	found, err := readUploads(ctx, s.DB.Reader(), "sku = ? AND status <> ? ORDER BY created_at, id LIMIT ?", sku, string(catalog.Deleted), sqldb.MaxPage)
	return found, sqldb.WrapError("uploads", err)
}

// BeginUpload moves an upload from sent to processing. Beginning again returns
// the upload unchanged. After the upload's deadline it fails with
// catalog.ErrUploadOver.
func (s *Store) BeginUpload(ctx context.Context, id string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "begin upload", id, func(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
		switch {
		case u.Status == catalog.Processing || u.Status == catalog.Ready || u.Status == catalog.Refused:
			return errUnchanged
		case u.Status != catalog.AwaitingUpload || s.DB.Now().After(u.UploadBy.Add(catalog.UploadGrace)):
			return fmt.Errorf("%w: it had to be sent by %s", catalog.ErrUploadOver, u.UploadBy.Format(time.RFC3339))
		}
		u.Status = catalog.Processing
		return nil
	})
}

// NoteRendition records a size whose file is in the object store, and the size
// of the original.
func (s *Store) NoteRendition(ctx context.Context, id string, width, height int, r catalog.Rendition) error {
	_, err := s.changeUpload(ctx, "note rendition", id, func(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
		if u.Status != catalog.Processing {
			return errUnchanged // the upload was decided while the size was made
		}
		u.Width, u.Height = width, height
		_, err := q.Exec(ctx, `
			INSERT INTO renditions (upload_id, name, object_key, content_type, width, height, size) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (upload_id, name) DO UPDATE SET object_key = excluded.object_key, content_type = excluded.content_type,
				width = excluded.width, height = excluded.height, size = excluded.size`,
			id, r.Name, r.Key, r.Type, r.Width, r.Height, r.Bytes)
		return err
	})
	return err
}

// PublishUpload publishes an image if all the named sizes exist, and fails
// otherwise. An upload that is being deleted is returned unchanged.
func (s *Store) PublishUpload(ctx context.Context, id string, sizes []string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "publish upload", id, func(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
		if u.Status == catalog.Ready || u.Status == catalog.Deleting || u.Status == catalog.Deleted {
			return errUnchanged
		}
		made := map[string]bool{}
		for _, r := range u.Renditions {
			made[r.Name] = true
		}
		for _, size := range sizes {
			if !made[size] {
				return fmt.Errorf("size %s is missing", size)
			}
		}
		if u.Status != catalog.Processing {
			return fmt.Errorf("it is %s", u.Status)
		}
		u.Status = catalog.Ready
		return nil
	})
}

// RefuseUpload ends an upload that is not accepted, and records the reason.
func (s *Store) RefuseUpload(ctx context.Context, id, reason, detail string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "refuse upload", id, func(ctx context.Context, q sqldb.Querier, u *catalog.Upload) error {
		if u.Status != catalog.Processing {
			return errUnchanged
		}
		u.Status, u.Reason, u.Detail = catalog.Refused, reason, detail
		return nil
	})
}

// ExpireUploads ends the uploads that were due before a time and were never
// completed.
func (s *Store) ExpireUploads(ctx context.Context, before time.Time) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE uploads SET status = ?, updated_at = ? WHERE status = 'awaiting_upload' AND upload_by < ?",
			string(catalog.Expired), sqldb.Micros(s.DB.Now()), sqldb.Micros(before))
		return err
	})
	return sqldb.WrapError("expire uploads", err)
}

// StrandedUploads lists up to limit images that are being processed, and up to
// limit that are being deleted, that have not changed since a time: their
// workflow may never have started.
func (s *Store) StrandedUploads(ctx context.Context, since time.Time, limit int) ([]catalog.Upload, error) {
	var all []catalog.Upload
	for _, status := range []catalog.UploadStatus{catalog.Processing, catalog.Deleting} { // each status has a partial index, which serves only if the status is a literal
		found, err := readUploads(ctx, s.DB.Reader(), "status = '"+string(status)+"' AND updated_at < ? ORDER BY updated_at, id LIMIT ?", sqldb.Micros(since), sqldb.PageSize(limit))
		if err != nil {
			return nil, sqldb.WrapError("stranded uploads", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// UploadsByID returns the uploads with these ids that exist.
func (s *Store) UploadsByID(ctx context.Context, ids []string) (map[string]catalog.Upload, error) {
	return s.uploadsBy(ctx, "id", ids, func(u catalog.Upload) string { return u.ID })
}

// UploadsByKey returns the uploads with these object keys.
func (s *Store) UploadsByKey(ctx context.Context, keys []string) (map[string]catalog.Upload, error) {
	return s.uploadsBy(ctx, "upload_key", keys, func(u catalog.Upload) string { return u.Key })
}

func (s *Store) uploadsBy(ctx context.Context, column string, values []string, by func(catalog.Upload) string) (map[string]catalog.Upload, error) {
	all := make(map[string]catalog.Upload, len(values))
	if len(values) == 0 {
		return all, nil
	}
	found, err := readUploads(ctx, s.DB.Reader(), column+" IN ("+sqldb.Placeholders(len(values))+")", sqldb.Args(values)...)
	for _, u := range found {
		all[by(u)] = u
	}
	return all, sqldb.WrapError("uploads by "+column, err)
}

// errUnchanged ends a change that has nothing to write.
var errUnchanged = fmt.Errorf("unchanged")

// changeUpload reads an upload, calls f to change it and writes the fields that
// f may change.
func (s *Store) changeUpload(ctx context.Context, op, id string, f func(context.Context, sqldb.Querier, *catalog.Upload) error) (catalog.Upload, error) {
	var u catalog.Upload
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) (err error) {
		if u, err = readUpload(ctx, q, id, q.ForUpdate()); err != nil {
			return err
		}
		if err := f(ctx, q, &u); err != nil {
			if err == errUnchanged {
				return nil
			}
			return err
		}
		u.UpdatedAt = s.DB.Now().UTC().Truncate(time.Microsecond)
		_, err = q.Exec(ctx, "UPDATE uploads SET status = ?, reason = ?, detail = ?, width = ?, height = ?, updated_at = ? WHERE id = ?",
			string(u.Status), u.Reason, u.Detail, u.Width, u.Height, sqldb.Micros(u.UpdatedAt), id)
		return err
	})
	return u, sqldb.WrapError(op, err)
}

func readUpload(ctx context.Context, q sqldb.Querier, id, lock string) (catalog.Upload, error) {
	found, err := readUploads(ctx, q, "id = ?"+lock, id)
	if err != nil {
		return catalog.Upload{}, err
	}
	if len(found) == 0 {
		return catalog.Upload{}, fmt.Errorf("%w: %s", catalog.ErrNoUpload, id)
	}
	return found[0], nil
}

// readUploads reads uploads with their sizes.
func readUploads(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]catalog.Upload, error) {
	var found []catalog.Upload
	at := map[string]int{}
	err := sqldb.Each(ctx, q, "SELECT "+uploadColumns+" FROM uploads WHERE "+where, args, func(r *sql.Rows) error {
		var u catalog.Upload
		var by, created, updated int64
		if err := r.Scan(&u.ID, &u.SKU, &u.Owner, &u.Status, &u.Reason, &u.Detail, &u.Alt, &u.Type, &u.Bytes, &u.Width, &u.Height,
			&u.Key, &by, &created, &updated); err != nil {
			return err
		}
		u.UploadBy, u.CreatedAt, u.UpdatedAt = sqldb.FromMicros(by), sqldb.FromMicros(created), sqldb.FromMicros(updated)
		at[u.ID] = len(found)
		found = append(found, u)
		return nil
	})
	if err != nil || len(found) == 0 {
		return found, err
	}
	ids := make([]any, len(found))
	for i, u := range found {
		ids[i] = u.ID
	}
	in := strings.Join([]string{"upload_id IN (", sqldb.Placeholders(len(ids)), ")"}, "")
	err = sqldb.Each(ctx, q, "SELECT upload_id, name, object_key, content_type, width, height, size FROM renditions WHERE "+in+" ORDER BY upload_id, width * height DESC, name", ids, func(r *sql.Rows) error {
		var id string
		var v catalog.Rendition
		if err := r.Scan(&id, &v.Name, &v.Key, &v.Type, &v.Width, &v.Height, &v.Bytes); err != nil {
			return err
		}
		u := &found[at[id]]
		u.Renditions = append(u.Renditions, v)
		return nil
	})
	return found, err
}

// PublishedKey returns the object key of the newest published image, or "" if
// no image is published.
func (s *Store) PublishedKey(ctx context.Context) (string, error) {
	var key string
	_, err := sqldb.First(ctx, s.DB.Reader(), `
		SELECT r.object_key FROM renditions r JOIN uploads u ON u.id = r.upload_id
		WHERE u.status = 'ready' ORDER BY u.updated_at DESC, r.name LIMIT 1`, nil, &key)
	return key, sqldb.WrapError("published key", err)
}
