// Package images is the API's operations on products' images, and the addresses at
// which they are seen.
package images

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
)

// Records keeps what is known of images.
type Records interface {
	// CreateUpload fails with catalog.ErrNotFound or catalog.ErrManyUploads.
	CreateUpload(ctx context.Context, u catalog.Upload) error
	// Upload fails with catalog.ErrNoUpload.
	Upload(ctx context.Context, id string) (catalog.Upload, error)
	// Uploads lists a product's, oldest first.
	Uploads(ctx context.Context, sku string) ([]catalog.Upload, error)
	// BeginUpload fails with catalog.ErrUploadOver.
	BeginUpload(ctx context.Context, id string) (catalog.Upload, error)
	// DeleteUpload notes that an image is to be deleted.
	DeleteUpload(ctx context.Context, id string) (catalog.Upload, error)
}

// Store signs what a browser sends straight to the store.
type Store interface {
	SignPost(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	SignPut(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	// HeadObject fails with order.ErrNoSuch if there is no such file.
	HeadObject(ctx context.Context, key string) (catalog.Object, error)
}

// Links makes the addresses at which images are seen.
type Links interface {
	// ShowObject is for what is published.
	ShowObject(ctx context.Context, key string) (catalog.Link, error)
	// ShowPrivate is for what is not, as a download.
	ShowPrivate(ctx context.Context, key string, within time.Duration) (catalog.Link, error)
}

// Workflows starts the workflows that make an image ready and that delete it;
// starting one again changes nothing.
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
		Summary:     "Ask to send an image",
		Description: "Answers where and how a browser sends the file: straight to the store, which takes exactly the announced size and type, for 15 minutes. Call the image complete afterwards.",
	}, write, s.add)
	httpkit.Register(server, huma.Operation{
		OperationID: "complete-image", Method: http.MethodPost, Path: "/v1/images/{id}/complete", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Say that an image was sent",
		Description: "Has it looked at and made ready in all its sizes. Only the key that asked for it, or an operator's, may. Saying it again changes nothing.",
	}, write, s.complete)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-image", Method: http.MethodGet, Path: "/v1/images/{id}", Tags: tags,
		Summary:     "Read an image",
		Description: "Its sizes are named once all of them can be seen, not before. One that was refused says why.",
	}, read, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "list-images", Method: http.MethodGet, Path: "/v1/products/{sku}/images", Tags: tags,
		Summary:     "List a product's images, oldest first; without the deleted ones",
		Description: "Also those still being made ready and those that were refused, with the reason.",
	}, read, s.list)
	httpkit.Register(server, huma.Operation{
		OperationID: "delete-image", Method: http.MethodDelete, Path: "/v1/images/{id}", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Delete an image for good",
		Description: "Its product and the search show it no more, then its files are deleted: all sizes, the original, what is in quarantine. Only the key that asked to send it, or an operator's, may. 202 while that goes on, 200 once it is done; deleting it again changes nothing. What a CDN keeps of it must be invalidated there. The images of a product that is deleted are deleted by themselves.",
	}, write, s.delete, http.StatusOK)
	httpkit.Register(server, huma.Operation{
		OperationID: "get-original", Method: http.MethodGet, Path: "/v1/images/{id}/original", Tags: []string{"operators"},
		Summary:     "Download the file that was sent",
		Description: "Answers an address that works for 60 minutes. Of a refused image it is the file in quarantine: open it with care.",
	}, []httpkit.Role{httpkit.Operator}, s.original)
	server.Mux.HandleFunc("GET /images/{id}/{file}", s.show)
}
