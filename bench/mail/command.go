package mail

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

	"purser/postgrestest"
	"purser/records"
)

// Command measures a fleet of workers that sends through the sandbox's SES and a
// relay.
type Command struct {
	Engine  []string      `help:"The databases to measure." enum:"sqlite,postgres" default:"sqlite,postgres"`
	Workers int           `help:"The number of workers that share the account." default:"4"`
	Rate    int           `help:"The account's limit, in recipients a second." default:"14"`
	For     time.Duration `help:"How long a campaign sends at the limit." default:"20s"`
	Flaps   int           `help:"How often the primary goes down and comes back." default:"100"`
	JSON    bool          `name:"json" help:"Print one JSON object per database."`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Workers < 1 || c.Rate < 1 || c.For < time.Second || c.Flaps < 0 {
		return errors.New("--workers and --rate must be 1 or more, --for 1s or more, --flaps 0 or more")
	}
	return nil
}

// Run measures one database after the other.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	for _, engine := range c.Engine {
		r, err := c.measure(ctx, engine)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		if c.JSON {
			err = json.NewEncoder(stdout).Encode(r)
		} else {
			err = printResult(stdout, r)
		}
		if err != nil {
			return err
		}
		if r.Recipients > r.Rate || r.Lost+r.Doubled > 0 {
			return fmt.Errorf("%s: mails were lost or doubled, or the rate did not hold", engine)
		}
	}
	return nil
}

// measure runs the measurement on an empty record. On Postgres each worker opens
// the record itself, as in a fleet; on SQLite, which belongs to one process, the
// workers share one.
func (c *Command) measure(ctx context.Context, engine string) (_ Result, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	url, processes := "sqlite://"+filepath.Join(dir, "record.db"), 1
	if engine == "postgres" {
		server, err := postgrestest.Start(ctx, "")
		if err != nil {
			return Result{}, err
		}
		defer server.Stop()
		if url, err = server.Database("purser"); err != nil {
			return Result{}, err
		}
		processes = c.Workers
	}
	var stores []*records.Store
	defer func() {
		for _, s := range stores {
			err = errors.Join(err, s.Close())
		}
	}()
	for range processes {
		s, err := records.Open(ctx, url, records.Options{Connections: 4})
		if err != nil {
			return Result{}, err
		}
		stores = append(stores, s)
	}
	return Measure(ctx, engine, stores, Load{Workers: c.Workers, Rate: c.Rate, For: c.For, Flaps: c.Flaps})
}

func printResult(stdout io.Writer, r Result) error {
	t := tabwriter.NewWriter(stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		name  string
		value any
	}{
		{"engine", r.Engine},
		{"workers", r.Workers},
		{"rate, recipients/s", r.Rate},
		{"most in any one second", r.Recipients},
		{"throttled by the provider", r.Throttled},
		{"recipients/s", r.Throughput},
		{"delay of an order's mail, p50 ms", r.OrderMailP50},
		{"p99 ms", r.OrderMailP99},
		{"failover s", fmt.Sprintf("%.3f", r.Failover)},
		{"back at the primary s", fmt.Sprintf("%.3f", r.Return)},
		{"flaps", r.Flaps},
		{"mails during the flaps", r.FlapMails},
		{"by the backup", r.ByBackup},
		{"lost", r.Lost},
		{"doubled", r.Doubled},
		{"unknown", r.Unknown},
		{"unknown, but sent", r.UnknownSent},
	} {
		fmt.Fprintf(t, "%s\t%v\t\n", row.name, row.value)
	}
	return t.Flush()
}
