package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

func reopen(t testing.TB, j *Journal, path string) *Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func put(t testing.TB, j *Journal, kind, id string, n int) {
	t.Helper()
	if err := j.Put(kind, id, doc{n}); err != nil {
		t.Fatal(err)
	}
}

func TestReopenFindsTheLatest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stand in ?#%.db")
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
	again := reopen(t, j, path)
	if diff := cmp.Diff([]string{"1=3", "3=4"}, contents(t, again, "a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1=7"}, contents(t, again, "b")); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestEachMayWrite(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "x.db"))
	put(t, j, "a", "1", 1)
	put(t, j, "a", "2", 2)
	err := j.Each("a", func(id string, _ json.RawMessage) error {
		put(t, j, "a", "copy of "+id, 3)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1=1", "2=2", "copy of 1=3", "copy of 2=3"}, contents(t, j, "a")); diff != "" {
		t.Error(diff)
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
	path := filepath.Join(t.TempDir(), "x.db")
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
	if n := len(contents(t, reopen(t, j, path), "a")); n != 400 {
		t.Errorf("%d documents, want 400", n)
	}
}

// copyOf returns the path of a copy of the journal's files whose log is cut off
// after logBytes, as a killed process could have left it.
func copyOf(t interface{ Fatal(...any) }, path, dir string, logBytes int) string {
	to := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if suffix == "-wal" {
			b = b[:min(logBytes, len(b))]
		}
		if err := os.WriteFile(to+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestTornWrite checks that, wherever the writes of a killed process ended, a
// prefix of the documents is there and the journal can be written again.
func TestTornWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	j := open(t, path)
	states := [][]string{nil}
	var now []string
	for i := range 8 {
		put(t, j, "a", fmt.Sprint(i), i)
		now = append(now, fmt.Sprintf("%d=%d", i, i))
		states = append(states, append([]string(nil), now...))
	}
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		torn, err := Open(copyOf(rt, path, dir, rapid.IntRange(0, int(log.Size())).Draw(rt, "bytes of the log")))
		if err != nil {
			rt.Fatal(err)
		}
		defer torn.Close()
		got := contents(rt, torn, "a")
		if len(got) >= len(states) {
			rt.Fatalf("got %v, more than was put", got)
		}
		if diff := cmp.Diff(states[len(got)], got); diff != "" {
			rt.Fatal(diff)
		}
		seen[len(got)] = true
		if err := torn.Put("a", "next", doc{99}); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(append(got, "next=99"), contents(rt, torn, "a")); diff != "" {
			rt.Fatal(diff)
		}
	})
	if len(seen) < 3 {
		t.Errorf("only %d states were seen", len(seen))
	}
}

// TestDamaged checks that an unreadable file is refused with ErrDamaged and stays
// unchanged.
func TestDamaged(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "x.db")
	j := open(t, whole)
	for i := range 500 {
		put(t, j, "a", fmt.Sprint(i), i)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	zeroed := bytes.Clone(good)
	clear(zeroed[len(zeroed)/2:])
	for name, bad := range map[string][]byte{
		"cut off":           good[:len(good)/2],
		"cut off in a page": good[:len(good)-100],
		"half of it zeros":  zeroed,
		"not a database":    []byte("{\"k\":\"a\"}\n{\"k\":\"b\"}\n"),
		"header only":       good[:100],
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path); !errors.Is(err, ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			if was, err := os.ReadFile(path); err != nil || !bytes.Equal(was, bad) {
				t.Errorf("the file was changed: %d bytes, %v", len(was), err)
			}
		})
	}
}

// TestJournalIsAMap compares any sequence of writes and reopenings with a plain
// ordered map.
func TestJournalIsAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f, err := os.CreateTemp(dir, "*.db")
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
			switch rapid.IntRange(0, 3).Draw(t, "op") {
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
