package imports

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"purser/bench/measure"
	"purser/bench/search"
	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/records"
)

// plain measures the least that could be done with the rows: it inserts them into
// the tables, and then puts them into an index of the same stand-in.
func (r *Result) plain(ctx context.Context, dir string, docs []catalog.Document) (err error) {
	debug.FreeOSMemory()
	spent := measure.OwnTime()
	if r.PlainInsertSeconds, err = plainInsert(ctx, filepath.Join(dir, "plain.db"), docs); err != nil {
		return fmt.Errorf("plain insert: %w", err)
	}
	inserted := measure.OwnTime()
	empty := measure.HeapMB()
	began := measure.OwnTime()
	index, err := search.OpenStandIn(filepath.Join(dir, "plain"))
	if err != nil {
		return fmt.Errorf("plain index: %w", err)
	}
	r.PlainIndexSeconds, err = plainIndex(ctx, index.Client, docs)
	r.PlainCPUSeconds = (inserted - spent + measure.OwnTime() - began).Seconds()
	r.IndexBytes = max(measure.HeapMB()-empty, 0) * (1 << 20) / float64(r.Rows)
	runtime.KeepAlive(docs) // both measurements of the heap include them
	if err = errors.Join(err, index.Close()); err != nil {
		return fmt.Errorf("plain index: %w", err)
	}
	return nil
}

// plainInsert inserts the rows in the plainest way that is durable: a prepared
// statement for each table, a transaction for each thousand.
func plainInsert(ctx context.Context, file string, docs []catalog.Document) (_ float64, err error) {
	store, err := records.Open(ctx, "sqlite://"+file, records.Options{})
	if err != nil {
		return 0, err
	}
	if err := store.Close(); err != nil { // opening it has created the tables
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
	defer tx.Rollback() // no effect after a commit
	product, err := tx.PrepareContext(ctx, "INSERT INTO products (sku, look, name, price, currency, on_hand, received, added_at, changed_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)")
	if err != nil {
		return err
	}
	detail, err := tx.PrepareContext(ctx, "INSERT INTO product_details (sku, doc) VALUES (?, ?)")
	if err != nil {
		return err
	}
	for _, d := range docs {
		if _, err := product.ExecContext(ctx, d.SKU, catalog.Look(d.SKU), d.Name, d.Price, d.Currency, d.Available, d.Available, d.Added, d.Added); err != nil {
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

// plainIndex puts the documents into an empty index in batches of a thousand; each
// batch is confirmed before the next.
func plainIndex(ctx context.Context, c *meilisearch.Client, docs []catalog.Document) (float64, error) {
	if _, err := c.ApplySettings(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	for part := range slices.Chunk(docs, 1000) {
		if err := c.PutDocuments(ctx, part); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}
