package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"purser/activities"
	"purser/api"
	"purser/order"
	"purser/shop"
)

// addCatalogue gives the steps what changing products, importing and indexing
// them takes.
func (s *stack) addCatalogue(a *activities.Activities, p *providers) {
	a.Products, a.ProductTeller, a.Listings, a.Revisions = s.records, s.starter, s.records, s.records
	a.DueProducts, a.StockAudit = s.records, s.records
	a.Imports, a.ImportRows, a.OldImports = s.records, s.records, s.records
	a.Index, a.IndexKeys, a.Rebuild = p.search, p.search, p.search
	a.PictureURL = s.pictureURL(p)
}

// catalogueScheduled is how long the engine may take to note a schedule.
const catalogueScheduled = 30 * time.Second

// startCatalogue lets the index follow the stock, has it compared with the
// record regularly, and goes on with imports whose workflow was never started.
// None of it holds up the start, or fails it: orders do not wait for a search.
func (s *stack) startCatalogue(p *providers) {
	follower := &activities.Follower{Steps: p.activities(s), Log: s.log}
	s.background(follower.Run)
	s.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, catalogueScheduled)
		defer cancel()
		if err := s.starter.KeepReconciling(ctx, s.cfg.ReconcileEvery); err != nil && ctx.Err() == nil {
			s.log.Error("the index is not compared with the catalogue regularly", "error", err)
		}
		if err := s.resumeImports(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("imports that were received are not carried out", "error", err)
		}
	})
}

// resumeImports starts the workflows of imports that were received by a
// process that ended before it could.
func (s *stack) resumeImports(ctx context.Context) error {
	last, err := s.records.Imports(ctx, 100)
	if err != nil {
		return err
	}
	for _, i := range last {
		if i.Ready() {
			if err := s.starter.StartImport(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// productDesk is what the API needs to change the catalogue.
func (s *stack) productDesk() *api.Products {
	return &api.Products{Workflows: s.starter, Records: s.records, MaxImport: s.cfg.ImportMax}
}

// whenIndexed says on w when the index has the catalogue; the channel closes
// then, or when that takes too long.
func (s *stack) whenIndexed(ctx context.Context, w io.Writer) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				tick.Stop()
				fmt.Fprintln(w, "catalogue not indexed yet: the search follows")
				return
			}
			if n, err := s.records.DueCount(ctx); err != nil || n > 0 {
				continue
			}
			tick.Stop()
			products, err := s.records.ForSaleCount(ctx)
			if err == nil {
				fmt.Fprintf(w, "catalogue indexed: %d products\n", products)
			}
			return
		}
	}()
	return done
}

// findAgain searches as a shopper does and says what comes first.
func (s *stack) findAgain(ctx context.Context, w io.Writer, words string) {
	client := &shop.Client{URL: s.apiURL, Key: s.key}
	found, err := client.Search(ctx, url.Values{"q": {words}})
	switch {
	case err != nil:
		fmt.Fprintf(w, "search for %q: %v\n", words, err)
	case len(found.Hits) == 0:
		fmt.Fprintf(w, "search for %q finds nothing\n", words)
	default:
		h := found.Hits[0]
		fmt.Fprintf(w, "search for %q finds %s first: %s, %s, %d available\n", words, h.SKU, h.Name, order.Money{Amount: h.Price, Currency: h.Currency}, h.Available)
	}
}
