package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/mail"
	"purser/mail/templates"
	"purser/order"
	campaignrecords "purser/records/campaigns"
)

// Campaigns are what it takes to send mail to many.
type Campaigns struct {
	// Steer sends the campaigns' workflows their messages.
	Steer CampaignSteering
	// Records is where campaigns and their recipients are kept.
	Records CampaignRecords
	// Letters tries a campaign's words on its recipients as they are added.
	Letters CampaignLetters
}

// CampaignSteering starts and steers campaigns. All but the first fail with
// mail.ErrCampaignIdle or mail.ErrCampaignOver.
type CampaignSteering interface {
	// StartCampaign and CancelCampaign are given the campaign as the record
	// has it: it need not be running.
	StartCampaign(ctx context.Context, c mail.CampaignStatus) error
	CancelCampaign(ctx context.Context, c mail.CampaignStatus, actor, why string) error
	PauseCampaign(ctx context.Context, id, actor, why string) error
	ResumeCampaign(ctx context.Context, id, actor, why string) error
	// RetryCampaign is given the campaign as the record has it. It fails with
	// mail.ErrCampaignNotDone, mail.ErrOtherRound or mail.ErrNoneUnknown.
	RetryCampaign(ctx context.Context, c mail.CampaignStatus, r mail.Retry) error
}

// CampaignRecords keeps campaigns. They fail with mail.ErrNoCampaign.
type CampaignRecords interface {
	CreateCampaign(ctx context.Context, c mail.Campaign, actor string) error
	Campaign(ctx context.Context, id string) (mail.CampaignStatus, error)
	Campaigns(ctx context.Context, limit int) ([]mail.CampaignStatus, error)
	DeleteCampaign(ctx context.Context, id string) error
	AddRecipients(ctx context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error)
	Recipients(ctx context.Context, id string, f campaignrecords.RecipientFilter) ([]mail.Recipient, error)
}

// CampaignLetters writes a campaign's mails.
type CampaignLetters interface {
	WriteCampaign(c mail.Campaign, r mail.Recipient, about order.Order, unsubscribe string) (mail.Content, error)
}

// campaignRoutes declares the operations on campaigns, all for operators.
func (s *server) campaignRoutes(a huma.API) {
	if s.Campaigns == nil {
		return
	}
	operate := []Role{Operator}
	const path = "/v1/campaigns/{id}"
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"campaigns"}}
	}
	create := op("create-campaign", http.MethodPost, "/v1/campaigns", "Create a campaign")
	create.DefaultStatus = http.StatusCreated
	create.Description = "Writes a draft under an id of the caller's choosing; sending the same again changes nothing, another campaign under the same id is refused (409 campaign_exists). Recipients are then uploaded, or asked for as an audience, and the campaign is started."
	register(s, a, create, operate, s.createCampaign)
	list := op("list-campaigns", http.MethodGet, "/v1/campaigns", "List campaigns, newest first")
	list.Description = "Drafts, those under way, and those that have ended, each with its counts."
	register(s, a, list, operate, s.listCampaigns)
	get := op("get-campaign", http.MethodGet, path, "See how a campaign stands")
	get.Description = "Its state, why it is in it, and how many of its recipients have which outcome."
	register(s, a, get, operate, s.getCampaign)
	register(s, a, addRecipientsOperation(), operate, s.addRecipients)
	recipients := op("list-recipients", http.MethodGet, path+"/recipients", "List a campaign's recipients and what became of each")
	recipients.Description = "In the order of their numbers. A mail of unknown outcome may or may not have gone out, and is not sent again."
	register(s, a, recipients, operate, s.listRecipients)
	remove := op("delete-campaign", http.MethodDelete, path, "Delete a draft and its recipients")
	remove.DefaultStatus = http.StatusNoContent
	remove.Description = "Its id may be used again. A campaign that was started cannot be deleted (409 wrong_state): who got it stays known."
	register(s, a, remove, operate, s.deleteCampaign)
	start := op("start-campaign", http.MethodPost, path+"/start", "Start a campaign")
	start.Description = "Starting it again changes nothing while it runs and when it has ended. One whose workflow has failed goes on: whoever has an outcome is not written to again."
	register(s, a, start, operate, s.startCampaign)
	pause := op("pause-campaign", http.MethodPost, path+"/pause", "Pause a campaign")
	pause.Description = "Answers when nothing more goes out, or 202 while that is still to come. The campaign keeps the reason and the name of the key."
	register(s, a, pause, operate,
		s.steerCampaign(func(c CampaignSteering) campaignMessage { return byID(c.PauseCampaign) }), http.StatusAccepted)
	resume := op("resume-campaign", http.MethodPost, path+"/resume", "Let a paused campaign go on")
	resume.Description = "Goes on with those who have no outcome yet. 202 while it has not been heard."
	register(s, a, resume, operate,
		s.steerCampaign(func(c CampaignSteering) campaignMessage { return byID(c.ResumeCampaign) }), http.StatusAccepted)
	cancel := op("cancel-campaign", http.MethodPost, path+"/cancel", "End a campaign where it is, or a draft for good")
	cancel.Description = "Who has no outcome yet gets no mail. It cannot be started again. 202 while it is still ending."
	register(s, a, cancel, operate,
		s.steerCampaign(func(c CampaignSteering) campaignMessage { return c.CancelCampaign }), http.StatusAccepted)
	retry := op("retry-campaign", http.MethodPost, path+"/retry", "Write once more to those whose outcome is unknown")
	retry.Description = "Begins the next round of a campaign that is done. Of whom it is not known whether they got the mail, and for so long that their provider will not tell any more, gets it once more; some of them may then have it twice, so Purser never decides this itself. Sending the same round again changes nothing."
	register(s, a, retry, operate, s.retryCampaign, http.StatusAccepted)
}

