package catalog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// What can be wrong with an upload. Each is an answer for the caller.
var (
	// ErrUpload marks an upload that may not be made as asked for.
	ErrUpload = errors.New("invalid upload")
	// ErrNoUpload: there is no such upload.
	ErrNoUpload = errors.New("no such image")
	// ErrNotUploaded: it was called complete, but nothing came.
	ErrNotUploaded = errors.New("nothing was uploaded yet")
	// ErrUploadOver: too late to complete it.
	ErrUploadOver = errors.New("the upload is over")
	// ErrManyUploads: the product has as many images as it may have.
	ErrManyUploads = errors.New("the product has too many images")
)

// The figures of an upload.
const (
	MaxUpload    = 10 << 20         // bytes of a file
	UploadWithin = 15 * time.Minute // from asking to having sent it
	PrivateLink  = 60 * time.Minute // how long a link to something private works
	// UploadGrace is how much longer an upload may be called complete than
	// sent.
	UploadGrace = 45 * time.Minute
)

// UploadTypes are the types an image may be declared to have.
func UploadTypes() []string { return []string{"image/jpeg", "image/png", "image/webp", "image/gif"} }

// UploadStatus is how far an upload has come.
type UploadStatus string

// The statuses. Ready, Refused and Expired are how an upload ends; each of all
// may be deleted.
const (
	AwaitingUpload UploadStatus = "awaiting_upload"
	Processing     UploadStatus = "processing"
	Ready          UploadStatus = "ready"    // published, all sizes
	Refused        UploadStatus = "refused"  // quarantined, with a reason
	Expired        UploadStatus = "expired"  // never completed
	Deleting       UploadStatus = "deleting" // for good; a published one is seen until its product shows it no more
	Deleted        UploadStatus = "deleted"  // none of its files is left
)

// Upload is an image on its way from a browser to its product.
type Upload struct {
	ID     string       `json:"id"`
	SKU    string       `json:"sku"`
	Alt    string       `json:"alt,omitempty" doc:"What it shows, in words"`
	Status UploadStatus `json:"status" enum:"awaiting_upload,processing,ready,refused,expired,deleting,deleted"`
	Reason string       `json:"reason,omitempty" doc:"Why it was refused, for programs: stable" example:"truncated"`
	Detail string       `json:"detail,omitempty" doc:"Why it was refused, for people"`
	Type   string       `json:"contentType" doc:"As declared"`
	Bytes  int64        `json:"size" doc:"As declared"`
	Width  int          `json:"width,omitempty" doc:"Of the original"`
	Height int          `json:"height,omitempty"`
	// Key is where in the store the browser sends it. Nobody can guess it.
	Key string `json:"-"`
	// Owner is the key that asked for it: nobody else may complete it.
	Owner      string      `json:"-"`
	Renditions []Rendition `json:"-"` // those made so far
	CreatedAt  time.Time   `json:"createdAt"`
	UploadBy   time.Time   `json:"uploadBy" doc:"Until when it may be sent"`
	UpdatedAt  time.Time   `json:"updatedAt"`
}

// NewUpload makes an upload of a declared type and size. Its id and its key
// hold 128 random bits each.
func NewUpload(sku, alt, contentType string, bytes int64, owner string, now time.Time) (Upload, error) {
	switch {
	case !IsSKU(sku):
		return Upload{}, fmt.Errorf("%w: sku", ErrUpload)
	case !isLine(alt, 0, MaxName):
		return Upload{}, fmt.Errorf("%w: alt: want at most %d characters on one line", ErrUpload, MaxName)
	case !slices.Contains(UploadTypes(), contentType):
		return Upload{}, fmt.Errorf("%w: contentType: want one of %s", ErrUpload, strings.Join(UploadTypes(), ", "))
	case bytes < 1 || bytes > MaxUpload:
		return Upload{}, fmt.Errorf("%w: size: want 1 to %d bytes", ErrUpload, MaxUpload)
	}
	now = now.UTC().Truncate(time.Microsecond)
	return Upload{
		ID: "img_" + strings.ToLower(rand.Text()), SKU: sku, Alt: alt, Status: AwaitingUpload, Type: contentType, Bytes: bytes, Owner: owner,
		Key:       UploadPrefix + now.Format("2006/01/02/") + strings.ToLower(rand.Text()),
		CreatedAt: now, UploadBy: now.Add(UploadWithin), UpdatedAt: now,
	}, nil
}

// IsUploadID reports whether an id is of the form NewUpload makes.
func IsUploadID(id string) bool {
	random, ok := strings.CutPrefix(id, "img_")
	return ok && len(random) == 26 && strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// The store's folders. Only RenditionPrefix is ever shown to the public.
const (
	UploadPrefix     = "uploads/"    // what browsers send; writable with a signed policy
	OriginalPrefix   = "originals/"  // what was sent, out of the browser's reach
	RenditionPrefix  = "images/"     // what is shown
	QuarantinePrefix = "quarantine/" // what was refused
)

// OriginalKey is where the file is that was uploaded.
//
// The ID stands in every public address of the image; the rest is as secret
// as the key it was sent to.
func (u Upload) OriginalKey() string { return OriginalPrefix + u.ID + "/" + path.Base(u.Key) }

// QuarantineKey is where it is once it was refused.
func (u Upload) QuarantineKey() string { return QuarantinePrefix + u.ID + "/" + path.Base(u.Key) }

// RenditionKey names a rendition by its content, so that what is behind a key
// never changes and may be cached for ever.
func RenditionKey(id, name, digest, extension string) string {
	return RenditionPrefix + id + "/" + name + "-" + digest[:min(len(digest), 40)] + extension
}

// KeyOwner returns the upload that a key of the originals, the renditions or
// the quarantine belongs to.
func KeyOwner(key string) (id string, ok bool) {
	for _, prefix := range []string{OriginalPrefix, RenditionPrefix, QuarantinePrefix} {
		if rest, found := strings.CutPrefix(key, prefix); found {
			id, _, _ = strings.Cut(rest, "/")
			return id, IsUploadID(id)
		}
	}
	return "", false
}

// Shown reports whether its sizes are seen at their addresses: once it is
// published, and, where it is being deleted, for as long as its product or the
// search may still lead there. The record forgets the sizes after that.
func (u Upload) Shown() bool {
	return u.Status == Ready || u.Status == Deleting && len(u.Renditions) > 0
}

// Folders are where its files are, whatever was noted of them; each ends in a
// slash. What a browser sent is at Key until it is taken.
func (u Upload) Folders() []string {
	return []string{RenditionPrefix + u.ID + "/", OriginalPrefix + u.ID + "/", QuarantinePrefix + u.ID + "/"}
}

// Published is the image as its product shows it.
func (u Upload) Published() Image {
	return Image{ID: u.ID, Alt: u.Alt, Renditions: u.Renditions}
}

// Object is a file in the store, without its bytes.
type Object struct {
	Key      string
	Type     string
	Bytes    int64
	Modified time.Time
}

// SignedUpload is how a browser sends a file straight to the store. Whatever
// differs from it by a byte, the store refuses.
type SignedUpload struct {
	Method  string            `json:"method" enum:"POST,PUT"`
	URL     string            `json:"url"`
	Fields  map[string]string `json:"fields,omitempty" doc:"POST: send these as form fields before the file, which comes last in a field named file"`
	Headers map[string]string `json:"headers,omitempty" doc:"PUT: send exactly these headers; the browser sets Content-Length itself"`
	Expires time.Time         `json:"expiresAt"`
}

// Link is an address that may stop working.
type Link struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expiresAt,omitzero" doc:"Missing: it works for good"`
}
