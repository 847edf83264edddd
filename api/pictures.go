package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/catalog"
	"purser/order"
)

// Pictures is what taking pictures in needs.
type Pictures struct {
	Record PictureRecords
	Store  PictureStore
	Links  PictureLinks
	Start  PictureStarter
}

// PictureRecords is what the record knows of pictures.
type PictureRecords interface {
	// CreateUpload fails with catalog.ErrNotFound or catalog.ErrManyUploads.
	CreateUpload(ctx context.Context, u catalog.Upload) error
	// Upload fails with catalog.ErrNoUpload.
	Upload(ctx context.Context, id string) (catalog.Upload, error)
	// Uploads lists a product's, oldest first.
	Uploads(ctx context.Context, sku string) ([]catalog.Upload, error)
	// BeginUpload fails with catalog.ErrUploadOver.
	BeginUpload(ctx context.Context, id string) (catalog.Upload, error)
	// DeleteUpload notes that a picture is to be deleted.
	DeleteUpload(ctx context.Context, id string) (catalog.Upload, error)
}

// PictureStore signs what a browser sends straight to the store.
type PictureStore interface {
	SignPost(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	SignPut(ctx context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error)
	// HeadObject fails with order.ErrNoSuch if there is no such file.
	HeadObject(ctx context.Context, key string) (catalog.Object, error)
}

// PictureLinks are where pictures are seen.
type PictureLinks interface {
	// ShowObject is for what is published.
	ShowObject(ctx context.Context, key string) (catalog.Link, error)
	// ShowPrivate is for what is not, as a download.
	ShowPrivate(ctx context.Context, key string, within time.Duration) (catalog.Link, error)
}

// PictureStarter starts the workflows that make a picture ready and that delete
// it; starting one again changes nothing.
type PictureStarter interface {
	StartPicture(ctx context.Context, id, sku string) error
	DeletePicture(ctx context.Context, id, sku string) error
}

// pictureRoutes declares them, where there is somewhere to put pictures.
func (s *server) pictureRoutes(mux *http.ServeMux, a huma.API) {
	if s.Pictures == nil {
		return
	}
	tags := []string{"pictures"}
	register(s, a, huma.Operation{
		OperationID: "add-picture", Method: http.MethodPost, Path: "/v1/products/{sku}/pictures", DefaultStatus: http.StatusCreated, Tags: tags,
		Summary:     "Ask to send a picture",
		Description: "Answers where and how a browser sends the file: straight to the store, which takes exactly the announced size and type, for 15 minutes. Call the picture complete afterwards.",
	}, []Role{Shop, Operator}, s.addPicture)
	register(s, a, huma.Operation{
		OperationID: "complete-picture", Method: http.MethodPost, Path: "/v1/pictures/{id}/complete", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Say that a picture was sent",
		Description: "Has it looked at and made ready in all its sizes. Only the key that asked for it, or an operator's, may. Saying it again changes nothing.",
	}, []Role{Shop, Operator}, s.completePicture)
	register(s, a, huma.Operation{
		OperationID: "get-picture", Method: http.MethodGet, Path: "/v1/pictures/{id}", Tags: tags,
		Summary:     "Read a picture",
		Description: "Its sizes are named once all of them can be seen, not before. One that was refused says why.",
	}, []Role{Shop, Viewer, Operator}, s.getPicture)
	register(s, a, huma.Operation{
		OperationID: "list-pictures", Method: http.MethodGet, Path: "/v1/products/{sku}/pictures", Tags: tags,
		Summary:     "List a product's pictures, oldest first; without the deleted ones",
		Description: "Also those still being made ready and those that were refused, with the reason.",
	}, []Role{Shop, Viewer, Operator}, s.listPictures)
	s.deletePictureRoute(a, tags)
	register(s, a, huma.Operation{
		OperationID: "get-original", Method: http.MethodGet, Path: "/v1/pictures/{id}/original", Tags: []string{"operators"},
		Summary:     "Download the file that was sent",
		Description: "Answers an address that works for 60 minutes. Of a refused picture it is the file in quarantine: open it with care.",
	}, []Role{Operator}, s.getOriginal)
	mux.HandleFunc("GET /pictures/{id}/{file}", s.showPicture)
}

type addPictureInput struct {
	SKU  string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Body struct {
		Type   string `json:"contentType" enum:"image/jpeg,image/png,image/webp,image/gif"`
		Bytes  int64  `json:"size" minimum:"1" maximum:"10485760" doc:"Of the file, in bytes; exactly as many must be sent"`
		Alt    string `json:"alt,omitempty" maxLength:"200" doc:"What it shows, in words"`
		Method string `json:"method,omitempty" enum:"POST,PUT" default:"POST" doc:"POST: by a form, as browsers do. PUT: as the body."`
	}
}

type addPictureOutput struct {
	Location string `header:"Location"`
	Body     struct {
		Picture pictureView          `json:"picture"`
		Upload  catalog.SignedUpload `json:"upload"`
	}
}

// addPicture notes the upload and signs for it.
func (s *server) addPicture(ctx context.Context, in *addPictureInput) (*addPictureOutput, error) {
	u, err := catalog.NewUpload(in.SKU, in.Body.Alt, in.Body.Type, in.Body.Bytes, callOf(ctx).principal.Name, s.Now())
	if err != nil {
		return nil, pictureProblem(err)
	}
	if err := s.Pictures.Record.CreateUpload(ctx, u); err != nil {
		return nil, pictureProblem(err)
	}
	sign := s.Pictures.Store.SignPost
	if in.Body.Method == http.MethodPut {
		sign = s.Pictures.Store.SignPut
	}
	out := &addPictureOutput{Location: "/v1/pictures/" + u.ID}
	out.Body.Picture = pictureView{Upload: u}
	out.Body.Upload, err = sign(ctx, catalog.Object{Key: u.Key, Type: u.Type, Bytes: u.Bytes}, catalog.UploadWithin)
	if err != nil {
		return nil, pictureProblem(err)
	}
	return out, nil
}

type pictureInput struct {
	ID string `path:"id" maxLength:"64" example:"pic_abcdefghijklmnopqrstuvwxyz" doc:"The picture's id"`
}

// pictureView is a picture and, once it is ready, where its sizes are seen.
type pictureView struct {
	catalog.Upload
	Renditions []renditionView `json:"renditions,omitempty"`
}

type renditionView struct {
	Name   string `json:"name" enum:"large,medium,small,thumbnail"`
	Type   string `json:"contentType"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"size"`
	// Address leads to the link anew, whenever it is asked.
	Address string `json:"address" doc:"Below this API: where it is always found, for pages and search results"`
	catalog.Link
}

type pictureOutput struct {
	RetryAfter string `header:"Retry-After"`
	Body       pictureView
}

// completePicture starts the work, if the file is there and the caller is the
// one who asked to send it (IMG-3, IMG-4).
func (s *server) completePicture(ctx context.Context, in *pictureInput) (*pictureOutput, error) {
	u, err := s.Pictures.Record.Upload(ctx, in.ID)
	if err != nil {
		return nil, pictureProblem(err)
	}
	if err := theirs(ctx, u); err != nil {
		return nil, err
	}
	if u.Status == catalog.AwaitingUpload {
		_, err := s.Pictures.Store.HeadObject(ctx, u.Key)
		if errors.Is(err, order.ErrNoSuch) {
			err = catalog.ErrNotUploaded
		}
		if err != nil {
			return nil, pictureProblem(err)
		}
	}
	if u, err = s.Pictures.Record.BeginUpload(ctx, u.ID); err != nil {
		return nil, pictureProblem(err)
	}
	if u.Status == catalog.Processing {
		if err := s.Pictures.Start.StartPicture(ctx, u.ID, u.SKU); err != nil {
			return nil, err // the sweep will start it, or the caller's next try
		}
	}
	return s.pictureOf(ctx, u)
}

func (s *server) getPicture(ctx context.Context, in *pictureInput) (*pictureOutput, error) {
	u, err := s.Pictures.Record.Upload(ctx, in.ID)
	if err != nil {
		return nil, pictureProblem(err)
	}
	return s.pictureOf(ctx, u)
}

func (s *server) pictureOf(ctx context.Context, u catalog.Upload) (*pictureOutput, error) {
	v, err := s.seen(ctx, u)
	if err != nil {
		return nil, err
	}
	out := &pictureOutput{Body: v}
	if u.Status == catalog.Processing || u.Status == catalog.Deleting {
		out.RetryAfter = "1"
	}
	return out, nil
}

// seen says where a picture's sizes are seen: only of one that is ready, and
// then of all (IMG-9).
func (s *server) seen(ctx context.Context, u catalog.Upload) (pictureView, error) {
	v := pictureView{Upload: u}
	if u.Status != catalog.Ready {
		return v, nil
	}
	for _, r := range u.Renditions {
		link, err := s.Pictures.Links.ShowObject(ctx, r.Key)
		if err != nil {
			return v, pictureProblem(err)
		}
		v.Renditions = append(v.Renditions, renditionView{Name: r.Name, Type: r.Type, Width: r.Width, Height: r.Height, Bytes: r.Bytes, Address: "/" + r.Key, Link: link})
	}
	return v, nil
}

type listPicturesInput struct {
	SKU string `path:"sku" maxLength:"64" doc:"The product's SKU"`
}

type listPicturesOutput struct {
	Body struct {
		Pictures []pictureView `json:"pictures"`
	}
}

func (s *server) listPictures(ctx context.Context, in *listPicturesInput) (*listPicturesOutput, error) {
	found, err := s.Pictures.Record.Uploads(ctx, in.SKU)
	if err != nil {
		return nil, err
	}
	out := &listPicturesOutput{}
	out.Body.Pictures = make([]pictureView, 0, len(found))
	for _, u := range found {
		v, err := s.seen(ctx, u)
		if err != nil {
			return nil, err
		}
		out.Body.Pictures = append(out.Body.Pictures, v)
	}
	return out, nil
}

type linkOutput struct{ Body catalog.Link }

// getOriginal answers where the file as it was sent can be downloaded. It is
// private, so the address works for an hour only (IMG-11).
func (s *server) getOriginal(ctx context.Context, in *pictureInput) (*linkOutput, error) {
	u, err := s.Pictures.Record.Upload(ctx, in.ID)
	if err != nil {
		return nil, pictureProblem(err)
	}
	key := u.OriginalKey()
	switch u.Status {
	case catalog.Refused:
		key = u.QuarantineKey()
	case catalog.AwaitingUpload, catalog.Expired:
		return nil, pictureProblem(catalog.ErrNotUploaded)
	case catalog.Deleting, catalog.Deleted:
		return nil, pictureProblem(catalog.ErrNoUpload)
	}
	link, err := s.Pictures.Links.ShowPrivate(ctx, key, catalog.PrivateLink)
	if err != nil {
		return nil, pictureProblem(err)
	}
	return &linkOutput{link}, nil
}

// pictureProblem is problemOf for what can be wrong with pictures.
func pictureProblem(err error) error {
	var store *order.ProviderError
	for _, k := range []struct {
		err    error
		status int
		code   string
	}{
		{catalog.ErrUpload, http.StatusUnprocessableEntity, "invalid"},
		{catalog.ErrNotFound, http.StatusNotFound, "not_found"},
		{catalog.ErrNoUpload, http.StatusNotFound, "not_found"},
		{catalog.ErrNotUploaded, http.StatusConflict, "not_uploaded"},
		{catalog.ErrUploadOver, http.StatusConflict, "upload_over"},
		{catalog.ErrManyUploads, http.StatusConflict, "too_many_pictures"},
	} {
		if errors.Is(err, k.err) {
			detail := k.err.Error()
			if k.err == catalog.ErrUpload {
				detail = err.Error() // of the caller's own request
			}
			return problem(k.status, k.code, detail)
		}
	}
	if errors.As(err, &store) {
		p := problem(http.StatusServiceUnavailable, "store_unavailable", "the picture store cannot be used just now; try again").retry(2 * time.Second)
		p.cause = fmt.Errorf("pictures: %w", err)
		return p
	}
	return err
}
