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
	// Cancelled is who cancels a campaign that is not running. It is started
	// for that, and sends nothing: the message alone would come too late.
	Cancelled *SteerRequest `json:"cancelled,omitempty"`
	// Retry is the round to begin with, of a campaign that was done.
	Retry *mail.Retry `json:"retry,omitempty"`
}

// CampaignSnapshot is what a run hands to the next when its history grows long,
// and what is left of a run that failed when the campaign is started again.
type CampaignSnapshot struct {
	Progress  CampaignProgress `json:"progress"`
	Version   int64            `json:"version"`
	Paused    *SteerRequest    `json:"paused,omitempty"`
	Gathered  bool             `json:"gathered,omitempty"`
	NotBefore time.Time        `json:"notBefore,omitzero"`
	// Began is when the campaign began, for whom its audience is looked up.
	// Zero: now.
	Began time.Time `json:"began,omitzero"`
}

// runsApart is how far the versions of a campaign that is started again are
// ahead of what the record has: a run that failed may have left a write under
// way that comes late.
const runsApart = 1_000

// CampaignRunOf is the input that starts a campaign which stands like this.
// One that began before, and whose workflow is gone, goes on with whoever has
// no outcome yet.
func CampaignRunOf(m mail.CampaignStatus) CampaignRun {
	run := CampaignRun{ID: m.ID, StartAt: m.StartAt}
	if m.Version > 0 {
		run.Snapshot = &CampaignSnapshot{
			Progress: CampaignProgress{ID: m.ID, State: mail.CampaignDraft, Counts: m.Counts},
			Version:  m.Version + runsApart, Began: m.StartedAt,
			Gathered: m.Round > 1, // for those of the rounds before, and nobody else
		}
	}
	return run
}

// CampaignRetryOf is the input that begins the next round of a campaign that
// is done.
func CampaignRetryOf(m mail.CampaignStatus, r mail.Retry) CampaignRun {
	run := CampaignRunOf(m)
	run.Snapshot.Gathered, run.Retry = true, &r
	return run
}

// chunksPerRun keeps a run's history far below the engine's limits: a chunk
// is six events or so.
const chunksPerRun = 400

// continueAsNew ends this run and starts the next with the state as it is, unless
// somebody is waiting for an answer.
func (w *campaignWorkflow) continueAsNew(ctx workflow.Context) error {
	if !workflow.AllHandlersFinished(ctx) || w.cancelled != nil || w.State.Final() {
		return nil
	}
	next := w.run
	next.Retry = nil // begun, or this would not be the place to be
	next.Snapshot = &CampaignSnapshot{Progress: w.CampaignProgress, Version: w.version, Paused: w.paused, Gathered: w.gathered, NotBefore: w.notBefore, Began: w.began}
	return workflow.NewContinueAsNewError(ctx, CampaignWorkflow, next)
}
