package products

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// DueProducts knows which products the index does not have yet.
type DueProducts interface {
	// DueProducts returns the SKUs of up to limit products and leases them to
	// the caller; products not marked as indexed when the lease ends are due
	// again.
	DueProducts(ctx context.Context, lease time.Duration, limit int) ([]string, error)
}

// Follower indexes changes that have no workflow of their own: stock that
// changed with orders, and changes that a process left behind when it died. The
// record marks a product as due in the transaction that changes it. The
// Follower handles the marks in batches, so that a thousand orders for one mug
// are one document a second. An order never waits for it.
type Follower struct {
	Steps *Activities
	Every time.Duration // how often it looks; default a second
	Log   *slog.Logger
}

const (
	// sweepLease is how long one sweep may take before another process tries.
	sweepLease = 30 * time.Second
	// longestRest is the longest pause between sweeps while the index is down.
	longestRest = 30 * time.Second
)

// Run sweeps until the context ends.
func (f *Follower) Run(ctx context.Context) {
	every := f.Every
	if every <= 0 {
		every = time.Second
	}
	rest, down := every, false
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		n, err := f.Steps.sweep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			if rest = min(2*rest, longestRest); !down {
				f.Log.Warn("the search index is behind: it cannot be written", "error", err)
			}
			down = true
		case n == RowsAtOnce: // there is more
			rest = 0
		default:
			if down {
				f.Log.Warn("the search index can be written again")
			}
			rest, down = every, false
		}
		timer.Reset(rest)
		rest = max(rest, every)
	}
}

// sweep indexes the due products and returns how many they were. A product that
// the index rejects for good is due again after the lease.
func (a *Activities) sweep(ctx context.Context) (int, error) {
	skus, err := a.DueProducts.DueProducts(ctx, sweepLease, RowsAtOnce)
	if err != nil || len(skus) == 0 {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, sweepLease)
	defer cancel()
	_, refused, err := a.indexPassing(ctx, skus)
	for sku, why := range refused {
		if err == nil {
			err = fmt.Errorf("%s: %w", sku, why)
		}
	}
	return len(skus), err
}
