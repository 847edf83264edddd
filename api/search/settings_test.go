package search_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/api/apitest"
	"purser/catalog"
)

const settingsURL = "/v1/search/settings"

// TestSearchSettings proves SRCH-2: an operator reads and replaces the shop's settings
// of the search, a viewer reads them, nobody else does, and nothing is lost when two
// operators change them.
func TestSearchSettings(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	var got catalog.RecordedSettings
	a := s.Ask("GET", settingsURL, apitest.ViewerKey, "")
	a.Into(t, &got)
	if diff := cmp.Diff(catalog.Fields, got.Fields); diff != "" || got.Version != 0 || a.Header.Get("ETag") != `"0"` {
		t.Errorf("%+v %v %s", got, a.Header, diff)
	}
	const body = `{"synonyms":[["mug","cup"]],"stopWords":["the"],"prefer":["inStock","-rating"],"version":99,"applied":true,"changedBy":"me"}`
	for who, status := range map[string]int{apitest.ShopKey: 403, apitest.ViewerKey: 403, "": 401} {
		if a := s.Ask("PUT", settingsURL, who, body); a.Status != status {
			t.Errorf("%s: %d", who, a.Status)
		}
	}
	if a := s.Ask("GET", settingsURL, apitest.ShopKey, ""); a.Status != http.StatusForbidden {
		t.Errorf("a shop reads: %d", a.Status)
	}
	for _, tt := range []struct {
		name, ifMatch string
		status        int
		version       int64
	}{
		{name: "the first", ifMatch: `"0"`, status: 200, version: 1},
		{name: "a version that is past", ifMatch: `"0"`, status: 412, version: 1},
		{name: "no version", ifMatch: "7", status: 412, version: 1},
		{name: "any version", ifMatch: "*", status: 200, version: 2},
		{name: "without a condition", status: 200, version: 3},
	} {
		var headers []string
		if tt.ifMatch != "" {
			headers = []string{"If-Match", tt.ifMatch}
		}
		a := s.Ask("PUT", settingsURL, apitest.OperatorKey, body, headers...)
		if a.Status != tt.status || tt.status == 412 && a.Problem(t).Code != "version_conflict" {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
		s.Ask("GET", settingsURL, apitest.OperatorKey, "").Into(t, &got)
		if got.Version != tt.version || got.Applied {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
	want := catalog.SearchSettings{
		Synonyms: [][]string{{"mug", "cup"}}, StopWords: []string{"the"}, Fields: catalog.Fields, Prefer: []catalog.Preference{catalog.PreferInStock, catalog.PreferBestRated},
	}
	if diff := cmp.Diff(want, got.SearchSettings); diff != "" || got.ChangedAt == nil || got.ChangedBy == "me" || got.ChangedBy == "" {
		t.Errorf("%+v: %s", got, diff)
	}
}

// TestSearchSettingsRefused proves SRCH-2: settings that are wrong are refused with a
// problem that names the place, and change nothing.
func TestSearchSettingsRefused(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	for body, names := range map[string]string{
		`{"synonyms":[["mug"]]}`: "body.synonyms[0]", `{"synonyms":[["mug","cup"],["sofa"," "]]}`: "body.synonyms[1][1]", `{"synonyms":[["mug","Mug "]]}`: "body.synonyms[0][1]",
		`{"synonyms":[["mug","a very long cup"]]}`: "body.synonyms[0][1]", `{"synonyms":[["mug","c\nup"]]}`: "body.synonyms[0][1]",
		`{"synonyms":[["mug","c\u200bup"]]}`: "its character 2 is an invisible character (U+200B)", `{"synonyms":[["caf\u00e9","cafe\u0301"]]}`: "in the group twice",
		`{"stopWords":["t\u202ehe"]}`: "changes the writing direction (U+202E)", `{"stopWords":["caf\u00e9","cafe\u0301"]}`: "stands twice", `{"synonyms":[["mug","cup\u0000"]]}`: "a control character (U+0000)",
		`{"stopWords":["of the"]}`: "body.stopWords[0]", `{"stopWords":["the","THE"]}`: "body.stopWords[1]", `{"stopWords":["42"]}`: "size", `{"stopWords":["-"]}`: "body.stopWords[0]",
		`{"stopWords":["cup"],"synonyms":[["mug","cup"]]}`: "synonym",
		`{"fields":["name"]}`:                              "body.fields", `{"fields":["name","name","options","brand","category","tags","sku"]}`: "body.fields", `{"fields":["price"]}`: "body.fields",
		`{"prefer":["rating"]}`: "body.prefer[0]", `{"prefer":["-rating","-rating"]}`: "body.prefer[1]", `{"prefer":["-price"]}`: "body.prefer[0]",
		`{"typoTolerance":false}`: "typoTolerance", `{"synonyms":{"mug":["cup"]}}`: "body.synonyms", `{"synonyms":[["mug",5]]}`: "body.synonyms[0][1]", `[]`: "body",
	} {
		a := s.Ask("PUT", settingsURL, apitest.OperatorKey, body)
		if p := a.Problem(t); a.Status != http.StatusUnprocessableEntity || p.Code != "invalid" || !strings.Contains(string(a.Body), names) {
			t.Errorf("%s: %d %s, want 422 that names %s", body, a.Status, a.Body, names)
		}
	}
	var got catalog.RecordedSettings
	if s.Ask("GET", settingsURL, apitest.OperatorKey, "").Into(t, &got); got.Version != 0 {
		t.Errorf("%+v", got)
	}
}

// TestSearchSettingsAreCleaned proves SRCH-2: words are kept as the catalogue keeps its
// texts, so that they are found in them.
func TestSearchSettingsAreCleaned(t *testing.T) {
	t.Parallel()
	s, _ := goods(t)
	for _, c := range []struct{ body, synonym, stop string }{
		{body: `{"synonyms":[["\u200bmug\ufeff","cup"]],"stopWords":["the\u00a0"]}`, synonym: "mug", stop: "the"},
		{body: `{"synonyms":[["cafe\u0301","cup"]],"stopWords":["u\u0308ber"]}`, synonym: "caf\u00e9", stop: "\u00fcber"},
		{body: `{"synonyms":[[" tea mug\r\n","cup"]],"stopWords":["\tof"]}`, synonym: "tea mug", stop: "of"},
	} {
		var got catalog.RecordedSettings
		a := s.Ask("PUT", settingsURL, apitest.OperatorKey, c.body)
		if a.Into(t, &got); a.Status != http.StatusOK || got.Synonyms[0][0] != c.synonym || got.StopWords[0] != c.stop {
			t.Errorf("%s: %d %s", c.body, a.Status, a.Body)
		}
	}
}
