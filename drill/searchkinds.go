package drill

import (
	"cmp"
	"context"
	"slices"
	"time"

	"purser/catalog"
)

// kinds of queries, as shoppers make them.
var kinds = []struct {
	name string
	make func(g *Goods) catalog.Query
}{
	{"word", func(g *Goods) catalog.Query {
		q := catalog.Query{Text: g.Word()}
		if g.rand.IntN(2) == 0 {
			q.Text += " " + g.Word()
		}
		return q
	}},
	{"typo", func(g *Goods) catalog.Query { return catalog.Query{Text: g.Mistyped(g.long()) + " ", Highlight: true} }},
	{"prefix", func(g *Goods) catalog.Query {
		w := g.long()
		return catalog.Query{Text: w[:1+g.rand.IntN(4)], Highlight: true}
	}},
	{"filters", func(g *Goods) catalog.Query {
		from := int64(100 + g.rand.IntN(5000))
		return catalog.Query{Text: g.Word(), Currency: "EUR", PriceFrom: from, PriceTo: from * 4, InStock: true, Categories: []string{g.category(), g.category(), g.category()}}
	}},
	{"facets", func(g *Goods) catalog.Query {
		q := catalog.Query{Facets: catalog.Facets}
		switch g.rand.IntN(3) {
		case 0:
			q.Categories = []string{g.category()}
		case 1:
			q.Text = g.Word()
		}
		return q
	}},
	{"sort", func(g *Goods) catalog.Query {
		q := catalog.Query{Currency: "EUR", Facets: catalog.Facets, Sort: catalog.Sorts[1+g.rand.IntN(len(catalog.Sorts)-1)], Page: 1 + g.rand.IntN(5)}
		if g.rand.IntN(2) == 0 {
			q.Categories = []string{g.category()}
		}
		return q
	}},
}

// long is a word in which a typo is allowed.
func (g *Goods) long() string {
	for {
		if w := g.Word(); len(w) >= 5 {
			return w
		}
	}
}

// typosFound mistypes the rarest word of a product's name and looks whether
// the product is found all the same.
func (s *shelf) typosFound(ctx context.Context, g *Goods, docs []catalog.Document) (float64, error) {
	const tries = 100
	found := 0
	for range tries {
		d := docs[g.rand.IntN(len(docs))]
		q := catalog.Query{PerPage: 100, Brands: []string{d.Brand}, Categories: []string{d.Category}}
		q.Text = g.Mistyped(slices.MaxFunc(wordsIn(d.Name), func(a, b string) int { return cmp.Compare(len(a), len(b)) })) + " "
		r, err := s.Search(ctx, q)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(r.Hits, func(h catalog.Hit) bool { return h.SKU == d.SKU }) {
			found++
		}
	}
	return float64(found) / tries, nil
}

// update changes products one by one.
func (s *shelf) update(ctx context.Context, docs []catalog.Document) (float64, error) {
	const updates = 20
	began := time.Now()
	for i := range updates {
		d := docs[i*len(docs)/updates]
		d.Version, d.Price = 2, d.Price+1
		if err := s.PutDocuments(ctx, []catalog.Document{d}); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Microseconds()) / 1000 / updates, nil
}
