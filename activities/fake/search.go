package fake

import (
	"cmp"
	"context"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"purser/catalog"
)

// Search finds products that have all words; the last may be a prefix. Products
// with the words in the name come first.
func (x *Index) Search(_ context.Context, q catalog.Query) (catalog.Results, error) {
	q, err := q.Checked()
	if err != nil {
		return catalog.Results{}, err
	}
	r := catalog.Results{Hits: []catalog.Hit{}, Page: q.Page, PerPage: q.PerPage}
	return r, x.do("Search", func() error {
		found := x.matching(q)
		r.Total = min(len(found), catalog.MaxHits)
		for _, d := range found[min(q.Offset(), r.Total):min(q.Offset()+q.PerPage, r.Total)] {
			h := catalog.Hit{Document: d}
			if q.Highlight {
				h.Highlighted = map[string]string{"name": highlight(d.Name, words(q.Text)), "description": highlight(d.Description, words(q.Text))}
			}
			r.Hits = append(r.Hits, h)
		}
		count(found, q, &r)
		return nil
	})
}

func (x *Index) matching(q catalog.Query) []catalog.Document {
	typed := words(q.Text)
	var found []catalog.Document
	inName := make(map[string]bool)
	for _, sku := range slices.Sorted(maps.Keys(x.live)) {
		d := x.live[sku]
		if passes(d, q) && hasAll(words(strings.Join(slices.Concat([]string{d.Name, d.Brand, d.Category, d.Description, d.SKU}, d.Tags, d.Options), " ")), typed) {
			found = append(found, d)
			inName[sku] = hasAll(words(d.Name), typed)
		}
	}
	slices.SortStableFunc(found, func(a, b catalog.Document) int {
		switch q.Sort {
		case catalog.CheapFirst:
			return cmp.Compare(a.Price, b.Price)
		case catalog.DearFirst:
			return cmp.Compare(b.Price, a.Price)
		case catalog.BestRated:
			return cmp.Compare(b.Rating, a.Rating)
		case catalog.NewestFirst:
			return cmp.Compare(b.Added, a.Added)
		case catalog.ByName:
			return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		return cmp.Compare(rank(inName[b.SKU]), rank(inName[a.SKU]))
	})
	return found
}

func passes(d catalog.Document, q catalog.Query) bool {
	one := func(wanted []string, has ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(has, func(h string) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return catalog.SameValue(w, h) })
		})
	}
	return one(q.Brands, d.Brand) && one(q.Categories, d.Category) && one(q.Tags, d.Tags...) && one(q.Groups, d.Group) &&
		(q.Currency == "" || q.Currency == d.Currency) && d.Price >= q.PriceFrom && (q.PriceTo == 0 || d.Price <= q.PriceTo) &&
		(!q.InStock || d.InStock) && d.Rating >= q.MinRating
}

// hasAll reports whether has contains each typed word; the last may be a prefix.
func hasAll(has, typed []string) bool {
	for i, t := range typed {
		if !slices.ContainsFunc(has, func(h string) bool { return h == t || i == len(typed)-1 && strings.HasPrefix(h, t) }) {
			return false
		}
	}
	return true
}

func count(found []catalog.Document, q catalog.Query, r *catalog.Results) {
	for _, f := range q.Facets {
		all := catalog.Counts{}
		for _, d := range found {
			for _, v := range facetValues(d, f) {
				all[v]++
			}
		}
		shown, missing, cut := all.Shown(q.Chosen(f))
		for _, v := range missing {
			shown[v] = 0
		}
		if r.Facets == nil {
			r.Facets = make(map[catalog.Facet]catalog.Counts, len(q.Facets))
		}
		if r.Facets[f] = shown; cut {
			r.CutFacets = append(r.CutFacets, f)
		}
	}
}

func facetValues(d catalog.Document, f catalog.Facet) []string {
	switch f {
	case catalog.FacetBrand:
		return slices.DeleteFunc([]string{d.Brand}, func(s string) bool { return s == "" })
	case catalog.FacetCategory:
		return slices.DeleteFunc([]string{d.Category}, func(s string) bool { return s == "" })
	case catalog.FacetTags:
		return d.Tags
	case catalog.FacetInStock:
		return []string{strconv.FormatBool(d.InStock)}
	case catalog.FacetStars:
		return []string{strconv.FormatInt(d.Stars, 10)}
	}
	return nil
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// highlight escapes a text and marks the typed words, and words with the last
// typed word as a prefix.
func highlight(text string, typed []string) string {
	var b strings.Builder
	for _, part := range strings.SplitAfter(text, " ") {
		if has := words(part); len(typed) > 0 && slices.ContainsFunc(has, func(h string) bool {
			return slices.Contains(typed, h) || strings.HasPrefix(h, typed[len(typed)-1])
		}) {
			b.WriteString("<mark>" + html.EscapeString(strings.TrimSuffix(part, " ")) + "</mark>")
			part = part[len(strings.TrimSuffix(part, " ")):]
		}
		b.WriteString(html.EscapeString(part))
	}
	return b.String()
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
