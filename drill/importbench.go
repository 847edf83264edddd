package drill

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"purser/catalog"
	"purser/records"
	"purser/shop"
)

// ImportLoad says what to import, and where.
type ImportLoad struct {
	Rows int
	Seed uint64
	Dir  string // for the file and the plain copy; it is used up
	Shop *shop.Client
	// Profile is a file for a CPU profile of the import; "": none.
	Profile string
}

// ImportResult is what was measured.
type ImportResult struct {
	Rows          int     `json:"rows"`
	FileMB        float64 `json:"file_mb"`
	Seconds       float64 `json:"seconds"` // from the first byte sent to the last product confirmed by the index
	SendSeconds   float64 `json:"send_seconds"`
	ReadSeconds   float64 `json:"read_seconds"`
	WriteSeconds  float64 `json:"write_seconds"`
	IndexSeconds  float64 `json:"index_seconds"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// Plain is the least that could be done: rows of one transaction each
	// thousand into the same tables, then batches into the same engine.
	PlainInsertSeconds float64 `json:"plain_insert_seconds"`
	PlainIndexSeconds  float64 `json:"plain_index_seconds"`
	PlainRowsPerSecond float64 `json:"plain_rows_per_second"`
	Ratio              float64 `json:"ratio"` // of the rates
	// The same in processor time of this process, which does not depend on
	// what else runs.
	CPUSeconds      float64 `json:"cpu_seconds"`
	PlainCPUSeconds float64 `json:"plain_cpu_seconds"`
	CPURatio        float64 `json:"cpu_ratio"`
	// Memory of this process, with the engine, the index and all: before, at
	// most until the rows were written, and at most in the whole.
	BeforeMB  float64 `json:"before_mb"`
	WrittenMB float64 `json:"written_mb"`
	PeakMB    float64 `json:"peak_rss_mb"`
	// IndexBytes is what the stand-in of the search engine keeps in memory of
	// each product, by which it finds it: a Meilisearch keeps that elsewhere.
	IndexBytes float64 `json:"index_bytes_per_product"`
	// ImportPeakMB is the peak without what was there before and without the
	// index: what the import itself takes, garbage and files in memory
	// included. It does not grow with the rows.
	ImportPeakMB float64 `json:"import_peak_mb"`
}

// ImportBench imports made-up products over the API into a stack that runs,
// and then does the least that could be done with the same rows.
func ImportBench(ctx context.Context, l ImportLoad) (ImportResult, error) {
	r := ImportResult{Rows: l.Rows}
	file := filepath.Join(l.Dir, "products.csv")
	size, err := writeGoods(file, NewGoods(l.Seed), l.Rows)
	if err != nil {
		return r, err
	}
	r.FileMB = float64(size) / (1 << 20)
	debug.FreeOSMemory()
	forgetPeak()
	r.BeforeMB, _ = memory()
	stop, err := profile(l.Profile)
	if err != nil {
		return r, err
	}
	spent := ownTime()
	err = r.measure(ctx, l.Shop, file, size)
	stop()
	if err != nil {
		return r, fmt.Errorf("import: %w", err)
	}
	r.CPUSeconds = (ownTime() - spent).Seconds()
	_, r.PeakMB = memory()
	r.RowsPerSecond = float64(l.Rows) / r.Seconds
	docs := NewGoods(l.Seed).Make(l.Rows)
	debug.FreeOSMemory()
	spent = ownTime()
	if r.PlainInsertSeconds, err = plainInsert(ctx, filepath.Join(l.Dir, "plain.db"), docs); err != nil {
		return r, fmt.Errorf("plain insert: %w", err)
	}
	spent -= ownTime() // looking at the heap is no part of it
	empty := heapMB()
	spent += ownTime()
	index, err := openShelf(filepath.Join(l.Dir, "plain"))
	if err != nil {
		return r, fmt.Errorf("plain index: %w", err)
	}
	r.PlainIndexSeconds, err = plainIndex(ctx, index, docs)
	r.PlainCPUSeconds = (ownTime() - spent).Seconds()
	r.IndexBytes = max(heapMB()-empty, 0) * (1 << 20) / float64(l.Rows)
	runtime.KeepAlive(docs) // they were there before, too
	if err = errors.Join(err, index.close()); err != nil {
		return r, fmt.Errorf("plain index: %w", err)
	}
	r.ImportPeakMB = r.PeakMB - r.BeforeMB - r.IndexBytes*float64(l.Rows)/(1<<20)
	r.CPURatio = r.PlainCPUSeconds / r.CPUSeconds
	r.PlainRowsPerSecond = float64(l.Rows) / (r.PlainInsertSeconds + r.PlainIndexSeconds)
	r.Ratio = r.RowsPerSecond / r.PlainRowsPerSecond
	return r, nil
}

// ownTime is what this process has used so far.
func ownTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure imports the file and notes when each stage ended.
func (r *ImportResult) measure(ctx context.Context, client *shop.Client, file string, size int64) error {
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
		if now, _ := memory(); i.State != catalog.ImportIndexing && !i.State.Final() {
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

// writeGoods writes products as a file that can be imported.
func writeGoods(name string, goods *Goods, rows int) (size int64, err error) {
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
	for range rows { // one at a time: they would be more than the import takes
		d := goods.Make(1)[0]
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

// plainInsert inserts the rows as plainly as it goes and is durable: a
// prepared statement for each table, a transaction for each thousand.
func plainInsert(ctx context.Context, file string, docs []catalog.Document) (_ float64, err error) {
	store, err := records.Open(ctx, "sqlite://"+file, records.Options{})
	if err != nil {
		return 0, err
	}
	if err := store.Close(); err != nil { // it was for the tables
		return 0, err
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-32768)&_pragma=wal_autocheckpoint(4000)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	began := time.Now()
	for part := range slices.Chunk(docs, 1000) {
		if err := insertPart(ctx, db, part); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}

func insertPart(ctx context.Context, db *sql.DB, docs []catalog.Document) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	product, err := tx.PrepareContext(ctx, "INSERT INTO products (sku, name, price, currency, on_hand, received, added_at, changed_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)")
	if err != nil {
		return err
	}
	detail, err := tx.PrepareContext(ctx, "INSERT INTO product_details (sku, doc) VALUES (?, ?)")
	if err != nil {
		return err
	}
	for _, d := range docs {
		if _, err := product.ExecContext(ctx, d.SKU, d.Name, d.Price, d.Currency, d.Available, d.Available, d.Added, d.Added); err != nil {
			return err
		}
		doc, err := json.Marshal(map[string]any{"description": d.Description, "brand": d.Brand, "category": d.Category, "tags": d.Tags, "rating": d.Rating, "parent": d.Group})
		if err != nil {
			return err
		}
		if _, err := detail.ExecContext(ctx, d.SKU, string(doc)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// plainIndex puts the documents into a fresh index, a thousand at a time, each
// confirmed before the next.
func plainIndex(ctx context.Context, s *shelf, docs []catalog.Document) (float64, error) {
	if _, err := s.ApplySettings(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	for part := range slices.Chunk(docs, 1000) {
		if err := s.PutDocuments(ctx, part); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}
