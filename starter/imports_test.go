package starter_test

import (
	"errors"
	"testing"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"purser/catalog"
	"purser/order"
	"purser/workflows/imports"
)

// TestStartImport: an import is carried out once. Starting it again continues it if its
// workflow has failed, and changes nothing otherwise (ORD-8).
func TestStartImport(t *testing.T) {
	for name, c := range map[string]struct{ err, want error }{
		"started":              {nil, nil},
		"done before":          {exists, nil},
		"the engine is down":   {serviceerror.NewUnavailable("down"), order.ErrBusy},
		"something unforeseen": {errDown, errDown},
	} {
		e := &engine{err: c.err}
		err := started(e, book{}).StartImport(t.Context(), catalog.Import{ID: "imp_1", Kind: catalog.ImportStock})
		if c.want == nil && err != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		o := e.starts[0]
		if o.ID != imports.ImportWorkflowID("imp_1") || o.WorkflowIDReusePolicy != enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY ||
			o.WorkflowIDConflictPolicy != enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING {
			t.Errorf("%s: started as %+v", name, o)
		}
	}
}
