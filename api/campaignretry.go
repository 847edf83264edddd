package api

import (
	"context"
	"net/http"
	"time"

	"purser/mail"
	"purser/order"
)

type retryCampaignInput struct {
	ID   string `path:"id" maxLength:"60" doc:"The campaign's id"`
	Body struct {
		Round          int    `json:"round" minimum:"1" doc:"The campaign's round, as last read: the same decision sent again is not another one"`
		UnknownMinutes *int   `json:"unknownMinutes,omitempty" minimum:"0" maximum:"527040" default:"60" doc:"How long an outcome must have been unknown; within it the provider may still tell"`
		Reason         string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; operators read it"`
	}
}

// retryCampaign begins a campaign's next round and answers the campaign as it
// stands then, or with 202 while it still has to get there.
func (s *server) retryCampaign(ctx context.Context, in *retryCampaignInput) (*campaignOutput, error) {
	if err := order.CheckText("reason", in.Body.Reason, true, maxReason); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	c, err := s.Campaigns.Records.Campaign(ctx, in.ID)
	if err != nil {
		return nil, campaignProblem(err)
	}
	waited, stop := context.WithTimeout(ctx, s.SteerWithin)
	defer stop()
	err = s.Campaigns.Steer.RetryCampaign(waited, c, mail.Retry{
		Round: in.Body.Round, SettledBefore: s.Now().Add(-time.Duration(*in.Body.UnknownMinutes) * time.Minute),
		Actor: callOf(ctx).actor(), Reason: in.Body.Reason,
	})
	if late(waited, err) {
		return s.campaignStatus(ctx, in.ID, http.StatusAccepted)
	}
	if err != nil {
		return nil, campaignProblem(err)
	}
	return s.campaignStatus(ctx, in.ID, http.StatusOK)
}
