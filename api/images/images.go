package images

import (
	"context"

	"purser/catalog"
)

type imageInput struct {
	ID string `path:"id" maxLength:"64" example:"img_abcdefghijklmnopqrstuvwxyz" doc:"The image's id"`
}

// imageView is an image and, once it is ready, its renditions with their links.
type imageView struct {
	catalog.Upload
	Renditions []renditionView `json:"renditions,omitempty"`
}

type renditionView struct {
	Name   string `json:"name" enum:"large,medium,small,thumbnail"`
	Type   string `json:"contentType"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"size"`
	// Address redirects to a link that is valid when it is followed.
	Address string `json:"address" doc:"The permanent path of this rendition below this API, for pages and search results"`
	catalog.Link
}

type imageOutput struct {
	RetryAfter string `header:"Retry-After"`
	Body       imageView
}

func (s *Service) get(ctx context.Context, in *imageInput) (*imageOutput, error) {
	u, err := s.Records.Upload(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	return s.output(ctx, u)
}

func (s *Service) output(ctx context.Context, u catalog.Upload) (*imageOutput, error) {
	v, err := s.view(ctx, u)
	if err != nil {
		return nil, err
	}
	out := &imageOutput{Body: v}
	if u.Status == catalog.Processing || u.Status == catalog.Deleting {
		out.RetryAfter = "1"
	}
	return out, nil
}

// view adds the links to all renditions of an image that is ready. An image that
// is not ready has none.
func (s *Service) view(ctx context.Context, u catalog.Upload) (imageView, error) {
	v := imageView{Upload: u}
	if u.Status != catalog.Ready {
		return v, nil
	}
	for _, r := range u.Renditions {
		link, err := s.Links.ShowObject(ctx, r.Key)
		if err != nil {
			return v, problemOf(err)
		}
		v.Renditions = append(v.Renditions, renditionView{Name: r.Name, Type: r.Type, Width: r.Width, Height: r.Height, Bytes: r.Bytes, Address: "/" + r.Key, Link: link})
	}
	return v, nil
}

type listImagesInput struct {
	SKU string `path:"sku" maxLength:"64" doc:"The product's SKU"`
}

type listImagesOutput struct {
	Body struct {
		Images []imageView `json:"images"`
	}
}

func (s *Service) list(ctx context.Context, in *listImagesInput) (*listImagesOutput, error) {
	found, err := s.Records.Uploads(ctx, catalog.CleanSKU(in.SKU))
	if err != nil {
		return nil, err
	}
	out := &listImagesOutput{}
	out.Body.Images = make([]imageView, 0, len(found))
	for _, u := range found {
		v, err := s.view(ctx, u)
		if err != nil {
			return nil, err
		}
		out.Body.Images = append(out.Body.Images, v)
	}
	return out, nil
}

type linkOutput struct{ Body catalog.Link }

// original returns a link to download the file as it was uploaded. The file is
// private, so the link is valid for one hour only.
func (s *Service) original(ctx context.Context, in *imageInput) (*linkOutput, error) {
	u, err := s.Records.Upload(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	key := u.OriginalKey()
	switch u.Status {
	case catalog.Refused:
		key = u.QuarantineKey()
	case catalog.AwaitingUpload, catalog.Expired:
		return nil, problemOf(catalog.ErrNotUploaded)
	case catalog.Deleting, catalog.Deleted:
		return nil, problemOf(catalog.ErrNoUpload)
	}
	link, err := s.Links.ShowPrivate(ctx, key, catalog.PrivateLink)
	if err != nil {
		return nil, problemOf(err)
	}
	return &linkOutput{link}, nil
}
