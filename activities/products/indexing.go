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

// Listings is the record of the catalogue, as the search index follows it.
type Listings interface {
	// Stocked answers these products as they are now, by SKU, the deleted
	// ones too; what never was is missing.
	Stocked(ctx context.Context, skus []string) (map[string]catalog.Stocked, error)
	// RecordIndexed notes which revisions the index has been given, and returns the
	// products that have moved on since.
	RecordIndexed(ctx context.Context, indexed map[string]int64) (moved []string, err error)
}

const (
	RowsAtOnce = 1_000 // products in one message to the index
	// SliceTime is for how long a long step goes on before its workflow hears
	// of it.
	SliceTime = 10 * time.Second
)

// IndexRequest names products whose state the index is to be given.
type IndexRequest struct {
	SKUs []string `json:"skus"`
}

// Indexed is what the index was given.
type Indexed struct {
	Put     int `json:"put"`
	Deleted int `json:"deleted"`
}

// IndexProducts gives the index the products as the record has them at this
// moment, and returns when the index has them.
func (a *Activities) IndexProducts(ctx context.Context, r IndexRequest) (Indexed, error) {
	done, err := a.index(ctx, r.SKUs)
	return done, activities.Failure(err)
}

// rounds bounds how often products that keep moving are sent again. Those that
// moved in the last one are due in the record, and the next sweep takes them.
const rounds = 3

// index gives the index products as they are now.
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

// indexThese is the one way into the live index. What was just read is sent,
// the index confirms it, and then the record is looked at again: what has
// moved on meanwhile is sent again. So whoever sends a product last has looked
// at the record after it was confirmed, and an old state that was held up and
// overtook a newer one is put right by whoever held it up.
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

// indexPassing gives the index products as they are now, and passes over those
// that it refuses for good: they must not hold up the others, and are found by
// sending each alone.
func (a *Activities) indexPassing(ctx context.Context, skus []string) (done Indexed, refused map[string]error, err error) {
	now, err := a.Listings.Stocked(ctx, skus)
	if err != nil {
		return done, nil, err
	}
	return IndexAccepted(ctx, a, skus, now)
}

// IndexAccepted gives the index these products, and passes over those that it
// refuses for good. It is a function, because each exported method of Activities
// is an activity.
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

// logRefused is for whoever keeps the catalogue: only they can mend a product
// that the index does not take.
func logRefused(ctx context.Context, refused map[string]error) {
	for sku, why := range refused {
		logger(ctx).Error("the index refuses a product", "sku", sku, "error", why)
	}
}

// documents splits products into those that are for sale, as the index shows
// them, and those that it must not show.
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
