package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"purser/commands/terminal"
	"purser/mail"
	"purser/shop"
)

// campaignCmd holds the commands that send one mail to many people.
type campaignCmd struct {
	Create     campaignCreateCmd     `cmd:"" help:"Write a draft and add its recipients."`
	Delete     campaignDeleteCmd     `cmd:"" help:"Delete a draft and its recipients."`
	Start      campaignStartCmd      `cmd:"" help:"Start a campaign, or restart one whose workflow has failed."`
	Status     campaignStatusCmd     `cmd:"" help:"Show a campaign's progress."`
	Pause      campaignPauseCmd      `cmd:"" help:"Pause a campaign."`
	Resume     campaignResumeCmd     `cmd:"" help:"Resume a paused campaign."`
	Retry      campaignRetryCmd      `cmd:"" help:"Send once more to the recipients of a finished campaign whose outcome is unknown."`
	Cancel     campaignCancelCmd     `cmd:"" help:"Stop a campaign and send no more of it, or discard a draft for good."`
	List       campaignListCmd       `cmd:"" help:"List campaigns, newest first."`
	Recipients campaignRecipientsCmd `cmd:"" help:"List a campaign's recipients with the outcome of each."`
}

type campaignCreateCmd struct {
	ID           string        `arg:"" help:"The campaign's id: lower-case letters, digits and '-'."`
	Name         string        `help:"The campaign's name, for operators."`
	Words        string        `help:"A JSON file with the mail's text, by locale: {\"en\": {\"subject\", \"heading\", \"body\": [], \"button\", \"link\"}}." type:"existingfile" placeholder:"FILE"`
	Recipients   []string      `sep:"none" help:"A file of recipients: CSV with the columns address, name, locale and others, or JSON lines (.jsonl); - reads CSV from stdin. Repeatable." placeholder:"FILE"`
	UnpaidFor    time.Duration `help:"Send a reminder to the shoppers of orders that were placed at least this long ago and are not paid." placeholder:"4h"`
	OrderedSince time.Time     `help:"Add the shoppers of orders that were paid on this day or later." format:"2006-01-02" placeholder:"YYYY-MM-DD"`
	StartAt      time.Time     `help:"When sending begins, such as 2026-03-01T09:00:00Z. Default: when the campaign is started." placeholder:"TIME"`
	PerMinute    int           `help:"The most mails that it may send in a minute. Default: as fast as the account allows for marketing."`
}

func (c *campaignCreateCmd) Run(e *env, all *commands) error {
	m, err := c.campaign()
	if err != nil {
		return usageError{err}
	}
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	if _, err := client.CreateCampaign(e.ctx, m); err != nil {
		return err
	}
	for _, path := range c.Recipients {
		if err := c.upload(e, all, client, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	st, err := client.Campaign(e.ctx, c.ID)
	if err != nil {
		return err
	}
	return all.Mail.printCampaign(e.stdout, st)
}

func (c *campaignCreateCmd) campaign() (mail.Campaign, error) {
	m := mail.Campaign{ID: c.ID, Name: c.Name, Template: "campaign", StartAt: c.StartAt, PerMinute: c.PerMinute}
	switch {
	case c.UnpaidFor > 0 && (c.Words != "" || len(c.Recipients) > 0 || !c.OrderedSince.IsZero()):
		return m, errors.New("--unpaid-for sends a reminder, which has its own text and recipients: leave out --words, --recipients and --ordered-since")
	case c.UnpaidFor > 0:
		m.Template = "reminder"
		m.Audience = &mail.Audience{Kind: mail.AudienceUnpaid, OlderThanHours: int((c.UnpaidFor + time.Hour - 1) / time.Hour)}
		return m, nil
	case c.Words == "":
		return m, errors.New("--words is missing: name the JSON file that holds the campaign's text, or use --unpaid-for for a reminder")
	case !c.OrderedSince.IsZero():
		m.Audience = &mail.Audience{Kind: mail.AudienceOrdered, Since: c.OrderedSince}
	}
	b, err := os.ReadFile(c.Words)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m.Words); err != nil {
		return m, fmt.Errorf("--words: %w", err)
	}
	return m, nil
}

// upload sends a file of recipients and prints the rows that were refused.
func (c *campaignCreateCmd) upload(e *env, all *commands, client *shop.Client, path string) error {
	list, format := io.Reader(os.Stdin), mail.CSV
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		list = f
		if ext := filepath.Ext(path); ext == ".jsonl" || ext == ".ndjson" {
			format = mail.JSONLines
		}
	}
	u, err := client.AddRecipients(e.ctx, c.ID, format, list)
	if err != nil {
		return err
	}
	for _, row := range u.Rows {
		fmt.Fprintf(e.stderr, "%s: row %d: %s\n", path, row.Row, row.Problem)
	}
	if !all.Mail.JSON {
		fmt.Fprintf(e.stdout, "%s: %d added, %d duplicates, %d invalid\n", path, u.Added, u.Duplicates, u.Invalid)
	}
	return nil
}

// printCampaign prints one campaign, as JSON or as text.
func (c *mailCmd) printCampaign(w io.Writer, st mail.CampaignStatus) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(st)
	}
	t := terminal.NewTable(w)
	fmt.Fprintf(t, "campaign\t%s %s\nstate\t%s\n", st.ID, st.Name, paintStatus(t, st.State))
	if st.Why != "" {
		fmt.Fprintf(t, "why\t%s\n", st.Why)
	}
	if !st.StartAt.IsZero() {
		fmt.Fprintf(t, "begins\t%s\n", st.StartAt.Format(time.RFC3339))
	}
	n := st.Counts
	fmt.Fprintf(t, "recipients\t%d, %d still due\nsent\t%d\n", n.Total, n.Due, n.Sent)
	for _, f := range []struct {
		name string
		n    int64
	}{{"suppressed", n.Suppressed}, {"rejected", n.Rejected}, {"unknown", n.Unknown}, {"skipped", n.Skipped}, {"invalid rows", n.Invalid}, {"duplicate rows", n.Duplicates}} {
		if f.n > 0 {
			fmt.Fprintf(t, "%s\t%d\n", f.name, f.n)
		}
	}
	return t.Flush()
}

