package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/catalog"
)

// deletePictureRoute declares how a picture is got rid of.
func (s *server) deletePictureRoute(a huma.API, tags []string) {
	register(s, a, huma.Operation{
		OperationID: "delete-picture", Method: http.MethodDelete, Path: "/v1/pictures/{id}", DefaultStatus: http.StatusAccepted, Tags: tags,
		Summary:     "Delete a picture for good",
		Description: "Its product and the search show it no more, then its files are deleted: all sizes, the original, what is in quarantine. Only the key that asked to send it, or an operator's, may. 202 while that goes on, 200 once it is done; deleting it again changes nothing. What a CDN keeps of it must be invalidated there. The pictures of a product that is deleted are deleted by themselves.",
	}, []Role{Shop, Operator}, s.deletePicture, http.StatusOK)
}

type deletePictureOutput struct {
	Status     int
	RetryAfter string `header:"Retry-After"`
	Body       pictureView
}

// deletePicture notes it in the record first: whatever happens then, it will
// be carried out.
func (s *server) deletePicture(ctx context.Context, in *pictureInput) (*deletePictureOutput, error) {
	u, err := s.Pictures.Record.Upload(ctx, in.ID)
	if err != nil {
		return nil, pictureProblem(err)
	}
	if err := theirs(ctx, u); err != nil {
		return nil, err
	}
	if u, err = s.Pictures.Record.DeleteUpload(ctx, u.ID); err != nil {
		return nil, pictureProblem(err)
	}
	if u.Status == catalog.Deleted {
		return &deletePictureOutput{Status: http.StatusOK, Body: pictureView{Upload: u}}, nil
	}
	s.Log.InfoContext(ctx, "a picture is to be deleted", "key", callOf(ctx).principal.Name, "picture", u.ID, "sku", u.SKU)
	if err := s.Pictures.Start.DeletePicture(ctx, u.ID, u.SKU); err != nil {
		return nil, err // the sweep will start it, or the caller's next try
	}
	return &deletePictureOutput{Status: http.StatusAccepted, RetryAfter: "1", Body: pictureView{Upload: u}}, nil
}

// theirs refuses whoever neither asked to send the picture nor is an operator.
func theirs(ctx context.Context, u catalog.Upload) error {
	if by := callOf(ctx).principal; by.Name != u.Owner && by.Role != Operator {
		return problem(http.StatusForbidden, "forbidden", "another key asked to send this picture")
	}
	return nil
}
