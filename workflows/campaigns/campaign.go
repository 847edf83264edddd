// Package campaigns has the workflow of a marketing campaign.
package campaigns

import (
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/campaigns"
	"purser/mail"
	"purser/workflows"
)

// The messages of a campaign's workflow.
const (
	// GetCampaign returns the progress of the campaign, as of its last chunk.
	GetCampaign workflows.Query[CampaignProgress] = "GetCampaign"
	// PauseCampaign pauses the campaign and returns when nothing more goes out.
	PauseCampaign workflows.Update[SteerRequest, CampaignProgress] = "PauseCampaign"
	// ResumeCampaign lets a paused campaign go on, no matter who paused it.
	ResumeCampaign workflows.Update[SteerRequest, CampaignProgress] = "ResumeCampaign"
	// CancelCampaign ends the campaign where it is. Mails sent before are not
	// affected.
	CancelCampaign workflows.Update[SteerRequest, CampaignProgress] = "CancelCampaign"
	// RetryCampaign returns when the round that the campaign was started for
	// has begun, or why it did not: by activities.FailureState or
	// activities.FailureNoneUnknown.
	RetryCampaign workflows.Update[SteerRequest, CampaignProgress] = "RetryCampaign"
)

// SteerRequest says which operator steers a campaign, and why.
type SteerRequest struct {
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
}

func (r SteerRequest) String() string {
	if r.Reason == "" {
		return r.Actor
	}
	return r.Actor + ": " + r.Reason
}

// CampaignProgress is how far a campaign has come, and its result.
type CampaignProgress struct {
	ID     string              `json:"id"`
	State  mail.CampaignState  `json:"state"`
	Why    string              `json:"why,omitempty"`
	After  int64               `json:"after"` // every recipient up to this number has an outcome
	Counts mail.CampaignCounts `json:"counts"`
}

// campaignWorkflow is the state of one running campaign.
type campaignWorkflow struct {
	CampaignProgress
	run       CampaignRun
	version   int64 // of the state in the record
	gathered  bool  // the audience was looked up
	notBefore time.Time
	began     time.Time // zero: it has not begun
	chunks    int       // of this run

	paused    *SteerRequest // who paused it; nil: it is not paused
	cancelled *SteerRequest // who cancelled it; nil: it is not cancelled
	retry     *mail.Retry   // the round to begin, until it has begun
	refusal   error         // why the round did not begin
	interrupt func()        // ends the current wait or chunk
}

// CampaignWorkflow sends one mail to many people, each once, over days and crashes.
// The recipients, their outcomes and the texts are in the record; the workflow
// holds only its progress. It ends as done or cancelled. It never fails because of
// a recipient's mail.
func CampaignWorkflow(ctx workflow.Context, run CampaignRun) (CampaignProgress, error) {
	w := &campaignWorkflow{
		run: run, CampaignProgress: CampaignProgress{ID: run.ID, State: mail.CampaignDraft},
		cancelled: run.Cancelled, retry: run.Retry, interrupt: func() {},
	}
	if c := run.Snapshot; c != nil {
		w.CampaignProgress, w.version, w.paused, w.gathered, w.notBefore, w.began = c.Progress, c.Version, c.Paused, c.Gathered, c.NotBefore, c.Began
	}
	asked := ctx // a cancellation in the Temporal UI counts like an operator's
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := w.listen(ctx); err != nil {
		return w.CampaignProgress, err
	}
	workflow.Go(asked, func(asked workflow.Context) {
		asked.Done().Receive(asked, nil)
		w.cancel(SteerRequest{Actor: "temporal"})
	})
	for !w.State.Final() {
		if err := w.step(ctx); err != nil {
			return w.CampaignProgress, err
		}
		workflow.SetCurrentDetails(ctx, w.details())
		if w.chunks >= chunksPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			if err := w.continueAsNew(ctx); err != nil {
				return w.CampaignProgress, err
			}
		}
	}
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	return w.CampaignProgress, err
}

// step does the next thing there is to do. Operators' requests come first.
func (w *campaignWorkflow) step(ctx workflow.Context) error {
	switch wait := w.run.StartAt.Sub(workflow.Now(ctx)); {
	case w.retry != nil:
		return w.beginRound(ctx)
	case w.cancelled != nil:
		return w.advance(ctx, mail.CampaignCancelled, w.cancelled.String())
	case w.paused != nil:
		return w.standStill(ctx)
	case wait > 0 && w.State != mail.CampaignRunning && !w.gathered:
		if w.State != mail.CampaignScheduled {
			return w.advance(ctx, mail.CampaignScheduled, "")
		}
		return w.sleep(ctx, wait, "The campaign begins")
	case w.State != mail.CampaignRunning:
		return w.advance(ctx, mail.CampaignRunning, "")
	case !w.gathered:
		return w.gather(ctx)
	case w.wait(ctx) >= longestWaitInChunk:
		return w.sleep(ctx, w.wait(ctx), "The campaign's pace")
	}
	return w.chunk(ctx)
}

