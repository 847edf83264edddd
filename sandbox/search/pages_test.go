package search

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSpoiltPages: a list of files that is spoilt in one byte is found to be,
// or is as good as before. It neither ends the process nor leads in a circle.
func TestSpoiltPages(t *testing.T) {
	st, err := newStore(filepath.Join(t.TempDir(), "index-1"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		id := fmt.Sprint(i)
		if err := st.put([]parsed{{id: id, source: []byte(`{"id":"` + id + `"}`)}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(st.dir, "store", "root.bolt")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names, err := segmentsOf(path)
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	found := 0
	const page, begins = 4096, 64
	for at := 0; at < len(whole); at++ {
		if at%page == begins {
			at += page - begins
			if at >= len(whole) {
				break
			}
		}
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 0x55
		path := filepath.Join(t.TempDir(), "root.bolt")
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := segmentsOf(path); err != nil {
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d of them were found", found)
	}
}
