package campaigns

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	"purser/mail"
	"purser/workflows"
)

// RefusalEnded is the type of the refusal to steer a campaign that has ended.
const RefusalEnded = "Ended"

// listen registers the handlers of a campaign's messages.
func (w *campaignWorkflow) listen(ctx workflow.Context) error {
	if err := GetCampaign.Handle(ctx, "The progress of the campaign, as of its last chunk.", func() (CampaignProgress, error) { return w.CampaignProgress, nil }); err != nil {
		return err
	}
	if err := PauseCampaign.Handle(ctx, "Pauses the campaign, and returns when nothing more goes out. Needs who and why.", w.checkSteer, w.onPause); err != nil {
		return err
	}
	if err := ResumeCampaign.Handle(ctx, "Lets a paused campaign go on, no matter who paused it. Needs who and why.", w.checkSteer, w.onResume); err != nil {
		return err
	}
	if err := CancelCampaign.Handle(ctx, "Ends the campaign where it is. Mails sent before are not affected. Needs who and why.", w.checkCancel, w.onCancel); err != nil {
		return err
	}
	return RetryCampaign.Handle(ctx, "Starts a round for the mails of unknown outcome. The API sends it; use purser mail campaign retry.", w.checkRetry, w.onRetry)
}

func (w *campaignWorkflow) checkSteer(workflow.Context, SteerRequest) error {
	if w.State.Final() || w.cancelled != nil {
		return workflows.Refuse(RefusalEnded, mail.ErrCampaignOver.Error())
	}
	return nil
}

func (w *campaignWorkflow) checkCancel(workflow.Context, SteerRequest) error {
	if w.State == mail.CampaignDone {
		return workflows.Refuse(RefusalEnded, mail.ErrCampaignOver.Error())
	}
	return nil
}

// onPause returns when the campaign is paused, or when another request has
// superseded this one.
func (w *campaignWorkflow) onPause(ctx workflow.Context, r SteerRequest) (CampaignProgress, error) {
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return w.CampaignProgress, err
	}
	if err := w.checkSteer(ctx, r); err != nil {
		return w.CampaignProgress, err
	}
	if w.paused == nil {
		w.paused = &r
		w.interrupt()
	}
	mine := w.paused
	err := workflow.Await(ctx, func() bool {
		return w.paused != mine || w.State == mail.CampaignPaused || w.State.Final()
	})
	return w.CampaignProgress, err
}

// onResume returns when the campaign goes on.
func (w *campaignWorkflow) onResume(ctx workflow.Context, r SteerRequest) (CampaignProgress, error) {
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return w.CampaignProgress, err
	}
	if err := w.checkSteer(ctx, r); err != nil {
		return w.CampaignProgress, err
	}
	w.paused = nil
	err := workflow.Await(ctx, func() bool { return w.paused != nil || w.State != mail.CampaignPaused })
	return w.CampaignProgress, err
}

func (w *campaignWorkflow) checkRetry(workflow.Context, SteerRequest) error {
	if w.run.Retry == nil {
		return workflows.Refuse(activities.FailureState, "the campaign was not started for another round")
	}
	return nil
}

// onRetry returns when the round for which the campaign was started has begun, or
// why it did not.
func (w *campaignWorkflow) onRetry(ctx workflow.Context, _ SteerRequest) (CampaignProgress, error) {
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return w.CampaignProgress, err
	}
	err := workflow.Await(ctx, func() bool { return w.retry == nil })
	var app *temporal.ApplicationError
	if errors.As(w.refusal, &app) {
		err = workflows.Refuse(app.Type(), app.Message())
	}
	return w.CampaignProgress, err
}

// onCancel returns when nothing more goes out.
func (w *campaignWorkflow) onCancel(ctx workflow.Context, r SteerRequest) (CampaignProgress, error) {
	if err := workflows.AwaitAccepted(ctx); err != nil {
		return w.CampaignProgress, err
	}
	w.cancel(r)
	if err := workflow.Await(ctx, func() bool { return w.State.Final() }); err != nil {
		return w.CampaignProgress, err
	}
	if w.State == mail.CampaignDone { // it ended before the cancellation
		return w.CampaignProgress, workflows.Refuse(RefusalEnded, mail.ErrCampaignOver.Error())
	}
	return w.CampaignProgress, nil
}

func (w *campaignWorkflow) cancel(r SteerRequest) {
	if w.cancelled == nil {
		w.cancelled = &r
		w.interrupt()
	}
}
