package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"purser/catalog"
	"purser/order"
)

// Index is a search index in memory: the live one and its shadows. It finds
// words and prefixes, but does not correct typos. The zero value is ready.
// Set the hooks before it is used.
type Index struct {
	// Before is called before each call ("PutDocuments", "Search", …). If it
	// fails, the call returns its error and does nothing.
	Before func(op string) error
	// After is called after the work is done. If it fails, the call returns its
	// error although the work is done.
	After func(op string) error

	mu      sync.Mutex
	applied bool
	live    map[string]catalog.Document // by SKU
	shadows map[string]map[string]catalog.Document
	swapped map[string]bool
	puts    int
}

// PutDocuments adds or replaces documents, except with older versions.
func (x *Index) PutDocuments(_ context.Context, docs []catalog.Document) error {
	return x.do("PutDocuments", func() error {
		x.live = put(x.live, docs)
		x.puts += len(docs)
		return nil
	})
}

// DeleteDocuments removes products.
func (x *Index) DeleteDocuments(_ context.Context, skus []string) error {
	return x.do("DeleteDocuments", func() error {
		for _, sku := range skus {
			delete(x.live, sku)
		}
		return nil
	})
}

// Versions returns the versions of these products.
func (x *Index) Versions(_ context.Context, skus []string) (map[string]int64, error) {
	found := make(map[string]int64)
	return found, x.do("Versions", func() error {
		for _, sku := range skus {
			if d, ok := x.live[sku]; ok {
				found[sku] = d.Version
			}
		}
		return nil
	})
}

// Keys returns keys in the order of their SKUs.
func (x *Index) Keys(_ context.Context, offset, limit int) (page []catalog.Key, total int, err error) {
	err = x.do("Keys", func() error {
		skus := slices.Sorted(maps.Keys(x.live))
		total = len(skus)
		for _, sku := range skus[min(offset, total):min(offset+limit, total)] {
			page = append(page, catalog.Key{SKU: sku, Version: x.live[sku].Version})
		}
		return nil
	})
	return page, total, err
}

// ApplySettings reports a change the first time only.
func (x *Index) ApplySettings(context.Context) (changed bool, err error) {
	err = x.do("ApplySettings", func() error {
		changed, x.applied = !x.applied, true
		return nil
	})
	return changed, err
}

// PutShadow puts documents into a shadow.
func (x *Index) PutShadow(_ context.Context, name string, docs []catalog.Document) error {
	return x.do("PutShadow", func() error {
		if x.shadows == nil {
			x.shadows, x.swapped = make(map[string]map[string]catalog.Document), make(map[string]bool)
		}
		x.shadows[name] = put(x.shadows[name], docs)
		return nil
	})
}

// SwapShadow makes a shadow the live index, once.
func (x *Index) SwapShadow(_ context.Context, name string) error {
	return x.do("SwapShadow", func() error {
		if x.swapped[name] {
			return nil
		}
		shadow, ok := x.shadows[name]
		if !ok {
			return indexError("SwapShadow", order.ErrNoSuch)
		}
		x.live, x.swapped[name] = shadow, true
		delete(x.shadows, name)
		return nil
	})
}

// DropShadow discards a shadow.
func (x *Index) DropShadow(_ context.Context, name string) error {
	return x.do("DropShadow", func() error {
		delete(x.shadows, name)
		return nil
	})
}

// Documents returns what the live index holds, by SKU.
func (x *Index) Documents() map[string]catalog.Document {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.live)
}

// Puts counts the documents that were put into the live index.
func (x *Index) Puts() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.puts
}

func put(into map[string]catalog.Document, docs []catalog.Document) map[string]catalog.Document {
	if into == nil {
		into = make(map[string]catalog.Document)
	}
	for _, d := range docs {
		d = d.Complete()
		if old, ok := into[d.SKU]; !ok || old.Version <= d.Version {
			into[d.SKU] = d
		}
	}
	return into
}

func (x *Index) do(op string, work func() error) error {
	if x.Before != nil {
		if err := x.Before(op); err != nil {
			return err
		}
	}
	if err := x.locked(work); err != nil {
		return err
	}
	if x.After != nil {
		return x.After(op)
	}
	return nil
}

func (x *Index) locked(work func() error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return work()
}

func indexError(op string, kind error) error {
	return &order.ProviderError{Provider: "search", Op: op, Kind: kind, Err: fmt.Errorf("fake index")}
}
