package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"purser/config"
	"purser/shop"
	"purser/stack"
)

// Command measures an import into a stack of its own in a temporary directory.
type Command struct {
	config.Config `embed:""`

	Rows int    `help:"The number of products." default:"100000"`
	Seed uint64 `help:"The seed from which the products are made." default:"1"`
	JSON bool   `name:"json" help:"Print a JSON object."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the import to this file." type:"path"`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Rows < 1 {
		return errors.New("--rows must be 1 or more")
	}
	return nil
}

// Run measures an import and the plain insertion of the same rows, and prints the
// result.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	r, err := c.measure(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "imported\t%d rows, %.1f MB, in %.1f s (%.0f a second)\n", r.Rows, r.FileMB, r.Seconds, r.RowsPerSecond)
	fmt.Fprintf(t, "  sent, read, written, indexed\t%.1f, %.1f, %.1f, %.1f s\n", r.SendSeconds, r.ReadSeconds, r.WriteSeconds, r.IndexSeconds)
	fmt.Fprintf(t, "plain\tinserted in %.1f s, indexed in %.1f s (%.0f a second)\nratio\t%.2f (in processor time %.2f: %.1f s against %.1f s)\n",
		r.PlainInsertSeconds, r.PlainIndexSeconds, r.PlainRowsPerSecond, r.Ratio, r.CPURatio, r.CPUSeconds, r.PlainCPUSeconds)
	fmt.Fprintf(t, "memory\t%.0f MB before, %.0f MB when written, %.0f MB at most\n", r.BeforeMB, r.WrittenMB, r.PeakMB)
	fmt.Fprintf(t, "  of this\tthe index %.0f bytes a product, the import itself %.0f MB\n", r.IndexBytes, r.ImportPeakMB)
	return t.Flush()
}

func (c *Command) measure(ctx context.Context) (_ Result, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-import-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := c.Apart(filepath.Join(dir, "data"))
	s, err := stack.Start(ctx, &cfg, stack.Everything)
	if err != nil {
		return Result{}, err
	}
	defer s.Stop()
	at := s.Running()
	return Measure(ctx, Load{Rows: c.Rows, Seed: c.Seed, Dir: dir, Profile: c.CPUProfile, Shop: &shop.Client{URL: at.API, Key: at.Key}})
}
