package products

import (
	"context"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/catalog"
)

// acceptAfter is how long a caller waits for work on the index before the response
// is 202.
const acceptAfter = 20 * time.Second

// acceptOrTimeout returns the result of do with the status 200. If do takes longer
// than acceptAfter, it returns the status 202, and the work continues.
func acceptOrTimeout[T any](ctx context.Context, do func(context.Context) (T, error)) (found T, status int, err error) {
	waited, stop := context.WithTimeout(ctx, acceptAfter)
	defer stop()
	found, err = do(waited)
	if httpkit.TimedOut(waited, err) {
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

// reconcile compares the index with the catalogue, or joins a comparison that is
// already running.
func (s *Service) reconcile(ctx context.Context, _ *struct{}) (*driftOutput, error) {
	out := &driftOutput{}
	var err error
	out.Body.Drift, out.Status, err = acceptOrTimeout(ctx, func(ctx context.Context) (catalog.Drift, error) {
		return s.Workflows.Reconcile(ctx, true)
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

// reindex builds a new index, or joins a rebuild that is already running.
func (s *Service) reindex(ctx context.Context, _ *struct{}) (*rebuiltOutput, error) {
	out := &rebuiltOutput{}
	var err error
	out.Body.Rebuilt, out.Status, err = acceptOrTimeout(ctx, s.Workflows.Reindex)
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}
