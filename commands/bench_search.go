package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"purser/drill"
)

// searchBenchCmd measures a stand-in of its own in a temporary directory.
type searchBenchCmd struct {
	Products int    `help:"How many products." default:"50000"`
	Queries  int    `help:"How many searches of each kind." default:"500"`
	AtOnce   int    `help:"Shoppers who search at the same time." default:"1"`
	Bleve    int    `help:"How many of the products to put into a plain Bleve index too, for comparison; it takes its time." default:"20000"`
	Seed     uint64 `help:"Decides which products and words there are." default:"1"`
	JSON     bool   `name:"json" help:"Print a JSON object."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the searches to this file." type:"path"`
}

// Run indexes and searches.
func (b *searchBenchCmd) Run(e *env) (err error) {
	if b.Products < 100 || b.Queries < 1 || b.AtOnce < 1 || b.Bleve < 0 {
		return usageError{errors.New("bench search: --products wants 100 or more, --queries and --at-once 1 or more, --bleve 0 or more")}
	}
	dir, err := os.MkdirTemp("", "purser-bench-search-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r, err := drill.SearchBench(e.ctx, drill.SearchLoad{
		Products: b.Products, Queries: b.Queries, AtOnce: b.AtOnce, Bleve: b.Bleve, Seed: b.Seed, Dir: dir, Profile: b.CPUProfile,
	})
	if err != nil {
		return err
	}
	if b.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	t := table(e.stdout)
	fmt.Fprintf(t, "products\t%d\nindexed in\t%.1f s (%.0f a second)\nplain Bleve\t%d in %.1f s (ratio %.2f a product)\n", r.Products, r.IndexSeconds, r.ProductsPerIndex, r.BleveProducts, r.BleveSeconds, r.RatioToBleve)
	fmt.Fprintf(t, "opened again in\t%.1f s\none update\t%.1f ms\nmistyped and found\t%.0f %%\nmemory\t%.0f MB, at most %.0f MB\n", r.StartSeconds, r.UpdateMS, 100*r.TyposFound, r.ResidentMB, r.PeakMB)
	fmt.Fprintf(t, "all searches\tmean %.1f ms\tp99 %.1f ms\n", r.MeanMS, r.P99MS)
	for _, name := range slices.Sorted(maps.Keys(r.Kinds)) {
		k := r.Kinds[name]
		fmt.Fprintf(t, "%s\tmean %.1f ms\tp99 %.1f ms\tat most %.1f ms\t%.0f hits\n", name, k.MeanMS, k.P99MS, k.MaxMS, k.Hits)
	}
	return t.Flush()
}
