package records

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"purser/catalog"
)

const uploadColumns = "id, sku, owner, status, reason, detail, alt, content_type, size, width, height, upload_key, upload_by, created_at, updated_at"

// CreateUpload notes that a picture may be sent. It fails with
// catalog.ErrNotFound if there is no such product, and with
// catalog.ErrManyUploads if it has its fill, those still on their way
// included.
func (s *Store) CreateUpload(ctx context.Context, u catalog.Upload) error {
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		var sku string
		// Locked, so that two at once cannot both be the last one.
		found, err := first(ctx, q, "SELECT sku FROM products WHERE sku = ? AND deleted = 0"+q.forUpdate(), []any{u.SKU}, &sku)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%w: %s", catalog.ErrNotFound, u.SKU)
		}
		n, err := one[int64](ctx, q, "SELECT COUNT(*) FROM uploads WHERE sku = ? AND status IN (?, ?, ?, ?)", // one being deleted may still be shown
			u.SKU, string(catalog.AwaitingUpload), string(catalog.Processing), string(catalog.Ready), string(catalog.Deleting))
		if err != nil {
			return err
		}
		if n >= catalog.MaxPictures {
			return fmt.Errorf("%w: %d", catalog.ErrManyUploads, n)
		}
		_, err = q.exec(ctx, "INSERT INTO uploads ("+uploadColumns+") VALUES ("+marks(15)+")",
			u.ID, u.SKU, u.Owner, string(u.Status), u.Reason, u.Detail, u.Alt, u.Type, u.Bytes, u.Width, u.Height,
			u.Key, micros(u.UploadBy), micros(u.CreatedAt), micros(u.UpdatedAt))
		return err
	})
	return failed("create upload", err)
}

// Upload reads one; catalog.ErrNoUpload if there is none.
func (s *Store) Upload(ctx context.Context, id string) (catalog.Upload, error) {
	u, err := readUpload(ctx, s.db.reader(), id, "")
	return u, failed("upload", err)
}

// Uploads lists a product's pictures, oldest first; without those that are
// deleted.
func (s *Store) Uploads(ctx context.Context, sku string) ([]catalog.Upload, error) {
	found, err := readUploads(ctx, s.db.reader(), "sku = ? AND status <> ? ORDER BY created_at, id LIMIT ?", sku, string(catalog.Deleted), largestPage)
	return found, failed("uploads", err)
}

// BeginUpload takes a picture from sent to being worked on. Beginning again
// answers it as it is. Once its time is over it fails with
// catalog.ErrUploadOver.
func (s *Store) BeginUpload(ctx context.Context, id string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "begin upload", id, func(ctx context.Context, q querier, u *catalog.Upload) error {
		switch {
		case u.Status == catalog.Processing || u.Status == catalog.Ready || u.Status == catalog.Refused:
			return errUnchanged
		case u.Status != catalog.AwaitingUpload || s.now().After(u.UploadBy.Add(catalog.UploadGrace)):
			return fmt.Errorf("%w: it had to be sent by %s", catalog.ErrUploadOver, u.UploadBy.Format(time.RFC3339))
		}
		u.Status = catalog.Processing
		return nil
	})
}

// NoteRendition notes a size that is in the store, and the original's own.
func (s *Store) NoteRendition(ctx context.Context, id string, width, height int, r catalog.Rendition) error {
	_, err := s.changeUpload(ctx, "note rendition", id, func(ctx context.Context, q querier, u *catalog.Upload) error {
		if u.Status != catalog.Processing {
			return errUnchanged // decided meanwhile
		}
		u.Width, u.Height = width, height
		_, err := q.exec(ctx, `
			INSERT INTO renditions (upload_id, name, object_key, content_type, width, height, size) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (upload_id, name) DO UPDATE SET object_key = excluded.object_key, content_type = excluded.content_type,
				width = excluded.width, height = excluded.height, size = excluded.size`,
			id, r.Name, r.Key, r.Type, r.Width, r.Height, r.Bytes)
		return err
	})
	return err
}

// PublishUpload shows a picture in all the sizes named, or in none (IMG-9). One
// that is being deleted is answered as it is.
func (s *Store) PublishUpload(ctx context.Context, id string, sizes []string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "publish upload", id, func(ctx context.Context, q querier, u *catalog.Upload) error {
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

// RefuseUpload ends a picture that is not taken, with the reason.
func (s *Store) RefuseUpload(ctx context.Context, id, reason, detail string) (catalog.Upload, error) {
	return s.changeUpload(ctx, "refuse upload", id, func(ctx context.Context, q querier, u *catalog.Upload) error {
		if u.Status != catalog.Processing {
			return errUnchanged
		}
		u.Status, u.Reason, u.Detail = catalog.Refused, reason, detail
		return nil
	})
}

// ExpireUploads ends the uploads that were never called complete in time, and
// answers some of those that are over so that their files can go.
func (s *Store) ExpireUploads(ctx context.Context, before time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.exec(ctx, "UPDATE uploads SET status = ?, updated_at = ? WHERE status = 'awaiting_upload' AND upload_by < ?",
			string(catalog.Expired), micros(s.now()), micros(before))
		return err
	})
	return failed("expire uploads", err)
}

