package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"purser/drill"
	"purser/postgrestest"
	"purser/records"
)

// benchMailCmd measures the sending of mail: a fleet of workers, the sandbox's
// SES and a relay.
type benchMailCmd struct {
	Engine  []string      `help:"Which databases." enum:"sqlite,postgres" default:"sqlite,postgres"`
	Workers int           `help:"Workers that share the account." default:"4"`
	Rate    int           `help:"Recipients a second that the account may reach." default:"14"`
	For     time.Duration `help:"How long a campaign presses against the rate." default:"20s"`
	Flaps   int           `help:"How often the primary goes down and comes back." default:"100"`
	JSON    bool          `name:"json" help:"Print one JSON object per database."`
}

func (b *benchMailCmd) Run(e *env) error {
	if b.Workers < 1 || b.Rate < 1 || b.For < time.Second || b.Flaps < 0 {
		return usageError{errors.New("bench mail: --workers and --rate want 1 or more, --for 1s or more, --flaps 0 or more")}
	}
	for _, engine := range b.Engine {
		r, err := b.measure(e, engine)
		if err != nil {
			return fmt.Errorf("bench mail %s: %w", engine, err)
		}
		if b.JSON {
			err = json.NewEncoder(e.stdout).Encode(r)
		} else {
			err = printMail(e, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// measure opens a fresh record: on Postgres as often as there are workers, as
// in a fleet; on SQLite, which belongs to one process, once.
func (b *benchMailCmd) measure(e *env, engine string) (_ drill.MailResult, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-")
	if err != nil {
		return drill.MailResult{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	url, processes := "sqlite://"+filepath.Join(dir, "record.db"), 1
	if engine == "postgres" {
		server, err := postgrestest.Start(e.ctx, "")
		if err != nil {
			return drill.MailResult{}, err
		}
		defer server.Stop()
		if url, err = server.Database("purser"); err != nil {
			return drill.MailResult{}, err
		}
		processes = b.Workers
	}
	var stores []*records.Store
	defer func() {
		for _, s := range stores {
			err = errors.Join(err, s.Close())
		}
	}()
	for range processes {
		s, err := records.Open(e.ctx, url, records.Options{Connections: 4})
		if err != nil {
			return drill.MailResult{}, err
		}
		stores = append(stores, s)
	}
	return drill.BenchMail(e.ctx, engine, stores, drill.MailLoad{Workers: b.Workers, Rate: b.Rate, For: b.For, Flaps: b.Flaps})
}

func printMail(e *env, r drill.MailResult) error {
	t := tabwriter.NewWriter(e.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
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
		{"an order's mail behind a campaign, p50 ms", r.OrderMailP50},
		{"p99 ms", r.OrderMailP99},
		{"failover s", fmt.Sprintf("%.3f", r.Failover)},
		{"back at the primary s", fmt.Sprintf("%.3f", r.Return)},
		{"flaps", r.Flaps},
		{"mails meanwhile", r.FlapMails},
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
