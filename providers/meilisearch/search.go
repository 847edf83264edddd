package meilisearch

import (
	"context"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"

	"purser/catalog"
	"purser/order"
)

// These private-use characters mark the words that were found, so that the text
// can be made safe for HTML before they become tags.
const (
	markOpen  = '\uE000'
	markClose = '\uE001'
)

// croppedTo is how many words of a description a result list shows.
const croppedTo = 30

// found is Meilisearch's response.
type found struct {
	Hits []struct {
		catalog.Document
		Formatted struct {
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"_formatted"`
	} `json:"hits"`
	TotalHits int                       `json:"totalHits"`
	TookMS    int64                     `json:"processingTimeMs"`
	Facets    map[string]catalog.Counts `json:"facetDistribution"`
}

var sorts = map[catalog.Sort]string{
	catalog.CheapFirst: "price:asc", catalog.DearFirst: "price:desc", catalog.BestRated: "rating:desc",
	catalog.NewestFirst: "added:desc", catalog.ByName: "name:asc",
}

// Search finds products. It fails with catalog.ErrQuery if the query is out
// of bounds.
//
// A product whose SKU was typed comes first. Otherwise, if there are products that have
// all words, and the numbers exactly as they were typed, only they are hits.
func (c *Client) Search(ctx context.Context, q catalog.Query) (catalog.Results, error) {
	q, err := q.Checked()
	if err != nil {
		return catalog.Results{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.conf.SearchTimeout)
	defer cancel()
	r := request(q)
	tries, err := c.exactly(ctx, q, r)
	if err != nil {
		return catalog.Results{}, err
	}
	var f found
	for _, r = range append(tries, r) {
		if f, err = c.find(ctx, r); err != nil {
			return catalog.Results{}, err
		}
		if f.TotalHits > 0 {
			break
		}
	}
	return c.results(ctx, q, r, f)
}

// exactly returns the requests to try before one that forgives typos and unfinished
// numbers: the one that finds the product with the typed SKU first, if there is such
// a product, or those for the typed numbers.
func (c *Client) exactly(ctx context.Context, q catalog.Query, r meilisearch.SearchRequest) ([]meilisearch.SearchRequest, error) {
	if q.Sort == catalog.ByRelevance && q.Text != "" && len(q.Text) <= catalog.MaxSKU {
		f, err := c.find(ctx, countOf(meilisearch.SearchRequest{Filter: r.Filter}, "sku", skuKey(q.Text)))
		if err != nil {
			return nil, err
		}
		if f.TotalHits > 0 {
			r.Query = plainWords.Replace(q.Text) + " " + codeOf(q.Text) + " "
			return []meilisearch.SearchRequest{r}, nil
		}
	}
	var tries []meilisearch.SearchRequest
	for _, text := range numbersQuoted(q.Text) {
		r.Query, r.MatchingStrategy = text, meilisearch.All
		tries = append(tries, r)
	}
	return tries, nil
}

// plainWords removes what is not part of a word to Meilisearch: quotes, and the minus
// with which a word that must not be there begins.
var plainWords = strings.NewReplacer(`"`, " ", "-", " ")

// between matches the place between a digit and a letter.
var between = regexp.MustCompile(`(\p{N})(\p{L})|(\p{L})(\p{N})`)

// numbersQuoted returns a text with quotes around the words that have a digit, so that
// these are found as they are, neither mistyped nor unfinished: as they were typed,
// and with spaces between digits and letters, because 350ml is also written 350 ml. It
// returns nothing if there is no such word, or the text has quotes.
func numbersQuoted(text string) (quoted []string) {
	if strings.Contains(text, `"`) {
		return nil
	}
	typed := strings.Fields(text)
	spaced, numbers, differ := slices.Clone(typed), false, false
	for i, word := range typed {
		if strings.ContainsFunc(word, unicode.IsNumber) {
			apart := between.ReplaceAllString(between.ReplaceAllString(word, "$1$3 $2$4"), "$1$3 $2$4") // places may share a character
			typed[i], spaced[i] = `"`+word+`"`, `"`+apart+`"`
			numbers, differ = true, differ || apart != word
		}
	}
	end := text[len(strings.TrimRight(text, " ")):] // it says whether the last word is complete
	if numbers {
		quoted = append(quoted, strings.Join(typed, " ")+end)
	}
	if differ {
		quoted = append(quoted, strings.Join(spaced, " ")+end)
	}
	return quoted
}

func (c *Client) find(ctx context.Context, r meilisearch.SearchRequest) (f found, err error) {
	const op = "search"
	asked, n := asking(ctx)
	raw, err := c.search.SearchRawWithContext(asked, r.Query, &r)
	if err != nil {
		return f, refused(op, false, err, n)
	}
	if err := json.Unmarshal(*raw, &f); err != nil {
		return f, failure(op, order.ErrUnavailable, "malformed_answer", err)
	}
	return f, nil
}

// results returns what was found, with the counts of the facets.
func (c *Client) results(ctx context.Context, q catalog.Query, sent meilisearch.SearchRequest, f found) (catalog.Results, error) {
	r := catalog.Results{Hits: make([]catalog.Hit, len(f.Hits)), Total: f.TotalHits, Page: q.Page, PerPage: q.PerPage, TookMS: f.TookMS}
	for i, h := range f.Hits {
		r.Hits[i].Document = h.Document
		if q.Highlight {
			r.Hits[i].Highlighted = map[string]string{"name": marked(h.Formatted.Name), "description": marked(h.Formatted.Description)}
		}
	}
	if len(q.Facets) > 0 {
		r.Facets = make(map[catalog.Facet]catalog.Counts, len(q.Facets))
	}
	for _, name := range q.Facets {
		counts := f.Facets[string(name)]
		shown, missing, cut := counts.Shown(q.Chosen(name))
		for _, v := range missing {
			shown[v] = 0
			if len(counts) < facetsAsked {
				continue // all values were counted
			}
			one, err := c.find(ctx, countOf(sent, name, v))
			if err != nil {
				return catalog.Results{}, err
			}
			shown[v] = one.TotalHits
		}
		if r.Facets[name] = shown; cut {
			r.CutFacets = append(r.CutFacets, name)
		}
	}
	return r, nil
}

// countOf returns the request that counts the hits of another one with one more value.
func countOf(r meilisearch.SearchRequest, f catalog.Facet, value string) meilisearch.SearchRequest {
	one := int64(1)
	before, _ := r.Filter.([]string)
	return meilisearch.SearchRequest{
		Query: r.Query, Page: 1, HitsPerPage: &one, MatchingStrategy: r.MatchingStrategy, Filter: append(slices.Clone(before), oneOf(string(f), []string{value})),
	}
}

func request(q catalog.Query) meilisearch.SearchRequest {
	perPage := int64(q.PerPage)
	r := meilisearch.SearchRequest{Query: q.Text, Page: int64(q.Page), HitsPerPage: &perPage}
	if f := filters(q); len(f) > 0 {
		r.Filter = f
	}
	if s, ok := sorts[q.Sort]; ok {
		r.Sort = []string{s}
	}
	for _, f := range q.Facets {
		r.Facets = append(r.Facets, string(f))
	}
	if q.Highlight {
		r.AttributesToHighlight = []string{"name", "description"}
		r.AttributesToCrop, r.CropLength = []string{"description"}, croppedTo
		r.HighlightPreTag, r.HighlightPostTag = string(markOpen), string(markClose)
	}
	return r
}

// marked converts a text with our marks to HTML that is safe whatever the text
// contains. Marks that do not pair up are not ours.
func marked(text string) string {
	var b strings.Builder
	open := false
	from := 0
	write := func(to int) { b.WriteString(html.EscapeString(text[from:to])) }
	for i, r := range text {
		if r != markOpen && r != markClose {
			continue
		}
		write(i)
		from = i + len(string(r))
		switch {
		case r == markOpen && !open:
			b.WriteString("<mark>")
			open = true
		case r == markClose && open:
			b.WriteString("</mark>")
			open = false
		}
	}
	write(len(text))
	if open {
		b.WriteString("</mark>")
	}
	return b.String()
}