// campaignDraft is the body of a new campaign.
type campaignDraft struct {
	ID        string                `json:"id" pattern:"^[a-z0-9-]{1,60}$" doc:"Of the caller's choosing"`
	Name      string                `json:"name,omitempty" maxLength:"200" doc:"For operators"`
	Template  string                `json:"template" enum:"campaign,reminder" doc:"campaign: with the words given; reminder: of the recipient's unpaid order"`
	Words     map[string]mail.Words `json:"words,omitempty" doc:"What it says, by locale (BCP 47). {key} stands for a value of the recipient's data, {name} and {shop} for themselves"`
	Audience  *mail.Audience        `json:"audience,omitempty" doc:"Whose orders make them recipients, beside those uploaded; looked up when the campaign begins"`
	StartAt   time.Time             `json:"startAt,omitzero" doc:"When it begins; missing: when it is started"`
	PerMinute int                   `json:"perMinute,omitempty" minimum:"0" maximum:"1000000" doc:"The most it may send; 0: as fast as the account's rate lets marketing go"`
}

func (d campaignDraft) campaign() mail.Campaign {
	return mail.Campaign{ID: d.ID, Name: d.Name, Template: d.Template, Words: d.Words, Audience: d.Audience, StartAt: d.StartAt, PerMinute: d.PerMinute}
}

type campaignInput struct{ Body campaignDraft }

type campaignOutput struct {
	Status int
	Body   mail.CampaignStatus
}

func (s *server) createCampaign(ctx context.Context, in *campaignInput) (*campaignOutput, error) {
	c := in.Body.campaign()
	if err := templates.CheckCampaign(c, s.Now()); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	if err := s.Campaigns.Records.CreateCampaign(ctx, c, callOf(ctx).actor()); err != nil {
		return nil, campaignProblem(err)
	}
	return s.campaignStatus(ctx, c.ID, http.StatusCreated)
}

func (s *server) campaignStatus(ctx context.Context, id string, status int) (*campaignOutput, error) {
	c, err := s.Campaigns.Records.Campaign(ctx, id)
	if err != nil {
		return nil, campaignProblem(err)
	}
	return &campaignOutput{status, c}, nil
}

