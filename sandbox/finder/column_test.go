package finder

import (
	"fmt"
	"slices"
	"testing"
)

// A document that is replaced again and again, as with every order for it,
// takes no more memory each time.
func TestReplacedInPlace(t *testing.T) {
	x := New(Settings{Searchable: []string{"name"}, Filterable: []string{"tags"}})
	put := func(id string, tags ...any) {
		x.Put([]Document{{ID: id, Fields: map[string]any{"name": "a thing", "tags": tags}}})
	}
	put("other", "p", "q")
	put("mug", "a", "b", "c")
	much := len(x.columns["tags"].more)
	for i := range 1000 {
		put("mug", "a", "b", fmt.Sprint("c", i%2))
	}
	if got := len(x.columns["tags"].more); got != much {
		t.Errorf("%d numbers are kept of two documents, at first %d", got, much)
	}
	for tag, want := range map[string][]string{"a": {"mug"}, "c1": {"mug"}, "c0": nil, "c": nil, "q": {"other"}} {
		f, err := ParseFilter("tags = " + tag)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := x.Filtered(f, 0, 10); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", tag, got, err, want)
		}
	}
}
