// Package search measures indexing and searching in the stand-in for the search
// engine, over HTTP.
package search

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"purser/bench/measure"
	"purser/bench/products"
	"purser/catalog"
	"purser/providers/meilisearch"
)

// Load sets how much to index and to search.
type Load struct {
	Products int
	Queries  int // of each kind
	AtOnce   int // shoppers who search at the same time
	Seed     uint64
	Profile  string // the file for a CPU profile of the searches; "" writes none
}

// Result holds what was measured, all over HTTP, with client and server in this
// process.
type Result struct {
	Products         int             `json:"products"`
	AtOnce           int             `json:"at_once"`
	IndexSeconds     float64         `json:"index_seconds"`
	MeanMS           float64         `json:"mean_ms"`
	P50MS            float64         `json:"p50_ms"`
	P99MS            float64         `json:"p99_ms"`
	Kinds            map[string]Kind `json:"kinds"`
	TyposFound       float64         `json:"typos_found"`    // share of mistyped words whose product was among the hits
	UpdateMS         float64         `json:"update_ms"`      // from the change of a product until it can be found
	StartSeconds     float64         `json:"start_seconds"`  // from the start until it takes requests
	ReopenSeconds    float64         `json:"reopen_seconds"` // from the start until it finds products
	ResidentMB       float64         `json:"resident_mb"`    // after the searches
	PeakMB           float64         `json:"peak_mb"`
	ProductsPerIndex float64         `json:"products_per_second"`
}

// Kind holds what was measured for one kind of query.
type Kind struct {
	Queries int     `json:"queries"`
	MeanMS  float64 `json:"mean_ms"`
	P50MS   float64 `json:"p50_ms"`
	P99MS   float64 `json:"p99_ms"`
	MaxMS   float64 `json:"max_ms"`
	Hits    float64 `json:"hits"` // found on average, counted up to catalog.MaxHits
}

// Measure indexes generated products and searches them as shoppers do.
func Measure(ctx context.Context, c *meilisearch.Client, l Load) (Result, error) {
	maker := products.New(l.Seed)
	r := Result{Products: l.Products, AtOnce: l.AtOnce}
	began := time.Now()
	some, err := fill(ctx, c, maker, l.Products)
	if err != nil {
		return r, err
	}
	r.IndexSeconds = time.Since(began).Seconds()
	r.ProductsPerIndex = float64(l.Products) / r.IndexSeconds
	debug.FreeOSMemory()
	if err := measure.Profile(l.Profile, func() error { return r.search(ctx, c, maker, l) }); err != nil {
		return r, err
	}
	m := measure.OwnMemory()
	r.ResidentMB, r.PeakMB = m.Now, m.Peak
	if r.TyposFound, err = typosFound(ctx, c, maker, some); err != nil {
		return r, err
	}
	r.UpdateMS, err = update(ctx, c, some)
	return r, err
}

// atATime is the number of products in one batch.
const atATime = 1000

// fill puts products into the index in batches, as an import does, and returns
// some of them.
func fill(ctx context.Context, c *meilisearch.Client, m *products.Maker, n int) (some []catalog.Document, err error) {
	if _, err := c.ApplySettings(ctx); err != nil {
		return nil, err
	}
	for ; n > 0; n -= atATime {
		docs := m.Make(min(n, atATime))
		if err := c.PutDocuments(ctx, docs); err != nil {
			return nil, err
		}
		some = append(some, docs[:min(len(docs), 20)]...)
	}
	return some, nil
}

// search makes the queries of each kind.
func (r *Result) search(ctx context.Context, c *meilisearch.Client, m *products.Maker, l Load) error {
	var all measure.Latencies
	r.Kinds = make(map[string]Kind)
	for _, k := range kinds {
		queries := make([]catalog.Query, l.Queries)
		for i := range queries {
			queries[i] = k.make(m)
		}
		got, err := ask(ctx, c, queries, l.AtOnce, &all)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		r.Kinds[k.name] = got
	}
	r.MeanMS, r.P50MS, r.P99MS = all.Mean(), all.Percentile(50), all.Percentile(99)
	return nil
}

// ask makes the queries of one kind, with at most atOnce at a time.
func ask(ctx context.Context, c *meilisearch.Client, queries []catalog.Query, atOnce int, all *measure.Latencies) (Kind, error) {
	errs, hits := make([]error, len(queries)), make([]int, len(queries))
	var took measure.Latencies
	var wg sync.WaitGroup
	for shopper := range atOnce {
		wg.Go(func() {
			for i := shopper; i < len(queries); i += atOnce {
				began := time.Now()
				r, err := c.Search(ctx, queries[i])
				d := time.Since(began)
				took.Add(d)
				all.Add(d)
				errs[i], hits[i] = err, r.Total
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range hits {
		total += n
	}
	return Kind{
		Queries: len(queries), MeanMS: took.Mean(), P50MS: took.Percentile(50), P99MS: took.Percentile(99), MaxMS: took.Percentile(100),
		Hits: float64(total) / float64(len(queries)),
	}, errors.Join(errs...)
}
