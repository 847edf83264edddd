package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"purser/catalog"
)

// Uploads is the record of images in memory.
type Uploads struct {
	// Products are the existing products; nil: every product exists.
	Products []string
	// Now returns the time; default time.Now.
	Now func() time.Time

	mu   sync.Mutex
	rows map[string]catalog.Upload
	// notifications are the changes that products were notified of; shown are
	// the images that they show.
	notifications []catalog.Change
	shown         map[string][]catalog.Image
}

func (u *Uploads) now() time.Time {
	if u.Now != nil {
		return u.Now()
	}
	return time.Now()
}

// CreateUpload writes a new upload, as the record does.
func (u *Uploads) CreateUpload(_ context.Context, up catalog.Upload) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.Products != nil && !slices.Contains(u.Products, up.SKU) {
		return fmt.Errorf("%w: %s", catalog.ErrNotFound, up.SKU)
	}
	live := 0
	for _, other := range u.rows {
		if other.SKU == up.SKU && other.Status != catalog.Refused && other.Status != catalog.Expired && other.Status != catalog.Deleted {
			live++
		}
	}
	if live >= catalog.MaxImages {
		return catalog.ErrManyUploads
	}
	if u.rows == nil {
		u.rows = map[string]catalog.Upload{}
	}
	u.rows[up.ID] = up
	return nil
}

// Upload implements images.ImageRecord.
func (u *Uploads) Upload(_ context.Context, id string) (catalog.Upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.read(id)
}

func (u *Uploads) read(id string) (catalog.Upload, error) {
	up, ok := u.rows[id]
	if !ok {
		return up, fmt.Errorf("%w: %s", catalog.ErrNoUpload, id)
	}
	up.Renditions = slices.Clone(up.Renditions)
	slices.SortFunc(up.Renditions, func(a, b catalog.Rendition) int { return b.Width*b.Height - a.Width*a.Height })
	return up, nil
}

// Uploads lists a product's uploads, oldest first.
func (u *Uploads) Uploads(_ context.Context, sku string) ([]catalog.Upload, error) {
	return u.where(func(up catalog.Upload) bool { return up.SKU == sku && up.Status != catalog.Deleted }), nil
}

func (u *Uploads) where(keep func(catalog.Upload) bool) []catalog.Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	var found []catalog.Upload
	for id := range maps.Keys(u.rows) {
		if up, _ := u.read(id); keep(up) {
			found = append(found, up)
		}
	}
	slices.SortFunc(found, func(a, b catalog.Upload) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return found
}

// errUnchanged ends a change that changes nothing.
var errUnchanged = errors.New("unchanged")

func (u *Uploads) change(id string, f func(*catalog.Upload) error) (catalog.Upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	up, err := u.read(id)
	if err != nil {
		return up, err
	}
	switch err := f(&up); {
	case errors.Is(err, errUnchanged):
		return u.read(id)
	case err != nil:
		return up, err
	}
	up.UpdatedAt = u.now().UTC().Truncate(time.Microsecond)
	u.rows[id] = up
	return u.read(id)
}

// BeginUpload marks an upload as processing, as the record does.
func (u *Uploads) BeginUpload(_ context.Context, id string) (catalog.Upload, error) {
	return u.change(id, func(up *catalog.Upload) error {
		switch {
		case up.Status == catalog.Processing || up.Status == catalog.Ready || up.Status == catalog.Refused:
			return errUnchanged
		case up.Status != catalog.AwaitingUpload || u.now().After(up.UploadBy.Add(catalog.UploadGrace)):
			return catalog.ErrUploadOver
		}
		up.Status = catalog.Processing
		return nil
	})
}

// NoteRendition implements images.ImageRecord.
func (u *Uploads) NoteRendition(_ context.Context, id string, width, height int, r catalog.Rendition) error {
	_, err := u.change(id, func(up *catalog.Upload) error {
		if up.Status != catalog.Processing {
			return errUnchanged
		}
		up.Width, up.Height = width, height
		up.Renditions = append(slices.DeleteFunc(up.Renditions, func(o catalog.Rendition) bool { return o.Name == r.Name }), r)
		return nil
	})
	return err
}

// PublishUpload implements images.ImageRecord.
func (u *Uploads) PublishUpload(_ context.Context, id string, sizes []string) (catalog.Upload, error) {
	return u.change(id, func(up *catalog.Upload) error {
		if up.Status == catalog.Ready || up.Status == catalog.Deleting || up.Status == catalog.Deleted {
			return errUnchanged
		}
		for _, size := range sizes {
			if !slices.ContainsFunc(up.Renditions, func(r catalog.Rendition) bool { return r.Name == size }) {
				return fmt.Errorf("size %s is missing", size)
			}
		}
		if up.Status != catalog.Processing {
			return fmt.Errorf("it is %s", up.Status)
		}
		up.Status = catalog.Ready
		return nil
	})
}

// RefuseUpload implements images.ImageRecord.
func (u *Uploads) RefuseUpload(_ context.Context, id, reason, detail string) (catalog.Upload, error) {
	return u.change(id, func(up *catalog.Upload) error {
		if up.Status != catalog.Processing {
			return errUnchanged
		}
		up.Status, up.Reason, up.Detail = catalog.Refused, reason, detail
		return nil
	})
}

// ExpireUploads implements images.UploadSweeper.
func (u *Uploads) ExpireUploads(_ context.Context, before time.Time) error {
	for _, up := range u.where(func(up catalog.Upload) bool {
		return up.Status == catalog.AwaitingUpload && up.UploadBy.Before(before)
	}) {
		if _, err := u.change(up.ID, func(up *catalog.Upload) error { up.Status = catalog.Expired; return nil }); err != nil {
			return err
		}
	}
	return nil
}

// StrandedUploads implements images.UploadSweeper.
func (u *Uploads) StrandedUploads(_ context.Context, since time.Time, limit int) ([]catalog.Upload, error) {
	found := u.where(func(up catalog.Upload) bool {
		return (up.Status == catalog.Processing || up.Status == catalog.Deleting) && up.UpdatedAt.Before(since)
	})
	return found[:min(len(found), limit)], nil
}

// UploadsByID implements images.UploadSweeper.
func (u *Uploads) UploadsByID(_ context.Context, ids []string) (map[string]catalog.Upload, error) {
	return u.by(ids, func(up catalog.Upload) string { return up.ID }), nil
}

// UploadsByKey implements images.UploadSweeper.
func (u *Uploads) UploadsByKey(_ context.Context, keys []string) (map[string]catalog.Upload, error) {
	return u.by(keys, func(up catalog.Upload) string { return up.Key }), nil
}

func (u *Uploads) by(names []string, name func(catalog.Upload) string) map[string]catalog.Upload {
	all := map[string]catalog.Upload{}
	for _, up := range u.where(func(up catalog.Upload) bool { return slices.Contains(names, name(up)) }) {
		all[name(up)] = up
	}
	return all
}
