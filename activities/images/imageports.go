package images

import (
	"context"
	"time"

	"purser/catalog"
)

// ImageSource is where uploaded files are. Every error is a
// *order.ProviderError.
type ImageSource interface {
	// HeadObject returns what the store knows of a file. ErrNoSuch if there
	// is none.
	HeadObject(ctx context.Context, key string) (catalog.Object, error)
	// GetObject reads a file, at most one byte more than most.
	GetObject(ctx context.Context, key string, most int64) ([]byte, error)
	// MoveObject gives a file another key. Moving again what was moved
	// before is a success; ErrNoSuch if there never was any.
	MoveObject(ctx context.Context, from, to string) error
}

// ImageStore is where images to be shown are. Every error is a
// *order.ProviderError.
type ImageStore interface {
	// PutObject writes a file whose key is made from its content. Where
	// there is one already, it is left as it is.
	PutObject(ctx context.Context, o catalog.Object, data []byte) error
	// ListObjects lists files by key, those after a key.
	ListObjects(ctx context.Context, prefix, after string, limit int) ([]catalog.Object, error)
	// DeleteObject deletes a file. One that is not there is a success.
	DeleteObject(ctx context.Context, key string) error
}

// ImageRecord is what the record knows of images. Reading or changing one
// that is not there fails with catalog.ErrNoUpload; changing one that was
// decided changes nothing and returns it.
type ImageRecord interface {
	Upload(ctx context.Context, id string) (catalog.Upload, error)
	// NoteRendition notes a size that is in the store, and the original's
	// dimensions.
	NoteRendition(ctx context.Context, id string, width, height int, r catalog.Rendition) error
	// PublishUpload shows an image in all these sizes; it fails if one is
	// missing.
	PublishUpload(ctx context.Context, id string, sizes []string) (catalog.Upload, error)
	// RefuseUpload ends an image that is not taken, with the reason.
	RefuseUpload(ctx context.Context, id, reason, detail string) (catalog.Upload, error)
	// HideUpload forgets the sizes of an image that is being deleted, so that
	// its addresses lead nowhere; of any other it changes nothing.
	HideUpload(ctx context.Context, id string) error
	// UploadDeleted notes that none of its files is left.
	UploadDeleted(ctx context.Context, id string) error
}

// ImageProducts reads the products that show images, the deleted ones too.
type ImageProducts interface {
	Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error)
}

// UploadSweeper is what the record knows of what is left over.
type UploadSweeper interface {
	// ExpireUploads ends uploads that should have been sent before a time
	// and were never called complete.
	ExpireUploads(ctx context.Context, before time.Time) error
	// StrandedUploads lists images being worked on or deleted of which
	// nothing was noted since a time.
	StrandedUploads(ctx context.Context, since time.Time, limit int) ([]catalog.Upload, error)
	// UploadsByID and UploadsByKey read those that exist.
	UploadsByID(ctx context.Context, ids []string) (map[string]catalog.Upload, error)
	UploadsByKey(ctx context.Context, keys []string) (map[string]catalog.Upload, error)
}

// ImageNotifier tells a product's workflow of a change. The change's ID makes
// telling it again harmless.
type ImageNotifier interface {
	NotifyProduct(ctx context.Context, sku string, c catalog.Change) error
	// ChangeProduct is NotifyProduct, and returns when the record has the change.
	// It fails with catalog.ErrNotFound if there is no such product.
	ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error)
}

// ProductImages are the images of products that are to be deleted.
type ProductImages interface {
	// DeletingUploads returns the ids of up to limit of a product's images
	// that are to be deleted and are not yet, the oldest first.
	DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error)
}

// ImageWork knows the images that something is at work on.
type ImageWork interface {
	// InterruptImage tells whatever makes or deletes an image that it is to
	// be deleted, which it then does. It answers false if nothing is at work.
	InterruptImage(ctx context.Context, id, sku string) (bool, error)
}
