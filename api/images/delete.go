package images

import (
	"context"
	"net/http"

	"purser/api/httpkit"
	"purser/catalog"
)

type deleteImageOutput struct {
	Status     int
	RetryAfter string `header:"Retry-After"`
	Body       imageView
}

// delete marks the image as to be deleted in the record first, so that the sweep
// deletes it even if the workflow cannot be started.
func (s *Service) delete(ctx context.Context, in *imageInput) (*deleteImageOutput, error) {
	u, err := s.Records.Upload(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	if err := checkOwner(ctx, u); err != nil {
		return nil, err
	}
	if u, err = s.Records.DeleteUpload(ctx, u.ID); err != nil {
		return nil, problemOf(err)
	}
	if u.Status == catalog.Deleted {
		return &deleteImageOutput{Status: http.StatusOK, Body: imageView{Upload: u}}, nil
	}
	s.server.Log.InfoContext(ctx, "image deletion requested", "key", httpkit.CallOf(ctx).Principal.Name, "image", u.ID, "sku", u.SKU)
	if err := s.Workflows.DeleteImage(ctx, u.ID, u.SKU); err != nil {
		return nil, err // the sweep or the caller's next attempt will start it
	}
	return &deleteImageOutput{Status: http.StatusAccepted, RetryAfter: "1", Body: imageView{Upload: u}}, nil
}

// checkOwner refuses a caller who is neither the image's owner nor an operator.
func checkOwner(ctx context.Context, u catalog.Upload) error {
	if by := httpkit.CallOf(ctx).Principal; by.Name != u.Owner && by.Role != httpkit.Operator {
		return httpkit.NewProblem(http.StatusForbidden, "forbidden", "the image belongs to another key")
	}
	return nil
}
