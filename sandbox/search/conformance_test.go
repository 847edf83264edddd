package search_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/meilisearch/meilisearch-go"

	"purser/sandbox/search"
)

const master = "a master key for tests only"

// wire is a server and an index of this test's own, seen through the SDK.
type wire struct {
	meilisearch.ServiceManager
	uid string
}

// TestConformance (SRCH-2, SRCH-6): the stand-in answers as Meilisearch does,
// case by case. With MEILISEARCH_URL and MEILISEARCH_KEY a real one must too.
func TestConformance(t *testing.T) {
	servers := map[string]func(*testing.T) (string, string){"stand-in": func(t *testing.T) (string, string) {
		s, err := search.New(search.Config{MasterKey: master})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		at := httptest.NewServer(s.Handler())
		t.Cleanup(at.Close)
		return at.URL, master
	}}
	if url := os.Getenv("MEILISEARCH_URL"); url != "" {
		servers["real"] = func(*testing.T) (string, string) { return url, os.Getenv("MEILISEARCH_KEY") }
	}
	for name, open := range servers {
		for what, check := range map[string]func(*testing.T, wire){
			"indexes": indexes, "settings": settings, "documents": documents, "failed tasks": failedTasks, "tasks": tasks,
			"words": words, "phrases": phrases, "filters": filters, "pages and orders": pages, "formatted": formatted, "swap": swaps, "errors": problems,
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				url, key := open(t)
				w := wire{meilisearch.New(url, meilisearch.WithAPIKey(key), meilisearch.DisableRetries()), "c" + strings.ToLower(rand.Text())}
				t.Cleanup(func() { _, _ = w.DeleteIndex(w.uid) })
				check(t, w)
			})
		}
	}
}

