package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"purser/text"
)

// ErrQuery means that a query is not valid. Its text is for the caller.
var ErrQuery = errors.New("invalid search")

// The limits of a search. They keep one request from reading the whole index.
const (
	MaxText    = 200  // characters of the text
	MaxPerPage = 100  // hits on a page
	MaxHits    = 1000 // hits that can be paged through, and the highest total that is counted
	MaxValues  = 50   // values of one filter
	MaxValue   = 200  // characters of one value

	MaxFacetValues = 100 // values of a facet that are counted, besides those that the query filters by
)

// Sort is an order of hits other than by relevance.
type Sort string

// The sort orders. The orders by price need a currency, because they compare
// amounts.
const (
	ByRelevance Sort = ""
	CheapFirst  Sort = "price"
	DearFirst   Sort = "-price"
	BestRated   Sort = "-rating"
	NewestFirst Sort = "-added"
	ByName      Sort = "name"
)

// Sorts are all orders in which products can be listed.
var Sorts = []Sort{ByRelevance, CheapFirst, DearFirst, BestRated, NewestFirst, ByName}

// Facet is a field whose values are counted among the hits.
type Facet string

// The facets.
const (
	FacetBrand    Facet = "brand"
	FacetCategory Facet = "category"
	FacetTags     Facet = "tags"
	FacetInStock  Facet = "inStock"
	FacetStars    Facet = "stars"
)

// Facets lists all facets.
var Facets = []Facet{FacetBrand, FacetCategory, FacetTags, FacetInStock, FacetStars}

// Query is one search. A product must match all filters; it matches a filter if
// it has one of the filter's values.
type Query struct {
	Text    string // the shopper's input; empty: all products
	Page    int    // from 1; 0 is 1
	PerPage int    // 1 to MaxPerPage; 0 is 20
	Sort    Sort

	Brands     []string
	Categories []string
	Tags       []string
	Groups     []string
	Currency   string // only products sold in it
	PriceFrom  int64  // minor units of Currency; 0: no lower bound
	PriceTo    int64  // 0: no upper bound
	InStock    bool   // only products that are available now
	MinRating  int64  // hundredths of a star

	Facets    []Facet
	Highlight bool
}

// Checked returns the query with its defaults, and with its texts as the catalogue
// keeps them; it fails with ErrQuery if a field is not valid.
func (q Query) Checked() (Query, error) {
	if q.Page == 0 {
		q.Page = 1
	}
	if q.PerPage == 0 {
		q.PerPage = 20
	}
	q.Text = norm.NFC.String(strings.TrimLeft(q.Text, " ")) // a space at the end is kept: it means that the last word is complete
	for _, values := range []*[]string{&q.Brands, &q.Categories, &q.Tags, &q.Groups} {
		*values = slices.Clone(*values)
		for i, v := range *values {
			(*values)[i] = text.Clean(v)
		}
	}
	return q, errors.Join(q.checkPage(), q.checkFilters(), q.checkNames())
}

func (q Query) checkPage() error {
	switch {
	case !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > MaxText:
		return fmt.Errorf("%w: text: want at most %d characters", ErrQuery, MaxText)
	case strings.ContainsFunc(q.Text, unicode.IsControl):
		return fmt.Errorf("%w: text: has control characters", ErrQuery)
	case q.PerPage < 1 || q.PerPage > MaxPerPage:
		return fmt.Errorf("%w: perPage: want 1 to %d, got %d", ErrQuery, MaxPerPage, q.PerPage)
	case q.Page < 1 || q.Page > (MaxHits+q.PerPage-1)/q.PerPage:
		return fmt.Errorf("%w: page: want 1 to %d with %d hits a page, got %d", ErrQuery, (MaxHits+q.PerPage-1)/q.PerPage, q.PerPage, q.Page)
	}
	return nil
}

