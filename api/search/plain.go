package search

import (
	"context"
	"slices"
	"strings"

	"purser/api/httpkit"
	"purser/catalog"
)

// mostScanned is the most products that a plain list reads while the search engine
// is down, so that the record does not become slow as well.
const mostScanned = 2000

// plainList finds products in the catalogue, ordered by SKU. It refuses queries
// that need the search engine. Few run at once, so that searches do not delay
// orders.
func (s *Service) plainList(ctx context.Context, q catalog.Query) (*searchOutput, error) {
	if len(q.Brands)+len(q.Categories)+len(q.Tags)+len(q.Groups)+len(q.Facets) > 0 || q.MinRating > 0 || q.Sort != catalog.ByRelevance {
		return nil, noSearch()
	}
	release, err := s.server.AcquireScan(ctx, httpkit.ForShoppers)
	if err != nil {
		return nil, err
	}
	defer release()
	r := catalog.Results{Hits: []catalog.Hit{}, Page: q.Page, PerPage: q.PerPage, Degraded: true}
	words := strings.Fields(strings.ToLower(q.Text))
	after := ""
	for scanned := 0; scanned < mostScanned; {
		list, err := s.Catalogue.Products(ctx, 500, after)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if !plainlyFits(p, q, words) {
				continue
			}
			if r.Total >= q.Offset() && len(r.Hits) < q.PerPage {
				r.Hits = append(r.Hits, catalog.Hit{Document: catalog.Document{
					SKU: p.SKU, Name: p.Name, Price: p.Price, Currency: p.Currency, Available: p.OnHand,
				}.Complete()})
			}
			r.Total = min(r.Total+1, catalog.MaxHits)
		}
		if len(list) < 500 {
			break
		}
		scanned, after = scanned+len(list), list[len(list)-1].SKU
	}
	return s.withStock(ctx, r)
}

// withStock sets how many pieces of a page's products are available, which are
// those not reserved.
func (s *Service) withStock(ctx context.Context, r catalog.Results) (*searchOutput, error) {
	skus := make([]string, len(r.Hits))
	for i, h := range r.Hits {
		skus[i] = h.SKU
	}
	offers, err := s.Catalogue.Offers(ctx, skus)
	if err != nil {
		return nil, err
	}
	for i := range r.Hits {
		r.Hits[i].Available = max(offers[r.Hits[i].SKU].Available, 0)
		r.Hits[i].Document = r.Hits[i].Complete()
	}
	return priced(r), nil
}

// plainlyFits reports whether a product matches the query's filters and contains
// all words in its name or SKU.
func plainlyFits(p catalog.Product, q catalog.Query, words []string) bool {
	if p.Inactive || q.Currency != "" && p.Currency != q.Currency || p.Price < q.PriceFrom || q.PriceTo > 0 && p.Price > q.PriceTo || q.InStock && p.OnHand == 0 {
		return false
	}
	text := strings.ToLower(p.Name + " " + p.SKU)
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}