// beginRound makes the recipients whose outcome is unknown due again, for the round
// that an operator has asked for.
func (w *campaignWorkflow) beginRound(ctx workflow.Context) error {
	w.version++
	r := steps.CampaignRetry{ID: w.ID, Version: w.version, Retry: *w.retry}
	_, err := retryCampaign.Run(ctx, 0, "The campaign goes on, round "+strconv.Itoa(w.retry.Round+1), r, nil)
	switch {
	case err == nil:
		w.State = mail.CampaignRunning
	case workflows.IsFailure(err, activities.FailureState), workflows.IsFailure(err, activities.FailureNoneUnknown):
		w.State, w.refusal = mail.CampaignDone, err // as it was
	default:
		return err
	}
	w.retry = nil
	return nil
}

// wait returns how long nothing may go out yet.
func (w *campaignWorkflow) wait(ctx workflow.Context) time.Duration {
	return max(w.notBefore.Sub(workflow.Now(ctx)), 0)
}

// longestWaitInChunk is the longest wait that happens inside the activity of a
// chunk, more than most paces require. Longer waits use a timer.
const longestWaitInChunk = time.Second

// standStill waits until the campaign may go on.
func (w *campaignWorkflow) standStill(ctx workflow.Context) error {
	if w.State != mail.CampaignPaused || w.Why != w.paused.String() {
		return w.advance(ctx, mail.CampaignPaused, w.paused.String())
	}
	workflow.SetCurrentDetails(ctx, w.details())
	return workflow.Await(ctx, func() bool { return w.paused == nil || w.cancelled != nil })
}

// sleep waits for a time to come, or for an operator.
func (w *campaignWorkflow) sleep(ctx workflow.Context, d time.Duration, summary string) error {
	workflow.SetCurrentDetails(ctx, w.details())
	ctx, w.interrupt = workflow.WithCancel(ctx)
	err := workflow.NewTimerWithOptions(ctx, d, workflow.TimerOptions{Summary: summary}).Get(ctx, nil)
	return interrupted(err)
}

// gather looks up the campaign's audience. Recipients that were listed are in the
// record already.
func (w *campaignWorkflow) gather(ctx workflow.Context) error {
	ctx, w.interrupt = workflow.WithCancel(ctx)
	if w.began.IsZero() {
		w.began = workflow.Now(ctx)
	}
	g, err := gatherRecipients.Remote(ctx, 0, "Look up the recipients", nil, steps.Gathering{ID: w.ID, Now: w.began})
	if err == nil {
		w.gathered, w.Counts = true, g.Counts
	}
	return w.pauseOn(ctx, err)
}

// chunk sends the mail to the next recipients.
func (w *campaignWorkflow) chunk(ctx workflow.Context) error {
	w.chunks++
	working, cancel := workflow.WithCancel(ctx)
	w.interrupt = cancel
	done, err := sendChunk.Remote(working, 0, fmt.Sprintf("Send to the recipients after %d", w.After), nil,
		steps.ChunkRequest{ID: w.ID, After: w.After, Wait: w.wait(ctx)})
	if err != nil {
		return w.pauseOn(working, err)
	}
	w.interrupt = func() {}
	w.After, w.Counts, w.notBefore = done.After, done.Counts, workflow.Now(ctx).Add(done.Wait)
	switch {
	case done.Held != "" && w.paused == nil:
		w.paused = &SteerRequest{Actor: workflows.ActorPurser, Reason: done.Held}
	case done.Finished && w.Counts.Due > 0 && w.After > 0:
		w.After = 0 // start over: some recipients are still due
	case done.Finished:
		return w.advance(ctx, mail.CampaignDone, "")
	}
	return nil
}

// interrupted returns nil for a cancellation, and err otherwise. Only operators
// interrupt a campaign, so a cancellation is not an error, even if the operator has
// changed their mind since.
func interrupted(err error) error {
	if temporal.IsCanceledError(err) {
		return nil
	}
	return err
}

// pauseOn pauses a campaign that cannot go on by itself, for example because its
// record is missing: an operator must look. It ignores the error of work that an
// operator has interrupted: that work is not tried again, and the next step reads
// from the record how far it came.
func (w *campaignWorkflow) pauseOn(working workflow.Context, err error) error {
	if err == nil || working.Err() != nil {
		return nil
	}
	if w.paused == nil {
		w.paused = &SteerRequest{Actor: workflows.ActorPurser, Reason: workflows.Reason(err)}
	}
	return nil
}

// advance moves the campaign to a state and writes that to the record.
func (w *campaignWorkflow) advance(ctx workflow.Context, s mail.CampaignState, why string) error {
	w.version++
	m := steps.CampaignMark{ID: w.ID, Version: w.version, State: s, Why: why}
	_, err := markCampaign.Run(ctx, 0, "The campaign is "+string(s), m, nil)
	if err == nil {
		w.State, w.Why = s, why
	}
	return err
}

// details returns the text that the Temporal UI shows.
func (w *campaignWorkflow) details() string {
	c := w.Counts
	return fmt.Sprintf("**%s** %s\n\n%d of %d have an outcome: %d sent, %d suppressed, %d rejected, %d unknown, %d skipped.",
		w.State, w.Why, c.Resolved(), c.Total, c.Sent, c.Suppressed, c.Rejected, c.Unknown, c.Skipped)
}