// done waits for a task and answers how it ended.
func (w wire) done(t *testing.T, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	task, err := w.WaitForTask(info.TaskUID, 5*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// did wants a task to succeed.
func (w wire) did(t *testing.T, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	t.Helper()
	task := w.done(t, info, err)
	if task.Status != meilisearch.TaskStatusSucceeded {
		t.Fatalf("task %s %s: %+v", task.Type, task.Status, task.Error)
	}
	return task
}

// at gives the SDK's two answers to did and done.
func at(info *meilisearch.TaskInfo, err error) func(func(*testing.T, *meilisearch.TaskInfo, error) *meilisearch.Task, *testing.T) *meilisearch.Task {
	return func(f func(*testing.T, *meilisearch.TaskInfo, error) *meilisearch.Task, t *testing.T) *meilisearch.Task {
		t.Helper()
		return f(t, info, err)
	}
}

func (w wire) index() meilisearch.IndexManager { return w.Index(w.uid) }

// shop fills the index with a few products.
func (w wire) shop(t *testing.T) {
	t.Helper()
	at(w.CreateIndex(&meilisearch.IndexConfig{Uid: w.uid, PrimaryKey: "id"}))(w.did, t)
	at(w.index().UpdateSettings(&meilisearch.Settings{
		SearchableAttributes: []string{"name", "text"}, FilterableAttributes: []string{"brand", "price", "tags", "missing"}, SortableAttributes: []string{"price", "name"},
		Synonyms: map[string][]string{"couch": {"sofa"}, "sofa": {"couch"}},
	}))(w.did, t)
	at(w.index().AddDocuments([]map[string]any{
		{"id": "mug", "name": "Blue enamel mug", "brand": "Levi's", "text": "for the camp fire, from the harbour", "price": 1450, "tags": []string{"blue", "camping"}},
		{"id": "cup", "name": "Tea cup", "brand": `Back\slash`, "text": "blue and white stoneware", "price": 900, "tags": []string{"white"}},
		{"id": "kettle", "name": "Steel kettle", "brand": `The "Forge"`, "text": "whistles when the water boils", "price": 5900},
		{"id": "poster", "name": "Harbour poster", "brand": "Print & Co", "text": "ships in the harbour", "price": 2400, "missing": nil},
		{"id": "sofa", "name": "Leather sofa", "brand": "Rest", "text": "sleeps two", "price": 99900},
	}, nil))(w.did, t)
}

func (w wire) find(t *testing.T, q string, r *meilisearch.SearchRequest) (*meilisearch.SearchResponse, []string) {
	t.Helper()
	got, err := w.index().Search(q, r)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, h := range got.Hits {
		var id string
		if err := json.Unmarshal(h["id"], &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return got, ids
}

// wantCode wants the API's error code.
func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *meilisearch.Error
	if !errors.As(err, &e) || e.StatusCode != status || e.MeilisearchApiError.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func indexes(t *testing.T, w wire) {
	at(w.CreateIndex(&meilisearch.IndexConfig{Uid: w.uid, PrimaryKey: "id"}))(w.did, t)
	if task := at(w.CreateIndex(&meilisearch.IndexConfig{Uid: w.uid}))(w.done, t); task.Error.Code != "index_already_exists" {
		t.Errorf("a second time: %+v", task.Error)
	}
	got, err := w.GetIndex(w.uid)
	if err != nil || got.PrimaryKey != "id" || got.UID != w.uid {
		t.Errorf("%+v, %v", got, err)
	}
	stats, err := w.index().GetStats(nil)
	if err != nil || stats.NumberOfDocuments != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	at(w.DeleteIndex(w.uid))(w.did, t)
	if task := at(w.DeleteIndex(w.uid))(w.done, t); task.Error.Code != "index_not_found" {
		t.Errorf("deleted twice: %+v", task.Error)
	}
	_, err = w.GetIndex(w.uid)
	wantCode(t, err, 404, "index_not_found")
}

func settings(t *testing.T, w wire) {
	at(w.CreateIndex(&meilisearch.IndexConfig{Uid: w.uid}))(w.did, t)
	before, err := w.index().GetSettings()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"words", "typo", "proximity", "attribute"}, before.RankingRules[:4]); diff != "" || before.TypoTolerance.MinWordSizeForTypos.OneTypo != 5 || before.Pagination.MaxTotalHits != 1000 {
		t.Errorf("by default: %+v", before)
	}
	at(w.index().UpdateSettings(&meilisearch.Settings{
		SearchableAttributes: []string{"name", "text"}, SortableAttributes: []string{"price"}, Synonyms: map[string][]string{"a": {"b"}},
	}))(w.did, t)
	at(w.index().UpdateStopWords(&[]string{"the"}))(w.did, t)
	after, err := w.index().GetSettings()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{[]string{"name", "text"}, []string{"price"}, map[string][]string{"a": {"b"}}, []string{"the"}}, []any{after.SearchableAttributes, after.SortableAttributes, after.Synonyms, after.StopWords}); diff != "" {
		t.Error(diff)
	}
	at(w.index().ResetSynonyms())(w.did, t)
	if s, err := w.index().GetSynonyms(); err != nil || len(*s) != 0 {
		t.Errorf("after a reset: %v, %v", s, err)
	}
	at(w.index().ResetSettings())(w.did, t)
	if s, err := w.index().GetSettings(); err != nil || !slices.Equal(s.SearchableAttributes, []string{"*"}) {
		t.Errorf("after a reset: %+v, %v", s, err)
	}
	_, err = w.index().UpdateRankingRules(&[]string{"nonsense"})
	wantCode(t, err, 400, "invalid_settings_ranking_rules")
}

func documents(t *testing.T, w wire) {
	w.shop(t)
	var one map[string]any
	if err := w.index().GetDocument("mug", &meilisearch.DocumentQuery{Fields: []string{"name", "price"}}, &one); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"name": "Blue enamel mug", "price": 1450.0}, one); diff != "" {
		t.Error(diff)
	}
	at(w.index().UpdateDocuments([]map[string]any{{"id": "mug", "price": 1500}}, nil))(w.did, t)
	one = nil
	if err := w.index().GetDocument("mug", nil, &one); err != nil || one["price"] != 1500.0 || one["name"] != "Blue enamel mug" {
		t.Errorf("after a change: %v, %v", one, err)
	}
	at(w.index().AddDocuments([]map[string]any{{"id": "mug", "price": 1}}, nil))(w.did, t)
	one = nil
	if err := w.index().GetDocument("mug", nil, &one); err != nil || one["name"] != nil {
		t.Errorf("after a replacement: %v, %v", one, err)
	}
	var page meilisearch.DocumentsResult
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Limit: 2, Offset: 4, Fields: []string{"id"}}, &page); err != nil || page.Total != 5 || len(page.Results) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Filter: "price > 2000", Limit: 10}, &page); err != nil || page.Total != 3 {
		t.Errorf("%+v, %v", page, err)
	}
	at(w.index().DeleteDocumentsByFilter("price > 5000", nil))(w.did, t)
	at(w.index().DeleteDocuments([]string{"mug", "never"}, nil))(w.did, t)
	at(w.index().DeleteDocument("never", nil))(w.did, t)
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Limit: 10}, &page); err != nil || page.Total != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	wantCode(t, w.index().GetDocument("mug", nil, &one), 404, "document_not_found")
	at(w.index().DeleteAllDocuments(nil))(w.did, t)
	if err := w.index().GetDocuments(nil, &page); err != nil || page.Total != 0 {
		t.Errorf("%+v, %v", page, err)
	}
}