func (q Query) checkFilters() error {
	for _, f := range []struct {
		name   string
		values []string
	}{{"brand", q.Brands}, {"category", q.Categories}, {"tag", q.Tags}, {"group", q.Groups}} {
		if len(f.values) > MaxValues {
			return fmt.Errorf("%w: %s: want at most %d values, got %d", ErrQuery, f.name, MaxValues, len(f.values))
		}
		for _, v := range f.values {
			if v == "" || !utf8.ValidString(v) || utf8.RuneCountInString(v) > MaxValue || strings.ContainsFunc(v, unicode.IsControl) {
				return fmt.Errorf("%w: %s: want 1 to %d characters of text", ErrQuery, f.name, MaxValue)
			}
		}
	}
	switch {
	case q.Currency != "" && !isCurrency(q.Currency):
		return fmt.Errorf("%w: currency: want an ISO 4217 code, got %.10q", ErrQuery, q.Currency)
	case q.PriceFrom < 0 || q.PriceTo < 0 || q.PriceTo > 0 && q.PriceFrom > q.PriceTo:
		return fmt.Errorf("%w: price: want 0 ≤ from ≤ to", ErrQuery)
	case (q.PriceFrom > 0 || q.PriceTo > 0) && q.Currency == "":
		return fmt.Errorf("%w: price: an amount needs a currency", ErrQuery)
	case q.MinRating < 0 || q.MinRating > 500:
		return fmt.Errorf("%w: minRating: want 0 to 500 hundredths of a star, got %d", ErrQuery, q.MinRating)
	}
	return nil
}

func (q Query) checkNames() error {
	if !slices.Contains(Sorts, q.Sort) {
		return fmt.Errorf("%w: sort: %.20q is not one of %q", ErrQuery, q.Sort, Sorts[1:])
	}
	if (q.Sort == CheapFirst || q.Sort == DearFirst) && q.Currency == "" {
		return fmt.Errorf("%w: sort: prices can be compared in one currency only", ErrQuery)
	}
	for i, f := range q.Facets {
		if !slices.Contains(Facets, f) {
			return fmt.Errorf("%w: facets: %.20q is not one of %q", ErrQuery, f, Facets)
		}
		if slices.Contains(q.Facets[:i], f) {
			return fmt.Errorf("%w: facets: %s stands twice", ErrQuery, f)
		}
	}
	return nil
}

func isCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Offset returns how many hits come before the page.
func (q Query) Offset() int { return (q.Page - 1) * q.PerPage }

// Results is one page of hits.
type Results struct {
	Hits    []Hit            `json:"hits"`
	Total   int              `json:"total"` // number of hits; MaxHits means that many or more
	Page    int              `json:"page"`
	PerPage int              `json:"perPage"`
	Facets  map[Facet]Counts `json:"facets,omitempty" doc:"The number of hits with each value: the 100 most frequent values, and those that the query filters by"`
	// CutFacets are the facets that have more values than are counted.
	CutFacets []Facet `json:"cutFacets,omitempty" doc:"The facets that have more values than are listed; a filter can name any of them"`
	TookMS    int64   `json:"tookMs"`             // time in the search engine
	Degraded  bool    `json:"degraded,omitempty"` // the search engine is down and this is a plain list
}

// Counts says how many hits have each value.
type Counts map[string]int

// Shown returns the counts to show: of the most frequent values, at most
// MaxFacetValues, and of the chosen ones, which are those that the query filters by.
// missing are the chosen values that are not counted; cut means that values were
// left out.
func (c Counts) Shown(chosen []string) (shown Counts, missing []string, cut bool) {
	values := slices.SortedFunc(maps.Keys(c), func(a, b string) int { return cmp.Or(c[b]-c[a], strings.Compare(a, b)) })
	shown = make(Counts, min(len(values), MaxFacetValues))
	for _, v := range values[:min(len(values), MaxFacetValues)] {
		shown[v] = c[v]
	}
	for _, want := range chosen {
		same := func(v string) bool { return SameValue(v, want) }
		if i := slices.IndexFunc(values, same); i >= 0 {
			shown[values[i]] = c[values[i]]
		} else if !slices.ContainsFunc(missing, same) {
			missing = append(missing, want)
		}
	}
	return shown, missing, len(shown) < len(values)
}

// SameValue reports whether filters treat two values as one: case, spaces around them
// and how Unicode composes their characters do not count.
func SameValue(a, b string) bool {
	key := func(s string) string { return norm.NFKC.String(strings.TrimSpace(s)) }
	return strings.EqualFold(key(a), key(b))
}

// Chosen returns the values of a facet that the query filters by.
func (q Query) Chosen(f Facet) []string {
	switch f {
	case FacetBrand:
		return q.Brands
	case FacetCategory:
		return q.Categories
	case FacetTags:
		return q.Tags
	}
	return nil
}

// Hit is one product found.
type Hit struct {
	Document
	// Decimals is the number of decimals of the currency.
	Decimals int `json:"decimals" doc:"Decimals of the currency: a price of 1450 with 2 decimals is 14.50"`
	// Highlighted holds name and description as escaped HTML, with the matched
	// words in <mark>. A long description is cut to the part with the matches.
	Highlighted map[string]string `json:"highlighted,omitempty"`
}
