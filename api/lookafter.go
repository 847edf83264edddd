package api

import (
	"context"
	"net/http"
	"time"

	"purser/catalog"
)

// lookWithin is how long a caller waits for the index to be looked after.
const lookWithin = 20 * time.Second

// lookAfter does what may take longer than a caller is kept waiting: then it
// goes on, and the status is 202.
func lookAfter[T any](ctx context.Context, do func(context.Context) (T, error)) (found T, status int, err error) {
	waited, stop := context.WithTimeout(ctx, lookWithin)
	defer stop()
	found, err = do(waited)
	if late(waited, err) {
		return found, http.StatusAccepted, nil
	}
	return found, http.StatusOK, err
}

type driftOutput struct {
	Status int
	Body   struct {
		Done bool `json:"done"`
		catalog.Drift
	}
}

func (s *server) reconcile(ctx context.Context, _ *struct{}) (*driftOutput, error) {
	out := &driftOutput{}
	var err error
	out.Body.Drift, out.Status, err = lookAfter(ctx, func(ctx context.Context) (catalog.Drift, error) {
		return s.Products.Workflows.Reconcile(ctx, true)
	})
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}

type rebuiltOutput struct {
	Status int
	Body   struct {
		Done bool `json:"done"`
		catalog.Rebuilt
	}
}

func (s *server) reindex(ctx context.Context, _ *struct{}) (*rebuiltOutput, error) {
	out := &rebuiltOutput{}
	var err error
	out.Body.Rebuilt, out.Status, err = lookAfter(ctx, s.Products.Workflows.Reindex)
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}
