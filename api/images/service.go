// Package images implements the API's operations on product images, and redirects
// from their permanent addresses.
package images

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
)

// Records stores the uploads of images.
type Records interface {
	// CreateUpload fails with catalog.ErrNotFound or catalog.ErrManyUploads.
	CreateUpload(ctx context.Context, u catalog.Upload) error
	// Upload fails with catalog.ErrNoUpload if there is no such upload.
	Upload(ctx context.Context, id string) (catalog.Upload, error)
	// Uploads lists a product's uploads, oldest first.
	Uploads(ctx context.Context, sku string) ([]catalog.Upload, error)
	// BeginUpload marks an upload as sent. It fails with catalog.ErrUploadOver.
	BeginUpload(ctx context.Context, id string) (catalog.Upload, error)
	// DeleteUpload marks an image as to be deleted.
	DeleteUpload(ctx context.Context, id string) (catalog.Upload, error)
}

// Store signs uploads that a browser sends directly to the object store.
type Store interface {
	SignPost(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	SignPut(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	// HeadObject fails with order.ErrNoSuch if there is no such file.
	HeadObject(ctx context.Context, key string) (catalog.Object, error)
}

// Links returns the links under which browsers load images.
type Links interface {
	// ShowObject returns a link to a published object.
	ShowObject(ctx context.Context, key string) (catalog.Link, error)
	// ShowPrivate returns a link that downloads a private object.
	ShowPrivate(ctx context.Context, key string, within time.Duration) (catalog.Link, error)
}

// Workflows starts the workflows that process an image and that delete it. Starting
// one again changes nothing.
type Workflows interface {
	StartImage(ctx context.Context, id, sku string) error
	DeleteImage(ctx context.Context, id, sku string) error
}

// Service serves the operations on images. All fields must be set.
type Service struct {
	Records   Records
	Store     Store
	Links     Links
	Workflows Workflows

	server *httpkit.Server
}

// Register declares the operations on images.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	read := []httpkit.Role{httpkit.Shop, httpkit.Viewer, httpkit.Operator}
	write := []httpkit.Role{httpkit.Shop, httpkit.Operator}
	tags := []string{"images"}
	httpkit.Register(server, huma.Operation{
		OperationID: "add-image", Method: http.MethodPost, Path: "/v1/products/{sku}/images", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Begin to upload an image",
		Description: "Returns a signed request with which a browser uploads the file directly to the object store. The store accepts exactly the announced size and type, for 15 minutes. Complete the image after the upload.",
	}, write, s.add)
	httpkit.Register(server, huma.Operation{
		OperationID: "complete-image", Method: http.MethodPost, Path: "/v1/images/{id}/complete", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Complete the upload of an image",
		Description: "Starts to check the image and to make all its sizes. Allowed for the key that began the upload and for operators. Repeating the request changes nothing.",
	}, write, s.complete)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-image", Method: http.MethodGet, Path: "/v1/images/{id}", Tags: tags,
		Summary:     "Read an image",
		Description: "The renditions are listed once all of them are available. A refused image has the reason.",
	}, read, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-images", Method: http.MethodGet, Path: "/v1/products/{sku}/images", Tags: tags,
		Summary:     "List a product's images, oldest first",
		Description: "Includes images that are being processed, and refused images with the reason. Deleted images are not listed.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "delete-image", Method: http.MethodDelete, Path: "/v1/images/{id}", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Delete an image permanently",
		Description: "Removes the image from its product and from the search, then deletes its files: all sizes, the original and a file in quarantine. Allowed for the key that began the upload and for operators. The status is 202 while the deletion is in progress and 200 once it is done; repeating the request changes nothing. Copies in a CDN must be invalidated there. When a product is deleted, its images are deleted, too.",
	}, write, s.delete, http.StatusOK)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-original", Method: http.MethodGet, Path: "/v1/images/{id}/original", Tags: []string{"operators"},
		Summary:     "Get a link to the uploaded file",
		Description: "Returns a link that is valid for 60 minutes. For a refused image, it leads to the file in quarantine: open it with care.",
	}, []httpkit.Role{httpkit.Operator}, s.original)
	server.Mux.HandleFunc("GET /images/{id}/{file}", s.show)
}
