// Package campaigns is the API's operations on campaigns: one mail to many people,
// each once.
package campaigns

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/mail"
	"purser/order"
	campaignrecords "purser/records/campaigns"
)

// Workflows sends the campaigns' workflows their messages. All but the first fail
// with mail.ErrCampaignIdle or mail.ErrCampaignOver.
type Workflows interface {
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

// Records keeps campaigns and their recipients. Its methods fail with
// mail.ErrNoCampaign.
type Records interface {
	CreateCampaign(ctx context.Context, c mail.Campaign, actor string) error
	Campaign(ctx context.Context, id string) (mail.CampaignStatus, error)
	Campaigns(ctx context.Context, limit int) ([]mail.CampaignStatus, error)
	DeleteCampaign(ctx context.Context, id string) error
	AddRecipients(ctx context.Context, id string, in mail.CampaignState, all []mail.Recipient, invalid int) (mail.Added, error)
	Recipients(ctx context.Context, id string, f campaignrecords.RecipientFilter) ([]mail.Recipient, error)
}

// Templates writes a campaign's mails.
type Templates interface {
	WriteCampaign(c mail.Campaign, r mail.Recipient, about order.Order, unsubscribe string) (mail.Content, error)
}

// Service serves the operations on campaigns. All fields must be set.
type Service struct {
	Workflows Workflows
	Records   Records
	// Templates tries a campaign's words on its recipients as they are added.
	Templates Templates

	server *httpkit.Server
}

// Register declares the operations on campaigns, all for operators.
func (s *Service) Register(server *httpkit.Server) {
	s.server = server
	operate := []httpkit.Role{httpkit.Operator}
	const path = "/v1/campaigns/{id}"
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{"campaigns"}}
	}
	create := op("create-campaign", http.MethodPost, "/v1/campaigns", "Create a campaign")
	create.DefaultStatus = http.StatusCreated
	create.Description = "Writes a draft under an id of the caller's choosing; sending the same again changes nothing, another campaign under the same id is refused (409 campaign_exists). Recipients are then uploaded, or asked for as an audience, and the campaign is started."
	httpkit.Register(server, create, operate, s.create)
	list := op("list-campaigns", http.MethodGet, "/v1/campaigns", "List campaigns, newest first")
	list.Description = "Drafts, those under way, and those that have ended, each with its counts."
	httpkit.Register(server, list, operate, s.list)
	get := op("get-campaign", http.MethodGet, path, "See how a campaign stands")
	get.Description = "Its state, why it is in it, and how many of its recipients have which outcome."
	httpkit.Register(server, get, operate, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "add-recipients", Method: http.MethodPost, Path: "/v1/campaigns/{id}/recipients", Tags: []string{"campaigns"},
		Summary:     "Add recipients to a draft",
		Description: "The body is a list of up to 64 MiB. CSV begins with a line that names its columns: address, name, locale, and any other for the words' keys. JSON lines have one object on each: address, name, locale and data. A row that is wrong, or whose address is a recipient already, is told by its number and passed over; sending the list again adds nobody twice.",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: httpkit.FileBody("text/csv", "application/jsonl"),
	}, operate, s.addRecipients)
	recipients := op("list-recipients", http.MethodGet, path+"/recipients", "List a campaign's recipients and what became of each")
	recipients.Description = "In the order of their numbers. A mail of unknown outcome may or may not have gone out, and is not sent again."
	httpkit.Register(server, recipients, operate, s.listRecipients)
	remove := op("delete-campaign", http.MethodDelete, path, "Delete a draft and its recipients")
	remove.DefaultStatus = http.StatusNoContent
	remove.Description = "Its id may be used again. A campaign that was started cannot be deleted (409 wrong_state): who got it stays known."
	httpkit.Register(server, remove, operate, s.delete)
	start := op("start-campaign", http.MethodPost, path+"/start", "Start a campaign")
	start.Description = "Starting it again changes nothing while it runs and when it has ended. One whose workflow has failed goes on: whoever has an outcome is not written to again."
	httpkit.Register(server, start, operate, s.start)
	pause := op("pause-campaign", http.MethodPost, path+"/pause", "Pause a campaign")
	pause.Description = "Answers when nothing more goes out, or 202 while that is still to come. The campaign keeps the reason and the name of the key."
	httpkit.Register(server, pause, operate,
		s.steer(byID(s.Workflows.PauseCampaign)), http.StatusAccepted)
	resume := op("resume-campaign", http.MethodPost, path+"/resume", "Let a paused campaign go on")
	resume.Description = "Goes on with those who have no outcome yet. 202 while it has not been heard."
	httpkit.Register(server, resume, operate,
		s.steer(byID(s.Workflows.ResumeCampaign)), http.StatusAccepted)
	cancel := op("cancel-campaign", http.MethodPost, path+"/cancel", "End a campaign where it is, or a draft for good")
	cancel.Description = "Who has no outcome yet gets no mail. It cannot be started again. 202 while it is still ending."
	httpkit.Register(server, cancel, operate,
		s.steer(s.Workflows.CancelCampaign), http.StatusAccepted)
	retry := op("retry-campaign", http.MethodPost, path+"/retry", "Write once more to those whose outcome is unknown")
	retry.Description = "Begins the next round of a campaign that is done. Of whom it is not known whether they got the mail, and for so long that their provider will not tell any more, gets it once more; some of them may then have it twice, so Purser never decides this itself. Sending the same round again changes nothing."
	httpkit.Register(server, retry, operate, s.retry, http.StatusAccepted)
}
