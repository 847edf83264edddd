package orders

import (
	"context"
	"net/http"

	"purser/api/httpkit"
	"purser/order"
)

type stateInput struct {
	ID   string `path:"id" maxLength:"64" doc:"The order's id" example:"ord_0123456789abcdefghjkmnpqrs"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, which is recorded in the order's events; no personal data"`
	}
}

// cancel cancels an order, if that is still possible, and returns it. The status is
// 202 while the cancellation is in progress.
func (s *Service) cancel(ctx context.Context, in *stateInput) (*orderOutput, error) {
	return s.steer(ctx, in, s.Workflows.Cancel)
}

// release resumes an order that is on hold.
func (s *Service) release(ctx context.Context, in *stateInput) (*orderOutput, error) {
	return s.steer(ctx, in, s.Workflows.Release)
}

// message is one of the messages that Workflows sends.
type message func(ctx context.Context, id order.ID, actor, reason, correlation string) (order.Order, error)

// steer sends a message to the workflow of an order that the caller may see, and
// returns the order afterwards.
func (s *Service) steer(ctx context.Context, in *stateInput, send message) (*orderOutput, error) {
	if err := httpkit.CheckReason(in.Body.Reason); err != nil {
		return nil, err
	}
	o, err := httpkit.VisibleOrder(ctx, s.Records, in.ID)
	if err != nil {
		return nil, err
	}
	c := httpkit.CallOf(ctx)
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	done, err := send(waited, o.ID, c.Actor(), in.Body.Reason, c.Correlation)
	switch {
	case httpkit.TimedOut(waited, err):
		if o, err = s.Records.Order(ctx, o.ID); err != nil {
			return nil, err
		}
		return &orderOutput{Status: http.StatusAccepted, ETag: etag(o), RetryAfter: "1", Body: &o}, nil
	case err != nil:
		return nil, err
	}
	return &orderOutput{Status: http.StatusOK, ETag: etag(done), Body: &done}, nil
}
