package apitest

import (
	"context"
	"time"

	"purser/activities/fake"
	"purser/catalog"
)

// ImageStore stands in for the store of images, its links, and the images'
// workflows.
type ImageStore struct {
	fake.Objects
	Started []string
	Deleted []string
	Fail    error
	Expires time.Time
}

// SignPost signs a sample form.
func (s *ImageStore) SignPost(_ context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	return catalog.SignedUpload{Method: "POST", URL: "https://store.example/", Fields: map[string]string{"key": o.Key, "Content-Type": o.Type}, Expires: time.Now().Add(within)}, s.Fail
}

// SignPut signs a sample request.
func (s *ImageStore) SignPut(_ context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	return catalog.SignedUpload{Method: "PUT", URL: "https://store.example/" + o.Key, Headers: map[string]string{"Content-Type": o.Type}, Expires: time.Now().Add(within)}, s.Fail
}

// ShowObject returns a sample link.
func (s *ImageStore) ShowObject(_ context.Context, key string) (catalog.Link, error) {
	return catalog.Link{URL: "https://cdn.example/" + key, Expires: s.Expires}, s.Fail
}

// ShowPrivate returns a sample link.
func (s *ImageStore) ShowPrivate(_ context.Context, key string, within time.Duration) (catalog.Link, error) {
	return catalog.Link{URL: "https://private.example/" + key, Expires: time.Now().Add(within)}, s.Fail
}

// StartImage records that the workflow was started.
func (s *ImageStore) StartImage(_ context.Context, id, _ string) error {
	s.Started = append(s.Started, id)
	return s.Fail
}

// DeleteImage records that the deletion was started.
func (s *ImageStore) DeleteImage(_ context.Context, id, _ string) error {
	s.Deleted = append(s.Deleted, id)
	return s.Fail
}
