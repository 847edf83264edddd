package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"purser/sandbox/search"
)

// TestDamagedSearch proves SRCH-8 on the stand-in: if any of its files is cut
// off or changed anywhere, as by a power cut, it starts, and either returns all
// documents or reports that the index is lost. It quarantines the damaged index
// with one line in the log. A rebuild repairs the index, also across a restart.
// Where the power cut came before a stop, there are no checksums, and a segment
// was cut off.
func TestDamagedSearch(t *testing.T) {
	whole := t.TempDir()
	s := openShelf(t, whole, nil)
	s.fill(t, "goods")
	s.fill(t, "spare")
	s.swap(t)
	s.stop()
	files := filesOf(t, whole)
	if len(files) < 3 {
		t.Fatalf("only %v", files)
	}
	random := rand.New(rand.NewPCG(1, 2))
	healed := 0
	for n := range 24 * len(files) {
		file := files[n%len(files)]
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		round := n / len(files)
		if powerCut := round%2 == 0 && round < 8 && strings.HasSuffix(file, ".zap"); powerCut {
			if err := os.Remove(filepath.Join(dir, "sandbox", "search", "index", "checksums.json")); err != nil {
				t.Fatal(err)
			}
		}
		what := spoil(t, filepath.Join(dir, file), round, random)
		var log bytes.Buffer
		s := openShelf(t, dir, &log)
		found, err := s.find()
		switch code := codeOf(err); {
		case code == "" && found == shelfDocs:
		case code == "index_lost":
			healed++
			if n := strings.Count(log.String(), "quarantined="); n != 1 {
				t.Errorf("%s %s: %d lines report it:\n%s", file, what, n, &log)
			}
			if !slices.ContainsFunc(filesOf(t, dir), func(f string) bool { return strings.Contains(f, "unreadable-index-") }) {
				t.Errorf("%s %s: the damaged index is gone:\n%s", file, what, &log)
			}
		default:
			t.Errorf("%s %s: %d found, %v\n%s", file, what, found, err, &log)
		}
		if n%5 == 0 { // a rebuild
			if found != shelfDocs {
				s.fill(t, "spare")
				s.did(t)(s.CreateIndex(&meilisearch.IndexConfig{Uid: "goods", PrimaryKey: "id"})) // it succeeds, or the index exists
				s.swap(t)
			}
			s.stop()
			s = openShelf(t, dir, nil)
			if found, err := s.find(); found != shelfDocs || err != nil {
				t.Errorf("%s %s: rebuilt and started again: %d, %v", file, what, found, err)
			}
		}
		s.stop()
	}
	if healed < len(files) {
		t.Errorf("healed only %d times", healed)
	}
}

// spoil cuts a file off somewhere, empties or removes it, or changes some of
// its bytes.
func spoil(t *testing.T, path string, round int, random *rand.Rand) (what string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if round == 1 {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return "removed"
	}
	at := 0
	if round > 1 && len(b) > 0 {
		at = random.IntN(len(b))
	}
	if round >= 8 && (strings.HasSuffix(path, ".zap") || strings.HasSuffix(path, ".bolt")) {
		b[at] ^= 0x41
		what = fmt.Sprint("changed at ", at)
	} else if b, what = b[:at], fmt.Sprint("cut off at ", at); round >= 6 {
		b = append(b, make([]byte, 300)...)
		what += " and filled with zeros"
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return what
}

func filesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const shelfDocs = 40

// shelf is a sandbox that runs only the search, with a client.
type shelf struct {
	meilisearch.ServiceManager
	stop func()
}

func openShelf(t *testing.T, dir string, log *bytes.Buffer) *shelf {
	t.Helper()
	c := Config{DataDir: dir, Search: &search.Config{MasterKey: "k"}}
	if log != nil {
		c.Log = slog.New(slog.NewTextHandler(log, nil))
	}
	box, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(box.Handler())
	return &shelf{
		ServiceManager: meilisearch.New(at.URL+"/search", meilisearch.WithAPIKey("k"), meilisearch.DisableRetries()),
		stop: func() {
			at.Close()
			if err := box.Close(); err != nil {
				t.Error(err)
			}
		},
	}
}

// did waits until a task has ended, whether it succeeded or failed.
func (s *shelf) did(t *testing.T) func(*meilisearch.TaskInfo, error) {
	return func(info *meilisearch.TaskInfo, err error) {
		t.Helper()
		if err == nil {
			_, err = s.WaitForTask(info.TaskUID, time.Millisecond)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// fill gives an index its documents, in parts so that there are several files.
func (s *shelf) fill(t *testing.T, uid string) {
	t.Helper()
	for part := range 4 {
		var docs []map[string]any
		for i := range shelfDocs / 4 {
			docs = append(docs, map[string]any{"id": fmt.Sprint(part, "-", i), "name": fmt.Sprint("mug ", filler(part, i))})
		}
		s.did(t)(s.Index(uid).AddDocuments(docs, nil))
	}
}

func filler(part, i int) string { return strings.Repeat(string(rune('a'+(part*7+i)%26)), 30) }

// swap swaps the index spare with goods and deletes the old one.
func (s *shelf) swap(t *testing.T) {
	t.Helper()
	s.did(t)(s.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{"goods", "spare"}}}))
	s.did(t)(s.DeleteIndex("spare"))
}

func (s *shelf) find() (int64, error) {
	r, err := s.Index("goods").Search("", &meilisearch.SearchRequest{Page: 1, HitsPerPage: new(int64(1))})
	if err != nil {
		return 0, err
	}
	return r.TotalHits, nil
}

func codeOf(err error) string {
	var e *meilisearch.Error
	if errors.As(err, &e) {
		return e.MeilisearchApiError.Code
	}
	return ""
}
