package search

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/meilisearch/meilisearch-go"
)

// request is the body of a search, or a list of several.
type request struct {
	meilisearch.SearchRequest
	Limit   *int      `json:"limit"`
	Page    *int      `json:"page"`
	Queries []request `json:"queries"`
}

func or[T any](v *T, def T) T {
	if v == nil {
		return def
	}
	return *v
}

// check refuses a search that the stand-in cannot make as it was meant.
func (q *request) check() error {
	for _, n := range []int64{q.Offset, int64(or(q.Limit, 0)), int64(or(q.Page, 0)), or(q.HitsPerPage, 0), q.CropLength} {
		if n < 0 || n > 1<<30 {
			return invalid("invalid_search_limit", "Invalid value: want a number from 0 on.")
		}
	}
	if !slices.Contains([]meilisearch.MatchingStrategy{"", "last", "all", "frequency"}, q.MatchingStrategy) {
		return invalid("invalid_search_matching_strategy", "Unknown value `%.40s` at `.matchingStrategy`: expected one of `last`, `all`, `frequency`.", q.MatchingStrategy)
	}
	if q.Hybrid != nil || q.FederationOptions != nil || q.RetrieveVectors || len(q.Vector)+len(q.Distinct)+len(q.AttributesToSearchOn) > 0 ||
		q.RankingScoreThreshold != 0 || q.ShowRankingScore || q.ShowRankingScoreDetails || q.ShowMatchesPosition {
		return invalid("bad_request", "The stand-in knows no vectors, distinct values, attributes to search on, scores or positions.")
	}
	return nil
}

// search makes a search, or several.
func (s *Server) search(r *http.Request) (any, error) {
	var in request
	if err := readJSON(r.Body, &in); err != nil {
		return nil, err
	}
	if uid := r.PathValue("uid"); uid != "" {
		return s.find(uid, &in)
	}
	results := []any{}
	for _, q := range in.Queries {
		found, err := s.find(q.IndexUID, &q)
		if err != nil {
			return nil, err
		}
		found["indexUid"] = q.IndexUID
		results = append(results, found)
	}
	return map[string]any{"results": results}, nil
}

func (s *Server) find(uid string, q *request) (found map[string]any, err error) {
	if err := cmp.Or(q.check(), s.whole()); err != nil {
		return nil, err
	}
	err = s.using(uid, func(x *index) (err error) {
		found, err = s.findIn(x, q)
		return err
	})
	return found, err
}

func (s *Server) findIn(x *index, q *request) (map[string]any, error) {
	began := time.Now()
	paged := q.Page != nil || q.HitsPerPage != nil
	offset, limit := int(q.Offset), or(q.Limit, 20)
	page, per := or(q.Page, 1), int(or(q.HitsPerPage, 20))
	if paged {
		offset, limit = max(page-1, 0)*per, min(page, 1)*per
	}
	t := newTyped(x.rules, q)
	most := int(x.rules.Pagination.MaxTotalHits)
	req := bleve.NewSearchRequestOptions(nil, max(0, min(limit, most-offset)), min(offset, most), false)
	if err := t.translate(x, q, req); err != nil {
		return nil, err
	}
	r, err := s.store.Search(req)
	docs, err := sources(r, err)
	if err != nil {
		return nil, err
	}
	hits := []any{}
	for _, fields := range docs {
		hits = append(hits, t.shape(q, fields))
	}
	total := min(int(r.Total), most)
	found := map[string]any{"hits": hits, "query": q.Query, "processingTimeMs": time.Since(began).Milliseconds()}
	if len(q.Facets) > 0 {
		found["facetDistribution"], found["facetStats"] = t.facets(r.Facets)
	}
	if paged {
		found["page"], found["hitsPerPage"], found["totalHits"], found["totalPages"] = page, per, total, (total+per-1)/max(per, 1)
	} else {
		found["limit"], found["offset"], found["estimatedTotalHits"] = limit, offset, total
	}
	return found, nil
}

// translate writes a search as one of Bleve's.
func (t *typed) translate(x *index, q *request, req *bleve.SearchRequest) error {
	filter, err := parseFilter(q.Filter, t.FilterableAttributes)
	if err != nil {
		return invalid("invalid_search_filter", "%.300s", err)
	}
	if len(t.words)+len(t.phrases) == 0 {
		req.Query, req.Score = x.in(filter), "none"
	} else {
		req.Query = &query.BooleanQuery{Must: t, Filter: x.in(filter)}
	}
	req.Fields = []string{sourceField}
	names := q.Facets
	if slices.Contains(names, "*") {
		names = t.FilterableAttributes
	}
	for _, name := range names {
		if !slices.Contains(t.FilterableAttributes, name) {
			return invalid("invalid_search_facets", "Attribute `%.60s` is not filterable.", name)
		}
		req.AddFacet(name, bleve.NewFacetRequest(facetField+name, maxDocuments))
	}
	req.Sort, err = t.order(q.Sort)
	return err
}

