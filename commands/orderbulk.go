package commands

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"purser/commands/terminal"
	"purser/order"
	"purser/shop"
)

// orderBulkCmd holds the commands on many orders at once.
type orderBulkCmd struct {
	Cancel  orderBulkCancelCmd  `cmd:"" help:"Cancel many orders."`
	Refund  orderBulkRefundCmd  `cmd:"" help:"Refund everything that is left of many orders."`
	Resolve orderBulkResolveCmd `cmd:"" help:"Decide about many orders that are on hold or need attention."`
	Resend  orderBulkResendCmd  `cmd:"" help:"Send a mail of many orders again."`
	List    orderBulkListCmd    `cmd:"" help:"List bulks, the latest first."`
	Show    orderBulkShowCmd    `cmd:"" help:"Follow a bulk, also after its command was interrupted, and list what became of each order."`
	Stop    orderBulkStopCmd    `cmd:"" help:"Stop a bulk: the orders that were not begun stay as they are."`
}

// bulkFlags say what is done to an order, and to which: to those that are named, or to
// those that the flags of 'purser order list' select.
type bulkFlags struct {
	File      string   `help:"A file with one order id on each line; - reads standard input." placeholder:"FILE"`
	Status    []string `help:"Only orders in these statuses."`
	WaitingOn string   `default:"" enum:",payment,transfer,carrier,operator,payments,parcels,packing,mail" help:"Only orders that wait for this."`
	Customer  string   `help:"Only orders of this customer."`
	From      string   `help:"Only orders placed on this day or at this time, or later: YYYY-MM-DD in UTC, or RFC 3339." placeholder:"TIME"`
	To        string   `help:"Only orders placed on this day or before it, or before this time; written like --from." placeholder:"TIME"`
	Limit     int      `help:"The most orders that may be selected, at most 20000. Default: 1000." placeholder:"N"`
	Reason    string   `required:"" help:"The reason, for operators; each order records it."`
	DryRun    bool     `help:"List which orders would take it, and why others would not, and change nothing."`
	Key       string   `name:"idempotency-key" help:"Makes repeating the command safe: it joins the first, about the same orders. Default: a new one."`
}

type orderBulkCancelCmd struct {
	IDs       []string `arg:"" optional:"" name:"id" help:"The orders' ids."`
	bulkFlags `embed:""`
}

func (x *orderBulkCancelCmd) Run(e *env, c *commands) error {
	return x.run(e, c, x.IDs, order.BulkRequest{Action: order.BulkCancel})
}

type orderBulkRefundCmd struct {
	IDs       []string `arg:"" optional:"" name:"id" help:"The orders' ids."`
	All       bool     `required:"" help:"Everything that is left; a part of an order is refunded with 'purser order refund'."`
	bulkFlags `embed:""`
}

func (x *orderBulkRefundCmd) Run(e *env, c *commands) error {
	return x.run(e, c, x.IDs, order.BulkRequest{Action: order.BulkRefund})
}

type orderBulkResolveCmd struct {
	Choice    string   `arg:"" enum:"release,rebook,void,refund,keep" help:"The decision: one of the choices that 'purser order show' prints for an order."`
	IDs       []string `arg:"" optional:"" name:"id" help:"The orders' ids."`
	bulkFlags `embed:""`
}

func (x *orderBulkResolveCmd) Run(e *env, c *commands) error {
	return x.run(e, c, x.IDs, order.BulkRequest{Action: order.BulkResolve, Choice: order.Choice(x.Choice)})
}

type orderBulkResendCmd struct {
	Template  string   `arg:"" help:"The mail to send: confirmation, shipped, delivered, … ('purser mail ledger' lists the names)."`
	IDs       []string `arg:"" optional:"" name:"id" help:"The orders' ids."`
	bulkFlags `embed:""`
}

func (x *orderBulkResendCmd) Run(e *env, c *commands) error {
	return x.run(e, c, x.IDs, order.BulkRequest{Action: order.BulkResend, Template: order.Notification(x.Template)})
}

// run starts the bulk and follows it to its end.
func (f *bulkFlags) run(e *env, c *commands, ids []string, r order.BulkRequest) error {
	r.Reason, r.DryRun = f.Reason, f.DryRun
	request, err := f.request(ids, r)
	if err != nil {
		return err
	}
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	b, err := client.StartBulk(e.ctx, request, cmp.Or(f.Key, rand.Text()))
	if err != nil {
		return err
	}
	return c.Order.followBulk(e, client, b)
}

// request returns the request with its selection.
func (f *bulkFlags) request(ids []string, r order.BulkRequest) (shop.BulkRequest, error) {
	from, to, err := parsePeriod("--from", f.From, "--to", f.To)
	if err != nil {
		return shop.BulkRequest{}, err
	}
	if f.File != "" {
		listed, err := readIDs(f.File)
		if err != nil {
			return shop.BulkRequest{}, err
		}
		ids = append(ids, listed...)
	}
	request := shop.BulkRequest{BulkRequest: r, IDs: ids, Limit: f.Limit}
	filtered := len(f.Status) > 0 || f.WaitingOn != "" || f.Customer != "" || !from.IsZero() || !to.IsZero()
	switch {
	case filtered && (len(ids) > 0 || f.File != ""):
		return request, usageError{fmt.Errorf("name the orders, or select them with --status, --waiting-on, --customer, --from and --to, not both")}
	case !filtered && len(ids) == 0:
		return request, usageError{fmt.Errorf("say which orders: their ids, --file, or --status, --waiting-on, --customer, --from and --to")}
	case filtered:
		request.Filter = &shop.BulkFilter{Status: f.Status, Customer: f.Customer, WaitsFor: f.WaitingOn, PlacedFrom: from, PlacedTo: to}
	}
	return request, nil
}

