// Package imports measures an import of products over the API in comparison with
// the plainest way to insert and index the same rows.
package imports

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"purser/bench/measure"
	"purser/bench/products"
	"purser/catalog"
	"purser/shop"
)

// Load sets what to import, and where.
type Load struct {
	Rows int
	Seed uint64
	Dir  string // for the file and the plain copy
	Shop *shop.Client
	// Profile is the file for a CPU profile of the import; "" writes none.
	Profile string
}

// Result holds what was measured.
type Result struct {
	Rows          int     `json:"rows"`
	FileMB        float64 `json:"file_mb"`
	Seconds       float64 `json:"seconds"` // from the first byte sent to the last product confirmed by the index
	SendSeconds   float64 `json:"send_seconds"`
	ReadSeconds   float64 `json:"read_seconds"`
	WriteSeconds  float64 `json:"write_seconds"`
	IndexSeconds  float64 `json:"index_seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// The Plain fields measure the least that could be done: inserting the rows
	// into the same tables with a transaction for each thousand, and then putting
	// them in batches into the same search engine.
	PlainInsertSeconds float64 `json:"plain_insert_seconds"`
	PlainIndexSeconds  float64 `json:"plain_index_seconds"`
	PlainRowsPerSecond float64 `json:"plain_rows_per_second"`
	Ratio              float64 `json:"ratio"` // of the rates
	// The CPU fields are the same in processor time of this process, which does
	// not depend on what else runs.
	CPUSeconds      float64 `json:"cpu_seconds"`
	PlainCPUSeconds float64 `json:"plain_cpu_seconds"`
	CPURatio        float64 `json:"cpu_ratio"`
	// The memory of this process, which includes the whole stack: before the
	// import, the peak until the rows were written, and the peak overall.
	BeforeMB  float64 `json:"before_mb"`
	WrittenMB float64 `json:"written_mb"`
	PeakMB    float64 `json:"peak_rss_mb"`
	// IndexBytes is what the stand-in of the search engine keeps in memory for
	// each product.
	IndexBytes float64 `json:"index_bytes_per_product"`
	// ImportPeakMB is the peak without the memory used before the import and
	// without the stand-in's documents: what the import itself takes, garbage and
	// mapped files included. It does not grow with the rows.
	ImportPeakMB float64 `json:"import_peak_mb"`
}

// Measure imports generated products over the API into a running stack, and then
// inserts and indexes the same rows in the plainest way.
func Measure(ctx context.Context, l Load) (Result, error) {
	r := Result{Rows: l.Rows}
	file := filepath.Join(l.Dir, "products.csv")
	size, err := writeFile(file, products.New(l.Seed), l.Rows)
	if err != nil {
		return r, err
	}
	r.FileMB = float64(size) / (1 << 20)
	debug.FreeOSMemory()
	measure.ForgetPeak()
	r.BeforeMB = measure.OwnMemory().Now
	spent := measure.OwnTime()
	if err := measure.Profile(l.Profile, func() error { return r.importFile(ctx, l.Shop, file, size) }); err != nil {
		return r, fmt.Errorf("import: %w", err)
	}
	r.CPUSeconds = (measure.OwnTime() - spent).Seconds()
	r.PeakMB = measure.OwnMemory().Peak
	r.RowsPerSecond = float64(l.Rows) / r.Seconds
	if err := r.plain(ctx, l.Dir, products.New(l.Seed).Make(l.Rows)); err != nil {
		return r, err
	}
	r.ImportPeakMB = r.PeakMB - r.BeforeMB - r.IndexBytes*float64(l.Rows)/(1<<20)
	r.CPURatio = r.PlainCPUSeconds / r.CPUSeconds
	r.PlainRowsPerSecond = float64(l.Rows) / (r.PlainInsertSeconds + r.PlainIndexSeconds)
	r.Ratio = r.RowsPerSecond / r.PlainRowsPerSecond
	return r, nil
}

// importFile imports the file and notes when each stage ended.
func (r *Result) importFile(ctx context.Context, client *shop.Client, file string, size int64) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	began := time.Now()
	i, err := client.Import(ctx, f, shop.ImportOf{Kind: catalog.ImportProducts, Name: "bench", Size: size})
	if err != nil {
		return err
	}
	lap := func(since time.Time) (float64, time.Time) { now := time.Now(); return now.Sub(since).Seconds(), now }
	var at time.Time
	r.SendSeconds, at = lap(began)
	state := catalog.ImportReading
	for tick := time.NewTicker(50 * time.Millisecond); !i.State.Final(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if i, err = client.ImportState(ctx, i.ID); err != nil {
			return err
		}
		if now := measure.OwnMemory().Now; i.State != catalog.ImportIndexing && !i.State.Final() {
			r.WrittenMB = max(r.WrittenMB, now)
		}
		if i.State == state {
			continue
		}
		switch state {
		case catalog.ImportReading:
			r.ReadSeconds, at = lap(at)
		case catalog.ImportApplying:
			r.WriteSeconds, at = lap(at)
		default:
			r.IndexSeconds, at = lap(at)
		}
		state = i.State
	}
	r.Seconds = time.Since(began).Seconds()
	if i.Applied != int64(r.Rows) || i.Indexed != int64(r.Rows) || i.Bad != 0 {
		return fmt.Errorf("ended with %d rows changed, %d indexed, %d with errors: %s", i.Applied, i.Indexed, i.Bad, i.Why)
	}
	return nil
}

// writeFile writes generated products to a file that can be imported.
func writeFile(name string, maker *products.Maker, rows int) (size int64, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriter(f)
	w := csv.NewWriter(b)
	if err := w.Write([]string{"sku", "name", "description", "brand", "category", "tags", "rating", "parent", "price", "currency", "onHand"}); err != nil {
		return 0, err
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	for range rows { // one product at a time, since all together would take more memory than the import
		d := maker.Make(1)[0]
		if err := w.Write([]string{
			d.SKU, d.Name, d.Description, d.Brand, d.Category, strings.Join(d.Tags, "|"), number(d.Rating), d.Group, number(d.Price), d.Currency, number(d.Available),
		}); err != nil {
			return 0, err
		}
	}
	w.Flush()
	if err := errors.Join(w.Error(), b.Flush()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
