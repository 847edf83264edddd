// Package campaigns implements the API's operations on campaigns, which send one
// mail to many recipients, once to each.
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

// Workflows sends messages to the campaigns' workflows. All methods but
// StartCampaign fail with mail.ErrCampaignIdle or mail.ErrCampaignOver.
type Workflows interface {
	// StartCampaign and CancelCampaign take the campaign from the record,
	// because its workflow may not be running.
	StartCampaign(ctx context.Context, c mail.CampaignStatus) error
	CancelCampaign(ctx context.Context, c mail.CampaignStatus, actor, why string) error
	PauseCampaign(ctx context.Context, id, actor, why string) error
	ResumeCampaign(ctx context.Context, id, actor, why string) error
	// RetryCampaign takes the campaign from the record. It fails with
	// mail.ErrCampaignNotDone, mail.ErrOtherRound or mail.ErrNoneUnknown.
	RetryCampaign(ctx context.Context, c mail.CampaignStatus, r mail.Retry) error
}

// Records stores campaigns and their recipients. Its methods fail with
// mail.ErrNoCampaign if there is no such campaign.
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
	// Templates writes a trial mail for each recipient that is added.
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
	create.Description = "Stores a draft under an id that the caller chooses. Sending the same draft again changes nothing; another campaign with the same id is refused (409 campaign_exists). Then upload recipients, or select them with an audience, and start the campaign."
	httpkit.Register(server, create, operate, s.create)
	list := op("list-campaigns", http.MethodGet, "/v1/campaigns", "List campaigns, newest first")
	list.Description = "Includes drafts, running campaigns and campaigns that have ended, each with its counts."
	httpkit.Register(server, list, operate, s.list)
	get := op("get-campaign", http.MethodGet, path, "Read the status of a campaign")
	get.Description = "Returns the campaign's state with the reason, and how many of its recipients have each outcome."
	httpkit.Register(server, get, operate, s.get)
	httpkit.Register(server, huma.Operation{
		OperationID: "add-recipients", Method: http.MethodPost, Path: "/v1/campaigns/{id}/recipients", Tags: []string{"campaigns"},
		Summary:     "Add recipients to a draft",
		Description: "The body is a list of up to 64 MiB. A CSV file begins with a header row: address, name, locale, and a column for each other key in the words. JSON Lines have one object on each line, with address, name, locale and data. A row that is invalid, or whose address is already a recipient, is skipped and reported with its number; sending the list again adds no recipient twice.",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: httpkit.FileBody("text/csv", "application/jsonl"),
	}, operate, s.addRecipients)
	recipients := op("list-recipients", http.MethodGet, path+"/recipients", "List a campaign's recipients with their outcomes")
	recipients.Description = "Ordered by number. A mail with an unknown outcome may or may not have been sent, and is not resent automatically."
	httpkit.Register(server, recipients, operate, s.listRecipients)
	remove := op("delete-campaign", http.MethodDelete, path, "Delete a draft and its recipients")
	remove.DefaultStatus = http.StatusNoContent
	remove.Description = "The id may be used again. A campaign that was started cannot be deleted (409 wrong_state), so that its recipients remain on record."
	httpkit.Register(server, remove, operate, s.delete)
	start := op("start-campaign", http.MethodPost, path+"/start", "Start a campaign")
	start.Description = "Starting a campaign again changes nothing while it runs or after it has ended. A campaign whose workflow failed continues; recipients with an outcome get no second mail."
	httpkit.Register(server, start, operate, s.start)
	pause := op("pause-campaign", http.MethodPost, path+"/pause", "Pause a campaign")
	pause.Description = "Responds once no more mail is sent, or with 202 while the campaign has not paused yet. The campaign records the reason and the name of the key."
	httpkit.Register(server, pause, operate,
		s.steer(byID(s.Workflows.PauseCampaign)), http.StatusAccepted)
	resume := op("resume-campaign", http.MethodPost, path+"/resume", "Resume a paused campaign")
	resume.Description = "Continues with the recipients that have no outcome yet. The status is 202 while the campaign has not resumed yet."
	httpkit.Register(server, resume, operate,
		s.steer(byID(s.Workflows.ResumeCampaign)), http.StatusAccepted)
	cancel := op("cancel-campaign", http.MethodPost, path+"/cancel", "Cancel a campaign or a draft")
	cancel.Description = "Recipients without an outcome get no mail. The campaign cannot be started again. The status is 202 while the cancellation is in progress."
	httpkit.Register(server, cancel, operate,
		s.steer(s.Workflows.CancelCampaign), http.StatusAccepted)
	retry := op("retry-campaign", http.MethodPost, path+"/retry", "Resend a campaign to recipients whose outcome is unknown")
	retry.Description = "Begins the next round of a campaign that is done. It sends the mail again to the recipients whose outcome has been unknown for at least unknownMinutes, because their provider will probably not report any more. Some of them may get the mail twice, so Purser never retries automatically. Sending the same round again changes nothing."
	httpkit.Register(server, retry, operate, s.retry, http.StatusAccepted)
}
