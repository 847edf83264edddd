package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/mail"
	"purser/mail/templates"
	"purser/order"
	campaignrecords "purser/records/campaigns"
)

const (
	maxList      = 64 << 20 // bytes of a list of recipients
	listWithin   = 10 * time.Minute
	listBatch    = 500   // recipients written at once
	maxListFault = 1_000 // refused rows told of
)

// addRecipientsOperation is the only one whose body is no JSON document: it
// is read row by row, however long it is.
func addRecipientsOperation() huma.Operation {
	return huma.Operation{
		OperationID: "add-recipients", Method: http.MethodPost, Path: "/v1/campaigns/{id}/recipients", Tags: []string{"campaigns"},
		Summary:     "Add recipients to a draft",
		Description: "The body is a list of up to 64 MiB. CSV begins with a line that names its columns: address, name, locale, and any other for the words' keys. JSON lines have one object on each: address, name, locale and data. A row that is wrong, or whose address is a recipient already, is told by its number and passed over; sending the list again adds nobody twice.",
		Metadata:    map[string]any{"streamed": true},
		RequestBody: fileBody("text/csv", "application/jsonl"),
	}
}

// fileBody documents a body that is a file of one of these types, and not
// read by huma.
func fileBody(types ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, t := range types {
		b.Content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return b
}

// listUpload is a list as it comes in.
type listUpload struct {
	ID     string          `path:"id" maxLength:"60" doc:"The campaign's id"`
	Format mail.ListFormat `query:"format" enum:"csv,jsonl" default:"csv" doc:"How the list is written"`
	list   io.Reader
}

// Resolve takes the body as it is; huma would read all of it first.
func (in *listUpload) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(listWithin)) // not every connection can
	in.list = http.MaxBytesReader(w, r.Body, maxList)
	return nil
}

type uploaded struct {
	Added      int64            `json:"added"`
	Duplicates int64            `json:"duplicates" doc:"Rows whose address was a recipient already"`
	Invalid    int64            `json:"invalid" doc:"Rows that cannot be a recipient"`
	Rows       []recipientFault `json:"rows,omitempty" doc:"The refused rows, at most a thousand"`
	batch      []mail.Recipient
	numbers    []int // of the rows in the batch
	refused    int   // before the batch
}

type recipientFault struct {
	Row     int    `json:"row" doc:"Counted from 1, a CSV's header not among them"`
	Problem string `json:"problem"`
}

type uploadedOutput struct{ Body *uploaded }

// addRecipients reads the list and writes it batch by batch. A list that
// breaks off leaves what was read; sent again, it adds the rest.
func (s *server) addRecipients(ctx context.Context, in *listUpload) (*uploadedOutput, error) {
	c, err := s.Campaigns.Records.Campaign(ctx, in.ID)
	if err != nil {
		return nil, campaignProblem(err)
	}
	if c.State != mail.CampaignDraft {
		return nil, campaignProblem(mail.ErrCampaignBegun)
	}
	if c.Template == string(templates.Reminder) {
		return nil, problem(http.StatusConflict, "wrong_state", "a reminder finds its recipients by itself")
	}
	u := &uploaded{}
	for row, err := range mail.ReadList(in.list, in.Format) {
		if err != nil {
			return nil, listProblem(u, err)
		}
		if row.Err == nil {
			row.Err = s.fits(c.Campaign, row.Recipient)
		}
		u.take(row)
		if len(u.batch)+u.refused >= listBatch {
			if err := s.writeBatch(ctx, in.ID, u); err != nil {
				return nil, err
			}
		}
	}
	if err := s.writeBatch(ctx, in.ID, u); err != nil {
		return nil, err
	}
	slices.SortFunc(u.Rows, func(a, b recipientFault) int { return a.Row - b.Row }) // duplicates are known a batch later
	return &uploadedOutput{u}, nil
}

// fits tries the campaign's words on a recipient: what they lack is known
// now, and not when the mail is due.
func (s *server) fits(c mail.Campaign, r mail.Recipient) error {
	_, err := s.Campaigns.Letters.WriteCampaign(c, r, order.Order{}, "https://trial.example/")
	return err
}

func (u *uploaded) take(row mail.Row) {
	if row.Err == nil {
		u.batch, u.numbers = append(u.batch, row.Recipient), append(u.numbers, row.Number)
		return
	}
	u.Invalid++
	u.refused++
	u.tell(row.Number, row.Err.Error())
}

func (u *uploaded) tell(row int, what string) {
	if len(u.Rows) < maxListFault {
		u.Rows = append(u.Rows, recipientFault{row, clip(what)})
	}
}

func (s *server) writeBatch(ctx context.Context, id string, u *uploaded) error {
	if len(u.batch)+u.refused == 0 {
		return nil
	}
	a, err := s.Campaigns.Records.AddRecipients(ctx, id, mail.CampaignDraft, u.batch, u.refused)
	if err != nil {
		return campaignProblem(err)
	}
	u.Added += a.Added
	u.Duplicates += int64(len(a.Duplicates))
	for _, i := range a.Duplicates {
		u.tell(u.numbers[i], "the address is a recipient already")
	}
	u.batch, u.numbers, u.refused = u.batch[:0], u.numbers[:0], 0
	return nil
}

// listProblem is a list that cannot be read to its end.
func listProblem(u *uploaded, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "body_too_large",
			fmt.Sprintf("a list may have %d bytes: send it in parts (%d recipients were added)", maxList, u.Added))
	case errors.Is(err, mail.ErrInvalid):
		return problem(http.StatusUnprocessableEntity, "invalid", err.Error())
	}
	return problem(http.StatusBadRequest, "malformed",
		fmt.Sprintf("the list broke off; %d recipients were added, send it again to add the rest", u.Added))
}

type recipientsInput struct {
	ID    string     `path:"id" maxLength:"60" doc:"The campaign's id"`
	State mail.State `query:"state" enum:"due,sent,suppressed,rejected,unknown,skipped" doc:"Only those in this state"`
	After int64      `query:"after" minimum:"0" doc:"The n of the last one on the page before"`
	Limit int        `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at the most"`
}

type recipientPage struct {
	Recipients []mail.Recipient `json:"recipients"`
}

type recipientsOutput struct{ Body recipientPage }

func (s *server) listRecipients(ctx context.Context, in *recipientsInput) (*recipientsOutput, error) {
	if _, err := s.Campaigns.Records.Campaign(ctx, in.ID); err != nil {
		return nil, campaignProblem(err)
	}
	all, err := s.Campaigns.Records.Recipients(ctx, in.ID, campaignrecords.RecipientFilter{State: in.State, After: in.After, Limit: in.Limit})
	return &recipientsOutput{recipientPage{append([]mail.Recipient{}, all...)}}, err
}
