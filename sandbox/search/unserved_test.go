package search_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

// call is a request, with one body or several.
type call struct {
	method, path string
	bodies       []string // one request each; none: one without a body
}

// refuses checks that the stand-in refuses requests with an error in Meilisearch's
// form.
func refuses(t *testing.T, h http.Handler, status int, code string, calls ...call) {
	t.Helper()
	for _, c := range calls {
		for _, body := range append(c.bodies, "")[:max(1, len(c.bodies))] {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			h.ServeHTTP(w, r)
			var e struct{ Message, Code, Type, Link string }
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
				t.Fatalf("%s %s: %s", c.method, c.path, w.Body)
			}
			if w.Code != status || e.Code != code || e.Type != "invalid_request" || !strings.HasSuffix(e.Link, "#"+code) || e.Message == "" {
				t.Errorf("%s %s %s: %d %+v, want %d %s", c.method, c.path, body, w.Code, e, status, code)
			}
		}
	}
}

// TestUnserved checks that a request for what Meilisearch serves and the stand-in
// does not is refused, and never ignored.
func TestUnserved(t *testing.T) {
	w := inMemory(t)
	w.holds(t, &meilisearch.Settings{
		SearchableAttributes: []string{"name", "tags"}, FilterableAttributes: []string{"tags"}, SortableAttributes: []string{"price"},
	}, map[string]string{"mug": `{"name":"mug","tags":["mug"],"price":1}`})
	const goods = "/indexes/goods"
	refuses(t, w.handler, http.StatusNotFound, "not_found",
		call{method: "POST", path: "/multi-search", bodies: []string{`{"queries":[]}`}},
		call{method: "GET", path: "/stats"}, call{method: "GET", path: "/version"}, call{method: "POST", path: "/dumps"}, call{method: "POST", path: "/keys", bodies: []string{`{}`}},
		call{method: "GET", path: "/experimental-features"}, call{method: "POST", path: "/tasks/cancel?uids=1"},
		call{method: "PATCH", path: goods, bodies: []string{`{"primaryKey":"sku"}`}},
		call{method: "GET", path: goods + "/search?q=mug"}, call{method: "POST", path: goods + "/facet-search", bodies: []string{`{"facetName":"tags"}`}},
		call{method: "PUT", path: goods + "/documents", bodies: []string{`[{"id":"mug"}]`}},
		call{method: "GET", path: goods + "/documents"}, call{method: "GET", path: goods + "/documents/mug"},
		call{method: "DELETE", path: goods + "/documents"}, call{method: "DELETE", path: goods + "/documents/mug"},
		call{method: "POST", path: goods + "/documents/delete", bodies: []string{`{"filter":"price >= 1"}`}},
		call{method: "DELETE", path: goods + "/settings"}, call{method: "GET", path: goods + "/settings/synonyms"},
		call{method: "PUT", path: goods + "/settings/synonyms", bodies: []string{`{}`}},
	)
	settings := call{method: "PATCH", path: goods + "/settings"}
	settings.bodies = []string{
		`{"displayedAttributes":["name"]}`, `{"distinctAttribute":"sku"}`, `{"embedders":{}}`, `{"dictionary":["J. R. R."]}`, `{"prefixSearch":"disabled"}`,
		`{"synonyms":null}`, `{"typoTolerance":null}`, `{"typoTolerance":{"enabled": null}}`, `{"filterableAttributes":["*"]}`, `{"sortableAttributes":["a.b"]}`, `{"searchableAttributes":["*","name"]}`,
		`{"typoTolerance":{"disableOnWords":["mug"]}}`, `{"faceting":{"sortFacetValuesBy":{"tags":"count"}}}`,
	}
	search := call{method: "POST", path: goods + "/search"}
	search.bodies = []string{
		`{"limit":1}`, `{"offset":1}`, `{"attributesToRetrieve":["id"]}`, `{"attributesToSearchOn":["name"]}`, `{"cropMarker":"-"}`, `{"distinct":"sku"}`,
		`{"showRankingScore":true}`, `{"showMatchesPosition":true}`, `{"rankingScoreThreshold":0.5}`, `{"vector":[1]}`, `{"hybrid":{"embedder":"x"}}`, `{"hybrid":{}}`, `{"locales":["eng"]}`,
		`{"attributesToHighlight":["*"]}`, `{"attributesToCrop":["name:5"]}`, `{"attributesToHighlight":["tags"]}`, `{"page":-1}`,
	}
	refuses(t, w.handler, http.StatusBadRequest, "bad_request", settings, search,
		call{method: "GET", path: "/tasks?statuses=failed"}, call{method: "GET", path: "/tasks?uids=1"}, call{method: "GET", path: "/indexes?offset=1"},
		call{method: "POST", path: goods + "/documents?csvDelimiter=x", bodies: []string{`[]`}}, call{method: "POST", path: goods + "/documents", bodies: []string{`{"id":"mug"}`}},
		call{method: "POST", path: goods + "/documents/fetch", bodies: []string{`{"filter":"price >= 1"}`, `{"sort":["price:asc"]}`, `{"retrieveVectors":true}`}},
	)
	settings.bodies = []string{`{"rankingRules":["words"]}`, `{"rankingRules":["price:asc","words","typo","proximity","attribute","sort","exactness"]}`, `{"rankingRules":["sort","words","typo","proximity","attribute","exactness","price"]}`}
	refuses(t, w.handler, http.StatusBadRequest, "invalid_settings_ranking_rules", settings)
	for code, body := range map[string]string{
		"invalid_search_filter": `{"filter":"tags = mug OR tags = cup"}`, "invalid_search_facets": `{"facets":["*"]}`,
		"invalid_search_sort": `{"sort":["price:asc"]}`, // sort is not the first ranking rule
	} {
		search.bodies = []string{body}
		refuses(t, w.handler, http.StatusBadRequest, code, search)
	}
	refuses(t, w.handler, http.StatusBadRequest, "invalid_swap_indexes",
		call{method: "POST", path: "/swap-indexes", bodies: []string{`[{"indexes":["goods","other"],"rename":true}]`, `[{"indexes":["a","b"]},{"indexes":["c","d"]}]`}},
	)
}
