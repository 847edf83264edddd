package campaigns

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

	"purser/api/httpkit"
	"purser/mail"
	"purser/mail/templates"
	"purser/order"
	campaignrecords "purser/records/campaigns"
)

const (
	maxList      = 64 << 20 // bytes in a list of recipients
	listWithin   = 10 * time.Minute
	listBatch    = 500   // recipients written at once
	maxListFault = 1_000 // refused rows listed
)

// listUpload is the request to upload a list of recipients, which is read row by
// row.
type listUpload struct {
	ID     string          `path:"id" maxLength:"60" doc:"The campaign's id"`
	Format mail.ListFormat `query:"format" enum:"csv,jsonl" default:"csv" doc:"The format of the list"`
	list   io.Reader
}

// Resolve keeps the request's body as a stream; huma would read all of it first.
func (in *listUpload) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	httpkit.BoundBody(w, r, listWithin)
	in.list = http.MaxBytesReader(w, r.Body, maxList)
	return nil
}

type uploaded struct {
	Added      int64            `json:"added"`
	Duplicates int64            `json:"duplicates" doc:"Rows whose address was already a recipient"`
	Invalid    int64            `json:"invalid" doc:"Rows that are not valid recipients"`
	Rows       []recipientFault `json:"rows,omitempty" doc:"The refused rows, at most a thousand"`
	batch      []mail.Recipient
	numbers    []int // the row numbers of batch
	refused    int   // invalid rows since the last batch was written
}

type recipientFault struct {
	Row     int    `json:"row" doc:"The row's number, counted from 1 without the header of a CSV file"`
	Problem string `json:"problem"`
}

type uploadedOutput struct{ Body *uploaded }

// addRecipients reads the list and writes it batch by batch. If the list breaks
// off, the recipients written so far remain, and sending it again adds the rest.
func (s *Service) addRecipients(ctx context.Context, in *listUpload) (*uploadedOutput, error) {
	c, err := s.Records.Campaign(ctx, in.ID)
	if err != nil {
		return nil, problemOf(err)
	}
	if c.State != mail.CampaignDraft {
		return nil, s.refusalOf(ctx, c.ID, mail.ErrCampaignBegun)
	}
	if c.Template == string(templates.Reminder) {
		return nil, httpkit.NewProblem(http.StatusConflict, "wrong_state", "a reminder selects its recipients automatically")
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
	slices.SortFunc(u.Rows, func(a, b recipientFault) int { return a.Row - b.Row }) // duplicates are found only when their batch is written
	return &uploadedOutput{u}, nil
}

// fits writes the campaign's mail for a recipient as a trial, so that a missing
// value is found now and not when the mail is due.
func (s *Service) fits(c mail.Campaign, r mail.Recipient) error {
	_, err := s.Templates.WriteCampaign(c, r, order.Order{}, "https://trial.example/")
	return err
}

// take adds a row to the batch, or its fault to the report.
func (u *uploaded) take(row mail.Row) {
	if row.Err == nil {
		u.batch, u.numbers = append(u.batch, row.Recipient), append(u.numbers, row.Number)
		return
	}
	u.Invalid++
	u.refused++
	u.report(row.Number, row.Err.Error())
}

// report adds a row's fault to the response, up to maxListFault.
func (u *uploaded) report(row int, what string) {
	if len(u.Rows) < maxListFault {
		u.Rows = append(u.Rows, recipientFault{row, httpkit.Clip(what)})
	}
}

// writeBatch writes the recipients read since the last batch.
func (s *Service) writeBatch(ctx context.Context, id string, u *uploaded) error {
	if len(u.batch)+u.refused == 0 {
		return nil
	}
	a, err := s.Records.AddRecipients(ctx, id, mail.CampaignDraft, u.batch, u.refused)
	if err != nil {
		return problemOf(err)
	}
	u.Added += a.Added
	u.Duplicates += int64(len(a.Duplicates))
	for _, i := range a.Duplicates {
		u.report(u.numbers[i], "the address is already a recipient")
	}
	u.batch, u.numbers, u.refused = u.batch[:0], u.numbers[:0], 0
	return nil
}

// listProblem returns the problem of a list that cannot be read to its end.
func listProblem(u *uploaded, err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return httpkit.NewProblem(http.StatusRequestEntityTooLarge, "body_too_large",
			fmt.Sprintf("a list may have at most %d bytes: send it in parts (%d recipients were added)", maxList, u.Added))
	case errors.Is(err, mail.ErrInvalid):
		return httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", err.Error())
	case httpkit.Stalled(err):
		return httpkit.NewProblem(http.StatusRequestTimeout, "timeout",
			fmt.Sprintf("the rest of the list did not come in time; %d recipients were added, send it again to add the rest", u.Added))
	}
	return httpkit.NewProblem(http.StatusBadRequest, "malformed",
		fmt.Sprintf("the list broke off; %d recipients were added, send it again to add the rest", u.Added))
}

type recipientsInput struct {
	ID    string     `path:"id" maxLength:"60" doc:"The campaign's id"`
	State mail.State `query:"state" enum:"due,sent,suppressed,rejected,unknown,skipped" doc:"Only recipients in this state"`
	After int64      `query:"after" minimum:"0" doc:"The n of the last recipient on the previous page"`
	Limit int        `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of recipients"`
}

type recipientPage struct {
	Recipients []mail.Recipient `json:"recipients"`
}

type recipientsOutput struct{ Body recipientPage }

func (s *Service) listRecipients(ctx context.Context, in *recipientsInput) (*recipientsOutput, error) {
	if _, err := s.Records.Campaign(ctx, in.ID); err != nil {
		return nil, problemOf(err)
	}
	all, err := s.Records.Recipients(ctx, in.ID, campaignrecords.RecipientFilter{State: in.State, After: in.After, Limit: in.Limit})
	return &recipientsOutput{recipientPage{append([]mail.Recipient{}, all...)}}, err
}
