package catalog

import (
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"path"
	"slices"
	"strings"
	"time"

	"purser/text"
)

// The errors of uploads. Each is a result for the caller.
var (
	// ErrUpload means that the requested upload is not valid.
	ErrUpload = errors.New("invalid upload")
	// ErrNoUpload means that there is no such upload.
	ErrNoUpload = errors.New("no such image")
	// ErrNotUploaded means that an upload was completed before its file arrived.
	ErrNotUploaded = errors.New("nothing was uploaded yet")
	// ErrUploadOver means that it is too late to complete the upload.
	ErrUploadOver = errors.New("the upload is over")
	// ErrManyUploads means that the product has the most images it may have.
	ErrManyUploads = errors.New("the product has too many images")
)

// The limits of an upload.
const (
	MaxUpload    = 10 << 20         // bytes of a file
	UploadWithin = 15 * time.Minute // from the request to the end of the transfer
	PrivateLink  = 60 * time.Minute // the lifetime of a link to a private file
	// UploadGrace is how long after UploadBy an upload may still be completed.
	UploadGrace = 45 * time.Minute
)

// UploadTypes returns the media types that an upload may have.
func UploadTypes() []string { return []string{"image/jpeg", "image/png", "image/webp", "image/gif"} }

// typeAliases are other names for some of UploadTypes: those of old browsers and
// of operating systems, which are in use although they were never registered.
var typeAliases = map[string]string{
	"image/jpg":           "image/jpeg",
	"image/jpe":           "image/jpeg",
	"image/jfif":          "image/jpeg",
	"image/pjpeg":         "image/jpeg",
	"image/pjp":           "image/jpeg",
	"image/x-jpeg":        "image/jpeg",
	"image/x-jpg":         "image/jpeg",
	"image/x-citrix-jpeg": "image/jpeg",
	"image/x-png":         "image/png",
	"image/x-citrix-png":  "image/png",
	"image/x-webp":        "image/webp",
	"image/x-gif":         "image/gif",
	"image/x-citrix-gif":  "image/gif",
}

// UploadType returns which of UploadTypes a declared media type means. It returns
// "" if it means another one.
func UploadType(declared string) string {
	media, _, err := mime.ParseMediaType(declared)
	if err != nil {
		return ""
	}
	if alias, ok := typeAliases[media]; ok {
		return alias
	}
	if !slices.Contains(UploadTypes(), media) {
		return ""
	}
	return media
}

// UploadStatus is an upload's state.
type UploadStatus string

// The statuses. An upload ends as Ready, Refused or Expired; it can be deleted
// in every status.
const (
	AwaitingUpload UploadStatus = "awaiting_upload"
	Processing     UploadStatus = "processing"
	Ready          UploadStatus = "ready"    // published in all sizes
	Refused        UploadStatus = "refused"  // quarantined, with a reason
	Expired        UploadStatus = "expired"  // never completed
	Deleting       UploadStatus = "deleting" // irrevocable; a published image stays visible until its product no longer shows it
	Deleted        UploadStatus = "deleted"  // no file is left
)

// Upload is an image that a browser uploads for a product.
type Upload struct {
	ID     string       `json:"id"`
	SKU    string       `json:"sku"`
	Alt    string       `json:"alt,omitempty" doc:"A description of the image in words"`
	Status UploadStatus `json:"status" enum:"awaiting_upload,processing,ready,refused,expired,deleting,deleted"`
	Reason string       `json:"reason,omitempty" doc:"Why it was refused, for programs: stable" example:"truncated"`
	Detail string       `json:"detail,omitempty" doc:"Why it was refused, for people"`
	Type   string       `json:"contentType" doc:"As declared, in its registered form: image/jpeg for image/jpg"`
	Bytes  int64        `json:"size" doc:"As declared"`
	Width  int          `json:"width,omitempty" doc:"Of the original"`
	Height int          `json:"height,omitempty"`
	// Key is the unguessable key under which the browser stores the file.
	Key string `json:"-"`
	// Owner is the API key that requested the upload: only it may complete it.
	Owner      string      `json:"-"`
	Renditions []Rendition `json:"-"` // the renditions made so far
	CreatedAt  time.Time   `json:"createdAt"`
	UploadBy   time.Time   `json:"uploadBy" doc:"Until when the file may be sent"`
	UpdatedAt  time.Time   `json:"updatedAt"`
}

