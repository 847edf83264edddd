package products

import (
	"context"
	"net/http"

	"purser/api/httpkit"
	"purser/catalog"
)

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
	out.Body.Drift, out.Status, err = httpkit.AcceptOrTimeout(ctx, func(ctx context.Context) (catalog.Drift, error) {
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
	out.Body.Rebuilt, out.Status, err = httpkit.AcceptOrTimeout(ctx, s.Workflows.Reindex)
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}
