package images

import (
	"context"
	"time"

	"purser/catalog"
)

// ImageSource is the store of uploaded files. Every error is a
// *order.ProviderError.
type ImageSource interface {
	// HeadObject returns a file's metadata. It fails with order.ErrNoSuch if
	// there is no such file.
	HeadObject(ctx context.Context, key string) (catalog.Object, error)
	// GetObject reads a file, at most one byte more than most.
	GetObject(ctx context.Context, key string, most int64) ([]byte, error)
	// MoveObject gives a file another key. Repeating a move succeeds. It fails
	// with order.ErrNoSuch if there was never such a file.
	MoveObject(ctx context.Context, from, to string) error
}

// ImageStore is the store of published images. Every error is a
// *order.ProviderError.
type ImageStore interface {
	// PutObject writes a file whose key is made from its content. An existing
	// file with that key is left as it is.
	PutObject(ctx context.Context, o catalog.Object, data []byte) error
	// ListObjects lists files in the order of their keys, from behind a key on.
	ListObjects(ctx context.Context, prefix, after string, limit int) ([]catalog.Object, error)
	// DeleteObject deletes a file. It succeeds if there is no such file.
	DeleteObject(ctx context.Context, key string) error
}

// ImageRecord is the record of images. Reading or changing an image that does
// not exist fails with catalog.ErrNoUpload. Changing an image that was already
// published or refused changes nothing and returns the image.
type ImageRecord interface {
	Upload(ctx context.Context, id string) (catalog.Upload, error)
	// NoteRendition records a size that is in the store, and the original's
	// dimensions in pixels.
	NoteRendition(ctx context.Context, id string, width, height int, r catalog.Rendition) error
	// PublishUpload publishes an image in all these sizes; it fails if one of
	// them is missing.
	PublishUpload(ctx context.Context, id string, sizes []string) (catalog.Upload, error)
	// RefuseUpload records that an image is refused, and why.
	RefuseUpload(ctx context.Context, id, reason, detail string) (catalog.Upload, error)
	// HideUpload removes the sizes of an image that is being deleted, so that
	// its addresses lead nowhere; it changes nothing for any other image.
	HideUpload(ctx context.Context, id string) error
	// UploadDeleted records that no file of the image is left.
	UploadDeleted(ctx context.Context, id string) error
}

// ImageProducts reads the products that show images, the deleted ones too.
type ImageProducts interface {
	Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error)
}

// UploadSweeper finds uploads that were left behind.
type UploadSweeper interface {
	// ExpireUploads ends uploads whose time to be sent ended before a time and
	// that were never completed.
	ExpireUploads(ctx context.Context, before time.Time) error
	// StrandedUploads lists images that are being processed or deleted, but
	// have not changed since a time.
	StrandedUploads(ctx context.Context, since time.Time, limit int) ([]catalog.Upload, error)
	// UploadsByID and UploadsByKey return the uploads that exist.
	UploadsByID(ctx context.Context, ids []string) (map[string]catalog.Upload, error)
	UploadsByKey(ctx context.Context, keys []string) (map[string]catalog.Upload, error)
}

// ImageNotifier notifies a product's workflow of a change. The change's ID makes
// a repeated notification harmless.
type ImageNotifier interface {
	NotifyProduct(ctx context.Context, sku string, c catalog.Change) error
	// ChangeProduct is NotifyProduct, but returns when the record has the
	// change. It fails with catalog.ErrNotFound if there is no such product.
	ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error)
}

// ProductImages are the images of products that are to be deleted.
type ProductImages interface {
	// DeletingUploads returns the ids of up to limit images of a product that
	// are to be deleted and still exist, oldest first.
	DeletingUploads(ctx context.Context, sku string, limit int) ([]string, error)
}

// ImageWork knows the images that a workflow is processing.
type ImageWork interface {
	// InterruptImage signals the workflow that makes or deletes an image to
	// delete it. It returns false if no workflow is running.
	InterruptImage(ctx context.Context, id, sku string) (bool, error)
}