// failedTasks (F54): what was accepted fails later, with a reason.
func failedTasks(t *testing.T, w wire) {
	w.shop(t)
	for code, docs := range map[string][]map[string]any{
		"missing_document_id": {{"name": "no id"}},
		"invalid_document_id": {{"id": "a b"}},
	} {
		task := at(w.index().AddDocuments(docs, nil))(w.done, t)
		if task.Status != meilisearch.TaskStatusFailed || task.Error.Code != code || task.Error.Type != "invalid_request" {
			t.Errorf("%s: %s %+v", code, task.Status, task.Error)
		}
	}
	if task := at(w.Index("missing-"+w.uid).DeleteDocument("a", nil))(w.done, t); task.Error.Code != "index_not_found" {
		t.Errorf("%+v", task.Error)
	}
	if _, ids := w.find(t, "", &meilisearch.SearchRequest{}); len(ids) != 5 {
		t.Errorf("a failed task left %v", ids)
	}
}

func tasks(t *testing.T, w wire) {
	at(w.DeleteIndex("never-"+w.uid))(w.done, t) // the SDK cannot ask from task 0 on
	w.shop(t)
	list, err := w.GetTasks(&meilisearch.TasksQuery{IndexUIDS: []string{w.uid}, Limit: 2})
	if err != nil || len(list.Results) != 2 || list.Total != 3 || list.Results[0].Type != meilisearch.TaskTypeDocumentAdditionOrUpdate {
		t.Fatalf("%+v, %v", list, err)
	}
	list, err = w.GetTasks(&meilisearch.TasksQuery{IndexUIDS: []string{w.uid}, Limit: 2, From: list.Next})
	if err != nil || len(list.Results) != 1 || list.Results[0].Type != meilisearch.TaskTypeIndexCreation {
		t.Errorf("the next page: %+v, %v", list, err)
	}
	list, err = w.GetTasks(&meilisearch.TasksQuery{IndexUIDS: []string{w.uid}, Types: []meilisearch.TaskType{meilisearch.TaskTypeSettingsUpdate}, Statuses: []meilisearch.TaskStatus{meilisearch.TaskStatusSucceeded}})
	if err != nil || len(list.Results) != 1 {
		t.Errorf("by type and state: %+v, %v", list, err)
	}
	if r := list.Results[0]; r.StartedAt.IsZero() || r.FinishedAt.Before(r.StartedAt) || r.Duration == "" {
		t.Errorf("times: %+v", r)
	}
	_, err = w.GetTask(1 << 30)
	wantCode(t, err, 404, "task_not_found")
}

func words(t *testing.T, w wire) {
	w.shop(t)
	for _, tt := range []struct {
		q        string
		strategy meilisearch.MatchingStrategy
		want     []string
	}{
		{"kettle", "", []string{"kettle"}},
		{"KETTLE", "", []string{"kettle"}},
		{"ket", "", []string{"kettle"}},
		{"kettel", "", []string{"kettle"}}, // swapped letters are one typo
		{"kettlx", "", []string{"kettle"}},
		{"mog", "", []string{}},                                // too short for a typo
		{"harbour", "", []string{"poster", "mug"}},             // the name before the text
		{"blue cup", meilisearch.All, []string{"cup"}},         // every word
		{"blue cup", meilisearch.Last, []string{"cup", "mug"}}, // more words first
		{"couch", "", []string{"sofa"}},
		{"zeppelin", "", []string{}},
	} {
		if _, got := w.find(t, tt.q, &meilisearch.SearchRequest{MatchingStrategy: tt.strategy}); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, want %v", tt.q, got, tt.want)
		}
	}
	if _, got := w.find(t, "", &meilisearch.SearchRequest{}); len(got) != 5 {
		t.Errorf("nothing typed finds %v", got)
	}
}

