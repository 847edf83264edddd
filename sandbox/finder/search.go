package finder

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// What a query can get wrong beside its filter.
var (
	ErrSort  = errors.New("invalid sort")
	ErrFacet = errors.New("invalid facet")
)

// Query is one search.
type Query struct {
	Text   string
	Filter *Filter
	Sort   []string // "price:asc"
	Facets []string // attributes to count by; "*": all that are filterable
	Offset int
	Limit  int
	// Strategy says which words may be given up: "last" (the default) from
	// the end, "frequency" the common ones, "all" none.
	Strategy string
}

// Result is what was found.
type Result struct {
	IDs    []string // of the page
	Total  int      // at most Settings.MaxHits
	Facets map[string]map[string]int
	Ranges map[string]Range // of facets that are numbers
	Marker Marker
}

// Range is the smallest and the largest number.
type Range struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Search finds. It fails with ErrFilter, ErrSort or ErrFacet.
func (x *Index) Search(q Query) (Result, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	facets, err := x.facetNames(q.Facets)
	if err != nil {
		return Result{}, err
	}
	steps, err := x.steps(q.Sort)
	if err != nil {
		return Result{}, err
	}
	sifted, err := x.skipSelfCaused(q.Filter)
	if err != nil {
		return Result{}, err
	}
	all := x.read(q.Text)
	borrowed := x.borrowHits()
	defer x.hits.Put(borrowed)
	hits := (*borrowed)[:0]
	if len(all) == 0 {
		sifted.each(func(p uint32) { hits = append(hits, hit{place: p}) })
	} else {
		hits = x.matching(hits, all, sifted, q)
	}
	*borrowed = hits
	r := Result{Total: min(len(hits), x.set.MaxHits), Marker: x.marker(all)}
	r.Facets, r.Ranges = x.count(hits, facets)
	last := min(q.Offset+q.Limit, x.set.MaxHits)
	for i, h := range nearest(hits, last, steps) {
		if i >= q.Offset {
			r.IDs = append(r.IDs, x.ids[h.place])
		}
	}
	return r, nil
}

// Filtered returns the ids of the documents that pass a filter, in an order
// that holds while nothing changes, and how many there are.
func (x *Index) Filtered(f *Filter, offset, limit int) (ids []string, total int, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	found, err := x.skipSelfCaused(f)
	if err != nil {
		return nil, 0, err
	}
	found.each(func(p uint32) {
		if total >= offset && len(ids) < limit {
			ids = append(ids, x.ids[p])
		}
		total++
	})
	return ids, total, nil
}

// step is one comparison of two hits: by a part of how far they are, or by an
// attribute.
type step struct {
	mask   uint32
	column *column
	desc   bool
}

// steps turns the ranking rules into comparisons.
func (x *Index) steps(sorts []string) ([]step, error) {
	var steps []step
	shift := x.shifts()
	for _, rule := range x.set.Rules {
		if part := shift.part(rule); part != nil {
			mask := uint32(0xff) << *part
			if n := len(steps); n > 0 && steps[n-1].column == nil {
				steps[n-1].mask |= mask
			} else {
				steps = append(steps, step{mask: mask})
			}
			continue
		}
		rules := []string{rule}
		if rule == "sort" {
			rules = sorts
		}
		for _, r := range rules {
			name, desc, ok := cutRule(r)
			switch {
			case ok && (rule != "sort" || slices.Contains(x.set.Sortable, name)):
				steps = append(steps, step{column: x.columns[name], desc: desc})
			case rule == "sort":
				return nil, fmt.Errorf("%w: attribute `%.60s` is not sortable", ErrSort, r)
			}
		}
	}
	if len(sorts) > 0 && !slices.Contains(x.set.Rules, "sort") {
		return nil, fmt.Errorf("%w: the ranking rules have no sort", ErrSort)
	}
	return steps, nil
}

// nearest returns the n best hits in order. A heap of the best so far, its
// worst on top, needs to look at most hits only once.
func nearest(hits []hit, n int, steps []step) []hit {
	if n <= 0 {
		return nil
	}
	after := func(a, b hit) int {
		for i := range steps {
			if c := steps[i].compare(a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.place, b.place)
	}
	if len(hits) <= n {
		best := slices.Clone(hits)
		slices.SortFunc(best, after)
		return best
	}
	best := slices.Clone(hits[:n])
	for i := n/2 - 1; i >= 0; i-- {
		sink(best, i, after)
	}
	for _, h := range hits[n:] {
		if after(h, best[0]) < 0 {
			best[0] = h
			sink(best, 0, after)
		}
	}
	slices.SortFunc(best, after)
	return best
}

// sink restores a heap whose largest is on top.
func sink(heap []hit, i int, after func(a, b hit) int) {
	for {
		below := 2*i + 1
		if below >= len(heap) {
			return
		}
		if below+1 < len(heap) && after(heap[below+1], heap[below]) > 0 {
			below++
		}
		if after(heap[i], heap[below]) >= 0 {
			return
		}
		heap[i], heap[below] = heap[below], heap[i]
		i = below
	}
}

func (s *step) compare(a, b hit) int {
	if s.column == nil {
		return cmp.Compare(a.far&s.mask, b.far&s.mask)
	}
	av, bv := s.column.first(a.place), s.column.first(b.place)
	switch {
	case av == bv:
		return 0
	case av == none: // what has no value comes last, whichever way
		return 1
	case bv == none:
		return -1
	}
	c := cmp.Compare(s.column.orders[av], s.column.orders[bv])
	if c == 0 {
		c = s.column.values[av].compare(s.column.values[bv])
	}
	if s.desc {
		return -c
	}
	return c
}

// none is the id of no value.
const none = ^uint32(0)

// first is the value, by its id, that a place is sorted by.
func (c *column) first(p uint32) uint32 {
	if int(p) >= len(c.one) {
		return none
	}
	one := c.one[p]
	if one >= many {
		return c.several(one)[0]
	}
	return one - 1 // none, where there is none
}
