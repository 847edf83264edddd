package images

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
	"purser/order"
)

// problemOf returns the problem for an error of the catalogue's uploads or of the
// image store, and any other error as it is.
func problemOf(err error) error {
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
		{catalog.ErrManyUploads, http.StatusConflict, "too_many_images"},
	} {
		if errors.Is(err, k.err) {
			detail := k.err.Error()
			if k.err == catalog.ErrUpload {
				detail = err.Error() // it is about the caller's own request
			}
			return httpkit.NewProblem(k.status, k.code, detail)
		}
	}
	if errors.As(err, &store) {
		return httpkit.NewProblem(http.StatusServiceUnavailable, "store_unavailable", "the image store is unavailable; try again").
			RetryAfter(2 * time.Second).WithCause(fmt.Errorf("images: %w", err))
	}
	return err
}
