package search

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/meilisearch/meilisearch-go"
)

// request is the body of a search.
type request struct {
	Query                 string                   `json:"q"`
	Page                  *uint16                  `json:"page"`
	HitsPerPage           *uint16                  `json:"hitsPerPage"`
	Filter                any                      `json:"filter"`
	Sort                  []string                 `json:"sort"`
	Facets                []string                 `json:"facets"`
	AttributesToHighlight []string                 `json:"attributesToHighlight"`
	AttributesToCrop      []string                 `json:"attributesToCrop"`
	CropLength            uint16                   `json:"cropLength"`
	MatchingStrategy      string                   `json:"matchingStrategy"` // last, the default, or all
	HighlightPreTag       string                   `json:"highlightPreTag"`
	HighlightPostTag      string                   `json:"highlightPostTag"`
	Hybrid                *interface{ unserved() } `json:"hybrid"` // the SDK sends null, and nothing else can be read
}

func (s *Server) search(r *http.Request, q request) (any, error) {
	if err := s.whole(); err != nil {
		return nil, err
	}
	return using(s, r.PathValue("uid"), func(x *index) (any, error) { return s.find(x, &q) })
}

// or returns the value of a pointer, or another value if the pointer is nil.
func or[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

// find makes a search. Without a page it finds the first 20 documents.
func (s *Server) find(x *index, q *request) (any, error) {
	began := time.Now()
	page, per := int(or(q.Page, 1)), int(or(q.HitsPerPage, 20))
	offset, limit := max(page-1, 0)*per, min(page, 1)*per
	most := int(x.Settings.Pagination.MaxTotalHits)
	req := bleve.NewSearchRequestOptions(nil, max(0, min(limit, most-offset)), min(offset, most), false)
	t := newTyped(&x.Settings, q.Query)
	t.whole = q.MatchingStrategy == "all"
	if err := t.translate(x, q, req); err != nil {
		return nil, err
	}
	r, err := s.store.Search(req)
	hits, err := sources(r, err)
	if err != nil {
		return nil, err
	}
	for _, fields := range hits {
		if err := t.format(q, fields); err != nil {
			return nil, err
		}
	}
	total := min(int(r.Total), most)
	found := map[string]any{"hits": hits, "query": q.Query, "processingTimeMs": time.Since(began).Milliseconds()}
	if len(q.Facets) > 0 {
		found["facetDistribution"] = t.facets(r.Facets)
	}
	if q.Page == nil && q.HitsPerPage == nil {
		found["limit"], found["offset"], found["estimatedTotalHits"] = limit, offset, total
	} else {
		found["page"], found["hitsPerPage"], found["totalHits"], found["totalPages"] = page, per, total, (total+per-1)/max(per, 1)
	}
	return found, nil
}

// translate writes a search as a search of Bleve.
func (t *typed) translate(x *index, q *request, req *bleve.SearchRequest) error {
	filter, err := parseFilter(q.Filter, t.FilterableAttributes)
	if err != nil {
		return err
	}
	if len(t.words)+len(t.phrases) == 0 {
		req.Query, req.Score = x.in(filter), "none"
	} else {
		req.Query = &query.BooleanQuery{Must: t, Filter: x.in(filter)}
	}
	req.Fields, req.Sort = []string{sourceField}, nil
	for _, name := range q.Facets {
		if !slices.Contains(t.FilterableAttributes, name) {
			return invalid("invalid_search_facets", "Attribute `%.60s` is not filterable.", name)
		}
		req.AddFacet(name, bleve.NewFacetRequest(facetField+name, maxDocuments))
	}
	if s := q.MatchingStrategy; s != "" && s != "last" && s != "all" {
		return invalid("invalid_search_matching_strategy", "The stand-in serves the matching strategies `last` and `all`, not `%.60s`.", s)
	}
	for _, name := range slices.Concat(q.AttributesToHighlight, q.AttributesToCrop) {
		if !slices.Contains(t.SearchableAttributes, name) {
			return invalid("bad_request", "The stand-in marks and crops searchable attributes, not `%.60s`.", name)
		}
	}
	by := func(name, direction string) {
		req.Sort = append(req.Sort, &search.SortField{Field: orderField + name, Type: search.SortFieldAsString, Desc: direction == "desc"})
	}
	for _, key := range q.Sort {
		name, direction, _ := strings.Cut(key, ":")
		if !slices.Contains(t.SortableAttributes, name) || direction != "asc" && direction != "desc" || t.RankingRules[0] != "sort" {
			return invalid("invalid_search_sort", "Attribute `%.60s` is not sortable, or `sort` is not the first ranking rule.", key)
		}
		by(name, direction)
	}
	req.Sort = append(req.Sort, &search.SortScore{Desc: true})
	for _, rule := range t.RankingRules {
		if name, direction, byAttribute := strings.Cut(rule, ":"); byAttribute {
			by(name, direction)
		}
	}
	req.Sort = append(req.Sort, &search.SortDocID{})
	return nil
}

// facets returns how many documents have each value of the attributes. Values that
// filters do not distinguish are one value, shown as it is written most often.
func (s *settings) facets(found search.FacetResults) map[string]map[string]int {
	counts := map[string]map[string]int{}
	for name, facet := range found {
		var all []*search.TermFacet
		same := map[string]*search.TermFacet{}
		for _, f := range facet.Terms.Terms() { // the commonest first
			if first := same[valueKey(f.Term[1:])]; first != nil {
				first.Count += f.Count
			} else {
				same[valueKey(f.Term[1:])], all = f, append(all, f)
			}
		}
		slices.SortStableFunc(all, func(a, b *search.TermFacet) int { return b.Count - a.Count })
		if s.Faceting.SortFacetValuesBy["*"] == meilisearch.SortFacetTypeAlpha {
			slices.SortFunc(all, func(a, b *search.TermFacet) int { return strings.Compare(a.Term, b.Term) })
		}
		counts[name] = map[string]int{}
		for _, f := range all[:min(len(all), int(s.Faceting.MaxValuesPerFacet))] {
			counts[name][f.Term[1:]] = f.Count
		}
	}
	return counts
}

// format adds _formatted to a hit if any attribute is to be marked or cropped.
func (t *typed) format(q *request, hit map[string]any) error {
	formatted := maps.Clone(hit)
	for _, name := range slices.Concat(q.AttributesToHighlight, q.AttributesToCrop) {
		if text, isText := hit[name].(string); isText {
			formatted[name] = t.mark(text, q, slices.Contains(q.AttributesToHighlight, name), slices.Contains(q.AttributesToCrop, name))
		} else if hit[name] != nil {
			return invalid("bad_request", "The stand-in marks and crops texts, and `%.60s` is no text.", name)
		}
		hit["_formatted"] = formatted
	}
	return nil
}

// mark cuts a text down to some words around the first one that was found, and
// puts tags around the words that were found.
func (t *typed) mark(text string, q *request, marked, cropped bool) string {
	words := tokens(text)
	var marks [][2]int
	first := -1
	for i := 0; i < len(words); i++ {
		n, end := t.covers(text, words[i:])
		if end == 0 {
			continue
		} else if first < 0 {
			first = i
		}
		marks = append(marks, [2]int{words[i].start, end})
		i += n - 1
	}
	from, to, before, after := 0, len(text), "", ""
	if n := int(cmp.Or(q.CropLength, 10)); cropped && len(words) > n {
		first = min(max(first-n/2, 0), len(words)-n)
		if first > 0 {
			from, before = words[first].start, "…"
		}
		if first+n < len(words) {
			to, after = words[first+n-1].end, "…"
		}
	}
	for _, m := range marks {
		if marked && m[0] >= from && m[1] <= to {
			before += text[from:m[0]] + cmp.Or(q.HighlightPreTag, "<em>") + text[m[0]:m[1]] + cmp.Or(q.HighlightPostTag, "</em>")
			from = m[1]
		}
	}
	return before + text[from:to] + after
}

// covers returns how many words a mark covers that begins with the first word, at
// least 1, and where the mark ends: at 0 if no mark begins there.
func (t *typed) covers(text string, words []token) (n, end int) {
	row := ""
	for i, w := range words[:min(len(words), maxTyped)] {
		if row += w.text; t.found[row] {
			n, end = i+1, w.end
		}
	}
	for _, p := range t.prefixes {
		if n == 0 && strings.HasPrefix(words[0].text, p) {
			runes := []rune(text[words[0].start:words[0].end])
			end = max(end, words[0].start+len(string(runes[:min(len(runes), len([]rune(p)))])))
		}
	}
	return max(n, 1), end
}
