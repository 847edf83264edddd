package api

import (
	"context"
	"time"

	"purser/mail"
)

type retryCampaignInput struct {
	ID   string `path:"id" maxLength:"60" doc:"The campaign's id"`
	Body struct {
		Round          int    `json:"round" minimum:"1" doc:"The campaign's round, as last read: the same decision sent again is not another one"`
		UnknownMinutes *int   `json:"unknownMinutes,omitempty" minimum:"0" maximum:"527040" default:"60" doc:"How long an outcome must have been unknown; within it the provider may still tell"`
		Reason         string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; operators read it"`
	}
}

// retryCampaign begins a campaign's next round.
func (s *server) retryCampaign(ctx context.Context, in *retryCampaignInput) (*campaignOutput, error) {
	before := s.Now().Add(-time.Duration(*in.Body.UnknownMinutes) * time.Minute)
	return s.tellCampaign(ctx, in.ID, in.Body.Reason, func(ctx context.Context, c mail.CampaignStatus, actor, why string) error {
		return s.Campaigns.Steer.RetryCampaign(ctx, c, mail.Retry{Round: in.Body.Round, SettledBefore: before, Actor: actor, Reason: why})
	})
}
