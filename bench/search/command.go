package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"
)

// Command measures a search stand-in of its own in a temporary directory.
type Command struct {
	Products int    `help:"The number of products." default:"20000"`
	Queries  int    `help:"The number of searches of each kind." default:"500"`
	AtOnce   int    `help:"The number of shoppers who search at the same time." default:"1"`
	Seed     uint64 `help:"The seed from which products and words are made." default:"1"`
	JSON     bool   `name:"json" help:"Print a JSON object."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the searches to this file." type:"path"`
}

// Validate refuses numbers with which nothing would be measured.
func (c *Command) Validate() error {
	if c.Products < 100 || c.Queries < 1 || c.AtOnce < 1 {
		return errors.New("--products must be 100 or more, --queries and --at-once 1 or more")
	}
	return nil
}

// Run measures indexing and searching, and prints the result.
func (c *Command) Run(ctx context.Context, stdout io.Writer) error {
	r, err := c.measure(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "products\t%d\nindexed in\t%.1f s (%.0f a second)\n", r.Products, r.IndexSeconds, r.ProductsPerIndex)
	fmt.Fprintf(t, "reopened in\t%.1f s, searchable after %.1f s\none update\t%.1f ms\nmistyped and found\t%.0f %%\nmemory\t%.0f MB, at most %.0f MB\n", r.StartSeconds, r.ReopenSeconds, r.UpdateMS, 100*r.TyposFound, r.ResidentMB, r.PeakMB)
	fmt.Fprintf(t, "all searches\tmean %.1f ms\tp50 %.1f ms\tp99 %.1f ms\n", r.MeanMS, r.P50MS, r.P99MS)
	for _, name := range slices.Sorted(maps.Keys(r.Kinds)) {
		k := r.Kinds[name]
		fmt.Fprintf(t, "%s\tmean %.1f ms\tp50 %.1f ms\tp99 %.1f ms\tat most %.1f ms\t%.0f hits\n", name, k.MeanMS, k.P50MS, k.P99MS, k.MaxMS, k.Hits)
	}
	return t.Flush()
}

func (c *Command) measure(ctx context.Context) (r Result, err error) {
	dir, err := os.MkdirTemp("", "purser-bench-search-")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := OpenStandIn(dir)
	if err != nil {
		return Result{}, err
	}
	r, err = Measure(ctx, s.Client, Load{Products: c.Products, Queries: c.Queries, AtOnce: c.AtOnce, Seed: c.Seed, Profile: c.CPUProfile})
	if err = errors.Join(err, s.Close()); err == nil {
		err = reopen(ctx, dir, &r)
	}
	return r, err
}
