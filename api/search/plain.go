package search

import (
	"context"
	"slices"
	"strings"

	"purser/api/httpkit"
	"purser/catalog"
)

// mostScanned is how many products are looked at while the search engine is
// down: a plain list must not become slow as well.
const mostScanned = 2000

// plainList finds products in the catalogue, by SKU, for queries that the
// catalogue can answer. Few run at once: shoppers whose search is down must not
// hold up those who order.
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

// withStock adds to the products of a page how many are not set aside.
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

// plainlyFits reports whether a product is a hit for the query and its words.
func plainlyFits(p catalog.Product, q catalog.Query, words []string) bool {
	if p.Inactive || q.Currency != "" && p.Currency != q.Currency || p.Price < q.PriceFrom || q.PriceTo > 0 && p.Price > q.PriceTo || q.InStock && p.OnHand == 0 {
		return false
	}
	text := strings.ToLower(p.Name + " " + p.SKU)
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}
