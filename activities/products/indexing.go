package products

import (
	"context"
	"errors"
	"fmt"
	"time"

	"purser/activities"
	"purser/catalog"
	"purser/order"
)

// Listings is the record of the catalogue, as the indexing needs it.
type Listings interface {
	// Stocked returns these products as they are now, by SKU, deleted ones
	// included; the map lacks products that never existed.
	Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error)
	// RecordIndexed records which revisions the index has, and returns the
	// products that have changed since.
	RecordIndexed(ctx context.Context, indexed map[string]int64) (moved []string, err error)
}

const (
	RowsAtOnce = 1_000 // products in one message to the index
	// SliceTime is how long a long step runs before it reports its progress to
	// the workflow.
	SliceTime = 10 * time.Second
)

// IndexRequest is the input of IndexProducts.
type IndexRequest struct {
	SKUs []string `json:"skus"`
}

// Indexed counts the documents put into the index and deleted from it.
type Indexed struct {
	Put     int `json:"put"`
	Deleted int `json:"deleted"`
}

// IndexProducts indexes the products as the record has them now, and returns
// when the index has them.
func (a *Activities) IndexProducts(ctx context.Context, r IndexRequest) (Indexed, error) {
	done, err := a.index(ctx, r.SKUs)
	return done, activities.Failure(err)
}

// rounds bounds how often products that keep changing are sent again. Products
// that change in the last round are still due, and the next sweep takes them.
const rounds = 3

// index indexes products as they are now.
func (a *Activities) index(ctx context.Context, skus []string) (Indexed, error) {
	if len(skus) == 0 {
		return Indexed{}, nil
	}
	now, err := a.Listings.Stocked(ctx, skus)
	if err != nil {
		return Indexed{}, err
	}
	return a.indexThese(ctx, skus, now)
}

// indexThese writes to the live index; no other code does. It sends the products
// as they were just read, waits for the index to confirm them, and then reads
// the record again: products that have changed in between are sent again. So the
// last sender of a product has read the record after the index confirmed it. If
// a delayed old state replaces a newer one, its sender notices and corrects it.
func (a *Activities) indexThese(ctx context.Context, skus []string, now map[string]catalog.Stocked) (done Indexed, err error) {
	for round := 1; ; round++ {
		docs, gone := a.documents(skus, now)
		if err := a.Index.PutDocuments(ctx, docs); err != nil {
			return done, err
		}
		if err := a.Index.DeleteDocuments(ctx, gone); err != nil {
			return done, err
		}
		done.Put, done.Deleted = done.Put+len(docs), done.Deleted+len(gone)
		sent := make(map[string]int64, len(now))
		for sku, p := range now {
			sent[sku] = p.Revision
		}
		if skus, err = a.Listings.RecordIndexed(ctx, sent); err != nil {
			return done, fmt.Errorf("record indexed: %w", err)
		}
		if len(skus) == 0 || round == rounds {
			return done, nil
		}
		if now, err = a.Listings.Stocked(ctx, skus); err != nil {
			return done, err
		}
	}
}

// indexPassing indexes products as they are now, and skips those that the index
// rejects for good: they must not hold up the others, and are found by sending
// each alone.
func (a *Activities) indexPassing(ctx context.Context, skus []string) (done Indexed, refused map[string]error, err error) {
	now, err := a.Listings.Stocked(ctx, skus)
	if err != nil {
		return done, nil, err
	}
	return IndexAccepted(ctx, a, skus, now)
}

// IndexAccepted indexes these products, and skips those that the index rejects
// for good; it returns them with the reason. It is a function, because each
// exported method of Activities is an activity.
func IndexAccepted(ctx context.Context, a *Activities, skus []string, now map[string]catalog.Stocked) (done Indexed, refused map[string]error, err error) {
	if len(skus) == 0 {
		return done, nil, nil
	}
	done, err = a.indexThese(ctx, skus, now)
	if !errors.Is(err, order.ErrRejected) {
		return done, nil, err
	}
	if len(skus) == 1 {
		return done, map[string]error{skus[0]: err}, nil
	}
	refused = make(map[string]error)
	for _, sku := range skus {
		alone := make(map[string]catalog.Stocked, 1)
		if p, ok := now[sku]; ok {
			alone[sku] = p
		}
		one, err := a.indexThese(ctx, []string{sku}, alone)
		done.Put, done.Deleted = done.Put+one.Put, done.Deleted+one.Deleted
		switch {
		case errors.Is(err, order.ErrRejected):
			refused[sku] = err
		case err != nil:
			return done, refused, err
		}
	}
	return done, refused, nil
}

// logRefused logs the products that the index rejects: only a person can correct
// them in the catalogue.
func logRefused(ctx context.Context, refused map[string]error) {
	for sku, why := range refused {
		activities.Logger(ctx).Error("the index rejects a product", "sku", sku, "error", why)
	}
}

// documents returns the documents of products that are for sale, and the SKUs of
// the others, which the index must not show.
func (a *Activities) documents(skus []string, now map[string]catalog.Stocked) (docs []catalog.Document, gone []string) {
	for _, sku := range skus {
		if p, ok := now[sku]; ok && p.ForSale() {
			docs = append(docs, p.Document(a.ImageURL))
			continue
		}
		gone = append(gone, sku)
	}
	return docs, gone
}
