package stack

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	apisearch "purser/api/search"
	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/records"
	"purser/sandbox/search"
)

// TestSearchValues proves SRCH-7 and F57 over HTTP, from the API to the stand-in of
// Meilisearch: a product is found by any value that it may have.
func TestSearchValues(t *testing.T) {
	engine, err := search.New(search.Config{MasterKey: "master"})
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(engine.Handler())
	t.Cleanup(func() {
		at.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := meilisearch.New(meilisearch.Config{URL: at.URL, AdminKey: search.AdminKey("master"), SearchKey: search.SearchKey("master")})
	if err != nil {
		t.Fatal(err)
	}
	values := []string{`ends with \`, `\" and \'`, `it's 5"`, "a, b", "x,y", "1+1", "a&b=c", "100%", "%2C", " leading", "trailing ", "#1; ?", "茶器", "007", "7"}
	var docs []catalog.Document
	for i, v := range values {
		docs = append(docs, catalog.Document{SKU: fmt.Sprint("p", i), Name: "Thing", Brand: v, Category: v, Tags: []string{v}, Group: v, Price: 1, Currency: "EUR", Version: 1})
	}
	if err := client.PutDocuments(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	s := apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Search = &apisearch.Service{Engine: client, Catalogue: store}
	})
	for i, v := range values {
		for _, field := range []string{"brand", "category", "tag", "group"} {
			var r catalog.Results
			s.Ask("GET", "/v1/search?"+field+"="+url.QueryEscape(v)+"&facet=brand", apitest.ViewerKey, "").Into(t, &r)
			if r.Total != 1 || r.Hits[0].SKU != fmt.Sprint("p", i) || r.Facets[catalog.FacetBrand][strings.TrimSpace(v)]+r.Facets[catalog.FacetBrand][v] == 0 {
				t.Errorf("%s=%q finds %d: %+v", field, v, r.Total, r.Facets)
			}
		}
	}
}
