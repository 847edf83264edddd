package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is put after a compacting that failed in any of its steps is found
// again: lines never go to a file that has lost its name.
func TestCompactFails(t *testing.T) {
	lost := errors.New("the answer was lost")
	for name, strike := range map[string]func(j *Journal){
		"before it is in place": func(j *Journal) { j.rename = func(_, _ string) error { return lost } },
		"once it is in place": func(j *Journal) {
			j.rename = func(from, to string) error { return errors.Join(os.Rename(from, to), lost) }
		},
		"when the old one is let go": func(j *Journal) { _ = j.file.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.jsonl")
			j := open(t, path)
			put(t, j, "a", "1", 1)
			put(t, j, "a", "1", 2)
			strike(j)
			_ = j.Compact() // whatever it says
			put(t, j, "a", "2", 3)
			if diff := cmp.Diff([]string{"1=2", "2=3"}, contents(t, open(t, path), "a")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of a damaged journal the lines that can be read are kept, and the file as it
// was is still there.
func TestSalvage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	rotten := []byte("{\"k\":\"a\",\"i\":\"1\",\"d\":{\"n\":1}}\n\x00\x00\x00\n{\"k\":\"a\",\"i\":\"2\",\"d\":{\"n\":2}}\n{\"k\":\"a\",\"i\":\"2\",\"d\":\n{\"k\":\"a")
	if err := os.WriteFile(path, rotten, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	j, aside, err := Salvage(path, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	put(t, j, "a", "3", 3)
	if diff := cmp.Diff([]string{"1=1", "2=2", "3=3"}, contents(t, open(t, path), "a")); diff != "" {
		t.Error(diff)
	}
	if was, err := os.ReadFile(aside); err != nil || !bytes.Equal(was, rotten) || filepath.Base(aside) != "x.jsonl.unreadable-19700101T000000.000Z" {
		t.Errorf("%s: %q, %v", aside, was, err)
	}
}
