package fake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"purser/catalog"
)

// Catalogue is the record of products in memory. The zero value is ready. Set
// the hooks before it is used.
type Catalogue struct {
	// Before is called before each call. If it fails, the call returns its
	// error and does nothing.
	Before func(op string) error
	// After is called after the work is done. If it fails, the call returns its
	// error although the work is done.
	After func(op string) error
	// Now returns the time; default time.Now.
	Now func() time.Time

	mu       sync.Mutex
	products map[string]*kept
	ended    map[string]ended // by SKU and the change's ID
}

// kept is a product with its reservations and its state in the index.
type kept struct {
	catalog.Stocked
	reserved int64
	due      time.Time // when it is due for indexing; zero: not due
	changed  time.Time
}

// ended is a change that was applied or refused.
type ended struct {
	change catalog.Change
	err    error
}

const indexGrace = time.Minute

// ChangeProduct applies changes in their order.
func (f *Catalogue) ChangeProduct(_ context.Context, sku string, changes []catalog.Change) (all []catalog.Changed, err error) {
	return all, f.do("ChangeProduct", func() error {
		for _, c := range changes {
			key := sku + "\x00" + c.ID
			was, known := f.ended[key]
			if !known {
				was = ended{c, f.change(sku, c)}
				set(&f.ended, key, was)
			} else if !sameChange(was.change, c) {
				was.err = fmt.Errorf("%w: %s", catalog.ErrOtherChange, sku)
			}
			p := f.products[sku]
			if p == nil {
				p = &kept{Stocked: catalog.Stocked{Product: catalog.Product{SKU: sku}}}
			}
			all = append(all, catalog.Changed{ID: c.ID, Product: p.Stocked, Err: was.err})
		}
		return nil
	})
}

func sameChange(a, b catalog.Change) bool {
	a.Actor, a.Correlation, b.Actor, b.Correlation = "", "", "", ""
	return reflect.DeepEqual(a, b)
}

func (f *Catalogue) change(sku string, c catalog.Change) error {
	p := f.products[sku]
	if p == nil {
		p = &kept{Stocked: catalog.Stocked{Product: catalog.Product{SKU: sku}}}
	}
	exists := p.Revision > 0 && !p.Deleted
	next, err := c.Apply(p.Stocked, exists)
	if err == nil && !exists {
		err = f.refuseLookalike(sku)
	}
	switch {
	case err != nil:
		return err
	case next.OnHand < p.reserved:
		return fmt.Errorf("%w: %s: onHand: %d are reserved", catalog.ErrReserved, sku, p.reserved)
	}
	if !exists {
		p.Added = f.now().Unix()
	}
	p.Product, p.Deleted, p.changed = next, c.Delete, f.now()
	p.Revision++
	p.Available = max(p.OnHand-p.reserved, 0)
	if later := f.now().Add(indexGrace); p.due.IsZero() || p.due.After(later) {
		p.due = later
	}
	set(&f.products, sku, p)
	return nil
}

func (f *Catalogue) refuseLookalike(sku string) error {
	for other, p := range f.products {
		if !p.Deleted && other != sku && catalog.Look(other) == catalog.Look(sku) {
			return catalog.Lookalike(sku, other)
		}
	}
	return nil
}

// Reserve reserves pieces, as an order does (or, below zero, releases them). It
// returns false if too few are available.
func (f *Catalogue) Reserve(sku string, n int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.products[sku]
	if p == nil || p.OnHand-p.reserved < n || p.reserved+n < 0 {
		return false
	}
	p.reserved += n
	p.Available = p.OnHand - p.reserved
	p.Revision++
	p.due = time.UnixMicro(1)
	return true
}

// Stocked returns products as they are, by SKU.
func (f *Catalogue) Stocked(_ context.Context, skus []string) (map[string]catalog.Stocked, error) {
	found := make(map[string]catalog.Stocked)
	return found, f.do("Stocked", func() error {
		for _, sku := range skus {
			if p := f.products[sku]; p != nil {
				found[sku] = p.Stocked
			}
		}
		return nil
	})
}

// RecordIndexed records which revisions the index has.
func (f *Catalogue) RecordIndexed(_ context.Context, indexed map[string]int64) (moved []string, err error) {
	return moved, f.do("RecordIndexed", func() error {
		for _, sku := range slices.Sorted(maps.Keys(indexed)) {
			if p := f.products[sku]; p == nil || p.Revision != indexed[sku] {
				moved = append(moved, sku)
			} else {
				p.due = time.Time{}
			}
		}
		return nil
	})
}

// DueProducts returns products that are due, and leases them.
func (f *Catalogue) DueProducts(_ context.Context, lease time.Duration, limit int) (skus []string, err error) {
	return skus, f.do("DueProducts", func() error {
		all := slices.SortedFunc(maps.Keys(f.products), func(a, b string) int {
			return cmp.Or(f.products[a].due.Compare(f.products[b].due), strings.Compare(a, b))
		})
		for _, sku := range all {
			if p := f.products[sku]; len(skus) < limit && !p.due.IsZero() && !p.due.After(f.now()) {
				p.due = f.now().Add(lease)
				skus = append(skus, sku)
			}
		}
		return nil
	})
}

// Revisions returns revisions, by SKU.
func (f *Catalogue) Revisions(_ context.Context, skus []string) (map[string]catalog.Revision, error) {
	found := make(map[string]catalog.Revision)
	return found, f.do("Revisions", func() error {
		for _, sku := range skus {
			if p := f.products[sku]; p != nil {
				found[sku] = p.revision()
			}
		}
		return nil
	})
}

// RevisionsAfter lists revisions in the order of the SKUs.
func (f *Catalogue) RevisionsAfter(_ context.Context, after string, limit int) (found []catalog.Revision, err error) {
	return found, f.do("RevisionsAfter", func() error {
		for _, sku := range slices.Sorted(maps.Keys(f.products)) {
			if strings.Compare(sku, after) > 0 && len(found) < limit {
				found = append(found, f.products[sku].revision())
			}
		}
		return nil
	})
}

// ChangedSince lists products that were changed at a time or later.
func (f *Catalogue) ChangedSince(_ context.Context, since time.Time, after string, limit int) (skus []string, err error) {
	return skus, f.do("ChangedSince", func() error {
		for _, sku := range slices.Sorted(maps.Keys(f.products)) {
			if strings.Compare(sku, after) > 0 && len(skus) < limit && !f.products[sku].changed.Before(since) {
				skus = append(skus, sku)
			}
		}
		return nil
	})
}

func (p *kept) revision() catalog.Revision {
	return catalog.Revision{SKU: p.SKU, Revision: p.Revision, ForSale: p.ForSale(), Due: !p.due.IsZero()}
}

func (f *Catalogue) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

func (f *Catalogue) do(op string, work func() error) error {
	if f.Before != nil {
		if err := f.Before(op); err != nil {
			return err
		}
	}
	if err := f.locked(work); err != nil {
		return err
	}
	if f.After != nil {
		return f.After(op)
	}
	return nil
}

func (f *Catalogue) locked(work func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return work()
}

// set sets a key of a map that may be nil.
func set[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = v
}
