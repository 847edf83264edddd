package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"purser/config"
	"purser/drill"
	"purser/shop"
	"purser/stack"
)

// importBenchCmd measures an import into a stack of its own in a temporary
// directory.
type importBenchCmd struct {
	config.Config `embed:""`

	Rows int    `help:"How many products." default:"100000"`
	Seed uint64 `help:"Decides which products there are." default:"1"`
	JSON bool   `name:"json" help:"Print a JSON object."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the import to this file." type:"path"`
}

// Run imports, and then does the least that could be done with the same rows.
func (b *importBenchCmd) Run(e *env) (err error) {
	if b.Rows < 1 {
		return usageError{errors.New("bench import: --rows wants 1 or more")}
	}
	dir, err := os.MkdirTemp("", "purser-bench-import-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := b.Apart(filepath.Join(dir, "data"))
	s, err := stack.Start(e.ctx, &cfg, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	at := s.Running()
	r, err := drill.ImportBench(e.ctx, drill.ImportLoad{Rows: b.Rows, Seed: b.Seed, Dir: dir, Profile: b.CPUProfile, Shop: &shop.Client{URL: at.API, Key: at.Key}})
	if err != nil {
		return err
	}
	if b.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	t := table(e.stdout)
	fmt.Fprintf(t, "imported\t%d rows, %.1f MB, in %.1f s (%.0f a second)\n", r.Rows, r.FileMB, r.Seconds, r.RowsPerSecond)
	fmt.Fprintf(t, "  sent, read, written, indexed\t%.1f, %.1f, %.1f, %.1f s\n", r.SendSeconds, r.ReadSeconds, r.WriteSeconds, r.IndexSeconds)
	fmt.Fprintf(t, "plain\tinserted in %.1f s, indexed in %.1f s (%.0f a second)\nratio\t%.2f (in processor time %.2f: %.1f s against %.1f s)\n",
		r.PlainInsertSeconds, r.PlainIndexSeconds, r.PlainRowsPerSecond, r.Ratio, r.CPURatio, r.CPUSeconds, r.PlainCPUSeconds)
	fmt.Fprintf(t, "memory\t%.0f MB before, %.0f MB when written, %.0f MB at most\n", r.BeforeMB, r.WrittenMB, r.PeakMB)
	fmt.Fprintf(t, "  of it\tthe index %.0f bytes a product, the import itself %.0f MB\n", r.IndexBytes, r.ImportPeakMB)
	return t.Flush()
}
