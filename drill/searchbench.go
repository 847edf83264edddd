package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2"

	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/sandbox/search"
)

// SearchLoad says how much of searching to measure.
type SearchLoad struct {
	Products int
	Queries  int // of each kind
	AtOnce   int // shoppers who search at the same time
	Bleve    int // how many of the products go into a plain Bleve index too
	Seed     uint64
	Dir      string // for the index; it is used up
	Profile  string // a file for a CPU profile of the searches; "": none
}

// SearchResult is what was measured. Every figure is taken over HTTP, with
// client and server in this process.
type SearchResult struct {
	Products         int             `json:"products"`
	AtOnce           int             `json:"at_once"`
	IndexSeconds     float64         `json:"index_seconds"`
	BleveProducts    int             `json:"bleve_products"`      // how many of the same documents …
	BleveSeconds     float64         `json:"bleve_index_seconds"` // … take so long in a plain Bleve index, in batches of the same size
	RatioToBleve     float64         `json:"ratio_to_bleve"`      // per product
	MeanMS           float64         `json:"mean_ms"`
	P99MS            float64         `json:"p99_ms"`
	Kinds            map[string]Kind `json:"kinds"`
	TyposFound       float64         `json:"typos_found"`   // share of mistyped words whose product was among the hits
	UpdateMS         float64         `json:"update_ms"`     // one product changed, until it can be found
	StartSeconds     float64         `json:"start_seconds"` // until it finds again
	ResidentMB       float64         `json:"resident_mb"`   // after the searches
	PeakMB           float64         `json:"peak_mb"`
	ProductsPerIndex float64         `json:"products_per_second"`
}

// Kind is one kind of query.
type Kind struct {
	Queries int     `json:"queries"`
	MeanMS  float64 `json:"mean_ms"`
	P50MS   float64 `json:"p50_ms"`
	P99MS   float64 `json:"p99_ms"`
	MaxMS   float64 `json:"max_ms"`
	Hits    float64 `json:"hits"` // found on average, counted up to catalog.MaxHits
}

// shelf is a stand-in that runs, and a client of it.
type shelf struct {
	*meilisearch.Client
	server *search.Server
	http   *http.Server
}

const benchKey = "the bench's own key"

func openShelf(dir string) (*shelf, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := search.New(search.Config{Dir: dir, MasterKey: benchKey, Log: slog.Default()})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	c, err := meilisearch.New(meilisearch.Config{
		URL: "http://" + l.Addr().String(), AdminKey: search.AdminKey(benchKey), SearchKey: search.SearchKey(benchKey), SearchTimeout: 30 * time.Second,
	})
	sh := &shelf{Client: c, server: s, http: &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = sh.http.Serve(l) }() // ends with close
	return sh, err
}

func (s *shelf) close() error {
	return errors.Join(s.http.Close(), s.server.Close())
}

// SearchBench indexes made-up products and searches them as shoppers do.
func SearchBench(ctx context.Context, l SearchLoad) (r SearchResult, err error) {
	goods := NewGoods(l.Seed)
	r = SearchResult{Products: l.Products, AtOnce: l.AtOnce}
	s, err := openShelf(filepath.Join(l.Dir, "shelf"))
	if err != nil {
		return r, err
	}
	began := time.Now()
	some, err := s.fill(ctx, goods, l.Products)
	if err != nil {
		return r, errors.Join(err, s.close())
	}
	r.IndexSeconds = time.Since(began).Seconds()
	r.ProductsPerIndex = float64(l.Products) / r.IndexSeconds
	err = s.measure(ctx, l, goods, some, &r)
	if err = errors.Join(err, s.close()); err != nil {
		return r, err
	}
	began = time.Now()
	if s, err = openShelf(filepath.Join(l.Dir, "shelf")); err != nil {
		return r, err
	}
	r.StartSeconds = time.Since(began).Seconds()
	if err := s.close(); err != nil {
		return r, err
	}
	runtime.GC()
	r.BleveProducts = min(l.Bleve, l.Products)
	if r.BleveProducts > 0 {
		if r.BleveSeconds, err = plainBleve(ctx, filepath.Join(l.Dir, "bleve"), NewGoods(l.Seed), r.BleveProducts); err != nil {
			return r, fmt.Errorf("bleve: %w", err)
		}
		r.RatioToBleve = r.IndexSeconds / float64(l.Products) / (r.BleveSeconds / float64(r.BleveProducts))
	}
	return r, nil
}

