package search

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"purser/sandbox/finder"
)

// query is the body of a search.
type query struct {
	IndexUID              string   `json:"indexUid"`
	Q                     *string  `json:"q"`
	Offset                *int     `json:"offset"`
	Limit                 *int     `json:"limit"`
	Page                  *int     `json:"page"`
	HitsPerPage           *int     `json:"hitsPerPage"`
	Filter                any      `json:"filter"`
	Facets                []string `json:"facets"`
	Sort                  []string `json:"sort"`
	AttributesToRetrieve  []string `json:"attributesToRetrieve"`
	AttributesToHighlight []string `json:"attributesToHighlight"`
	AttributesToCrop      []string `json:"attributesToCrop"`
	CropLength            *int     `json:"cropLength"`
	CropMarker            *string  `json:"cropMarker"`
	HighlightPreTag       *string  `json:"highlightPreTag"`
	HighlightPostTag      *string  `json:"highlightPostTag"`
	MatchingStrategy      string   `json:"matchingStrategy"`

	// Understood so that they can be refused, or be left out without harm.
	AttributesToSearchOn    []string        `json:"attributesToSearchOn"`
	Distinct                string          `json:"distinct"`
	Hybrid                  json.RawMessage `json:"hybrid"`
	Vector                  []float64       `json:"vector"`
	Locales                 []string        `json:"locales"`
	RankingScoreThreshold   float64         `json:"rankingScoreThreshold"`
	ShowMatchesPosition     bool            `json:"showMatchesPosition"`
	ShowRankingScore        bool            `json:"showRankingScore"`
	ShowRankingScoreDetails bool            `json:"showRankingScoreDetails"`
	ShowPerformanceDetails  bool            `json:"showPerformanceDetails"`
	RetrieveVectors         bool            `json:"retrieveVectors"`
	Media                   map[string]any  `json:"media"`
	FederationOptions       json.RawMessage `json:"federationOptions"`
}

// maxSort bounds the attributes of one sort.
const maxSort = 10

func (q *query) check() *apiError {
	for _, n := range []*int{q.Offset, q.Limit, q.Page, q.HitsPerPage, q.CropLength} {
		if n != nil && (*n < 0 || *n > 1<<30) {
			return invalid("invalid_search_limit", "Invalid value: want a number from 0 on.")
		}
	}
	hybrid := len(q.Hybrid) > 0 && !bytes.Equal(q.Hybrid, []byte("null"))
	switch {
	case q.MatchingStrategy != "" && q.MatchingStrategy != "last" && q.MatchingStrategy != "all" && q.MatchingStrategy != "frequency":
		return invalid("invalid_search_matching_strategy", "Unknown value `%.40s` at `.matchingStrategy`: expected one of `last`, `all`, `frequency`.", q.MatchingStrategy)
	case hybrid || len(q.Vector) > 0 || len(q.Media) > 0 || q.RetrieveVectors:
		return invalid("invalid_search_hybrid", "The stand-in knows no vectors.")
	case q.Distinct != "" || len(q.AttributesToSearchOn) > 0 || q.RankingScoreThreshold != 0 || len(q.FederationOptions) > 0:
		return invalid("bad_request", "The stand-in does not know distinct, attributesToSearchOn, rankingScoreThreshold or federationOptions.")
	case q.ShowRankingScore || q.ShowRankingScoreDetails || q.ShowMatchesPosition:
		return invalid("bad_request", "The stand-in shows neither ranking scores nor positions.")
	case len(q.Sort) > maxSort:
		return invalid("invalid_search_sort", "More than %d attributes to sort by.", maxSort)
	}
	return nil
}

