package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// caseCmd holds the commands about what a person must decide.
type caseCmd struct {
	remote `embed:""`

	List   caseListCmd   `cmd:"" help:"List cases, the latest first; by default those that are open."`
	Show   caseShowCmd   `cmd:"" help:"Show a case: what both sides say, the notes, and the command for each choice."`
	Take   caseTakeCmd   `cmd:"" help:"Say who looks after a case."`
	Note   caseNoteCmd   `cmd:"" help:"Add a note to a case."`
	Decide caseDecideCmd `cmd:"" help:"Decide a case, or approve what another person has proposed."`
}

type caseListCmd struct {
	Status   string `default:"open" enum:"open,decided,closed,all" help:"open, decided, closed or all."`
	Kind     string `help:"Only cases of this kind, such as hold_payment."`
	Order    string `help:"Only cases about this order."`
	Assignee string `help:"Only cases that this person looks after."`
	Overdue  bool   `help:"Only open cases whose deadline has passed."`
	Limit    int    `default:"20" help:"How many, 1 to 100."`
	Cursor   string `help:"The page to list, as the previous page named it."`
}

func (l *caseListCmd) Run(e *env, c *commands) error {
	client, err := c.Case.client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(l.Limit)}}
	if l.Status != "all" {
		q.Set("status", l.Status)
	}
	if l.Overdue {
		q.Set("overdue", "true")
	}
	for name, v := range map[string]string{"kind": l.Kind, "orderId": l.Order, "assignee": l.Assignee, "cursor": l.Cursor} {
		if v != "" {
			q.Set(name, v)
		}
	}
	page, err := client.Cases(e.ctx, q)
	if err != nil {
		return err
	}
	if c.Case.JSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	t := terminal.NewTable(e.stdout, "OPENED", "CASE", "KIND", "STATUS", "AMOUNT", "DUE", "ASSIGNEE", "WHY")
	for _, found := range page.Cases {
		due := found.DueAt.Format(time.RFC3339)
		if found.Overdue {
			due += " (overdue)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", found.OpenedAt.Format(time.RFC3339), found.ID, found.Kind,
			paintStatus(t, found.Status), amountOf(found), due, found.Assignee, found.Why)
	}
	return t.EndPage("--cursor", page.NextCursor)
}

func amountOf(c shop.Case) string {
	if c.Amount == nil {
		return ""
	}
	return c.Amount.String()
}

// printCase prints one case, as JSON or as text.
func (c *caseCmd) printCase(w io.Writer, found shop.Case) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(found)
	}
	t := terminal.NewTable(w)
	fmt.Fprintf(t, "case\t%s\nkind\t%s\nstatus\t%s\nwhy\t%s\n", found.ID, found.Kind, paintStatus(t, found.Status), found.Why)
	for _, line := range []struct{ name, text string }{
		{"order", string(found.OrderID)},
		{"about", found.About},
		{"Purser says", found.Record},
		{"the provider says", found.Provider},
		{"amount", amountOf(found)},
		{"assignee", found.Assignee},
		{"opened", found.OpenedAt.Format(time.RFC3339)},
		{"outcome", found.Outcome},
	} {
		if line.text != "" {
			fmt.Fprintf(t, "%s\t%s\n", line.name, line.text)
		}
	}
	for _, n := range found.Notes {
		fmt.Fprintf(t, "note\t%s %s: %s\n", n.At.Format(time.RFC3339), n.Who, n.Text)
	}
	if p := found.Proposal; p != nil {
		fmt.Fprintf(t, "%s\t%s by %s: %s; another person must approve it, with the same command\n", terminal.Paint(t, terminal.Red, "proposed"), p.Choice, p.Who, p.Why)
	}
	if found.Status == order.CaseOpen {
		printChoices(t, found)
	}
	return t.Flush()
}

// printChoices prints the deadline of an open case, and the command for each choice.
func printChoices(w io.Writer, c shop.Case) {
	then := "a person is reminded"
	switch {
	case c.Overdue:
		then = "nobody has decided: overdue"
	case c.Default != "":
		then = string(c.Default) + " is decided"
	}
	fmt.Fprintf(w, "due\t%s, then %s\n", c.DueAt.Format(time.RFC3339), then)
	for _, choice := range c.Choices {
		does := attentionHelp[choice]
		if c.Kind.IsHold() || does == "" {
			does = choiceHelp[choice]
		}
		fmt.Fprintf(w, "  %s\tpurser case decide %s %s --reason=\"\"  # %s\n", choice, c.ID, choice, does)
	}
}

type caseShowCmd struct {
	ID string `arg:"" help:"The case's id."`
}

func (x *caseShowCmd) Run(e *env, c *commands) error {
	return c.Case.with(e, func(client *shop.Client) (shop.Case, error) { return client.Case(e.ctx, x.ID) })
}

type caseTakeCmd struct {
	ID       string `arg:"" help:"The case's id."`
	Assignee string `help:"Who looks after it. Default: the caller's key."`
}

func (x *caseTakeCmd) Run(e *env, c *commands) error {
	return c.Case.with(e, func(client *shop.Client) (shop.Case, error) { return client.TakeCase(e.ctx, x.ID, x.Assignee) })
}

type caseNoteCmd struct {
	ID   string `arg:"" help:"The case's id."`
	Text string `arg:"" help:"The note; no personal data."`
}

func (x *caseNoteCmd) Run(e *env, c *commands) error {
	return c.Case.with(e, func(client *shop.Client) (shop.Case, error) { return client.NoteCase(e.ctx, x.ID, x.Text) })
}

type caseDecideCmd struct {
	ID     string `arg:"" help:"The case's id."`
	Choice string `arg:"" enum:"release,rebook,void,refund,keep" help:"The decision: one of the choices that 'purser case show' prints."`
	Reason string `required:"" help:"The reason, for operators."`
}

func (x *caseDecideCmd) Run(e *env, c *commands) error {
	return c.Case.with(e, func(client *shop.Client) (shop.Case, error) {
		return client.DecideCase(e.ctx, x.ID, order.Choice(x.Choice), x.Reason)
	})
}

// with calls the API and prints the case that it returns.
func (c *caseCmd) with(e *env, call func(*shop.Client) (shop.Case, error)) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	found, err := call(client)
	if err != nil {
		return err
	}
	return c.printCase(e.stdout, found)
}
