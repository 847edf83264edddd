package search

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/search/query"
)

// quoted matches a value in quotes. A backslash keeps the character after it from
// closing them.
const quoted = `(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`

var (
	values     = regexp.MustCompile(`(?s)` + quoted)
	comparison = regexp.MustCompile(`(?s)^\s*([\w-]+)\s*(?:=\s*(true|false)|([<>])=\s*(\d{1,19})` +
		`|\sIN\s*\[((?:\s*` + quoted + `\s*,)*(?:\s*` + quoted + `)?)\s*\])\s*$`)
)

// parseFilter returns the query of a filter, which is one comparison or an array of
// comparisons that must all hold. Without a filter it returns nil.
func parseFilter(v any, filterable []string) (query.Query, error) {
	list, isList := v.([]any)
	if !isList && v != nil {
		list = []any{v}
	}
	var all []query.Query
	for _, part := range list {
		text, _ := part.(string)
		m := comparison.FindStringSubmatch(text)
		if m == nil {
			return nil, invalid("invalid_search_filter", "The stand-in serves `x IN [\"a\", \"b\"]`, `x = true`, `x >= 1` and `x <= 1`, and an array of these; it does not serve `%.60s`.", fmt.Sprint(part))
		} else if !slices.Contains(filterable, m[1]) {
			return nil, invalid("invalid_search_filter", "Attribute `%.60s` is not filterable.", m[1])
		}
		all = append(all, compare(m))
	}
	if len(all) == 0 {
		return nil, nil
	}
	return query.NewConjunctionQuery(all), nil
}

// compare returns the query of one comparison, from the parts that were matched.
func compare(m []string) query.Query {
	name, some := m[1], []query.Query{}
	between := func(from, to *float64) query.Query {
		including := true
		q := query.NewNumericRangeInclusiveQuery(from, to, &including, &including)
		q.SetField(numberField + name)
		return q
	}
	if n, err := strconv.ParseFloat(m[4], 64); err == nil {
		if m[3] == "<" {
			return between(nil, &n)
		}
		return between(&n, nil)
	}
	equal := func(v string) {
		q := query.NewTermQuery(valueKey(v))
		q.SetField(valueField + name)
		some = append(some, q)
	}
	if m[2] != "" {
		equal(m[2])
	}
	for _, v := range values.FindAllString(m[5], -1) {
		v = strings.ReplaceAll(v[1:len(v)-1], `\`+v[:1], v[:1])
		equal(v)
		if n, err := strconv.ParseFloat(v, 64); err == nil { // a number can be written in several ways, a text cannot
			some = append(some, between(&n, &n))
		}
	}
	return query.NewDisjunctionQuery(some)
}