func decodeQuery(body []byte, q any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(q); err != nil {
		return invalid("bad_request", "The search is malformed: %.200s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, 1<<20)
	if err != nil {
		return err
	}
	var q query
	if err := decodeQuery(body, &q); err != nil {
		return err
	}
	result, err := s.find(r.PathValue("uid"), &q)
	if err != nil {
		return err
	}
	updateResult(w, http.StatusOK, result)
	return nil
}

// multiSearch makes several searches; each must be allowed.
func (s *Server) multiSearch(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, 1<<20)
	if err != nil {
		return err
	}
	var in struct {
		Queries []query `json:"queries"`
	}
	if err := decodeQuery(body, &in); err != nil {
		return err
	}
	if len(in.Queries) > 50 {
		return invalid("bad_request", "More than 50 queries.")
	}
	results := []*found{}
	for i := range in.Queries {
		uid := in.Queries[i].IndexUID
		if secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); s.cfg.MasterKey != "" && !same(secret, s.cfg.MasterKey) && !s.opens(secret, "search", uid) {
			return newError(http.StatusForbidden, "auth", "invalid_api_key", "The provided API key is invalid.")
		}
		result, err := s.find(uid, &in.Queries[i])
		if err != nil {
			return err
		}
		result.IndexUID = uid
		results = append(results, result)
	}
	updateResult(w, http.StatusOK, map[string]any{"results": results})
	return nil
}

// found is the answer to a search.
type found struct {
	IndexUID string                    `json:"indexUid,omitempty"`
	Hits     []json.RawMessage         `json:"hits"`
	Query    string                    `json:"query"`
	TookMS   int64                     `json:"processingTimeMs"`
	Facets   map[string]map[string]int `json:"facetDistribution,omitempty"`
	Ranges   map[string]finder.Range   `json:"facetStats,omitempty"`

	Limit     *int `json:"limit,omitempty"`
	Offset    *int `json:"offset,omitempty"`
	Estimated *int `json:"estimatedTotalHits,omitempty"`

	HitsPerPage *int `json:"hitsPerPage,omitempty"`
	Page        *int `json:"page,omitempty"`
	TotalPages  *int `json:"totalPages,omitempty"`
	TotalHits   *int `json:"totalHits,omitempty"`
}

// find searches an index. If it is swapped away in the middle of that, the
// one in its place is searched.
func (s *Server) find(uid string, q *query) (*found, error) {
	if bad := q.check(); bad != nil {
		return nil, bad
	}
	for {
		f, err := s.findOnce(uid, q)
		if !errors.Is(err, errDropped) {
			return f, err
		}
	}
}

func (s *Server) findOnce(uid string, q *query) (*found, error) {
	began := time.Now()
	h, err := s.index(uid)
	if err == nil {
		err = h.whole()
	}
	if err != nil {
		return nil, err
	}
	filter, err := finder.ParseFilter(q.Filter)
	if err != nil {
		return nil, searchProblem(err)
	}
	paged := q.Page != nil || q.HitsPerPage != nil
	offset, limit := or(q.Offset, 0), or(q.Limit, 20)
	if paged {
		limit = or(q.HitsPerPage, 20)
		offset = max(or(q.Page, 1)-1, 0) * limit
		if or(q.Page, 1) == 0 {
			limit = 0
		}
	}
	result, err := h.finder.Search(finder.Query{
		Text: text(q.Q), Filter: filter, Sort: q.Sort, Facets: q.Facets, Offset: offset, Limit: limit, Strategy: q.MatchingStrategy,
	})
	if err != nil {
		return nil, searchProblem(err)
	}
	hits, err := s.hits(h, q, result)
	if err != nil {
		return nil, err
	}
	f := &found{Hits: hits, Query: text(q.Q), Facets: result.Facets, Ranges: result.Ranges}
	if paged {
		per, page, total, pages := or(q.HitsPerPage, 20), or(q.Page, 1), result.Total, 0
		if per > 0 {
			pages = (total + per - 1) / per
		}
		f.HitsPerPage, f.Page, f.TotalHits, f.TotalPages = &per, &page, &total, &pages
	} else {
		f.Limit, f.Offset, f.Estimated = &limit, &offset, &result.Total
	}
	f.TookMS = time.Since(began).Milliseconds()
	return f, nil
}

func searchProblem(err error) error {
	for kind, code := range map[error]string{
		finder.ErrFilter: "invalid_search_filter", finder.ErrSort: "invalid_search_sort", finder.ErrFacet: "invalid_search_facets",
	} {
		if errors.Is(err, kind) {
			return invalid(code, "%.300s", err)
		}
	}
	return err
}

func or(n *int, def int) int {
	if n == nil {
		return def
	}
	return *n
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
