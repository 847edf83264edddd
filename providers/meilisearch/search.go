package meilisearch

import (
	"context"
	"encoding/json"
	"html"
	"strings"

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
func (c *Client) Search(ctx context.Context, q catalog.Query) (catalog.Results, error) {
	const op = "search"
	q, err := q.Checked()
	if err != nil {
		return catalog.Results{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.conf.SearchTimeout)
	defer cancel()
	asked, n := asking(ctx)
	raw, err := c.search.SearchRawWithContext(asked, q.Text, request(q))
	if err != nil {
		return catalog.Results{}, refused(op, false, err, n)
	}
	var f found
	if err := json.Unmarshal(*raw, &f); err != nil {
		return catalog.Results{}, failure(op, order.ErrUnavailable, "malformed_answer", err)
	}
	r := catalog.Results{Hits: make([]catalog.Hit, len(f.Hits)), Total: f.TotalHits, Page: q.Page, PerPage: q.PerPage, TookMS: f.TookMS}
	for i, h := range f.Hits {
		r.Hits[i].Document = h.Document
		if q.Highlight {
			r.Hits[i].Highlighted = map[string]string{"name": marked(h.Formatted.Name), "description": marked(h.Formatted.Description)}
		}
	}
	if len(q.Facets) > 0 {
		r.Facets = make(map[catalog.Facet]catalog.Counts, len(q.Facets))
		for _, name := range q.Facets {
			r.Facets[name] = f.Facets[string(name)]
		}
	}
	return r, nil
}

func request(q catalog.Query) *meilisearch.SearchRequest {
	perPage := int64(q.PerPage)
	r := &meilisearch.SearchRequest{Page: int64(q.Page), HitsPerPage: &perPage}
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
