package images

import (
	"context"
	"maps"
	"slices"
	"time"

	"purser/activities"
	"purser/catalog"
)

// The ages at which leftovers are swept.
const (
	orphansStay    = 24 * time.Hour      // files without a record: the record may just be being written
	strandedAfter  = 15 * time.Minute    // images without any progress
	quarantineStay = 30 * 24 * time.Hour // refused images
	sweptAtOnce    = 500
)

// Sweep is the input of SweepImages; it is empty.
type Sweep struct{}

// Swept is the result of a sweep.
type Swept struct {
	Deleted int `json:"deleted"` // files
	// Stranded are images whose workflow may never have started. Deleting are
	// images to be deleted whose workflow may never have started.
	Stranded []string `json:"stranded,omitempty"`
	Deleting []string `json:"deleting,omitempty"`
	// Products are the SKUs with several images to be deleted; these images are
	// not in Deleting.
	Products []string `json:"products,omitempty"`
}

// SweepImages removes leftovers: uploads that were never completed, files sent
// again after completion, sizes of refused images, files without a record, and
// files that have been in quarantine long enough. A bucket's own lifecycle rules
// cannot do this, because they do not know the record.
func (a *Activities) SweepImages(ctx context.Context, _ Sweep) (Swept, error) {
	now := time.Now
	if a.Now != nil {
		now = a.Now
	}
	at := now()
	if err := a.Sweeper.ExpireUploads(ctx, at.Add(-catalog.UploadGrace)); err != nil {
		return Swept{}, activities.Failure(err)
	}
	defer activities.Beat(ctx)()
	var swept Swept
	stranded, err := a.Sweeper.StrandedUploads(ctx, at.Add(-strandedAfter), sweptAtOnce)
	if err != nil {
		return swept, activities.Failure(err)
	}
	deleting := make(map[string][]string) // by SKU
	for _, u := range stranded {
		if u.Status == catalog.Deleting {
			deleting[u.SKU] = append(deleting[u.SKU], u.ID)
		} else {
			swept.Stranded = append(swept.Stranded, u.ID)
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(deleting)) {
		if ids := deleting[sku]; len(ids) == 1 {
			swept.Deleting = append(swept.Deleting, ids...)
		} else {
			swept.Products = append(swept.Products, sku)
		}
	}
	for prefix, stale := range map[string]judge{
		catalog.UploadPrefix:     staleUpload,
		catalog.OriginalPrefix:   staleOriginal,
		catalog.RenditionPrefix:  staleRendition,
		catalog.QuarantinePrefix: staleQuarantine,
	} {
		n, err := a.sweep(ctx, prefix, stale, at)
		swept.Deleted += n
		if err != nil {
			return swept, activities.Failure(err)
		}
	}
	return swept, nil
}

// judge reports whether a file of an age may be deleted; u is nil if the record
// has no upload that the file could belong to.
type judge func(o catalog.Object, u *catalog.Upload, age time.Duration) bool

func staleUpload(_ catalog.Object, u *catalog.Upload, age time.Duration) bool {
	if u == nil {
		return age > orphansStay
	}
	return u.Status != catalog.AwaitingUpload && u.Status != catalog.Processing
}

// An image that is being deleted is left to its workflow. Files that appear
// after the deletion were written by a step that had timed out.

func staleOriginal(_ catalog.Object, u *catalog.Upload, age time.Duration) bool {
	switch {
	case u == nil:
		return age > orphansStay
	case u.Status == catalog.Processing || u.Status == catalog.Ready || u.Status == catalog.Deleting:
		return false
	}
	return u.Status == catalog.Deleted || age > orphansStay
}

func staleRendition(o catalog.Object, u *catalog.Upload, age time.Duration) bool {
	switch {
	case u != nil && u.Status == catalog.Deleted:
		return true
	case age <= orphansStay || u != nil && (u.Status == catalog.Processing || u.Status == catalog.Deleting):
		return false
	case u == nil || u.Status != catalog.Ready:
		return true
	}
	for _, r := range u.Renditions {
		if r.Key == o.Key {
			return false
		}
	}
	return true
}

func staleQuarantine(_ catalog.Object, u *catalog.Upload, age time.Duration) bool {
	return age > quarantineStay || u != nil && u.Status == catalog.Deleted
}

// sweep deletes the stale files of one folder.
func (a *Activities) sweep(ctx context.Context, prefix string, stale judge, at time.Time) (deleted int, err error) {
	return a.clear(ctx, prefix, func(ctx context.Context, page []catalog.Object) (func(catalog.Object) bool, error) {
		known, err := a.known(ctx, prefix, page)
		return func(o catalog.Object) bool { return stale(o, known(o.Key), at.Sub(o.Modified)) }, err
	})
}

// clear deletes the files of one folder that which selects, page by page.
func (a *Activities) clear(ctx context.Context, prefix string, which func(context.Context, []catalog.Object) (func(catalog.Object) bool, error)) (deleted int, err error) {
	for after := ""; ; {
		page, err := a.Store.ListObjects(ctx, prefix, after, sweptAtOnce)
		if err != nil || len(page) == 0 {
			return deleted, err
		}
		after = page[len(page)-1].Key
		goes, err := which(ctx, page)
		if err != nil {
			return deleted, err
		}
		for _, o := range page {
			if !goes(o) {
				continue
			}
			if err := a.Store.DeleteObject(ctx, o.Key); err != nil {
				return deleted, err
			}
			deleted++
		}
	}
}

// known returns a function that finds the upload of each file of a page; nil if
// the record has none.
func (a *Activities) known(ctx context.Context, prefix string, page []catalog.Object) (func(key string) *catalog.Upload, error) {
	name, read := func(key string) string { return key }, a.Sweeper.UploadsByKey
	if prefix != catalog.UploadPrefix {
		name, read = func(key string) string { id, _ := catalog.KeyOwner(key); return id }, a.Sweeper.UploadsByID
	}
	names := make([]string, len(page))
	for i, o := range page {
		names[i] = name(o.Key)
	}
	found, err := read(ctx, names)
	return func(key string) *catalog.Upload {
		if u, ok := found[name(key)]; ok {
			return &u
		}
		return nil
	}, err
}