// NewUpload returns an upload of a declared type and size in bytes; the type may
// be any name that UploadType knows. Its id and its key hold 128 random bits each. It fails with ErrUpload.
func NewUpload(sku, alt, contentType string, bytes int64, owner string, now time.Time) (Upload, error) {
	media := UploadType(contentType)
	sku, alt = CleanSKU(sku), text.Clean(alt)
	altFault := lineFault(alt, 0, MaxName)
	switch {
	case !IsSKU(sku):
		return Upload{}, fmt.Errorf("%w: sku", ErrUpload)
	case altFault != "":
		return Upload{}, fmt.Errorf("%w: alt: want at most %d characters on one line: %s", ErrUpload, MaxName, altFault)
	case media == "":
		return Upload{}, fmt.Errorf("%w: contentType: want one of %s", ErrUpload, strings.Join(UploadTypes(), ", "))
	case bytes < 1 || bytes > MaxUpload:
		return Upload{}, fmt.Errorf("%w: size: want 1 to %d bytes", ErrUpload, MaxUpload)
	}
	now = now.UTC().Truncate(time.Microsecond)
	return Upload{
		ID: "img_" + strings.ToLower(rand.Text()), SKU: sku, Alt: alt, Status: AwaitingUpload, Type: media, Bytes: bytes, Owner: owner,
		Key:       UploadPrefix + now.Format("2006/01/02/") + strings.ToLower(rand.Text()),
		CreatedAt: now, UploadBy: now.Add(UploadWithin), UpdatedAt: now,
	}, nil
}

// IsUploadID reports whether an id has the form of an upload's id.
func IsUploadID(id string) bool {
	random, ok := strings.CutPrefix(id, "img_")
	return ok && len(random) == 26 && strings.Trim(random, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// The store's folders. Only RenditionPrefix is public.
const (
	UploadPrefix     = "uploads/"    // files from browsers, writable with a signed policy
	OriginalPrefix   = "originals/"  // uploaded files, no longer writable for browsers
	RenditionPrefix  = "images/"     // published renditions
	QuarantinePrefix = "quarantine/" // refused files
	LabelPrefix      = "labels/"     // the files of parcels' labels
)

// OriginalKey returns the key of the uploaded file after it was moved out of the
// browser's reach. The ID is part of every public URL of the image; the rest is
// as secret as Key.
func (u Upload) OriginalKey() string { return OriginalPrefix + u.ID + "/" + path.Base(u.Key) }

// QuarantineKey returns the key of the file after it was refused.
func (u Upload) QuarantineKey() string { return QuarantinePrefix + u.ID + "/" + path.Base(u.Key) }

// RenditionKey returns a rendition's key, which contains a digest of its
// content: the file behind a key never changes and may be cached for ever.
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

// Shown reports whether the renditions are visible at their URLs: once the image
// is published, and during a deletion for as long as its product or the search
// may still refer to them. After that the record removes the renditions.
func (u Upload) Shown() bool {
	return u.Status == Ready || u.Status == Deleting && len(u.Renditions) > 0
}

// Folders returns the prefixes of all files of the upload, recorded or not; each
// ends in a slash. They do not include the file at Key.
func (u Upload) Folders() []string {
	return []string{RenditionPrefix + u.ID + "/", OriginalPrefix + u.ID + "/", QuarantinePrefix + u.ID + "/"}
}

// Published returns the image as its product shows it.
func (u Upload) Published() Image {
	return Image{ID: u.ID, Alt: u.Alt, Renditions: u.Renditions}
}

// Object is the metadata of a file in the store.
type Object struct {
	Key      string
	Type     string
	Bytes    int64
	Modified time.Time
	Private  bool // nobody but Purser may keep a copy
}

// SignedUpload is the signed request with which a browser sends a file directly
// to the store. The store rejects a request that differs from it.
type SignedUpload struct {
	Method  string            `json:"method" enum:"POST,PUT"`
	URL     string            `json:"url"`
	Fields  map[string]string `json:"fields,omitempty" doc:"POST: send these as form fields before the file, which comes last in a field named file"`
	Headers map[string]string `json:"headers,omitempty" doc:"PUT: send exactly these headers; the browser sets Content-Length itself"`
	Expires time.Time         `json:"expiresAt"`
}

// Link is a URL that may expire.
type Link struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expiresAt,omitzero" doc:"Missing if the link does not expire"`
}
