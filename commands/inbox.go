package commands

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// inboxCmd holds the commands for the events that providers sent.
type inboxCmd struct {
	remote `embed:""`

	List      inboxListCmd      `cmd:"" help:"List the events that providers sent, newest first."`
	Redeliver inboxRedeliverCmd `cmd:"" name:"again" help:"Read an event again and deliver it once more."`
	Dismiss   inboxDismissCmd   `cmd:"" help:"Dismiss a parked or held event that nobody needs."`
	Missed    inboxMissedCmd    `cmd:"" help:"Find the events of Stripe whose webhooks did not come, and deliver them."`
}

type inboxListCmd struct {
	State    string `help:"Only events in this state: received, held, delivered, kept, parked, foreign or dismissed."`
	Provider string `help:"Only events of this provider."`
	Order    string `help:"Only events of this order."`
	Limit    int    `default:"20" help:"How many, 1 to 100."`
	Cursor   string `help:"The page to list, as the previous page named it."`
}

func (l *inboxListCmd) Run(e *env, c *commands) error {
	client, err := c.Inbox.client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(l.Limit)}}
	for name, v := range map[string]string{"state": l.State, "provider": l.Provider, "orderId": l.Order, "cursor": l.Cursor} {
		if v != "" {
			q.Set(name, v)
		}
	}
	page, err := client.Inbox(e.ctx, q)
	if err != nil {
		return err
	}
	if c.Inbox.JSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	t := terminal.NewTable(e.stdout, "NUMBER", "RECEIVED", "STATE", "PROVIDER", "TYPE", "EVENT", "ORDER", "NOTE")
	for _, it := range page.Items {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			it.ID, it.ReceivedAt.Format(time.RFC3339), paintStatus(t, it.State), it.Provider, it.Type, it.EventID, it.OrderID, it.Note)
	}
	return t.EndPage("--cursor", page.Next)
}

type inboxRedeliverCmd struct {
	ID int64 `arg:"" help:"The event's number in the list."`
}

func (a *inboxRedeliverCmd) Run(e *env, c *commands) error {
	client, err := c.Inbox.client()
	if err != nil {
		return err
	}
	it, err := client.RedeliverEvent(e.ctx, a.ID)
	if err != nil {
		return err
	}
	return printEvent(e, c, it)
}

type inboxDismissCmd struct {
	ID     int64  `arg:"" help:"The event's number in the list."`
	Reason string `required:"" help:"The reason, which is kept with the event."`
}

func (d *inboxDismissCmd) Run(e *env, c *commands) error {
	client, err := c.Inbox.client()
	if err != nil {
		return err
	}
	it, err := client.DismissEvent(e.ctx, d.ID, d.Reason)
	if err != nil {
		return err
	}
	return printEvent(e, c, it)
}

type inboxMissedCmd struct{}

func (*inboxMissedCmd) Run(e *env, c *commands) error {
	client, err := c.Inbox.client()
	if err != nil {
		return err
	}
	found, err := untilDone(func() (order.MissedEvents, bool, error) { return client.FindMissedEvents(e.ctx) })
	switch {
	case err != nil:
		return err
	case c.Inbox.JSON:
		err = json.NewEncoder(e.stdout).Encode(found)
	case found.Since.IsZero():
		_, err = fmt.Fprintln(e.stdout, "there is no order yet, so no event can be missing")
	default:
		_, err = fmt.Fprintf(e.stdout, "%d events listed since %s, %d had not come\n", found.Listed, found.Since.Format(time.RFC3339), found.Found)
	}
	switch {
	case err != nil:
		return err
	case !found.Gone.IsZero():
		return fmt.Errorf("the events from %s to %s are not in Stripe's list any more: purser ledger check compares the payments themselves",
			found.Gone.Format(time.RFC3339), found.Since.Format(time.RFC3339))
	case found.Unreadable > 0:
		return fmt.Errorf("%d events could not be read: the log names them", found.Unreadable)
	}
	return nil
}

func printEvent(e *env, c *commands, it shop.Report) error {
	if c.Inbox.JSON {
		return json.NewEncoder(e.stdout).Encode(it)
	}
	_, err := fmt.Fprintf(e.stdout, "%d  %s  %s  %s\n", it.ID, paintStatus(e.stdout, it.State), it.Type, it.Note)
	return err
}
