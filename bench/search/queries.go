package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"purser/bench/products"
	"purser/catalog"
	"purser/providers/meilisearch"
)

// kinds lists the kinds of queries that shoppers make.
var kinds = []struct {
	name string
	make func(m *products.Maker) catalog.Query
}{
	{"word", func(m *products.Maker) catalog.Query {
		q := catalog.Query{Text: m.Word()}
		if m.Rand.IntN(2) == 0 {
			q.Text += " " + m.Word()
		}
		return q
	}},
	{"typo", func(m *products.Maker) catalog.Query {
		return catalog.Query{Text: m.Mistyped(m.LongWord()) + " ", Highlight: true}
	}},
	{"prefix", func(m *products.Maker) catalog.Query {
		w := m.LongWord()
		return catalog.Query{Text: w[:1+m.Rand.IntN(4)], Highlight: true}
	}},
	{"filters", func(m *products.Maker) catalog.Query {
		from := int64(100 + m.Rand.IntN(5000))
		return catalog.Query{Text: m.Word(), Currency: "EUR", PriceFrom: from, PriceTo: from * 4, InStock: true, Categories: []string{m.Category(), m.Category(), m.Category()}}
	}},
	{"facets", func(m *products.Maker) catalog.Query {
		q := catalog.Query{Facets: catalog.Facets}
		switch m.Rand.IntN(3) {
		case 0:
			q.Categories = []string{m.Category()}
		case 1:
			q.Text = m.Word()
		}
		return q
	}},
	{"sort", func(m *products.Maker) catalog.Query {
		q := catalog.Query{Currency: "EUR", Facets: catalog.Facets, Sort: catalog.Sorts[1+m.Rand.IntN(len(catalog.Sorts)-1)], Page: 1 + m.Rand.IntN(5)}
		if m.Rand.IntN(2) == 0 {
			q.Categories = []string{m.Category()}
		}
		return q
	}},
}

// typosFound searches for products by the longest word of their names, mistyped,
// and returns the share of products that are found nevertheless.
func typosFound(ctx context.Context, c *meilisearch.Client, m *products.Maker, docs []catalog.Document) (float64, error) {
	const tries = 100
	found := 0
	for range tries {
		d := docs[m.Rand.IntN(len(docs))]
		q := catalog.Query{PerPage: 100, Brands: []string{d.Brand}, Categories: []string{d.Category}}
		q.Text = m.Mistyped(slices.MaxFunc(strings.Fields(d.Name), func(a, b string) int { return cmp.Compare(len(a), len(b)) })) + " "
		r, err := c.Search(ctx, q)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(r.Hits, func(h catalog.Hit) bool { return h.SKU == d.SKU }) {
			found++
		}
	}
	return float64(found) / tries, nil
}

// update changes products one by one, and returns how many milliseconds it took on
// average until a change could be found.
func update(ctx context.Context, c *meilisearch.Client, docs []catalog.Document) (float64, error) {
	const updates = 20
	began := time.Now()
	for i := range updates {
		d := docs[i*len(docs)/updates]
		d.Version, d.Price = 2, d.Price+1
		if err := c.PutDocuments(ctx, []catalog.Document{d}); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Microseconds()) / 1000 / updates, nil
}