// campaignProblem is problemOf with the errors of campaigns.
func campaignProblem(err error) error {
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
			return problem(k.status, k.code, k.err.Error())
		}
	}
	return err
}

type campaignListInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many at the most"`
}

type campaignList struct {
	Campaigns []mail.CampaignStatus `json:"campaigns"`
}

type campaignListOutput struct{ Body campaignList }

func (s *server) listCampaigns(ctx context.Context, in *campaignListInput) (*campaignListOutput, error) {
	all, err := s.Campaigns.Records.Campaigns(ctx, in.Limit)
	return &campaignListOutput{campaignList{append([]mail.CampaignStatus{}, all...)}}, err
}

type campaignIDInput struct {
	ID string `path:"id" maxLength:"60" doc:"The campaign's id"`
}

func (s *server) getCampaign(ctx context.Context, in *campaignIDInput) (*campaignOutput, error) {
	return s.campaignStatus(ctx, in.ID, http.StatusOK)
}

// deleteCampaign forgets a draft.
func (s *server) deleteCampaign(ctx context.Context, in *campaignIDInput) (*struct{}, error) {
	if err := s.Campaigns.Records.DeleteCampaign(ctx, in.ID); err != nil {
		return nil, campaignProblem(err)
	}
	s.Log.InfoContext(ctx, "campaign deleted", "campaign", in.ID, "actor", callOf(ctx).actor())
	return nil, nil
}

// startCampaign starts the workflow of a draft; of one that was started it
// answers how it stands. One that nobody would get is not started.
func (s *server) startCampaign(ctx context.Context, in *campaignIDInput) (*campaignOutput, error) {
	c, err := s.Campaigns.Records.Campaign(ctx, in.ID)
	if err != nil {
		return nil, campaignProblem(err)
	}
	if c.State == mail.CampaignDraft && c.Audience == nil && c.Counts.Total == 0 {
		return nil, problem(http.StatusConflict, "wrong_state", "the campaign has no recipients yet")
	}
	if err := s.Campaigns.Steer.StartCampaign(ctx, c); err != nil {
		return nil, campaignProblem(err)
	}
	return s.campaignStatus(ctx, in.ID, http.StatusOK)
}

type steerCampaignInput struct {
	ID   string `path:"id" maxLength:"60" doc:"The campaign's id"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; operators read it"`
	}
}

type campaignMessage func(ctx context.Context, c mail.CampaignStatus, actor, why string) error

// byID is a message that a campaign's id is enough for.
func byID(send func(ctx context.Context, id, actor, why string) error) campaignMessage {
	return func(ctx context.Context, c mail.CampaignStatus, actor, why string) error {
		return send(ctx, c.ID, actor, why)
	}
}

// steerCampaign is an operation that sends a message, for whatever reason.
func (s *server) steerCampaign(which func(CampaignSteering) campaignMessage) func(context.Context, *steerCampaignInput) (*campaignOutput, error) {
	return func(ctx context.Context, in *steerCampaignInput) (*campaignOutput, error) {
		return s.tellCampaign(ctx, in.ID, in.Body.Reason, which(s.Campaigns.Steer))
	}
}

// tellCampaign sends a message and answers the campaign as it stands then, or
// with 202 while it still has to get there.
func (s *server) tellCampaign(ctx context.Context, id, reason string, send campaignMessage) (*campaignOutput, error) {
	if err := order.CheckText("reason", reason, true, maxReason); err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "invalid", "reason: want 1 to 200 characters of text")
	}
	c, err := s.Campaigns.Records.Campaign(ctx, id)
	if err != nil {
		return nil, campaignProblem(err)
	}
	waited, stop := context.WithTimeout(ctx, s.SteerWithin)
	defer stop()
	err = send(waited, c, callOf(ctx).actor(), reason)
	if late(waited, err) {
		return s.campaignStatus(ctx, id, http.StatusAccepted)
	}
	if err != nil {
		return nil, campaignProblem(err)
	}
	return s.campaignStatus(ctx, id, http.StatusOK)
}
