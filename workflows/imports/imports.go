// Package imports has the workflow that carries a file into the catalogue.
package imports

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/imports"
	"purser/catalog"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// GetImport returns how far an import is, as its workflow last heard.
const GetImport workflows.Query[catalog.Import] = "GetImport"

// ImportWorkflowID is the ID of the workflow that carries out an import.
func ImportWorkflowID(id string) string { return "import/" + id }

// ImportStart is the input of ImportWorkflow.
type ImportStart struct {
	ID string `json:"id"`
}

// ImportWorkflow carries a file that has been received into the catalogue and
// into the index: all of it in one workflow, some thousand rows at a time. How
// far it is stands in the record, so that no crash loses a row or doubles one.
// An import that is refused is an outcome, not a failure.
func ImportWorkflow(ctx workflow.Context, s ImportStart) (catalog.Import, error) {
	i := catalog.Import{ID: s.ID}
	if err := GetImport.Handle(ctx, func() (catalog.Import, error) { return i, nil }); err != nil {
		return i, err
	}
	for !i.State.Final() {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return i, workflow.NewContinueAsNewError(ctx, ImportWorkflow, s)
		}
		summary := "Import " + s.ID
		if i.State != "" {
			summary = fmt.Sprintf("Import %s: %s", s.ID, i.State)
		}
		if err := workflows.RunLong(ctx, summary, do.AdvanceImport, steps.ImportRef{ID: s.ID}, &i); err != nil {
			return i, err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s**: %d of %d bytes read, %d rows, %d with errors; %d changed, %d unchanged, %d indexed.\n\n%s",
			i.State, i.Read, i.Bytes, i.Rows, i.Bad, i.Applied, i.Unchanged, i.Indexed, i.Why))
	}
	return i, nil
}
