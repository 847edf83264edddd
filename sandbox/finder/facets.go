package finder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// facetNames checks what is to be counted by.
func (x *Index) facetNames(asked []string) ([]string, error) {
	var names []string
	for _, name := range asked {
		switch {
		case name == "*":
			names = append(names, x.set.Filterable...)
		case !x.set.filterable(name):
			return nil, fmt.Errorf("%w: attribute `%.60s` is not filterable", ErrFacet, name)
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// count says how many hits have each value of the facets.
func (x *Index) count(hits []hit, facets []string) (map[string]map[string]int, map[string]Range) {
	if len(facets) == 0 {
		return nil, nil
	}
	found, ranges := make(map[string]map[string]int, len(facets)), make(map[string]Range)
	for _, name := range facets {
		c := x.columns[name]
		counts := c.count(hits)
		found[name] = x.set.show(c, counts)
		if r, ok := c.rangeOf(counts); ok {
			ranges[name] = r
		}
	}
	return found, ranges
}

// count is how many hits have each value, by value id.
func (c *column) count(hits []hit) []uint32 {
	counts := make([]uint32, len(c.values)+1) // by value id + 1, so that none is a value too
	for _, h := range hits {
		one := c.one[h.place]
		if one < many {
			counts[one]++
			continue
		}
		for _, id := range c.several(one) {
			counts[id+1]++
		}
	}
	return counts[1:]
}

// show picks the values that are answered.
func (s Settings) show(c *column, counts []uint32) map[string]int {
	var ids []uint32
	for id, n := range counts {
		if n > 0 {
			ids = append(ids, uint32(id))
		}
	}
	if len(ids) > s.ValuesPerFacet {
		slices.SortFunc(ids, func(a, b uint32) int {
			byName := strings.Compare(c.values[a].text, c.values[b].text)
			if s.CommonFirst {
				return cmp.Or(cmp.Compare(counts[b], counts[a]), byName)
			}
			return byName
		})
		ids = ids[:s.ValuesPerFacet]
	}
	shown := make(map[string]int, len(ids))
	for _, id := range ids {
		shown[c.values[id].text] += int(counts[id])
	}
	return shown
}

// rangeOf finds the smallest and the largest number that occurs.
func (c *column) rangeOf(counts []uint32) (r Range, ok bool) {
	for id, n := range counts {
		v := &c.values[id]
		if n == 0 || !v.number {
			continue
		}
		if !ok {
			r = Range{v.float, v.float}
		}
		r.Min, r.Max, ok = min(r.Min, v.float), max(r.Max, v.float), true
	}
	return r, ok
}
