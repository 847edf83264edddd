package imports_test

import (
	"context"
	"slices"
	"testing"

	"purser/activities/imports"
	"purser/catalog"
)

// staged is the record of an import whose rows are staged. It records how they are
// applied.
type staged struct {
	imports.Imports
	imports.ImportRows
	now   catalog.Import
	parts int // how many calls of ApplyRows there is work for
	calls []string
}

func (s *staged) Import(context.Context, string) (catalog.Import, error) { return s.now, nil }

func (s *staged) ApplyRows(context.Context, string, int) (more bool, err error) {
	s.calls = append(s.calls, "apply")
	if s.parts--; s.parts > 0 {
		return true, nil
	}
	s.now.State = catalog.ImportDone
	return false, nil
}

func (s *staged) SwitchRows(context.Context, string) error {
	s.calls = append(s.calls, "switch")
	s.now.State = catalog.ImportDone
	return nil
}

// TestAdvanceImport: the prices and the stock of a file apply all at once, and its
// products part by part, until none is left.
func TestAdvanceImport(t *testing.T) {
	for kind, want := range map[catalog.ImportKind][]string{
		catalog.ImportStock: {"switch"}, catalog.ImportPrices: {"switch"}, catalog.ImportProducts: {"apply", "apply", "apply"},
	} {
		s := &staged{now: catalog.Import{ID: "1", Kind: kind, State: catalog.ImportApplying}, parts: 3}
		i, err := (&imports.Activities{Imports: s, ImportRows: s}).AdvanceImport(t.Context(), imports.ImportRef{ID: "1"})
		if err != nil || i.State != catalog.ImportDone || !slices.Equal(s.calls, want) {
			t.Errorf("%s: %q, %s %v, want %q", kind, s.calls, i.State, err, want)
		}
	}
}
