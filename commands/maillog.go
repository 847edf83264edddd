package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"purser/commands/terminal"
	"purser/mail"
	"purser/order"
	"purser/shop"
)

// mailLogCmd holds the commands that show which mails were sent, and that send one
// again.
type mailLogCmd struct {
	Ledger    mailLedgerCmd    `cmd:"" help:"List an order's mails with the provider that sent each, or the reason why it was not sent."`
	Unknown   mailUnknownCmd   `cmd:"" help:"List mails that may or may not have been sent."`
	Resend    mailResendCmd    `cmd:"" help:"Send a mail again."`
	Providers mailProvidersCmd `cmd:"" help:"Show the state and the limits of the mail providers."`
}

type mailLedgerCmd struct {
	Order string `arg:"" help:"The order's id."`
}

func (m *mailLedgerCmd) Run(e *env, c *commands) error {
	return c.Mail.list(e, func(client *shop.Client) ([]shop.Mail, error) { return client.Mails(e.ctx, order.ID(m.Order)) })
}

type mailUnknownCmd struct{}

func (m *mailUnknownCmd) Run(e *env, c *commands) error {
	return c.Mail.list(e, func(client *shop.Client) ([]shop.Mail, error) { return client.UnknownMails(e.ctx) })
}

func (c *mailCmd) list(e *env, ask func(*shop.Client) ([]shop.Mail, error)) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	mails, err := ask(client)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(mails)
	}
	t := terminal.NewTable(e.stdout, "MAIL", "STATE", "BY", "TRIES", "WHY")
	for _, m := range mails {
		why := m.Why
		for _, s := range m.Skipped {
			why += fmt.Sprintf(" [%s: %s]", s.Provider, s.Why)
		}
		if m.AskedBy != "" {
			why += fmt.Sprintf(" [asked by %s: %s]", m.AskedBy, m.AskedWhy)
		}
		if m.Resent {
			why += " [resent after unknown]"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", m.ID, paintStatus(t, m.State), m.Provider, m.Attempts, why)
	}
	return t.Flush()
}

type mailResendCmd struct {
	Order    string `arg:"" help:"The order's id."`
	Template string `arg:"" help:"The mail to send: confirmation, shipped, delivered, … ('purser mail ledger' lists the names)."`
	Reason   string `required:"" help:"The reason, which the ledger keeps."`
	Key      string `name:"idempotency-key" help:"Makes repeating the command safe."`
}

func (m *mailResendCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	out, err := client.ResendMail(e.ctx, order.ID(m.Order), m.Template, m.Reason, m.Key)
	if err != nil {
		return err
	}
	return printMailOutcome(e.stdout, out, c.Mail.JSON)
}

// printMailOutcome prints the outcome of a mail that a person asked for. It returns
// an error if the mail was not sent.
func printMailOutcome(w io.Writer, out mail.Outcome, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(w).Encode(out); err != nil {
			return err
		}
	}
	switch {
	case out.State != mail.StateSent && out.State != mail.StateSending:
		return errors.New("not sent: " + string(out.State) + ": " + out.Why)
	case asJSON:
	case out.State == mail.StateSent:
		fmt.Fprintf(w, "sent by %s (%s)\n", out.Receipt.Provider, out.Receipt.ProviderID)
	default:
		fmt.Fprintln(w, "the mail is being sent: see 'purser mail ledger'")
	}
	return nil
}

type mailProvidersCmd struct{}

func (m *mailProvidersCmd) Run(e *env, c *commands) error {
	client, err := c.Mail.client()
	if err != nil {
		return err
	}
	all, err := client.MailProviders(e.ctx)
	if err != nil {
		return err
	}
	if c.Mail.JSON {
		return json.NewEncoder(e.stdout).Encode(all)
	}
	t := terminal.NewTable(e.stdout, "PROVIDER", "BREAKER", "RATE/S", "PER DAY", "SENT", "SENDER", "MAY SEND", "TROUBLE")
	for _, s := range all {
		perDay := fmt.Sprint(s.Limits.PerDay)
		if s.Limits.PerDay == mail.Unlimited {
			perDay = "no limit"
		}
		trouble := s.Trouble
		if s.AskFailed != "" {
			trouble += " (its limits could not be read: " + s.AskFailed + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%t\t%s\n", s.Name, s.Breaker, strconv.FormatFloat(s.Limits.Rate, 'f', -1, 64), perDay, s.Limits.Sent, s.Sender, s.Sendable, trouble)
	}
	return t.Flush()
}
