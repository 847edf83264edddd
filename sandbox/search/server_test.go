package search_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"purser/sandbox/faults"
	"purser/sandbox/search"
)

// on starts a server that keeps everything in a folder.
func on(t *testing.T, dir string, faults *faults.Control, keep int) (wire, func()) {
	t.Helper()
	s, err := search.New(search.Config{Dir: dir, MasterKey: master, Faults: faults, Keep: keep})
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(s.Handler())
	return wire{ServiceManager: meilisearch.New(at.URL, meilisearch.WithAPIKey(master), meilisearch.DisableRetries()), uid: "goods"}, func() {
		at.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRestart checks that documents, settings and swaps survive a restart.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	w, stop := on(t, dir, nil, 0)
	w.shop(t)
	at(w.Index("other").AddDocuments([]map[string]any{{"id": "one"}}, nil))(w.did, t)
	at(w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{"goods", "other"}}}))(w.did, t)
	stop()
	w, stop = on(t, dir, nil, 0)
	defer stop()
	if _, ids := w.find(t, "", &meilisearch.SearchRequest{}); len(ids) != 1 {
		t.Errorf("goods hold %v", ids)
	}
	w.uid = "other"
	if _, ids := w.find(t, "couch", &meilisearch.SearchRequest{Filter: "price >= 5"}); len(ids) != 1 {
		t.Errorf("the couch is found as %v", ids)
	}
	list, err := w.GetTasks(&meilisearch.TasksQuery{Types: []meilisearch.TaskType{meilisearch.TaskTypeIndexSwap}, IndexUIDS: []string{"other"}})
	if err != nil || len(list.Results) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// writeForever runs in the child process of TestKill: it prints the id of each
// document once its task was accepted, and swaps two indexes after each.
func writeForever(t *testing.T, dir string) {
	w, _ := on(t, dir, nil, 0)
	if _, err := w.GetIndex("spare"); err != nil { // the first time
		at(w.Index("other").AddDocuments([]map[string]any{{"id": "other"}}, nil))(w.did, t)
		at(w.Index("spare").AddDocuments([]map[string]any{{"id": "spare"}}, nil))(w.did, t)
	}
	for i := 0; ; i++ {
		if _, err := w.index().AddDocuments([]map[string]any{{"id": fmt.Sprint(os.Getpid(), "-", i)}}, nil); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("put %d-%d\n", os.Getpid(), i)
		if _, err := w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{"spare", "other"}}}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("swap")
	}
}

