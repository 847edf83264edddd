// Package imports has the workflow that imports a file into the catalogue.
package imports

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	steps "purser/activities/imports"
	"purser/catalog"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// advanceImport takes long and keeps its progress as it goes.
var advanceImport = workflows.NewStep(workflows.CatalogueQueue, do.AdvanceImport).Long(time.Hour, 30*time.Second, time.Minute)

// GetImport returns how far an import is, as of its last finished step.
const GetImport workflows.Query[catalog.Import] = "GetImport"

// ImportWorkflowID returns the ID of the workflow that carries out an import.
func ImportWorkflowID(id string) string { return "import/" + id }

// ImportStart is the input of ImportWorkflow.
type ImportStart struct {
	ID string `json:"id"`
}

// ImportWorkflow imports a received file into the catalogue and the index, some
// thousand rows at a time. The record knows how far it is, so that a crash neither
// loses nor repeats a row. A refused import is an outcome, not a failure.
func ImportWorkflow(ctx workflow.Context, s ImportStart) (catalog.Import, error) {
	i := catalog.Import{ID: s.ID}
	if err := GetImport.Handle(ctx, "How far the import is.", func() (catalog.Import, error) { return i, nil }); err != nil {
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
		progress, err := advanceImport.Remote(ctx, 0, summary, nil, steps.ImportRef{ID: s.ID})
		if err != nil {
			return i, err
		}
		i = progress
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s**: %d of %d bytes read, %d rows, %d with errors; %d changed, %d unchanged, %d indexed.\n\n%s",
			i.State, i.Read, i.Bytes, i.Rows, i.Bad, i.Applied, i.Unchanged, i.Indexed, i.Why))
	}
	return i, nil
}
