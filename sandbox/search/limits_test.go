package search_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"

	"purser/sandbox/search"
)

// TestContentType checks that a body is read only if it is said to be JSON.
func TestContentType(t *testing.T) {
	s, err := search.New(search.Config{MasterKey: master})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	wire{ServiceManager: meilisearch.New(server.URL, meilisearch.WithAPIKey(master)), uid: "goods"}.shop(t)
	for contentType, want := range map[string]string{
		"application/json": "", "application/json; charset=utf-8": "", "": "missing_content_type",
		"text/plain": "invalid_content_type", "application/x-www-form-urlencoded": "invalid_content_type", "text/csv": "invalid_content_type",
	} {
		r, err := http.NewRequest("POST", server.URL+"/indexes/goods/search", strings.NewReader(`{"q":"mug"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+search.SearchKey(master))
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Code string }
		err = json.NewDecoder(resp.Body).Decode(&e)
		if resp.Body.Close(); err != nil || e.Code != want || (resp.StatusCode == 200) != (want == "") || want != "" && resp.StatusCode != 415 {
			t.Errorf("%q: %d %s, %v", contentType, resp.StatusCode, e.Code, err)
		}
	}
}

// TestNames checks what can be the id of a document and the name of an index.
func TestNames(t *testing.T) {
	w := inMemory(t)
	for id, ok := range map[string]bool{
		"Mug_1-a": true, "42": true, strings.Repeat("x", 400): true,
		"": false, "a b": false, "café": false, "a.b": false, "a/b": false, "a\nb": false, strings.Repeat("x", 512): false,
	} {
		task := at(w.index().AddDocuments([]map[string]any{{"id": id}}, nil))(w.done, t)
		if (task.Status == meilisearch.TaskStatusSucceeded) != ok || !ok && task.Error.Code != "invalid_document_id" {
			t.Errorf("document %.20q: %s %+v", id, task.Status, task.Error)
		}
		info, err := w.CreateIndex(&meilisearch.IndexConfig{Uid: id})
		if ok {
			at(info, err)(w.did, t)
		} else {
			wantCode(t, err, 400, "invalid_index_uid")
		}
	}
	wantCode(t, errOf(w.CreateIndex(&meilisearch.IndexConfig{Uid: strings.Repeat("x", 401)})), 400, "invalid_index_uid")
}

// TestHitLimits checks that no search counts or reaches more than 1,000 documents,
// unless the settings say so, and that a facet has at most 100 values.
func TestHitLimits(t *testing.T) {
	w := inMemory(t)
	docs := map[string]string{}
	for i := range 1010 {
		docs[fmt.Sprint("d", i)] = fmt.Sprintf(`{"name":"mug","brand":"brand %d"}`, i%101)
	}
	w.holds(t, &meilisearch.Settings{FilterableAttributes: []string{"brand"}}, docs)
	per := int64(100)
	look := func(page int64) *meilisearch.SearchResponse {
		r, err := w.index().Search("mug", &meilisearch.SearchRequest{Page: page, HitsPerPage: &per, Facets: []string{"brand"}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var facets map[string]map[string]int
	first := look(1)
	if err := json.Unmarshal(first.FacetDistribution, &facets); err != nil || len(facets["brand"]) != 100 {
		t.Errorf("%d values of 101, %v", len(facets["brand"]), err)
	}
	if first.TotalHits != 1000 || first.TotalPages != 10 || len(look(10).Hits) != 100 || len(look(11).Hits) != 0 {
		t.Errorf("%d hits on %d pages", first.TotalHits, first.TotalPages)
	}
	if _, err := w.index().UpdateSettings(&meilisearch.Settings{Pagination: &meilisearch.Pagination{MaxTotalHits: 1010}}); err != nil {
		t.Fatal(err)
	}
	if more := look(11); more.TotalHits != 1010 || len(more.Hits) != 10 {
		t.Errorf("with other settings: %d hits, %d on the last page", more.TotalHits, len(more.Hits))
	}
}

// TestQueryWords checks that a search looks at its first ten words and ignores the
// others.
func TestQueryWords(t *testing.T) {
	w := inMemory(t)
	names := strings.Fields("one two three four five six seven eight nine ten eleven")
	docs := map[string]string{"last": `{"name":"eleven"}`, "all": `{"name":"one two three four five six seven eight nine ten"}`}
	w.holds(t, &meilisearch.Settings{SearchableAttributes: []string{"name"}}, docs)
	got, _ := w.find(t, strings.Join(names, " "), &meilisearch.SearchRequest{AttributesToHighlight: []string{"name"}})
	for _, h := range got.Hits {
		if strings.Contains(string(h["_formatted"]), "<em>eleven") {
			t.Errorf("the eleventh word was looked for: %s", h["_formatted"])
		}
	}
	if len(got.Hits) != 1 {
		t.Errorf("%d hits, want the one of the first ten words", len(got.Hits))
	}
	if _, ids := w.find(t, "eleven", &meilisearch.SearchRequest{}); len(ids) != 1 || ids[0] != "last" {
		t.Errorf("alone it finds %v", ids)
	}
}

// TestValueLength checks that a filter does not find a value that is longer than what
// is indexed of it.
func TestValueLength(t *testing.T) {
	w := inMemory(t)
	values := map[string]string{"most": strings.Repeat("x", 460), "long": strings.Repeat("y", 500), "wide": strings.Repeat("茶", 160), "decomposed": strings.Repeat("한", 60)}
	docs := map[string]string{}
	for id, v := range values {
		docs[id] = `{"brand":"` + v + `"}`
	}
	w.holds(t, &meilisearch.Settings{FilterableAttributes: []string{"brand"}}, docs)
	for id, v := range values {
		_, ids := w.find(t, "", &meilisearch.SearchRequest{Filter: `brand IN ["` + v + `"]`})
		if found := len(ids) == 1; found != (id == "most") {
			t.Errorf("%s: %v", id, ids)
		}
	}
}