// TestKill checks that accepted tasks are done, and a swap once, whenever kill -9
// comes.
func TestKill(t *testing.T) {
	if dir := os.Getenv("SEARCH_TEST_DIR"); dir != "" {
		writeForever(t, dir)
	}
	dir := t.TempDir()
	promised := map[string]bool{}
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		child.Env = append(os.Environ(), "SEARCH_TEST_DIR="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "put "); ok {
				promised[id] = true
				if said++; said == 5*(round+1) {
					if err := child.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		_ = child.Wait() // killed
		check(t, dir, promised)
	}
}

// check starts a server again and compares what it has with what was promised.
func check(t *testing.T, dir string, promised map[string]bool) {
	t.Helper()
	w, stop := on(t, dir, nil, 0)
	defer stop()
	last := at(w.index().AddDocuments([]map[string]any{{"id": "last"}}, nil))(w.did, t)
	for id := range promised {
		if w.doc(t, id) == nil {
			t.Errorf("%s was accepted and is lost", id)
		}
	}
	swaps := 0
	for from := last.UID; from > 0; {
		list, err := w.GetTasks(&meilisearch.TasksQuery{Types: []meilisearch.TaskType{meilisearch.TaskTypeIndexSwap}, Limit: 1000, From: from})
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range list.Results {
			if task.Status != meilisearch.TaskStatusSucceeded {
				t.Errorf("swap %d: %s", task.UID, task.Status)
			}
		}
		swaps, from = swaps+len(list.Results), list.Next
	}
	if w.uid = []string{"spare", "other"}[swaps%2]; w.doc(t, "spare") == nil {
		t.Errorf("after %d swaps the spare document is not in %s", swaps, w.uid)
	}
}

// TestKeys (SRCH-9) checks that a search key searches and does nothing else.
func TestKeys(t *testing.T) {
	s, err := search.New(search.Config{MasterKey: master})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	with := func(key string) meilisearch.ServiceManager {
		return meilisearch.New(server.URL, meilisearch.WithAPIKey(key), meilisearch.DisableRetries())
	}
	admin, shopper := with(search.AdminKey(master)), with(search.SearchKey(master))
	w := wire{ServiceManager: admin, uid: "goods"}
	w.shop(t)
	if _, err := shopper.Index("goods").Search("mug", &meilisearch.SearchRequest{}); err != nil {
		t.Errorf("searching with the search key: %v", err)
	}
	for what, err := range map[string]error{
		"writes":      errOf(shopper.Index("goods").AddDocuments([]map[string]any{{"id": 1}}, nil)),
		"deletes":     errOf(shopper.DeleteIndex("goods")),
		"settings":    errOf(shopper.Index("goods").GetSettings()),
		"reads":       shopper.Index("goods").GetDocuments(nil, &meilisearch.DocumentsResult{}),
		"tasks":       errOf(shopper.GetTasks(nil)),
		"makes keys":  errOf(shopper.CreateKey(&meilisearch.Key{Actions: []string{"*"}, Indexes: []string{"*"}})),
		"another key": errOf(with("nonsense").Index("goods").Search("", &meilisearch.SearchRequest{})),
	} {
		t.Run(what, func(t *testing.T) { wantCode(t, err, 403, "invalid_api_key") })
	}
	_, err = with("").Index("goods").Search("", &meilisearch.SearchRequest{})
	wantCode(t, err, 401, "missing_authorization_header")
}

func errOf[T any](_ T, err error) error { return err }

// TestFaults (F53, F54) checks that faults make calls and accepted tasks fail.
func TestFaults(t *testing.T) {
	control := faults.New(1)
	w, stop := on(t, t.TempDir(), control, 0)
	defer stop()
	w.shop(t)
	for _, f := range []faults.Fault{
		{Match: "TASK documentAdditionOrUpdate", Do: faults.Status, Status: 400, Times: 1},
		{Match: "TASK documentAdditionOrUpdate", Do: faults.Status, Status: 500, Times: 1},
		{Match: "TASK documentAdditionOrUpdate", Do: faults.Slow, Delay: 10 * time.Millisecond, Times: 1},
	} {
		if err := control.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"injected_fault", "internal", ""} {
		if task := at(w.index().AddDocuments([]map[string]any{{"id": "late"}}, nil))(w.done, t); task.Error.Code != want {
			t.Errorf("%s %+v, want %q", task.Status, task.Error, want)
		}
	}
	if err := control.Add(faults.Fault{Provider: "search", Do: faults.Status, Status: 503, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := w.index().Search("mug", &meilisearch.SearchRequest{})
	wantCode(t, err, 503, "internal")
}

// TestForgets checks that the number of remembered tasks is bounded, in memory and
// on disk, where only swaps are kept.
func TestForgets(t *testing.T) {
	dir := t.TempDir()
	w, stop := on(t, dir, nil, 50)
	for i := range 120 {
		at(w.index().AddDocuments([]map[string]any{{"id": i}}, nil))(w.did, t)
	}
	list, err := w.GetTasks(&meilisearch.TasksQuery{Limit: 1000})
	if err != nil || list.Total != 50 {
		t.Errorf("%d tasks, %v", list.Total, err)
	}
	stop()
	w, stop = on(t, dir, nil, 50)
	defer func() { stop() }()
	task := at(w.index().AddDocuments([]map[string]any{{"id": "again"}}, nil))(w.did, t)
	if task.UID != 120 {
		t.Errorf("the next task is %d, want 120", task.UID)
	}
	at(w.Index("other").AddDocuments([]map[string]any{{"id": "other"}}, nil))(w.did, t)
	for range 105 {
		at(w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{"goods", "other"}}}))(w.did, t)
	}
	stop()
	w, stop = on(t, dir, nil, 0)
	if list, err := w.GetTasks(&meilisearch.TasksQuery{Limit: 1000}); err != nil || list.Total != 100 || list.Results[99].Type != meilisearch.TaskTypeIndexSwap {
		t.Errorf("%d tasks are kept, %v", list.Total, err)
	}
}

