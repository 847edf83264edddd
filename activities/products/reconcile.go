package products

import (
	"context"
	"hash/maphash"
	"slices"
	"time"

	"purser/activities"
	"purser/catalog"
)

// Revisions is the record of the catalogue, for comparing the index with it.
type Revisions interface {
	// Revisions returns the revisions of these products, by SKU; the map lacks
	// products that never existed.
	Revisions(ctx context.Context, skus []string) (map[string]catalog.Revision, error)
	// RevisionsAfter lists up to limit products in the order of their SKUs.
	RevisionsAfter(ctx context.Context, after string, limit int) ([]catalog.Revision, error)
	// ChangedSince returns the SKUs of products changed at a time or later, in
	// order; a change of the stock does not count.
	ChangedSince(ctx context.Context, since time.Time, after string, limit int) ([]string, error)
}

// StockAudit finds products whose stock figures do not agree with their
// reservations.
type StockAudit interface {
	UnbalancedStock(ctx context.Context, limit int) ([]string, error)
}

// Past deletes old data from the record: imports, changes of products, and the
// bodies of webhooks. Times as numbers are in microseconds since 1970.
type Past interface {
	ForgetImports(ctx context.Context, receivingBefore, endedBefore int64) (int64, error)
	// ForgetChanges deletes who changed products before a time, and the IDs of
	// these changes.
	ForgetChanges(ctx context.Context, before int64) (int64, error)
	// PruneInbox deletes the bodies of delivered webhooks received before a
	// time.
	PruneInbox(ctx context.Context, receivedBefore time.Time) (int64, error)
}

// keyPage is how many products are compared at once.
const keyPage = 1_000

// CompareRequest is the input of CompareIndex.
type CompareRequest struct {
	Stock bool `json:"stock,omitempty"` // look at the stock too
	// Swapped means that the index has just been replaced. A document that was
	// in flight may have gone to the old index, so it is put into this one too.
	Swapped bool `json:"swapped,omitempty"`
}

// CompareIndex compares the index with the record, product by product, and
// repairs the differences: it puts missing or stale documents and deletes those
// that should not be there. A product that is due for indexing anyway does not
// count as drift.
func (a *Activities) CompareIndex(ctx context.Context, r CompareRequest) (catalog.Drift, error) {
	defer activities.Beat(ctx)()
	began := time.Now()
	c := comparison{steps: a, swapped: r.Swapped, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(), drift: catalog.Drift{Unbalanced: -1}}
	err := c.run(ctx)
	if err == nil && r.Stock {
		var wrong []string
		wrong, err = a.StockAudit.UnbalancedStock(ctx, keyPage)
		c.drift.Unbalanced = int64(len(wrong))
		if len(wrong) > 0 { // only a person can know which figure is right
			activities.Logger(ctx).Error("stock and reservations do not agree", "products", wrong[:min(len(wrong), 10)], "count", len(wrong))
		}
	}
	if err != nil {
		return c.drift, activities.Failure(err)
	}
	c.drift.TookMS = time.Since(began).Milliseconds()
	say := activities.Logger(ctx).Info
	if c.drift.Found() > 0 {
		say = activities.Logger(ctx).Warn
	}
	d := c.drift
	say("index compared with the catalogue", "products", d.Products, "documents", d.Documents, "missing", d.Missing, "stale", d.Stale,
		"ahead", d.Ahead, "strays", d.Orphans, "due", d.Due, "repaired", d.Repaired, "ms", d.TookMS)
	return c.drift, nil
}

// comparison is one pass over index and record.
type comparison struct {
	steps   *Activities
	swapped bool
	drift   catalog.Drift
	seed    maphash.Seed
	seen    map[uint64]struct{} // hashes of the SKUs in the index: 8 bytes each
	wrong   []string            // to be checked a second time
}

func (c *comparison) run(ctx context.Context) error {
	if err := c.readIndex(ctx); err != nil {
		return err
	}
	if err := c.readRecord(ctx); err != nil {
		return err
	}
	for left := c.wrong; len(left) > 0; {
		some := left[:min(len(left), keyPage)]
		left = left[len(some):]
		if err := c.repair(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// readIndex compares every document with the record.
func (c *comparison) readIndex(ctx context.Context) error {
	for offset := 0; ; {
		page, total, err := c.steps.IndexKeys.Keys(ctx, offset, keyPage)
		if err != nil {
			return err
		}
		c.drift.Documents = int64(total)
		if len(page) == 0 {
			return nil
		}
		offset += len(page)
		skus := make([]string, len(page))
		for i, k := range page {
			skus[i] = k.SKU
			c.seen[maphash.String(c.seed, k.SKU)] = struct{}{}
		}
		now, err := c.steps.Revisions.Revisions(ctx, skus)
		if err != nil {
			return err
		}
		for _, k := range page {
			if r := now[k.SKU]; !r.ForSale || r.Revision != k.Version {
				c.wrong = append(c.wrong, k.SKU)
			}
		}
	}
}

// readRecord finds products that the index does not have.
func (c *comparison) readRecord(ctx context.Context) error {
	for after := ""; ; {
		page, err := c.steps.Revisions.RevisionsAfter(ctx, after, keyPage)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].SKU
		for _, r := range page {
			if !r.ForSale {
				continue
			}
			c.drift.Products++
			if _, there := c.seen[maphash.String(c.seed, r.SKU)]; !there {
				c.wrong = append(c.wrong, r.SKU)
			}
		}
	}
}

// repair checks a second time, since products change during the comparison, and
// repairs what still differs.
func (c *comparison) repair(ctx context.Context, skus []string) error {
	indexed, err := c.steps.IndexKeys.Versions(ctx, skus)
	if err != nil {
		return err
	}
	now, err := c.steps.Revisions.Revisions(ctx, skus)
	if err != nil {
		return err
	}
	var stale, ahead, due []string
	for _, sku := range skus {
		version, there := indexed[sku]
		r := now[sku]
		switch {
		case !there && !r.ForSale, there && r.ForSale && version == r.Revision:
			continue
		case r.Due:
			if c.drift.Due++; c.swapped {
				due = append(due, sku)
			}
			continue
		case !r.ForSale:
			c.drift.Orphans++
		case !there:
			c.drift.Missing++
		case version < r.Revision:
			c.drift.Stale++
		default: // as after the record was restored: a put would never replace it
			c.drift.Ahead++
			ahead = append(ahead, sku)
		}
		stale = append(stale, sku)
	}
	if err := c.steps.Index.DeleteDocuments(ctx, ahead); err != nil {
		return err
	}
	_, refused, err := c.steps.indexPassing(ctx, slices.Concat(stale, due))
	if err != nil {
		return err
	}
	logRefused(ctx, refused)
	for _, sku := range stale {
		if refused[sku] == nil {
			c.drift.Repaired++
		}
	}
	return nil
}
