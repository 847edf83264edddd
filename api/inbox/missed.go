package inbox

import (
	"context"
	"net/http"

	"purser/api/httpkit"
	"purser/order"
)

type missedOutput struct {
	Status int
	Body   struct {
		Done bool `json:"done"`
		order.MissedEvents
	}
}

// findMissed searches for missed events, or joins a search that is already running.
func (s *Service) findMissed(ctx context.Context, _ *struct{}) (*missedOutput, error) {
	out := &missedOutput{}
	var err error
	out.Body.MissedEvents, out.Status, err = httpkit.AcceptOrTimeout(ctx, s.Workflows.FindMissedEvents)
	out.Body.Done = out.Status == http.StatusOK
	return out, err
}