// TestLost (SRCH-8) checks that a server whose files are damaged accepts documents
// but refuses searches, also after a restart, until a rebuilt index is swapped in.
func TestLost(t *testing.T) {
	dir := t.TempDir()
	w, stop := on(t, dir, nil, 0)
	w.shop(t)
	stop()
	if err := os.Truncate(filepath.Join(dir, "index", "store", "root.bolt"), 100); err != nil {
		t.Fatal(err)
	}
	w, stop = on(t, dir, nil, 0)
	one := []map[string]any{{"id": "one"}}
	for range 2 {
		at(w.index().AddDocuments(one, nil))(w.did, t)
		for _, err := range []error{errOf(w.index().Search("", &meilisearch.SearchRequest{})), errOf(w.index().GetStats(nil))} {
			wantCode(t, err, 503, "index_lost")
		}
		if w.doc(t, "one") == nil {
			t.Error("the document is not there")
		}
		stop()
		w, stop = on(t, dir, nil, 0)
	}
	at(w.Index("shadow").AddDocuments(append(one, map[string]any{"id": "two"}), nil))(w.did, t)
	at(w.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{"goods", "shadow"}}}))(w.did, t)
	if _, ids := w.find(t, "", &meilisearch.SearchRequest{}); len(ids) != 2 {
		t.Errorf("rebuilt: %v", ids)
	}
	stop()
	quarantined, err := filepath.Glob(filepath.Join(dir, "unreadable-index-*"))
	if err != nil || len(quarantined) != 1 {
		t.Errorf("quarantined: %v, %v", quarantined, err)
	}
}

// TestDeletesNothing checks that a body that names no documents does not stand for
// all of them.
func TestDeletesNothing(t *testing.T) {
	w := inMemory(t)
	w.shop(t)
	_, err := w.index().DeleteDocuments(nil, nil)
	wantCode(t, err, 400, "malformed_payload")
	at(w.index().DeleteDocuments([]string{}, nil))(w.did, t)
	if _, ids := w.find(t, "", &meilisearch.SearchRequest{}); len(ids) != 5 {
		t.Errorf("left: %v", ids)
	}
}

// FuzzSearch checks that every body gets 200 or an error of the caller's, in JSON.
func FuzzSearch(f *testing.F) {
	s, err := search.New(search.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	server := httptest.NewServer(s.Handler())
	f.Cleanup(server.Close)
	w := wire{ServiceManager: meilisearch.New(server.URL), uid: "goods"}
	t := &testing.T{}
	w.shop(t)
	for _, body := range []string{
		`{}`, `{"q":"mug","page":1,"hitsPerPage":2}`, `{"filter":["price >= 1","brand IN [\"x\"]"]}`, `{"sort":["price:asc"],"facets":["brand"],"page":0,"hitsPerPage":0}`,
		`{"q":"\u0000𝔸ß","attributesToHighlight":["name"],"attributesToCrop":["text"],"cropLength":0}`, `{"q":"a a a","hybrid":null}`, `[`, `null`,
	} {
		f.Add(body)
	}
	h := s.Handler()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/indexes/goods/search", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != 200 && (rec.Code < 400 || rec.Code >= 500) || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%q: %d %s", body, rec.Code, rec.Body)
		}
	})
}