type campaignDeleteCmd struct {
	ID string `arg:"" help:"The campaign's id."`
}

func (c *campaignDeleteCmd) Run(e *env, all *commands) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	err = client.DeleteCampaign(e.ctx, c.ID)
	if err != nil || all.Mail.JSON {
		return orJSON(e.stdout, map[string]string{"deleted": c.ID}, err)
	}
	_, err = fmt.Fprintf(e.stdout, "campaign %s deleted\n", c.ID)
	return err
}

type campaignStartCmd struct {
	ID    string `arg:"" help:"The campaign's id."`
	Watch bool   `help:"Follow it until it has ended or is paused."`
}

func (c *campaignStartCmd) Run(e *env, all *commands) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	st, err := client.StartCampaign(e.ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Watch {
		return all.Mail.followCampaign(e, client, c.ID)
	}
	return all.Mail.printCampaign(e.stdout, st)
}

type campaignStatusCmd struct {
	ID    string `arg:"" help:"The campaign's id."`
	Watch bool   `help:"Follow it until it has ended or is paused."`
}

func (c *campaignStatusCmd) Run(e *env, all *commands) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	if c.Watch {
		return all.Mail.followCampaign(e, client, c.ID)
	}
	st, err := client.Campaign(e.ctx, c.ID)
	if err != nil {
		return err
	}
	return all.Mail.printCampaign(e.stdout, st)
}

type campaignSteer struct {
	ID     string `arg:"" help:"The campaign's id."`
	Reason string `required:"" help:"The reason, for operators."`
}

func (s campaignSteer) send(e *env, all *commands, verb string) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	st, err := client.SteerCampaign(e.ctx, s.ID, verb, s.Reason)
	if err != nil {
		return err
	}
	return all.Mail.printCampaign(e.stdout, st)
}

type (
	campaignPauseCmd  struct{ campaignSteer }
	campaignResumeCmd struct{ campaignSteer }
	campaignCancelCmd struct{ campaignSteer }
)

func (c *campaignPauseCmd) Run(e *env, all *commands) error  { return c.send(e, all, "pause") }
func (c *campaignResumeCmd) Run(e *env, all *commands) error { return c.send(e, all, "resume") }
func (c *campaignCancelCmd) Run(e *env, all *commands) error { return c.send(e, all, "cancel") }

type campaignListCmd struct{}

func (c *campaignListCmd) Run(e *env, all *commands) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	list, err := client.Campaigns(e.ctx)
	if err != nil {
		return err
	}
	if all.Mail.JSON {
		return json.NewEncoder(e.stdout).Encode(list)
	}
	t := terminal.NewTable(e.stdout, "CREATED", "CAMPAIGN", "STATE", "DONE", "NAME")
	for _, st := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d of %d\t%s\n", st.CreatedAt.Format(time.RFC3339), st.ID, paintStatus(t, st.State), st.Counts.Resolved(), st.Counts.Total, st.Name)
	}
	return t.Flush()
}

type campaignRecipientsCmd struct {
	ID    string `arg:"" help:"The campaign's id."`
	State string `help:"Only recipients in this state: due, sent, suppressed, rejected, unknown or skipped."`
	After int64  `help:"List the page after this one: the number of the last recipient on the previous page."`
	Limit int    `default:"100" help:"How many, 1 to 500."`
}

func (c *campaignRecipientsCmd) Run(e *env, all *commands) error {
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	q := url.Values{"after": {strconv.FormatInt(c.After, 10)}, "limit": {strconv.Itoa(c.Limit)}}
	if c.State != "" {
		q.Set("state", c.State)
	}
	list, err := client.Recipients(e.ctx, c.ID, q)
	if err != nil {
		return err
	}
	if all.Mail.JSON {
		return json.NewEncoder(e.stdout).Encode(list)
	}
	t := terminal.NewTable(e.stdout, "NUMBER", "ADDRESS", "STATE", "MESSAGE", "WHY")
	for _, r := range list {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", r.N, r.Address, paintStatus(t, r.State), r.Message, r.Why)
	}
	return t.Flush()
}

type campaignRetryCmd struct {
	ID         string        `arg:"" help:"The campaign's id."`
	UnknownFor time.Duration `help:"How long an outcome must have been unknown, since the provider may still report it. In minutes or hours." default:"1h"`
	Round      int           `help:"The round that left the outcomes unknown. Default: the campaign's latest."`
	Watch      bool          `help:"Follow it until it has ended or is paused."`
	Reason     string        `required:"" help:"The reason, for operators."`
}

func (c *campaignRetryCmd) Run(e *env, all *commands) error {
	if c.UnknownFor < 0 || c.Round < 0 {
		return usageError{errors.New("--unknown-for and --round must be 0 or more")}
	}
	client, err := all.Mail.client()
	if err != nil {
		return err
	}
	if c.Round == 0 {
		st, err := client.Campaign(e.ctx, c.ID)
		if err != nil {
			return err
		}
		c.Round = st.Round
	}
	st, err := client.RetryCampaign(e.ctx, c.ID, c.Round, c.UnknownFor, c.Reason)
	if err != nil {
		return err
	}
	if c.Watch {
		return all.Mail.followCampaign(e, client, c.ID)
	}
	return all.Mail.printCampaign(e.stdout, st)
}
