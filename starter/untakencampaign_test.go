package starter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"purser/mail"
	"purser/order"
	"purser/starter"
)

// deaf is an engine whose workers complete nothing before the caller's deadline. accepts
// says whether they accept updates.
type deaf struct {
	client.Client
	accepts bool
}

func (deaf) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (d deaf) UpdateWithStartWorkflow(ctx context.Context, o client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	if d.accepts && o.UpdateOptions.WaitForStage == client.WorkflowUpdateStageAccepted {
		return promised{}, nil
	}
	<-ctx.Done()
	return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
}

// promised is the handle of an update that was accepted.
type promised struct{ client.WorkflowUpdateHandle }

func (promised) Get(ctx context.Context, _ any) error {
	<-ctx.Done()
	return client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
}

// TestUntakenCancel: cancelling a campaign times out with context.DeadlineExceeded only if
// the update was accepted.
func TestUntakenCancel(t *testing.T) {
	running := mail.CampaignStatus{Campaign: mail.Campaign{ID: "spring"}, State: mail.CampaignRunning, Version: 1}
	for accepts, want := range map[bool]error{true: context.DeadlineExceeded, false: order.ErrBusy} {
		s := &starter.Client{Temporal: deaf{accepts: accepts}}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
		err := s.CancelCampaign(ctx, running, "key:ops", "a wrong price")
		stop()
		if !errors.Is(err, want) || errors.Is(err, context.DeadlineExceeded) != accepts {
			t.Errorf("accepted %t: %v, want %v", accepts, err, want)
		}
	}
}
