package commands

import (
	"fmt"
	"text/tabwriter"
	"time"

	"purser/commands/terminal"
	"purser/shop"
)

// mailCmd holds the commands that show what became of mails and control who gets
// mail.
type mailCmd struct {
	remote `embed:""`

	mailLogCmd
	Campaign campaignCmd `cmd:"" help:"Send one mail to many people, each once."`

	Stats        mailStatsCmd        `cmd:"" help:"Count mails sent, delivered, bounced, complained about and unsubscribed from. RESENT are those sent because the outcome of an earlier copy was unknown."`
	Suppressions mailSuppressionsCmd `cmd:"" help:"List addresses that get no mail, or no marketing."`
	Suppress     mailSuppressCmd     `cmd:"" help:"Send no more mail to an address."`
	Unsuppress   mailUnsuppressCmd   `cmd:"" help:"Allow mail to an address again."`
	Status       mailStatusCmd       `cmd:"" help:"Show whether marketing is paused, and how many of the latest mails bounced or were complained about."`
	Pause        mailPauseCmd        `cmd:"" help:"Pause marketing."`
	Resume       mailResumeCmd       `cmd:"" help:"Resume marketing."`
}

type mailStatsCmd struct {
	From string `help:"The first day, such as 2026-03-01. Default: 30 days ago."`
	To   string `help:"The last day. Default: today."`
}

func (m *mailStatsCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	stats, err := client.MailStats(e.ctx, m.From, m.To)
	if err != nil || c.Mail.JSON {
		return orJSON(e.stdout, stats, err)
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "DAY\tPROVIDER\tTEMPLATE\tSENT\tRESENT\tDELIVERED\tDELAYED\tBOUNCED\tSOFT\tCOMPLAINED\tUNSUBSCRIBED\tREFUSED\t")
	stats.Total.Day = "all"
	for _, f := range append(stats.Days, stats.Total) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", f.Day, f.Provider, f.Template,
			f.Sent, f.Resent, f.Delivered, f.Delayed, f.Bounced, f.SoftBounced, f.Complained, f.Unsubscribed, f.Refused)
	}
	return t.Flush()
}

type mailSuppressionsCmd struct {
	Email  string `help:"Only this address."`
	Reason string `help:"Only for this reason: bounced, keeps_bouncing, complained, unsubscribed or operator."`
	Cursor string `help:"The page to list, as the previous page named it."`
}

func (m *mailSuppressionsCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	page, err := client.Suppressions(e.ctx, m.Email, m.Reason, m.Cursor)
	if err != nil || c.Mail.JSON {
		return orJSON(e.stdout, page, err)
	}
	t := terminal.NewTable(e.stdout, "SINCE", "ADDRESS", "SCOPE", "REASON", "BY", "NOTE")
	for _, s := range page.Suppressions {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Since.Format(time.RFC3339), s.Email, s.Scope, s.Reason, s.Actor, s.Diagnostic)
	}
	return t.EndPage("--cursor", page.Next)
}

type mailSuppressCmd struct {
	Email string `arg:"" help:"The address."`
	Scope string `enum:"all,marketing,campaigns,reminders" default:"marketing" help:"all (no mail at all, not even about orders), marketing, campaigns or reminders."`
	Why   string `required:"" help:"The reason, for operators."`
}

func (m *mailSuppressCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	s, err := client.Suppress(e.ctx, m.Email, m.Scope, m.Why)
	if err != nil || c.Mail.JSON {
		return orJSON(e.stdout, s, err)
	}
	fmt.Fprintf(e.stdout, "%s gets %s any more\n", s.Email, map[string]string{
		"all": "no mail", "marketing": "no marketing mail", "campaigns": "no campaigns", "reminders": "no reminders",
	}[m.Scope])
	return nil
}

type mailUnsuppressCmd struct {
	Email  string `arg:"" help:"The address."`
	Reason string `help:"Remove only suppressions for this reason. Default: all."`
	Why    string `required:"" help:"The reason, for operators."`
}

func (m *mailUnsuppressCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	err = client.Unsuppress(e.ctx, m.Email, m.Reason, m.Why)
	if err != nil || c.Mail.JSON {
		return orJSON(e.stdout, map[string]string{"unsuppressed": m.Email}, err)
	}
	fmt.Fprintf(e.stdout, "%s gets mail again\n", m.Email)
	return nil
}

type mailStatusCmd struct{}

func (m *mailStatusCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	s, err := client.Marketing(e.ctx)
	return c.Mail.marketing(e, s, err)
}

type mailPauseCmd struct {
	Why string `required:"" help:"The reason, for operators."`
}

func (m *mailPauseCmd) Run(e *env, c *commands) error { return c.Mail.steer(e, "pause", m.Why) }

type mailResumeCmd struct {
	Why string `required:"" help:"The reason, for operators. The mails sent so far no longer count against the limits."`
}

func (m *mailResumeCmd) Run(e *env, c *commands) error { return c.Mail.steer(e, "resume", m.Why) }

func (c *mailCmd) steer(e *env, action, why string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	s, err := client.SteerMarketing(e.ctx, action, why)
	return c.marketing(e, s, err)
}

// marketing prints whether marketing is paused, and each provider's rates of
// bounces and complaints.
func (c *mailCmd) marketing(e *env, s shop.Marketing, err error) error {
	if err != nil || c.JSON {
		return orJSON(e.stdout, s, err)
	}
	state := "is running"
	if s.Paused {
		state = "is paused: " + s.Why
	}
	fmt.Fprintf(e.stdout, "marketing %s\n", state)
	for _, st := range s.Standings {
		fmt.Fprintf(e.stdout, "%s: of the last %d mails, %d bounced (%d per million, the limit is %d) and %d were complained about (%d per million, the limit is %d)\n",
			st.Provider, st.Sent, st.Bounced, st.BounceRate, s.Limits.Bounces, st.Complained, st.ComplaintRate, s.Limits.Complaints)
	}
	return nil
}