// phrases: words in quotes follow each other, and must be there.
func phrases(t *testing.T, w wire) {
	w.shop(t)
	for q, want := range map[string][]string{
		`"enamel mug"`:         {"mug"},
		`"mug enamel"`:         {},
		`"blue mug"`:           {},
		`"BLUE Enamel"`:        {"mug"},
		`blue "tea cup"`:       {"cup"},
		`zeppelin "tea cup"`:   {"cup"}, // the words need not be
		`"tea cup" "blue and"`: {"cup"},
		`"tea cup" "and blue"`: {},
		`"steel kettle`:        {"kettle"}, // not closed
		`"ket"`:                {},         // no beginnings
		`"kettel"`:             {},         // no typos
		`"couch"`:              {},         // no synonyms
		`"camp fire"`:          {"mug"},
		`"fire from"`:          {}, // not over a comma
		`"sofa sleeps"`:        {}, // nor from attribute to attribute
	} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", q, got, want)
		}
	}
}

func filters(t *testing.T, w wire) {
	w.shop(t)
	for _, tt := range []struct {
		filter any
		want   []string
	}{
		{`brand = "Levi's"`, []string{"mug"}},
		{`brand = 'Levi\'s'`, []string{"mug"}},
		{`brand = "levi's"`, []string{"mug"}},
		{`brand = "The \"Forge\""`, []string{"kettle"}},
		{`brand = "Back\slash"`, []string{"cup"}},
		{`brand IN ["Rest", 'Print & Co']`, []string{"poster", "sofa"}},
		{`brand NOT IN ["Rest"] AND price > 2000`, []string{"kettle", "poster"}},
		{`price 900 TO 1450`, []string{"cup", "mug"}},
		{`price >= 1450 AND price < 5900`, []string{"mug", "poster"}},
		{`tags = blue OR tags = white`, []string{"cup", "mug"}},
		{`tags EXISTS AND NOT tags = blue`, []string{"cup"}},
		{`tags NOT EXISTS AND (price < 3000 OR price > 90000)`, []string{"poster", "sofa"}},
		{`missing IS NULL`, []string{"poster"}},
		{`brand != "Rest" AND price != 900 AND price != 1450`, []string{"kettle", "poster"}},
		{[]any{"price > 1000", []any{"tags = blue", "brand = Rest"}}, []string{"mug", "sofa"}},
	} {
		_, got := w.find(t, "", &meilisearch.SearchRequest{Filter: tt.filter})
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.filter, got, tt.want)
		}
	}
	r, _ := w.find(t, "", &meilisearch.SearchRequest{Facets: []string{"tags", "price"}, Filter: "price < 3000"})
	var facets map[string]map[string]int
	var ranges map[string]map[string]float64
	if err := errors.Join(json.Unmarshal(r.FacetDistribution, &facets), json.Unmarshal(r.FacetStats, &ranges)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"blue": 1, "camping": 1, "white": 1}, facets["tags"]); diff != "" || ranges["price"]["min"] != 900 || ranges["price"]["max"] != 2400 {
		t.Errorf("%s, %v", diff, ranges)
	}
}

