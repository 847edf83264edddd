package stripe

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestDocumentedEvents (DOC-1): the document that says for which events to create
// Stripe's webhook endpoint names exactly those that an order needs.
func TestDocumentedEvents(t *testing.T) {
	text, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, m := range regexp.MustCompile("`((?:payment_intent|charge|refund)\\.[a-z_.]+)`").FindAllSubmatch(text, -1) {
		named = append(named, string(m[1]))
	}
	slices.Sort(named)
	if want := slices.Sorted(maps.Keys(wanted)); !slices.Equal(named, want) {
		t.Errorf("docs/deploy.md names %q, want %q", named, want)
	}
}
