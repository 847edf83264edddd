package apitest

import (
	"context"
	"sync"
	"testing"

	"purser/api"
	"purser/api/imports"
	"purser/catalog"
	"purser/records"
)

// Products stands in for the products' workflows: it changes the record, as
// they would, and fails as configured.
type Products struct {
	Store *records.Store

	mu       sync.Mutex
	Fail     error
	TimesOut bool // the change is made, but the call times out
	Started  []catalog.Import
	Asked    int // changes
}

// NewProducts returns an API whose products can be changed and imported.
func NewProducts(t testing.TB) (*Shop, *Products) {
	f := &Products{}
	return New(t, f.Configure), f
}

// ChangeProduct changes the product in the record.
func (f *Products) ChangeProduct(ctx context.Context, sku string, c catalog.Change) (catalog.Stocked, error) {
	f.mu.Lock()
	f.Asked++
	fail := f.Fail
	f.mu.Unlock()
	if fail != nil {
		return catalog.Stocked{}, fail
	}
	ended, err := f.Store.ChangeProduct(context.WithoutCancel(ctx), sku, []catalog.Change{c})
	if err != nil {
		return catalog.Stocked{}, err
	}
	if f.TimesOut {
		return catalog.Stocked{}, context.DeadlineExceeded
	}
	return ended[0].Product, ended[0].Err
}

// StartImport records that the import was started.
func (f *Products) StartImport(_ context.Context, i catalog.Import) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Started = append(f.Started, i)
	return f.Fail
}

// Reconcile returns a sample result.
func (f *Products) Reconcile(context.Context, bool) (catalog.Drift, error) {
	return catalog.Drift{Products: 3, Stale: 1, Repaired: 1}, nil
}

// Reindex returns a sample result.
func (f *Products) Reindex(context.Context) (catalog.Rebuilt, error) {
	return catalog.Rebuilt{Put: 3}, nil
}

// Configure is an option with which the API changes products through f.
func (f *Products) Configure(c *api.Config, store *records.Store) {
	f.Store = store
	c.Products.Workflows = f
	c.Imports = &imports.Service{Workflows: f, Records: store, MaxBytes: 2 << 20}
}
