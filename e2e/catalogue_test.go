package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"purser/catalog"
	"purser/shop"
	"purser/soak"
)

// TestCatalogue proves SRCH-1, SRCH-3 and SRCH-8 over HTTP: a changed product is
// found with its changes, a deleted one is not found, and stock follows orders.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env)
		ctx := within(t)
		lamp := catalog.Product{SKU: "lamp/red", Name: "Gimbal lantern", Price: 4900, Currency: "EUR", OnHand: 5, Tags: []string{"brass"}}
		put, err := s.shop.PutProduct(ctx, lamp, 0, "")
		if err != nil || put.Version != 1 {
			t.Fatalf("put: %+v %v", put, err)
		}
		s.finds(t, "gimbal lantern", func(d *catalog.Document) bool { return d != nil && d.Price == 4900 && d.Available == 5 })
		for range 2 { // as if the first response had been lost
			if p, err := s.shop.PatchProduct(ctx, lamp.SKU, map[string]any{"price": 4500}, 1, "reprice"); err != nil || p.Price != 4500 || p.Version != 2 {
				t.Fatalf("IDEM-1: %+v %v", p, err)
			}
		}
		if _, err := s.shop.PatchProduct(ctx, lamp.SKU, map[string]any{"price": 4400}, 1, "reprice"); problem(t, err).Code != "idempotency_key_reused" {
			t.Errorf("IDEM-2: another change under the key: %v", err)
		}
		s.finds(t, "gimbal lantern", func(d *catalog.Document) bool { return d != nil && d.Price == 4500 })
		if _, err := s.shop.PatchProduct(ctx, lamp.SKU, map[string]any{"price": 1}, 1, ""); problem(t, err).Code != "version_conflict" {
			t.Errorf("IDEM-6: a change meant for version 1: %v", err)
		}
		if _, err := s.shop.Place(ctx, wish(lamp.SKU, 2, "EUR"), ""); err != nil {
			t.Fatal(err)
		}
		s.finds(t, "gimbal lantern", func(d *catalog.Document) bool { return d != nil && d.Available == 3 && d.InStock })
		if _, err := s.shop.PatchProduct(ctx, lamp.SKU, map[string]any{"onHand": 1}, -1, ""); problem(t, err).Code != "reserved" {
			t.Errorf("ORD-7: a count removed reserved stock: %v", err)
		}
		if err := s.shop.DeleteProduct(ctx, lamp.SKU, -1, ""); err != nil {
			t.Fatal(err)
		}
		s.finds(t, "gimbal lantern", func(d *catalog.Document) bool { return d == nil })
		if _, err := s.shop.Place(ctx, wish(lamp.SKU, 1, "EUR"), ""); problem(t, err).Code != "unknown_sku" {
			t.Errorf("a deleted product was ordered: %v", err)
		}
		s.agrees(t)
	})
}