// order returns the order of hits: the ranking rules, one after the other. The
// rules that tell how well the words fit are one figure, the score; those that
// follow an attribute are left out of it.
func (t *typed) order(sorts []string) (order search.SortOrder, err error) {
	for _, key := range sorts {
		if m := sorting.FindStringSubmatch(key); m == nil || !slices.Contains(t.SortableAttributes, m[1]) || !slices.Contains(t.RankingRules, "sort") {
			return nil, invalid("invalid_search_sort", "Attribute `%.60s` is not sortable.", key)
		}
	}
	closed := false
	for _, rule := range t.RankingRules {
		keys := []string{rule}
		if rule == "sort" {
			keys = sorts
		} else if !sorting.MatchString(rule) {
			if closed || rule == "proximity" { // how near words are to each other is not known
				continue
			} else if len(t.relevance) == 0 {
				order = append(order, &search.SortScore{Desc: true})
			}
			t.relevance, keys = append(t.relevance, rule), nil
		}
		for _, key := range keys {
			name, direction, _ := strings.Cut(key, ":")
			order = append(order, &search.SortField{Field: orderField + name, Type: search.SortFieldAsString, Desc: direction == "desc"})
			closed = len(t.relevance) > 0
		}
	}
	return append(order, &search.SortDocID{}), nil
}

// facets counts the values of attributes, and finds the range of numbers.
func (s *rules) facets(found search.FacetResults) (counts map[string]map[string]int, ranges map[string]map[string]float64) {
	counts, ranges = map[string]map[string]int{}, map[string]map[string]float64{}
	for name, facet := range found {
		all := facet.Terms.Terms() // the commonest first
		if s.Faceting.SortFacetValuesBy["*"] != meilisearch.SortFacetTypeCount {
			slices.SortFunc(all, func(a, b *search.TermFacet) int { return strings.Compare(a.Term, b.Term) })
		}
		counts[name] = map[string]int{}
		for _, f := range all {
			if int64(len(counts[name])) < s.Faceting.MaxValuesPerFacet {
				counts[name][f.Term[1:]] = f.Count
			}
			if n, err := strconv.ParseFloat(f.Term[1:], 64); err == nil && f.Term[0] == '#' {
				if ranges[name] == nil {
					ranges[name] = map[string]float64{"min": n, "max": n}
				}
				ranges[name]["min"], ranges[name]["max"] = min(n, ranges[name]["min"]), max(n, ranges[name]["max"])
			}
		}
	}
	return counts, ranges
}

// shape returns the attributes of a hit that are asked for and may be shown,
// and adds _formatted.
func (t *typed) shape(q *request, fields map[string]any) any {
	wanted := func(list []string, name string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, name)
	}
	hit, formatted := map[string]any{}, map[string]any{}
	for name, v := range fields {
		if !wanted(t.DisplayedAttributes, name) {
			continue
		}
		kept := q.AttributesToRetrieve == nil || wanted(q.AttributesToRetrieve, name)
		if kept {
			hit[name] = v
		}
		mark, crop := wanted(q.AttributesToHighlight, name), wanted(q.AttributesToCrop, name)
		if kept || mark || crop {
			formatted[name] = t.format(v, q, mark, crop)
		}
	}
	if len(q.AttributesToHighlight)+len(q.AttributesToCrop) > 0 {
		hit["_formatted"] = formatted
	}
	return hit
}

// format cuts every text of a value down to some words around the first one
// found, and puts tags around what was found.
func (t *typed) format(v any, q *request, marked, cropped bool) any {
	if list, isList := v.([]any); isList {
		all := make([]any, len(list))
		for i, e := range list {
			all[i] = t.format(e, q, marked, cropped)
		}
		return all
	}
	text, isText := v.(string)
	if !isText {
		return v
	}
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
	if n := int(cmp.Or(q.CropLength, 10)); cropped && n > 0 && len(words) > n {
		first = min(max(first-n/2, 0), len(words)-n)
		if first > 0 {
			from, before = words[first].start, cmp.Or(q.CropMarker, "…")
		}
		if first+n < len(words) {
			to, after = words[first+n-1].end, cmp.Or(q.CropMarker, "…")
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

// covers says how many words a mark covers that begins with the first one, at
// least one, and where it ends; 0 if none begins.
func (t *typed) covers(text string, words []token) (n, end int) {
	row := ""
	for i, w := range words[:min(len(words), maxTyped)] {
		if row += w.text; t.found[row] {
			n, end = i+1, w.end
		}
	}
	for _, p := range t.begins {
		if n == 0 && strings.HasPrefix(words[0].text, p) {
			runes := []rune(text[words[0].start:words[0].end])
			end = max(end, words[0].start+len(string(runes[:min(len(runes), len([]rune(p)))])))
		}
	}
	return max(n, 1), end
}
