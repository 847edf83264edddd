package search

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/search/query"
)

// filter reads an expression of Meilisearch's filter language into a Bleve
// query. After an error it reads on as if the expression had ended.
type filter struct {
	attributes []string // those that can be filtered by
	rest       string
	parts      int // comparisons, brackets and NOTs
	err        error
}

// A backslash keeps the character after it from closing quotes.
const literal = `(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:[\w/.-]|[^\x00-\x7f])+)`

var (
	literals   = regexp.MustCompile(`(?s)` + literal)
	reserved   = regexp.MustCompile(`^(AND|OR|NOT|IN|TO|EXISTS|IS|NULL|EMPTY)$`)
	comparison = regexp.MustCompile(`(?s)^(` + literal + `)\s*(?:(!?=|[<>]=?)\s*(` + literal + `)|\s(` + literal + `)\s+TO\s+(` + literal +
		`)|\s(NOT\s+)?IN\s*\[((?:\s*` + literal + `\s*,)*(?:\s*` + literal + `)?)\s*\]|\s(NOT\s+)?(EXISTS)|\sIS\s+(NOT\s+)?(NULL|EMPTY))`)
)

// parseFilter returns the query of a filter as it stands in JSON, nil for
// none: a string, or an array whose parts must all hold; of a part that is an
// array itself, one must.
func parseFilter(v any, filterable []string) (query.Query, error) {
	p := &filter{attributes: filterable}
	var all []query.Query
	for _, part := range listed(v) {
		var some []query.Query
		for _, e := range listed(part) {
			text, isText := e.(string)
			if p.rest = strings.TrimSpace(text); !isText || len(text) > 64<<10 {
				p.fail("want a string that is not too long")
			} else if p.rest != "" {
				some = append(some, p.either())
			}
			if p.rest != "" {
				p.fail("unexpected %.20q", p.rest)
			}
		}
		if len(some) > 0 {
			all = append(all, query.NewDisjunctionQuery(some))
		}
	}
	if p.err != nil || len(all) == 0 {
		return nil, p.err
	}
	return query.NewConjunctionQuery(all), nil
}

// listed returns a list as it is, and any other value as a list of one.
func listed(v any) []any {
	list, isList := v.([]any)
	if !isList && v != nil {
		list = []any{v}
	}
	return list
}

func (p *filter) fail(format string, args ...any) query.Query {
	if p.err == nil {
		p.err = fmt.Errorf("invalid filter: "+format, args...)
	}
	p.rest = ""
	return query.NewMatchNoneQuery()
}

// accept steps over a keyword or a bracket, if it comes next.
func (p *filter) accept(s string) bool {
	rest, found := strings.CutPrefix(p.rest, s)
	if !found || len(s) > 1 && literals.MatchString(rest[:min(1, len(rest))]) {
		return false
	}
	p.rest = strings.TrimSpace(rest)
	return true
}

func (p *filter) either() query.Query {
	some := []query.Query{p.both()}
	for p.accept("OR") {
		some = append(some, p.both())
	}
	return query.NewDisjunctionQuery(some)
}

func (p *filter) both() query.Query {
	all := []query.Query{p.single()}
	for p.accept("AND") {
		all = append(all, p.single())
	}
	return query.NewConjunctionQuery(all)
}

func (p *filter) single() query.Query {
	switch p.parts++; {
	case p.parts > 1000:
		return p.fail("too many parts")
	case p.accept("NOT"):
		return not(true, p.single())
	case p.accept("("):
		q := p.either()
		if !p.accept(")") {
			p.fail("a bracket is not closed")
		}
		return q
	}
	return p.comparison()
}

func not(no bool, q query.Query) query.Query {
	if !no {
		return q
	}
	return query.NewBooleanQuery([]query.Query{query.NewMatchAllQuery()}, nil, []query.Query{q})
}

func (p *filter) comparison() query.Query {
	m := comparison.FindStringSubmatch(p.rest)
	if m == nil {
		return p.fail("unexpected %.20q", p.rest)
	}
	p.rest = strings.TrimSpace(p.rest[len(m[0]):])
	name := p.value(m[1])
	if !slices.Contains(p.attributes, name) {
		return p.fail("attribute %.60q is not filterable", name)
	}
	within := func(from, to string, including bool) query.Query {
		q := query.NewNumericRangeInclusiveQuery(p.number(from), p.number(to), &including, &including)
		q.SetField(numberField + name)
		return q
	}
	switch op := m[2]; {
	case op == "=" || op == "!=":
		return not(op == "!=", equals(name, p.value(m[3])))
	case strings.HasPrefix(op, "<"):
		return within("", m[3], op == "<=")
	case op != "":
		return within(m[3], "", op == ">=")
	case m[4] != "": // price 10 TO 20
		return within(m[4], m[5], true)
	case m[9] != "":
		return not(m[8] != "", value(name, isThere))
	case m[11] != "":
		return not(m[10] != "", value(name, "!"+m[11]))
	}
	var values []string
	for _, v := range literals.FindAllString(m[7], -1) {
		values = append(values, p.value(v))
	}
	return not(m[6] != "", equals(name, values...))
}

// value returns the value that a literal stands for.
func (p *filter) value(text string) string {
	if text != "" && strings.Contains(`"'`, text[:1]) {
		return strings.ReplaceAll(text[1:len(text)-1], `\`+text[:1], text[:1])
	}
	if reserved.MatchString(text) {
		p.fail("%s must be quoted", text)
	}
	return text
}

// number returns the number of a literal, nil for none.
func (p *filter) number(text string) *float64 {
	if text == "" {
		return nil
	}
	f, err := strconv.ParseFloat(p.value(text), 64)
	if err != nil {
		p.fail("%.60q is no number", text)
	}
	return &f
}

// equals is a query for documents with one of several values, as text or as a
// number.
func equals(name string, values ...string) query.Query {
	var some []query.Query
	for _, v := range values {
		some = append(some, value(name, valueKey(v)))
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			some = append(some, value(name, valueKey(strconv.FormatFloat(f, 'f', -1, 64))))
		}
	}
	return query.NewDisjunctionQuery(some)
}

func value(name, key string) query.Query {
	q := query.NewTermQuery(key)
	q.SetField(valueField + name)
	return q
}
