package commands

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"time"

	"purser/commands/terminal"
	"purser/ledger"
	"purser/order"
	"purser/shop"
)

// ledgerCmd holds the commands for the shop's books.
type ledgerCmd struct {
	remote `embed:""`

	Check       ledgerCheckCmd       `cmd:"" help:"Compare the ledger with the orders and with Stripe. The exit code is 1 if anything differs."`
	Differences ledgerDifferencesCmd `cmd:"" help:"List the amounts that ledger, orders and Stripe do not agree about."`
	Export      ledgerExportCmd      `cmd:"" help:"Export the entries as CSV or JSON lines."`
	Balances    ledgerBalancesCmd    `cmd:"" help:"Show the balances of the accounts."`
	Close       ledgerCloseCmd       `cmd:"" help:"Close a month: what belongs to it is booked in the next month from then on."`
}

type ledgerCheckCmd struct {
	Wait time.Duration `default:"1h" help:"How long to wait for the result."`
}

// await waits for the result of a check.
func (k *ledgerCheckCmd) await(e *env, client *shop.Client) (ledger.CheckResult, error) {
	ctx, cancel := context.WithTimeout(e.ctx, k.Wait)
	defer cancel()
	check := ""
	found, err := untilDone(func() (ledger.CheckResult, bool, error) {
		found, err := client.CheckLedger(ctx, check)
		if err == nil && !found.Done && check == "" {
			fmt.Fprintln(e.stderr, "the check is running; what differs is compared again after ten minutes, before it counts")
		}
		check = found.Check
		return found.CheckResult, found.Done, err
	})
	if err != nil && ctx.Err() != nil && e.ctx.Err() == nil {
		return found, fmt.Errorf("the check has no result after %s and goes on: run purser ledger check again to join it, or with a longer --wait", k.Wait)
	}
	return found, err
}

func (k *ledgerCheckCmd) Run(e *env, c *commands) error {
	client, err := c.Ledger.client()
	if err != nil {
		return err
	}
	found, err := k.await(e, client)
	if err != nil {
		return err
	}
	page, err := client.LedgerDifferences(e.ctx, url.Values{"limit": {"100"}})
	if err != nil {
		return err
	}
	if c.Ledger.JSON {
		err = orJSON(e.stdout, map[string]any{"check": found, "differences": page.Differences}, nil)
	} else {
		fmt.Fprintf(e.stdout, "%d orders compared, %d differ; %d entries of settlements imported; %d differences in all\n",
			found.Orders, found.Differing, found.Settlements, max(found.Differences, len(page.Differences)))
		err = showDifferences(e.stdout, page)
	}
	switch {
	case err != nil:
		return err
	case found.Problem != "":
		return fmt.Errorf("the settlements could not be imported: %s", found.Problem)
	case found.Differences > 0 || len(page.Differences) > 0:
		return fmt.Errorf("%d amounts differ: compare each with the order and with Stripe", max(found.Differences, len(page.Differences)))
	case found.Unreadable > 0:
		return fmt.Errorf("%d settlements could not be booked: purser ledger differences lists them", found.Unreadable)
	}
	return nil
}

func showDifferences(w io.Writer, page shop.Differences) error {
	if len(page.Differences) == 0 {
		return nil
	}
	t := terminal.NewTable(w, "NUMBER", "ORDER", "PAYMENT", "SETTLEMENT", "ACCOUNT", "RECORD", "ROW", "LEDGER", "PROVIDER", "FOUND", "RESOLVED", "WHY")
	for _, d := range page.Differences {
		amount := func(n int64) string { return order.Money{Amount: n, Currency: d.Currency}.String() }
		row, provider, resolved := "", "", ""
		if d.Row != nil {
			row = amount(*d.Row)
		}
		if d.Provider != nil {
			provider = amount(*d.Provider)
		}
		if !d.ResolvedAt.IsZero() {
			resolved = d.ResolvedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			d.ID, d.OrderID, d.Ref, d.Source, d.Account, amount(d.Record), row, amount(d.Ledger), provider, d.FoundAt.Format(time.RFC3339), resolved, d.Why)
	}
	next := ""
	if page.NextBefore > 0 {
		next = strconv.FormatInt(page.NextBefore, 10)
	}
	return t.EndPage("--before", next)
}

type ledgerDifferencesCmd struct {
	Order    string `help:"Only differences of this order."`
	Resolved bool   `help:"Also differences that are gone."`
	Limit    int    `default:"20" help:"How many, 1 to 100."`
	Before   int64  `help:"Only differences with a lower number."`
}

func (d *ledgerDifferencesCmd) Run(e *env, c *commands) error {
	client, err := c.Ledger.client()
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(d.Limit)}, "resolved": {strconv.FormatBool(d.Resolved)}, "before": {strconv.FormatInt(d.Before, 10)}}
	if d.Order != "" {
		q.Set("orderId", d.Order)
	}
	page, err := client.LedgerDifferences(e.ctx, q)
	if err != nil || c.Ledger.JSON {
		return orJSON(e.stdout, page, err)
	}
	return showDifferences(e.stdout, page)
}

// ledgerSpan is a time in the books.
type ledgerSpan struct {
	From string `help:"The first month, day or moment: 2026-03, 2026-03-01 or 2026-03-01T00:00:00Z. Default: the beginning."`
	To   string `help:"The first month, day or moment that is not included. Default: the end."`
}

func (s ledgerSpan) query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"from": s.From, "to": s.To} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

type ledgerExportCmd struct {
	ledgerSpan `embed:""`

	Format string `enum:"csv,jsonl" default:"csv" help:"csv or jsonl."`
	Out    string `help:"The file to write, which must not exist. Default: standard output." type:"path"`
}

func (x *ledgerExportCmd) Run(e *env, c *commands) error {
	client, err := c.Ledger.client()
	if err != nil {
		return err
	}
	q := x.query()
	q.Set("format", x.Format)
	if x.Out == "" {
		return client.ExportLedger(e.ctx, q, e.stdout)
	}
	f, err := os.OpenFile(x.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err = client.ExportLedger(e.ctx, q, f); err == nil {
		return f.Close()
	}
	_ = f.Close() // err is more important
	_ = os.Remove(x.Out)
	return err
}

type ledgerBalancesCmd struct {
	ledgerSpan `embed:""`
}

func (b *ledgerBalancesCmd) Run(e *env, c *commands) error {
	client, err := c.Ledger.client()
	if err != nil {
		return err
	}
	all, err := client.LedgerBalances(e.ctx, b.query())
	if err != nil || c.Ledger.JSON {
		return orJSON(e.stdout, all, err)
	}
	t := terminal.NewTable(e.stdout, "PARTY", "ACCOUNT", "BALANCE")
	for _, a := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\n", a.Party, a.Account, a.Balance)
	}
	return t.Flush()
}

type ledgerCloseCmd struct {
	Period string `arg:"" help:"The month, such as 2026-03. Those before it are closed, too."`
}

func (l *ledgerCloseCmd) Run(e *env, c *commands) error {
	client, err := c.Ledger.client()
	if err != nil {
		return err
	}
	p, err := client.CloseLedgerPeriod(e.ctx, l.Period)
	if err != nil || c.Ledger.JSON {
		return orJSON(e.stdout, p, err)
	}
	_, err = fmt.Fprintf(e.stdout, "%s is closed since %s, by %s\n", p.Period, p.ClosedAt.Format(time.RFC3339), p.ClosedBy)
	return err
}