// readIDs returns the ids in a file. An empty line, and one that begins with #, has none.
func readIDs(name string) (ids []string, err error) {
	file, _, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if id := strings.TrimSpace(lines.Text()); id != "" && !strings.HasPrefix(id, "#") {
			ids = append(ids, id)
		}
	}
	return ids, lines.Err()
}

type orderBulkListCmd struct {
	Open   bool   `help:"Only bulks that have not ended."`
	Limit  int    `default:"20" help:"How many, 1 to 100."`
	Cursor string `help:"The page to list, as the previous page named it."`
}

func (x *orderBulkListCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(x.Limit)}}
	if x.Open {
		q.Set("open", "true")
	}
	if x.Cursor != "" {
		q.Set("cursor", x.Cursor)
	}
	page, err := client.Bulks(e.ctx, q)
	if err != nil {
		return err
	}
	if c.Order.JSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	t := terminal.NewTable(e.stdout, "CREATED", "BULK", "ACTION", "STATE", "ORDERS", "BY", "REASON")
	for _, b := range page.Bulks {
		action := string(b.Action)
		if b.DryRun {
			action += " (dry run)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", b.CreatedAt.Format(time.RFC3339), b.ID, action, b.State, countsOf(b.Counts), b.Actor, b.Reason)
	}
	return t.EndPage("--cursor", page.NextCursor)
}

type orderBulkShowCmd struct {
	ID string `arg:"" help:"The bulk's id."`
}

func (x *orderBulkShowCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	b, err := client.Bulk(e.ctx, x.ID)
	if err != nil {
		return err
	}
	return c.Order.followBulk(e, client, b)
}

type orderBulkStopCmd struct {
	ID     string `arg:"" help:"The bulk's id."`
	Reason string `required:"" help:"The reason, for operators."`
}

func (x *orderBulkStopCmd) Run(e *env, c *commands) error {
	client, err := c.Order.client()
	if err != nil {
		return err
	}
	b, err := client.StopBulk(e.ctx, x.ID, x.Reason)
	if err != nil {
		return err
	}
	return c.Order.followBulk(e, client, b)
}

// followBulk shows the progress of a bulk until it ends, and then what became of each
// order. The bulk itself goes on if the command is interrupted.
func (c *orderCmd) followBulk(e *env, client *shop.Client, b order.Bulk) (err error) {
	id := b.ID
	if !b.State.Final() {
		fmt.Fprintf(e.stderr, "%s: %d orders; 'purser order bulk show %s' follows it again, 'purser order bulk stop %s' stops it\n", id, b.Counts.Total, id, id)
	}
	bar := terminal.Progress{To: e.stderr, Silent: c.JSON || !terminal.IsTerminal(e.stderr)}
	for err == nil && !b.State.Final() {
		n := b.Counts
		bar.Draw(string(b.State), n.Resolved(), n.Total, fmt.Sprintf("%d of %d orders, %d refused, %d failed", n.Resolved(), n.Total, n.Refused, n.Failed))
		select {
		case <-time.After(300 * time.Millisecond):
			b, err = client.Bulk(e.ctx, id)
		case <-e.ctx.Done():
			err = e.ctx.Err()
		}
	}
	bar.Clear()
	switch {
	case e.ctx.Err() != nil:
		return fmt.Errorf("%w: the bulk goes on without the command, 'purser order bulk show %s' follows it", errInterrupted, id)
	case err != nil:
		return err
	}
	return c.printBulk(e, client, b)
}

// printBulk prints what became of each order. It fails if an order did not take the
// action, unless it was a dry run.
func (c *orderCmd) printBulk(e *env, client *shop.Client, b order.Bulk) error {
	outcomes, err := client.BulkOrders(e.ctx, b.ID)
	if err != nil {
		return err
	}
	n := b.Counts
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(struct {
			order.Bulk
			Orders []order.BulkOrder `json:"orders"`
		}{b, outcomes})
	} else {
		t := terminal.NewTable(e.stdout, "ORDER", "OUTCOME", "WHY")
		for _, o := range outcomes {
			fmt.Fprintf(t, "%s\t%s\t%s\n", o.OrderID, terminal.Paint(t, outcomeStyles[o.Outcome], string(o.Outcome)), o.Why)
		}
		if err = t.Flush(); err == nil {
			_, err = fmt.Fprintf(e.stdout, "%s %s: %s\n", b.ID, b.State, countsOf(n))
		}
	}
	if err == nil && !b.DryRun && n.Refused+n.Failed > 0 {
		err = fmt.Errorf("%d of %d orders did not take it", n.Refused+n.Failed, n.Total)
	}
	return err
}

// countsOf says how many orders have which outcome.
func countsOf(n order.BulkCounts) string {
	words := []string{fmt.Sprintf("%d orders", n.Total)}
	for _, c := range []struct {
		n    int64
		what order.BulkOutcome
	}{
		{n.Done, order.OutcomeDone},
		{n.Accepted, order.OutcomeAccepted},
		{n.Possible, order.OutcomePossible},
		{n.Refused, order.OutcomeRefused},
		{n.Failed, order.OutcomeFailed},
		{n.Due, order.OutcomeDue},
	} {
		if c.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(words, ", ")
}

var outcomeStyles = map[order.BulkOutcome]terminal.Style{
	order.OutcomeDone: terminal.Green, order.OutcomePossible: terminal.Green, order.OutcomeAccepted: terminal.Yellow,
	order.OutcomeRefused: terminal.Yellow, order.OutcomeFailed: terminal.Red,
}