// StrandedUploads lists pictures being worked on, and up to as many being
// deleted, of which nothing was noted since a time: their workflow may never
// have started.
func (s *Store) StrandedUploads(ctx context.Context, since time.Time, limit int) ([]catalog.Upload, error) {
	var all []catalog.Upload
	for _, status := range []catalog.UploadStatus{catalog.Processing, catalog.Deleting} { // as text: each has an index of its own
		found, err := readUploads(ctx, s.db.reader(), "status = '"+string(status)+"' AND updated_at < ? ORDER BY updated_at, id LIMIT ?", micros(since), pageSize(limit))
		if err != nil {
			return nil, failed("stranded uploads", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// UploadsByID reads the uploads that exist among those ids.
func (s *Store) UploadsByID(ctx context.Context, ids []string) (map[string]catalog.Upload, error) {
	return s.uploadsBy(ctx, "id", ids, func(u catalog.Upload) string { return u.ID })
}

// UploadsByKey reads the uploads that are sent to those keys.
func (s *Store) UploadsByKey(ctx context.Context, keys []string) (map[string]catalog.Upload, error) {
	return s.uploadsBy(ctx, "upload_key", keys, func(u catalog.Upload) string { return u.Key })
}

func (s *Store) uploadsBy(ctx context.Context, column string, values []string, by func(catalog.Upload) string) (map[string]catalog.Upload, error) {
	all := make(map[string]catalog.Upload, len(values))
	if len(values) == 0 {
		return all, nil
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	found, err := readUploads(ctx, s.db.reader(), column+" IN ("+marks(len(values))+")", args...)
	for _, u := range found {
		all[by(u)] = u
	}
	return all, failed("uploads by "+column, err)
}

// errUnchanged ends a change that has nothing to do.
var errUnchanged = fmt.Errorf("unchanged")

// changeUpload reads an upload, lets f change it and writes what f may
// change.
func (s *Store) changeUpload(ctx context.Context, op, id string, f func(context.Context, querier, *catalog.Upload) error) (catalog.Upload, error) {
	var u catalog.Upload
	err := s.db.write(ctx, func(ctx context.Context, q querier) (err error) {
		if u, err = readUpload(ctx, q, id, q.forUpdate()); err != nil {
			return err
		}
		if err := f(ctx, q, &u); err != nil {
			if err == errUnchanged {
				return nil
			}
			return err
		}
		u.UpdatedAt = s.now().UTC().Truncate(time.Microsecond)
		_, err = q.exec(ctx, "UPDATE uploads SET status = ?, reason = ?, detail = ?, width = ?, height = ?, updated_at = ? WHERE id = ?",
			string(u.Status), u.Reason, u.Detail, u.Width, u.Height, micros(u.UpdatedAt), id)
		return err
	})
	return u, failed(op, err)
}

func readUpload(ctx context.Context, q querier, id, lock string) (catalog.Upload, error) {
	found, err := readUploads(ctx, q, "id = ?"+lock, id)
	if err != nil {
		return catalog.Upload{}, err
	}
	if len(found) == 0 {
		return catalog.Upload{}, fmt.Errorf("%w: %s", catalog.ErrNoUpload, id)
	}
	return found[0], nil
}

// readUploads reads uploads with the sizes made of them.
func readUploads(ctx context.Context, q querier, where string, args ...any) ([]catalog.Upload, error) {
	var found []catalog.Upload
	at := map[string]int{}
	err := each(ctx, q, "SELECT "+uploadColumns+" FROM uploads WHERE "+where, args, func(r *sql.Rows) error {
		var u catalog.Upload
		var by, created, updated int64
		if err := r.Scan(&u.ID, &u.SKU, &u.Owner, &u.Status, &u.Reason, &u.Detail, &u.Alt, &u.Type, &u.Bytes, &u.Width, &u.Height,
			&u.Key, &by, &created, &updated); err != nil {
			return err
		}
		u.UploadBy, u.CreatedAt, u.UpdatedAt = fromMicros(by), fromMicros(created), fromMicros(updated)
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
	in := strings.Join([]string{"upload_id IN (", marks(len(ids)), ")"}, "")
	err = each(ctx, q, "SELECT upload_id, name, object_key, content_type, width, height, size FROM renditions WHERE "+in+" ORDER BY upload_id, width * height DESC, name", ids, func(r *sql.Rows) error {
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

// PublishedKey is the key of some published picture, the newest; "" if there
// is none.
func (s *Store) PublishedKey(ctx context.Context) (string, error) {
	var key string
	_, err := first(ctx, s.db.reader(), `
		SELECT r.object_key FROM renditions r JOIN uploads u ON u.id = r.upload_id
		WHERE u.status = 'ready' ORDER BY u.updated_at DESC, r.name LIMIT 1`, nil, &key)
	return key, failed("published key", err)
}
