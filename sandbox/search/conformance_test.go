package search_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
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

// wire is the SDK's client of a server, and the name of the test's index there.
type wire struct {
	meilisearch.ServiceManager
	uid     string
	handler http.Handler // of inMemory
}

// TestConformance (SRCH-2, SRCH-6) checks case by case that the stand-in responds
// as Meilisearch does. With MEILISEARCH_URL and MEILISEARCH_KEY it checks a real
// Meilisearch as well.
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
			"words": words, "numbers": numbers, "stop words": stopWords, "ranking": ranking, "phrases": phrases, "filters": filters, "pages and orders": pages, "formatted": formatted, "swap": swaps, "errors": problems,
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				url, key := open(t)
				w := wire{ServiceManager: meilisearch.New(url, meilisearch.WithAPIKey(key), meilisearch.DisableRetries()), uid: "c" + strings.ToLower(rand.Text())}
				t.Cleanup(func() { _, _ = w.DeleteIndex(w.uid) })
				check(t, w)
			})
		}
	}
}

// done waits until a task has ended, and returns it.
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

// did waits for a task that must succeed.
func (w wire) did(t *testing.T, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	t.Helper()
	task := w.done(t, info, err)
	if task.Status != meilisearch.TaskStatusSucceeded {
		t.Fatalf("task %s %s: %+v", task.Type, task.Status, task.Error)
	}
	return task
}

// at passes the SDK's two results to did or done.
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
		SearchableAttributes: []string{"name", "text"}, FilterableAttributes: []string{"brand", "inStock", "price", "tags"}, SortableAttributes: []string{"price", "name"},
		RankingRules: []string{"sort", "words", "typo", "proximity", "attribute", "exactness"},
		Synonyms:     map[string][]string{"couch": {"sofa"}, "sofa": {"couch"}},
	}))(w.did, t)
	at(w.index().AddDocuments([]map[string]any{
		{"id": "mug", "name": "Blue enamel mug", "brand": "Levi's", "text": "for the camp fire, from the harbour", "price": 1450, "tags": []string{"blue", "camping"}, "inStock": true},
		{"id": "cup", "name": "Tea cup", "brand": `Back\slash`, "text": "blue and white stoneware", "price": 900, "tags": []string{"white"}, "inStock": false},
		{"id": "kettle", "name": "Steel kettle", "brand": `The "Forge"`, "text": "whistles when the water boils", "price": 5900},
		{"id": "poster", "name": "Harbour poster", "brand": "Print & Co", "text": "ships in the harbour", "price": 2400},
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

// doc returns the document with this id, or nil if the index does not have it.
func (w wire) doc(t *testing.T, id string) map[string]any {
	t.Helper()
	var page meilisearch.DocumentsResult
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Ids: []string{id}}, &page); err != nil {
		t.Fatal(err)
	}
	var docs []map[string]any
	if err := page.Results.DecodeInto(&docs); err != nil {
		t.Fatal(err)
	}
	if len(docs) == 0 {
		return nil
	}
	return docs[0]
}

// wantCode checks the API's error code.
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
	after, err := w.index().GetSettings()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{[]string{"name", "text"}, []string{"price"}, map[string][]string{"a": {"b"}}}, []any{after.SearchableAttributes, after.SortableAttributes, after.Synonyms}); diff != "" {
		t.Error(diff)
	}
	at(w.index().UpdateSettings(&meilisearch.Settings{Synonyms: map[string][]string{"c": {"d"}}}))(w.did, t)
	if s, err := w.index().GetSettings(); err != nil || s.Synonyms["a"] != nil || !slices.Equal(s.SearchableAttributes, []string{"name", "text"}) {
		t.Errorf("after a change of the synonyms: %+v, %v", s, err)
	}
	at(w.index().ResetSynonyms())(w.did, t)
	if s, err := w.index().GetSettings(); err != nil || len(s.Synonyms) != 0 || !slices.Equal(s.SearchableAttributes, []string{"name", "text"}) {
		t.Errorf("after a reset of the synonyms: %+v, %v", s, err)
	}
	_, err = w.index().UpdateSettings(&meilisearch.Settings{RankingRules: []string{"nonsense"}})
	wantCode(t, err, 400, "invalid_settings_ranking_rules")
	if _, err = w.index().UpdateSettings(&meilisearch.Settings{Pagination: &meilisearch.Pagination{MaxTotalHits: -1}}); err == nil {
		t.Error("less than no hits are accepted")
	}
}

func documents(t *testing.T, w wire) {
	w.shop(t)
	var page meilisearch.DocumentsResult
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Ids: []string{"mug"}, Fields: []string{"name", "price"}}, &page); err != nil {
		t.Fatal(err)
	}
	var some []map[string]any
	if err := page.Results.DecodeInto(&some); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]any{{"name": "Blue enamel mug", "price": 1450.0}}, some); diff != "" {
		t.Error(diff)
	}
	at(w.index().AddDocuments([]map[string]any{{"id": "mug", "price": 1}}, nil))(w.did, t)
	if one := w.doc(t, "mug"); one["price"] != 1.0 || one["name"] != nil {
		t.Errorf("after a replacement: %v", one)
	}
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Limit: 2, Offset: 4, Fields: []string{"id"}}, &page); err != nil || page.Total != 5 || len(page.Results) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	at(w.index().DeleteDocuments([]string{"mug", "never"}, nil))(w.did, t)
	if err := w.index().GetDocuments(&meilisearch.DocumentsQuery{Limit: 10}, &page); err != nil || page.Total != 4 {
		t.Errorf("%+v, %v", page, err)
	}
	if one := w.doc(t, "mug"); one != nil {
		t.Errorf("after its deletion: %v", one)
	}
}

// failedTasks (F54) checks that an accepted task can fail, with a reason.
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
	if task := at(w.Index("missing-"+w.uid).DeleteDocuments([]string{"a"}, nil))(w.done, t); task.Error.Code != "index_not_found" {
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
	list, err = w.GetTasks(&meilisearch.TasksQuery{IndexUIDS: []string{w.uid}, Types: []meilisearch.TaskType{meilisearch.TaskTypeSettingsUpdate}, Limit: 5})
	if err != nil || len(list.Results) != 1 {
		t.Errorf("by type: %+v, %v", list, err)
	}
	if r := list.Results[0]; r.StartedAt.IsZero() || r.FinishedAt.Before(r.StartedAt) || r.Duration == "" {
		t.Errorf("times: %+v", r)
	}
	_, err = w.GetTask(1 << 30)
	wantCode(t, err, 404, "task_not_found")
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
		"invalid_search_facets": {Facets: []string{"version"}},
	} {
		_, err := w.index().Search("", r)
		wantCode(t, err, 400, code)
	}
	for _, filter := range []string{"brand", "brand = Levi's", "brand = \"", "(brand = x", "price > dear"} {
		_, err := w.index().Search("", &meilisearch.SearchRequest{Filter: filter})
		wantCode(t, err, 400, "invalid_search_filter")
	}
	never := w.Index("never-" + w.uid)
	for _, err := range []error{
		errOf(never.Search("", &meilisearch.SearchRequest{})), errOf(never.GetSettings()), errOf(never.GetStats(nil)),
		errOf(never.FetchInfo()), never.GetDocuments(nil, &meilisearch.DocumentsResult{}),
	} {
		wantCode(t, err, 404, "index_not_found")
	}
	_, err := w.CreateIndex(&meilisearch.IndexConfig{Uid: "../../etc"})
	wantCode(t, err, 400, "invalid_index_uid")
}