func pages(t *testing.T, w wire) {
	w.shop(t)
	r, got := w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"price:asc"}, Limit: 2, Offset: 1})
	if !slices.Equal(got, []string{"mug", "poster"}) || r.EstimatedTotalHits != 5 || r.Limit != 2 || r.Offset != 1 {
		t.Errorf("%v of %+v", got, r)
	}
	two := int64(2)
	r, got = w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"price:desc"}, Page: 2, HitsPerPage: &two})
	if !slices.Equal(got, []string{"poster", "mug"}) || r.TotalHits != 5 || r.TotalPages != 3 || r.Page != 2 {
		t.Errorf("%v of %+v", got, r)
	}
	if _, got = w.find(t, "", &meilisearch.SearchRequest{Page: 9, HitsPerPage: &two}); len(got) != 0 {
		t.Errorf("a page too far: %v", got)
	}
	if _, got = w.find(t, "", &meilisearch.SearchRequest{Sort: []string{"name:desc"}}); !slices.Equal(got, []string{"cup", "kettle", "sofa", "poster", "mug"}) {
		t.Errorf("by name: %v", got)
	}
	many, err := w.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{
		{IndexUID: w.uid, Query: "kettle"}, {IndexUID: w.uid, Query: "sofa"},
	}})
	if err != nil || len(many.Results) != 2 || len(many.Results[1].Hits) != 1 || many.Results[0].IndexUID != w.uid {
		t.Errorf("%+v, %v", many, err)
	}
}

func formatted(t *testing.T, w wire) {
	w.shop(t)
	r, _ := w.find(t, "harb", &meilisearch.SearchRequest{
		AttributesToRetrieve: []string{"id"}, AttributesToHighlight: []string{"name", "text"}, AttributesToCrop: []string{"text"}, CropLength: 3,
		HighlightPreTag: "<b>", HighlightPostTag: "</b>",
	})
	var f map[string]string
	if err := json.Unmarshal(r.Hits[0]["_formatted"], &f); err != nil {
		t.Fatal(err)
	}
	if f["name"] != "<b>Harb</b>our poster" || !strings.Contains(f["text"], "<b>harb</b>our") || !strings.HasPrefix(f["text"], "…") {
		t.Errorf("%v", f)
	}
	if _, whole := r.Hits[0]["price"]; whole {
		t.Errorf("attributes that were not asked for: %v", r.Hits[0])
	}
}

func swaps(t *testing.T, w wire) {
	other := w.uid + "_other"
	t.Cleanup(func() { _, _ = w.DeleteIndex(other) })
	at(w.index().AddDocuments([]map[string]any{{"id": 1}}, nil))(w.did, t)
	at(w.Index(other).AddDocuments([]map[string]any{{"id": 1}, {"id": 2}}, nil))(w.did, t)
	task := at(w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{w.uid, other}}}))(w.did, t)
	if len(task.Details.Swaps) != 1 || !slices.Equal(task.Details.Swaps[0].Indexes, []string{w.uid, other}) {
		t.Errorf("details: %+v", task.Details)
	}
	for uid, want := range map[string]int64{w.uid: 2, other: 1} {
		if s, err := w.Index(uid).GetStats(nil); err != nil || s.NumberOfDocuments != want {
			t.Errorf("%s holds %+v, %v", uid, s, err)
		}
	}
	list, err := w.GetTasks(&meilisearch.TasksQuery{Types: []meilisearch.TaskType{meilisearch.TaskTypeIndexSwap}, IndexUIDS: []string{other}})
	if err != nil || len(list.Results) != 1 {
		t.Errorf("swaps of %s: %+v, %v", other, list, err)
	}
	if task := at(w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{w.uid, "never-" + w.uid}}}))(w.done, t); task.Error.Code != "index_not_found" {
		t.Errorf("%+v", task.Error)
	}
	_, err = w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{w.uid, w.uid}}})
	wantCode(t, err, 400, "invalid_swap_duplicate_index_found")
}

func problems(t *testing.T, w wire) {
	w.shop(t)
	for code, r := range map[string]*meilisearch.SearchRequest{
		"invalid_search_filter": {Filter: "version = 1"}, "invalid_search_sort": {Sort: []string{"brand:asc"}},
		"invalid_search_facets": {Facets: []string{"version"}}, "invalid_search_matching_strategy": {MatchingStrategy: "nonsense"},
	} {
		_, err := w.index().Search("", r)
		wantCode(t, err, 400, code)
	}
	for _, filter := range []string{"brand", "brand = Levi's", "brand = \"", "(brand = x", "price > dear"} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Filter: filter})
		wantCode(t, err, 400, "invalid_search_filter")
	}
	_, err := w.Index("never-"+w.uid).Search("", &meilisearch.SearchRequest{})
	wantCode(t, err, 404, "index_not_found")
	_, err = w.CreateIndex(&meilisearch.IndexConfig{Uid: "../../etc"})
	wantCode(t, err, 400, "invalid_index_uid")
}