// finds searches until the first hit is as wanted; wanted gets nil if there is no
// hit.
func (s *stack) finds(t *testing.T, words string, wanted func(*catalog.Document) bool) {
	t.Helper()
	var last catalog.Results
	err := retry(within(t), func() error {
		r, err := s.shop.Search(t.Context(), url.Values{"q": {words}})
		if err != nil {
			return err
		}
		last = r
		var first *catalog.Document
		if len(r.Hits) > 0 && !r.Degraded {
			first = &r.Hits[0].Document
		}
		if !wanted(first) {
			return fmt.Errorf("the search for %q does not return it yet", words)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v: %+v", err, last)
	}
}

// agrees checks that the index holds the same products as the record (SRCH-11),
// once the pending changes have been indexed.
func (s *stack) agrees(t *testing.T) {
	t.Helper()
	err := retry(within(t), func() error {
		d, done, err := s.shop.Reconcile(t.Context())
		switch {
		case err != nil:
			return err
		case !done || d.Due > 0:
			return fmt.Errorf("%d products are still pending", d.Due)
		case d.Found() > 0 || d.Unbalanced > 0:
			t.Errorf("index and record differ: %+v", d)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestImportKilled kills the program with SIGKILL at random moments of an import
// and of concurrent changes, and starts it again: no row is lost or doubled, no
// change is lost, and in the end the index agrees with the record (ORD-8, SRCH-3,
// F52).
func TestImportKilled(t *testing.T) {
	t.Parallel()
	rows, kills := 800, 2
	if soak.Full() {
		rows, kills = 4000, 5
	}
	onOneEngine(t, func(t *testing.T, env []string) {
		random := rand.New(rand.NewPCG(seedOf(t), 2))
		s := newStack(t, env)
		c := &crowd{stack: s}
		var file strings.Builder
		file.WriteString("sku,name,price,currency,onHand\n")
		for i := range rows {
			fmt.Fprintf(&file, "imp-%05d,Imported thing %d,%d,EUR,7\n", i, i, i+1)
		}
		changed := make(chan error, 1)
		go func() { changed <- c.reprice(t.Context(), 30) }()
		var id string
		done := make(chan error, 1)
		go func() {
			done <- retry(t.Context(), func() error {
				api, _ := c.now()
				i, err := api.Import(t.Context(), strings.NewReader(file.String()), shop.ImportOf{Kind: catalog.ImportProducts, Key: "night", Size: int64(file.Len())})
				if err != nil {
					return err
				}
				if id = i.ID; !i.State.Final() {
					return fmt.Errorf("still %s", i.State)
				}
				return nil
			})
		}()
		for range kills {
			pause(t, time.Duration(50+random.IntN(1200))*time.Millisecond)
			c.restart(s.kill)
		}
		for _, ended := range []chan error{done, changed} {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(testTimeout):
				t.Fatal("the import does not end")
			}
		}
		s.wantImported(t, id, rows)
		p, err := s.shop.Product(t.Context(), "mug-blue")
		if err != nil || p.Price != 1030 || p.Version != 31 {
			t.Errorf("30 changes, each once: %+v %v", p, err)
		}
		s.agrees(t)
	})
}

// reprice changes a price that many times, as a careful client does: a change
// whose response was lost is sent again unchanged, under the same key.
func (c *crowd) reprice(ctx context.Context, times int) error {
	const sku = "mug-blue"
	version := int64(0)
	err := retry(ctx, func() error {
		api, _ := c.now()
		p, err := api.Product(ctx, sku)
		version = p.Version
		return err
	})
	for n := 0; n < times && err == nil; n++ {
		err = retry(ctx, func() error {
			api, _ := c.now()
			p, err := api.PatchProduct(ctx, sku, map[string]any{"price": 1001 + n}, version, fmt.Sprint("reprice-", n))
			if err != nil {
				return fmt.Errorf("change %d: %w", n, err)
			}
			version = p.Version
			return nil
		})
	}
	return err
}

// wantImported checks that every row is in the catalogue, once.
func (s *stack) wantImported(t *testing.T, id string, rows int) {
	t.Helper()
	i, err := s.shop.ImportState(t.Context(), id)
	if err != nil || i.State != catalog.ImportDone || i.Applied != int64(rows) || i.Rows != int64(rows) || i.Bad != 0 || i.Unchanged != 0 {
		t.Errorf("the import ended as %+v %v", i, err)
	}
	n := 0
	for after := "imp-"; ; {
		page, err := s.shop.ListProducts(t.Context(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Products {
			if !strings.HasPrefix(p.SKU, "imp-") {
				continue
			}
			if p.SKU != fmt.Sprintf("imp-%05d", n) || p.Price != int64(n+1) || p.Version != 1 || p.OnHand != 7 {
				t.Fatalf("row %d: %+v", n, p)
			}
			n++
		}
		if after = page.NextAfter; after == "" {
			break
		}
	}
	if n != rows {
		t.Errorf("%d of %d rows are in the catalogue", n, rows)
	}
}

// TestReindexDuringTraffic proves SRCH-4 and F58: while the index is rebuilt, the
// search is never empty, and changes made in that time are not lost.
func TestReindexDuringTraffic(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env)
		s.finds(t, "enamel mug", func(d *catalog.Document) bool { return d != nil })
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		searched := make(chan error, 1)
		go func() {
			for ctx.Err() == nil {
				r, err := s.shop.Search(ctx, url.Values{"q": {"enamel mug"}})
				if err == nil && len(r.Hits) == 0 {
					searched <- fmt.Errorf("the search is empty: %+v", r)
					return
				}
				pause(t, 20*time.Millisecond) // as several shoppers search
			}
			searched <- nil
		}()
		for round := range 3 {
			rebuilt := make(chan error, 1)
			go func() {
				rebuilt <- retry(within(t), func() error {
					_, done, err := s.shop.Reindex(t.Context())
					if err == nil && !done {
						err = fmt.Errorf("the rebuild has not ended")
					}
					return err
				})
			}()
			for n := range 10 {
				p := catalog.Product{SKU: fmt.Sprintf("new-%d-%d", round, n), Name: "Meanwhile", Price: 100, Currency: "EUR", OnHand: 1}
				err := retry(within(t), func() error { _, err := s.shop.PutProduct(t.Context(), p, 0, p.SKU); return err })
				if err == nil && n%2 == 1 {
					err = retry(within(t), func() error { return s.shop.DeleteProduct(t.Context(), p.SKU, -1, "deletes-"+p.SKU) })
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := <-rebuilt; err != nil {
				t.Fatal(err)
			}
			s.agrees(t)
		}
		stop()
		if err := <-searched; err != nil {
			t.Error(err)
		}
	})
}
