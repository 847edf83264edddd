package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Command runs a large campaign on a stack of its own, which it kills.
type Command struct {
	Recipients  int           `help:"The number of recipients." default:"50000"`
	Kills       int           `help:"How often the program is killed (SIGKILL) during the campaign." default:"3"`
	Rate        int           `help:"The recipients a second that the sandbox's SES accepts; 0: no limit." default:"0"`
	OrdersEvery time.Duration `help:"The interval at which orders are placed during the campaign; 0: none are." default:"500ms"`
	JSON        bool          `name:"json" help:"Print JSON."`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Recipients < 1 || c.Kills < 0 || c.Rate < 0 || c.OrdersEvery < 0 {
		return errors.New("--recipients must be 1 or more, the other numbers 0 or more")
	}
	return nil
}

// Run measures a stack on SQLite, whose engine is killed with the process.
func (c *Command) Run(ctx context.Context, stdout io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := newProgram(self, filepath.Join(dir, "data"), c.Rate)
	r, err := runCampaign(ctx, "sqlite", p, Load{Recipients: c.Recipients, Kills: c.Kills, OrdersEvery: c.OrdersEvery})
	if err != nil {
		return err
	}
	if err := c.print(stdout, r); err != nil {
		return err
	}
	if r.Lost+r.Doubled+r.Other > 0 {
		return errors.New("mails were lost, doubled or refused")
	}
	return nil
}

func (c *Command) print(stdout io.Writer, r Result) error {
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		value any
	}{
		{"recipients", r.Recipients},
		{"kills", r.Kills},
		{"seconds", fmt.Sprintf("%.0f", r.Seconds)},
		{"recipients/s", fmt.Sprintf("%.1f", r.PerSecond)},
		{"sent once more", r.Retried},
		{"sent, according to the record", r.Sent},
		{"unknown", r.Unknown},
		{"unknown, but sent", r.Arrived},
		{"other outcomes", r.Other},
		{"lost", r.Lost},
		{"doubled", r.Doubled},
		{"orders during the campaign", r.Orders},
		{"order mails lost", r.Unmailed},
		{"delay of an order's mail, p50 ms", fmt.Sprintf("%.0f", r.P50)},
		{"p99 ms", fmt.Sprintf("%.0f", r.P99)},
	} {
		fmt.Fprintf(t, "%s\t%v\t\n", row.name, row.value)
	}
	return t.Flush()
}
