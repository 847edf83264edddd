package campaigns

import (
	"context"
	"errors"
	"net/http"
	"time"

	"purser/api/httpkit"
	"purser/mail"
	"purser/mail/templates"
)

// campaignDraft is the body of a new campaign.
type campaignDraft struct {
	ID        string                `json:"id" pattern:"^[a-z0-9-]{1,60}$" doc:"The id, which the caller chooses"`
	Name      string                `json:"name,omitempty" maxLength:"200" doc:"The campaign's name, shown to operators only"`
	Template  string                `json:"template" enum:"campaign,reminder" doc:"campaign: a mail with the given words; reminder: a reminder of the recipient's unpaid order"`
	Words     map[string]mail.Words `json:"words,omitempty" doc:"The texts of the mail, by locale (BCP 47). {key} is replaced by the value of key in the recipient's data, {name} by the recipient's name and {shop} by the shop's"`
	Audience  *mail.Audience        `json:"audience,omitempty" doc:"Selects recipients by their orders, in addition to those uploaded; evaluated when the campaign begins"`
	StartAt   time.Time             `json:"startAt,omitzero" doc:"When the campaign begins after it was started. Default: at once"`
	PerMinute int                   `json:"perMinute,omitempty" minimum:"0" maximum:"1000000" doc:"The most mails per minute; 0: as fast as the account's rate for marketing allows"`
}

func (d campaignDraft) campaign() mail.Campaign {
	return mail.Campaign{ID: d.ID, Name: d.Name, Template: d.Template, Words: d.Words, Audience: d.Audience, StartAt: d.StartAt, PerMinute: d.PerMinute}
}

type campaignInput struct{ Body campaignDraft }

type campaignOutput struct {
	Status int
	Body   mail.CampaignStatus
}

// create stores a draft.
func (s *Service) create(ctx context.Context, in *campaignInput) (*campaignOutput, error) {
	c := in.Body.campaign()
	if err := templates.CheckCampaign(c, s.server.Now()); err != nil {
		return nil, httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	if err := s.Records.CreateCampaign(ctx, c, httpkit.CallOf(ctx).Actor()); err != nil {
		return nil, problemOf(err)
	}
	return s.status(ctx, c.ID, http.StatusCreated)
}

// status returns the campaign from the record with an HTTP status.
func (s *Service) status(ctx context.Context, id string, status int) (*campaignOutput, error) {
	c, err := s.Records.Campaign(ctx, id)
	if err != nil {
		return nil, problemOf(err)
	}
	return &campaignOutput{status, c}, nil
}

// problemOf returns the problem for an error of a campaign, and any other error as
// it is.
func problemOf(err error) error {
	for _, k := range []struct {
		err    error
		status int
		code   string
	}{
		{mail.ErrNoCampaign, http.StatusNotFound, "not_found"},
		{mail.ErrOtherCampaign, http.StatusConflict, "campaign_exists"},
		{mail.ErrCampaignBegun, http.StatusConflict, "wrong_state"},
		{mail.ErrCampaignIdle, http.StatusConflict, "wrong_state"},
		{mail.ErrCampaignOver, http.StatusConflict, "too_late"},
		{mail.ErrCampaignNotDone, http.StatusConflict, "wrong_state"},
		{mail.ErrOtherRound, http.StatusConflict, "wrong_round"},
		{mail.ErrNoneUnknown, http.StatusConflict, "wrong_state"},
	} {
		if errors.Is(err, k.err) {
			return httpkit.NewProblem(k.status, k.code, k.err.Error())
		}
	}
	return err
}

// refusalOf is problemOf for a request that the campaign's state may not allow: then the
// problem says what the state is.
func (s *Service) refusalOf(ctx context.Context, id string, err error) error {
	err = problemOf(err)
	p, refused := err.(*httpkit.Problem)
	if !refused || p.Code != "wrong_state" && p.Code != "too_late" {
		return err
	}
	if c, readErr := s.Records.Campaign(ctx, id); readErr == nil {
		p.Detail += " (it is " + string(c.State) + ")"
	}
	return p
}

type campaignListInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The maximum number of campaigns"`
}

type campaignList struct {
	Campaigns []mail.CampaignStatus `json:"campaigns"`
}

type campaignListOutput struct{ Body campaignList }

func (s *Service) list(ctx context.Context, in *campaignListInput) (*campaignListOutput, error) {
	all, err := s.Records.Campaigns(ctx, in.Limit)
	return &campaignListOutput{campaignList{append([]mail.CampaignStatus{}, all...)}}, err
}

type campaignIDInput struct {
	ID string `path:"id" maxLength:"60" doc:"The campaign's id"`
}

func (s *Service) get(ctx context.Context, in *campaignIDInput) (*campaignOutput, error) {
	return s.status(ctx, in.ID, http.StatusOK)
}

// delete deletes a draft.
func (s *Service) delete(ctx context.Context, in *campaignIDInput) (*struct{}, error) {
	if err := s.Records.DeleteCampaign(ctx, in.ID); err != nil {
		return nil, s.refusalOf(ctx, in.ID, err)
	}
	s.server.Log.InfoContext(ctx, "campaign deleted", "campaign", in.ID, "actor", httpkit.CallOf(ctx).Actor())
	return nil, nil
}

// start starts the campaign's workflow and returns the campaign. A campaign that
// was already started is returned as it is. A draft without recipients is refused.
func (s *Service) start(ctx context.Context, in *campaignIDInput) (*campaignOutput, error) {
	c, err := s.Records.Campaign(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	if c.State == mail.CampaignDraft && c.Audience == nil && c.Counts.Total == 0 {
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", "the campaign has no recipients yet")
	}
	if err := s.Workflows.StartCampaign(ctx, c); err != nil {
		return nil, s.refusalOf(ctx, in.ID, err)
	}
	return s.status(ctx, in.ID, http.StatusOK)
}
