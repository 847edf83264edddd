package images

import (
	"context"
	"errors"
	"net/http"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

type addImageInput struct {
	SKU  string `path:"sku" maxLength:"64" doc:"The product's SKU"`
	Body struct {
		Type   string `json:"contentType" maxLength:"100" example:"image/jpeg" doc:"image/jpeg, image/png, image/webp or image/gif; other names of these, such as image/jpg, are understood"`
		Bytes  int64  `json:"size" minimum:"1" maximum:"10485760" doc:"The size of the file in bytes; exactly this many must be uploaded"`
		Alt    string `json:"alt,omitempty" maxLength:"200" doc:"The alternative text: a description of what the image shows"`
		Method string `json:"method,omitempty" enum:"POST,PUT" default:"POST" doc:"The method of the upload. POST: as a form, as browsers do. PUT: as the body."`
	}
}

type addImageOutput struct {
	Location string `header:"Location"`
	Body     struct {
		Image  imageView            `json:"image"`
		Upload catalog.SignedUpload `json:"upload"`
	}
}

// add records the upload and signs a request for it.
func (s *Service) add(ctx context.Context, in *addImageInput) (*addImageOutput, error) {
	u, err := catalog.NewUpload(in.SKU, in.Body.Alt, in.Body.Type, in.Body.Bytes, httpkit.CallOf(ctx).Principal.Name, s.server.Now())
	if err != nil {
		return nil, problemOf(err)
	}
	if err := s.Records.CreateUpload(ctx, u); err != nil {
		return nil, problemOf(err)
	}
	sign := s.Store.SignPost
	if in.Body.Method == http.MethodPut {
		sign = s.Store.SignPut
	}
	out := &addImageOutput{Location: "/v1/images/" + u.ID}
	out.Body.Image = imageView{Upload: u}
	out.Body.Upload, err = sign(ctx, catalog.Object{Key: u.Key, Type: u.Type, Bytes: u.Bytes}, catalog.UploadWithin)
	if err != nil {
		return nil, problemOf(err)
	}
	return out, nil
}

// complete starts to process the image, if the file was uploaded and the caller is
// its owner or an operator.
func (s *Service) complete(ctx context.Context, in *imageInput) (*imageOutput, error) {
	u, err := s.Records.Upload(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	if err := checkOwner(ctx, u); err != nil {
		return nil, err
	}
	if u.Status == catalog.AwaitingUpload {
		_, err := s.Store.HeadObject(ctx, u.Key)
		if errors.Is(err, order.ErrNoSuch) {
			err = catalog.ErrNotUploaded
		}
		if err != nil {
			return nil, problemOf(err)
		}
	}
	if u, err = s.Records.BeginUpload(ctx, u.ID); err != nil {
		return nil, problemOf(err)
	}
	if u.Status == catalog.Processing {
		if err := s.Workflows.StartImage(ctx, u.ID, u.SKU); err != nil {
			return nil, err // the sweep or the caller's next attempt will start it
		}
	}
	return s.output(ctx, u)
}