// atATime is how many products there are in one batch.
const atATime = 1000

// fill puts products into the index as an import does, made as it goes, and
// answers some of them.
func (s *shelf) fill(ctx context.Context, g *Goods, n int) (some []catalog.Document, err error) {
	if _, err := s.ApplySettings(ctx); err != nil {
		return nil, err
	}
	for ; n > 0; n -= atATime {
		docs := g.Make(min(n, atATime))
		if err := s.PutDocuments(ctx, docs); err != nil {
			return nil, err
		}
		some = append(some, docs[:min(len(docs), 20)]...)
	}
	return some, nil
}

// plainBleve is what Bleve needs for the same documents, as it comes.
func plainBleve(ctx context.Context, dir string, g *Goods, n int) (float64, error) {
	began := time.Now()
	index, err := bleve.New(dir, bleve.NewIndexMapping())
	if err != nil {
		return 0, err
	}
	for ; n > 0; n -= atATime {
		batch := index.NewBatch()
		for _, d := range g.Make(min(n, atATime)) {
			if err := batch.Index(d.ID, d); err != nil {
				return 0, errors.Join(err, index.Close())
			}
		}
		if err := errors.Join(index.Batch(batch), ctx.Err()); err != nil {
			return 0, errors.Join(err, index.Close())
		}
	}
	took := time.Since(began).Seconds()
	return took, index.Close()
}

// measure searches, and then changes products.
func (s *shelf) measure(ctx context.Context, l SearchLoad, g *Goods, some []catalog.Document, r *SearchResult) error {
	debug.FreeOSMemory()
	stop := func() error { return nil }
	if l.Profile != "" {
		f, err := os.Create(l.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Join(err, f.Close())
		}
		stop = func() error { pprof.StopCPUProfile(); return f.Close() }
	}
	var all []time.Duration
	r.Kinds = make(map[string]Kind)
	for _, k := range kinds {
		queries := make([]catalog.Query, l.Queries)
		for i := range queries {
			queries[i] = k.make(g)
		}
		laps, hits, err := s.ask(ctx, queries, l.AtOnce)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", k.name, err), stop())
		}
		all = append(all, laps...)
		r.Kinds[k.name] = kindOf(laps, hits)
	}
	if err := stop(); err != nil {
		return err
	}
	sum := kindOf(all, 0)
	r.MeanMS, r.P99MS = sum.MeanMS, sum.P99MS
	r.ResidentMB, r.PeakMB = memory()
	var err error
	if r.TyposFound, err = s.typosFound(ctx, g, some); err != nil {
		return err
	}
	r.UpdateMS, err = s.update(ctx, some)
	return err
}

// ask makes the searches, so many at once, and answers how long each took.
func (s *shelf) ask(ctx context.Context, queries []catalog.Query, atOnce int) ([]time.Duration, int, error) {
	laps, errs, hits := make([]time.Duration, len(queries)), make([]error, len(queries)), make([]int, len(queries))
	var wg sync.WaitGroup
	for shopper := range atOnce {
		wg.Go(func() {
			for i := shopper; i < len(queries); i += atOnce {
				began := time.Now()
				r, err := s.Search(ctx, queries[i])
				laps[i], errs[i], hits[i] = time.Since(began), err, r.Total
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range hits {
		total += n
	}
	return laps, total, errors.Join(errs...)
}

func kindOf(laps []time.Duration, hits int) Kind {
	slices.Sort(laps)
	var sum time.Duration
	for _, d := range laps {
		sum += d
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	at := func(share float64) float64 { return ms(laps[min(int(share*float64(len(laps))), len(laps)-1)]) }
	n := max(len(laps), 1)
	return Kind{Queries: len(laps), MeanMS: ms(sum) / float64(n), P50MS: at(0.5), P99MS: at(0.99), MaxMS: at(1), Hits: float64(hits) / float64(n)}
}
