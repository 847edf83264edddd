package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type doc struct {
	N int `json:"n"`
}

func contents(t interface{ Fatal(...any) }, j *Journal, kind string) []string {
	var got []string
	err := j.Each(kind, func(id string, raw json.RawMessage) error {
		var d doc
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		got = append(got, fmt.Sprintf("%s=%d", id, d.N))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func put(t testing.TB, j *Journal, kind, id string, n int) {
	t.Helper()
	if err := j.Put(kind, id, doc{n}); err != nil {
		t.Fatal(err)
	}
}

func TestReopenFindsTheLatest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	j := open(t, path)
	put(t, j, "a", "1", 1)
	put(t, j, "b", "1", 7)
	put(t, j, "a", "2", 2)
	put(t, j, "a", "1", 3)
	put(t, j, "a", "3", 4)
	if err := j.Delete("a", "2"); err != nil {
		t.Fatal(err)
	}
	if err := j.Delete("a", "never there"); err != nil {
		t.Fatal(err)
	}
	// No Close: what was put is there even if the process is gone.
	again := open(t, path)
	if diff := cmp.Diff([]string{"1=3", "3=4"}, contents(t, again, "a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1=7"}, contents(t, again, "b")); diff != "" {
		t.Error(diff)
	}
	again.Loaded()
	if got := contents(t, again, "a"); got != nil {
		t.Errorf("after Loaded: %v, want nothing", got)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n != 3 {
		t.Errorf("%d lines after opening, want 3: compacted", n)
	}
}

func TestTornLastLineIsIgnored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	j := open(t, path)
	put(t, j, "a", "1", 1)
	put(t, j, "a", "2", 2)
	j.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Index(string(b), "\n") + 1
	for cut := whole; cut < len(b); cut++ {
		if err := os.WriteFile(path, b[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, path)
		if diff := cmp.Diff([]string{"1=1"}, contents(t, j, "a")); diff != "" {
			t.Fatalf("cut at %d: %s", cut, diff)
		}
		put(t, j, "a", "3", 3) // must not be glued to the torn line
		if diff := cmp.Diff([]string{"1=1", "3=3"}, contents(t, open(t, path), "a")); diff != "" {
			t.Fatalf("cut at %d, put, reopened: %s", cut, diff)
		}
	}
}

func TestRottenLineIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	if err := os.WriteFile(path, []byte("{\"k\":\"a\",\"i\":\"1\",\"d\":{}}\nrot\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error that names line 2", err)
	}
}

func TestMemoryOnly(t *testing.T) {
	j := open(t, "")
	put(t, j, "a", "1", 1)
	if got := contents(t, j, "a"); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestConcurrentPuts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	j := open(t, path)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				put(t, j, "a", fmt.Sprintf("%d/%d", w, i), i)
			}
		})
	}
	wg.Wait()
	if n := len(contents(t, open(t, path), "a")); n != 400 {
		t.Errorf("%d documents, want 400", n)
	}
}

// A journal that is compacted while it is written loses nothing, and what
// counts no more is gone.
func TestCompactWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	j := open(t, path)
	for i := range 1000 {
		put(t, j, "a", "same", i)
	}
	if err := j.Compact(); err != nil {
		t.Fatal(err)
	}
	if n := lines(t, path); n != 1 {
		t.Errorf("%d lines after compacting, want 1", n)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 200 {
				put(t, j, "a", fmt.Sprintf("%d/%d", w, i%20), i)
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := j.Compact(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	put(t, j, "a", "same", 7)
	want := map[string]bool{"same=7": true}
	for w := range 4 {
		for i := range 20 {
			want[fmt.Sprintf("%d/%d=%d", w, i, 180+i)] = true
		}
	}
	got := map[string]bool{}
	for _, one := range contents(t, open(t, path), "a") {
		got[one] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func lines(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), "\n")
}

// TestJournalIsAMap compares any sequence of writes, compactings and
// reopenings with a plain ordered map.
func TestJournalIsAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f, err := os.CreateTemp(dir, "*.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		j, err := Open(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		want := map[string]int{}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0:
				if err := j.Delete("k", id); err != nil {
					t.Fatal(err)
				}
				delete(want, id)
				keys = without(keys, id)
			case 1:
				j.Close()
				if j, err = Open(f.Name()); err != nil {
					t.Fatal(err)
				}
			case 2:
				if err := j.Compact(); err != nil {
					t.Fatal(err)
				}
			default:
				n := rapid.Int().Draw(t, "n")
				if err := j.Put("k", id, doc{n}); err != nil {
					t.Fatal(err)
				}
				if _, ok := want[id]; !ok {
					keys = append(keys, id)
				}
				want[id] = n
			}
		}
		j.Close()
		if j, err = Open(f.Name()); err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		var list []string
		for _, k := range keys {
			list = append(list, fmt.Sprintf("%s=%d", k, want[k]))
		}
		if diff := cmp.Diff(list, contents(t, j, "k")); diff != "" {
			t.Fatal(diff)
		}
	})
}

func without(keys []string, id string) []string {
	var kept []string
	for _, k := range keys {
		if k != id {
			kept = append(kept, k)
		}
	}
	return kept
}
