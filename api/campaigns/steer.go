package campaigns

import (
	"context"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/mail"
)

type steerCampaignInput struct {
	ID   string `path:"id" maxLength:"60" doc:"The campaign's id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, for operators"`
	}
}

// message is one of the messages that Workflows sends.
type message func(ctx context.Context, c mail.CampaignStatus, actor, why string) error

// byID returns the message whose method takes only the campaign's id.
func byID(send func(ctx context.Context, id, actor, why string) error) message {
	return func(ctx context.Context, c mail.CampaignStatus, actor, why string) error {
		return send(ctx, c.ID, actor, why)
	}
}

// steer returns the operation that sends a message with the request's reason.
func (s *Service) steer(send message) func(context.Context, *steerCampaignInput) (*campaignOutput, error) {
	return func(ctx context.Context, in *steerCampaignInput) (*campaignOutput, error) {
		return s.send(ctx, in.ID, in.Body.Reason, send)
	}
}

// send sends a message and returns the campaign afterwards. The status is 202 if
// the campaign has not acted on the message in time.
func (s *Service) send(ctx context.Context, id, reason string, send message) (*campaignOutput, error) {
	if err := httpkit.CheckReason(reason); err != nil {
		return nil, err
	}
	c, err := s.Records.Campaign(ctx, id)
	if err != nil {
		return nil, problemOf(err)
	}
	waited, stop := context.WithTimeout(ctx, s.server.SteerWithin)
	defer stop()
	err = send(waited, c, httpkit.CallOf(ctx).Actor(), reason)
	if httpkit.TimedOut(waited, err) {
		return s.status(ctx, id, http.StatusAccepted)
	}
	if err != nil {
		return nil, s.refusalOf(ctx, id, err)
	}
	return s.status(ctx, id, http.StatusOK)
}

type retryCampaignInput struct {
	ID   string `path:"id" maxLength:"60" doc:"The campaign's id"`
	Body struct {
		Round          int    `json:"round" minimum:"1" doc:"The campaign's current round, as last read, so that a repeated request does not begin another round"`
		UnknownMinutes *int   `json:"unknownMinutes,omitempty" minimum:"0" maximum:"527040" default:"60" doc:"How long an outcome must have been unknown, in minutes; before that, the provider may still report it"`
		Reason         string `json:"reason" minLength:"1" maxLength:"200" doc:"The reason, for operators"`
	}
}

// retry begins a campaign's next round.
func (s *Service) retry(ctx context.Context, in *retryCampaignInput) (*campaignOutput, error) {
	before := s.server.Now().Add(-time.Duration(*in.Body.UnknownMinutes) * time.Minute)
	return s.send(ctx, in.ID, in.Body.Reason, func(ctx context.Context, c mail.CampaignStatus, actor, why string) error {
		return s.Workflows.RetryCampaign(ctx, c, mail.Retry{Round: in.Body.Round, ResolvedBefore: before, Actor: actor, Reason: why})
	})
}
