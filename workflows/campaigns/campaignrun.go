package campaigns

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"purser/mail"
)

// CampaignRun is the input of CampaignWorkflow.
type CampaignRun struct {
	ID       string            `json:"id"`
	StartAt  time.Time         `json:"startAt,omitzero"`
	Snapshot *CampaignSnapshot `json:"carried,omitempty"` // set by the run before this one
	// Cancelled is the request to cancel a campaign that is not running. The run
	// is started only for that, and sends nothing: the update alone would come
	// after the first chunk.
	Cancelled *SteerRequest `json:"cancelled,omitempty"`
	// Retry is the round with which a campaign that was done begins again.
	Retry *mail.Retry `json:"retry,omitempty"`
}

// CampaignSnapshot is the state that a run hands to the next when its history has
// grown long. A campaign that is started again after its run failed gets one that is
// made from the record.
type CampaignSnapshot struct {
	Progress  CampaignProgress `json:"progress"`
	Version   int64            `json:"version"`
	Paused    *SteerRequest    `json:"paused,omitempty"`
	Gathered  bool             `json:"gathered,omitempty"`
	NotBefore time.Time        `json:"notBefore,omitzero"`
	// Began is when the campaign began: its audience is looked up as of then.
	// Zero: now.
	Began time.Time `json:"began,omitzero"`
}

// runsApart is how far the versions of a campaign that is started again are ahead
// of the record's version, because a late write of the failed run may still arrive.
const runsApart = 1_000

// CampaignRunOf returns the input that starts a campaign with this status. A
// campaign that began before, and whose workflow is gone, goes on with the
// recipients that have no outcome yet.
func CampaignRunOf(m mail.CampaignStatus) CampaignRun {
	run := CampaignRun{ID: m.ID, StartAt: m.StartAt}
	if m.Version > 0 {
		run.Snapshot = &CampaignSnapshot{
			Progress: CampaignProgress{ID: m.ID, State: mail.CampaignDraft, Counts: m.Counts},
			Version:  m.Version + runsApart, Began: m.StartedAt,
			Gathered: m.Round > 1, // later rounds are only for the recipients of the first
		}
	}
	return run
}

// CampaignRetryOf returns the input that begins the next round of a campaign that
// is done.
func CampaignRetryOf(m mail.CampaignStatus, r mail.Retry) CampaignRun {
	run := CampaignRunOf(m)
	run.Snapshot.Gathered, run.Retry = true, &r
	return run
}

// chunksPerRun keeps a run's history far below the engine's limits: a chunk adds
// about six events.
const chunksPerRun = 400

// continueAsNew ends this run and starts the next with the state as it is, unless
// a caller waits for the result of an update.
func (w *campaignWorkflow) continueAsNew(ctx workflow.Context) error {
	if !workflow.AllHandlersFinished(ctx) || w.cancelled != nil || w.State.Final() {
		return nil
	}
	next := w.run
	next.Retry = nil // the round has begun
	next.Snapshot = &CampaignSnapshot{Progress: w.CampaignProgress, Version: w.version, Paused: w.paused, Gathered: w.gathered, NotBefore: w.notBefore, Began: w.began}
	return workflow.NewContinueAsNewError(ctx, CampaignWorkflow, next)
}
