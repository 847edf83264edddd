// Package products has the workflows that change a product, and that compare
// and rebuild the search index.
package products

import (
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/products"
	"purser/catalog"
	"purser/workflows"
)

// do names the activities; its methods are called by the worker, never here.
var do *steps.Activities

// waitSearch is what a product waits for while the index cannot be reached.
const waitSearch = "search"

// ProductWorkflowID is the ID of the workflow that changes a product. It runs
// while there is something to do, and there is one at a time.
func ProductWorkflowID(sku string) string { return "product/" + sku }

// ProductState is what a run of ProductWorkflow begins with.
type ProductState struct {
	SKU string `json:"sku"`
	// Pending came to the run before and was not written by it.
	Pending []catalog.Change `json:"pending,omitempty"`
	// Stale: the run before wrote what the index may not have yet.
	Stale bool `json:"stale,omitempty"`
}

// ProductWorkflow takes the changes of one product, in the order in which they
// come, writes them to the record, and sees to it that the index ends up
// saying what the record says, for as long as that takes. Changes that come
// together are written together, and while the index is slow or down, writing
// goes on: what it gets in the end is the newest state. It ends when there is
// nothing left to do; the next change starts it again.
func ProductWorkflow(ctx workflow.Context, p ProductState) error {
	w := &productWorkflow{ProductState: p, callers: make([]*caller, len(p.Pending))}
	if err := w.listen(ctx); err != nil {
		return err
	}
	workflow.Go(ctx, w.follow)
	for {
		full := func() bool {
			return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(ctx)
		}
		err := workflow.Await(ctx, func() bool { return w.listenNow(ctx) || full() || w.idle(ctx) })
		switch {
		case err != nil:
			return err
		case full():
			w.listenNow(ctx)
			return workflow.NewContinueAsNewError(ctx, ProductWorkflow, ProductState{SKU: w.SKU, Pending: w.Pending, Stale: w.Stale || w.indexing})
		case len(w.Pending) == 0:
			return w.broken
		}
		if err := w.write(ctx); err != nil {
			return err
		}
	}
}

// productWorkflow is the state of a run.
type productWorkflow struct {
	ProductState
	indexing bool
	waiting  bool // for the index, which cannot be reached
	broken   error
	recorded int64     // the revision last written
	indexed  int64     // the highest revision the index is known to have
	callers  []*caller // of the pending changes; nil: nobody waits for its outcome
}

// caller waits for the outcome of a change. Two may have named different
// changes alike, so the name does not tell them apart.
type caller struct {
	outcome *steps.ProductOutcome
}

// listen registers what others may ask and tell.
func (w *productWorkflow) listen(ctx workflow.Context) error {
	if err := GetProduct.Handle(ctx, func() (ProductStatus, error) { return w.status(), nil }); err != nil {
		return err
	}
	return ChangeProduct.Handle(ctx, w.checkChange, w.onChange)
}

// listenNow takes the changes that have arrived and tells whether any wait to
// be written.
func (w *productWorkflow) listenNow(ctx workflow.Context) bool {
	for {
		c, ok := ProductChanged.ReceiveNow(ctx)
		if !ok {
			return len(w.Pending) > 0
		}
		w.add(c, nil)
	}
}

func (w *productWorkflow) add(c catalog.Change, from *caller) {
	w.Pending, w.callers = append(w.Pending, c), append(w.callers, from)
}

func (w *productWorkflow) idle(ctx workflow.Context) bool {
	return !w.Stale && !w.indexing && len(w.Pending) == 0 && workflow.AllHandlersFinished(ctx)
}

func (w *productWorkflow) checkChange(_ workflow.Context, c catalog.Change) error {
	if c.ID == "" {
		return workflows.Refuse(activities.FailureProduct, "a change needs an id")
	}
	return nil
}

// onChange returns when the record has the change, or refuses it.
func (w *productWorkflow) onChange(ctx workflow.Context, c catalog.Change) (catalog.Stocked, error) {
	from := new(caller)
	w.add(c, from)
	if err := workflow.Await(ctx, func() bool { return from.outcome != nil }); err != nil {
		return catalog.Stocked{}, err
	}
	if from.outcome.Failure != "" {
		return catalog.Stocked{}, workflows.Refuse(from.outcome.Failure, from.outcome.Why)
	}
	return from.outcome.Product, nil
}

// mostAtOnce bounds a burst: its changes travel in one message.
const mostAtOnce = 100

// write writes what has come in as one change of the record.
func (w *productWorkflow) write(ctx workflow.Context) error {
	n := min(len(w.Pending), mostAtOnce)
	var outcomes []steps.ProductOutcome
	burst := steps.ProductChanges{SKU: w.SKU, Changes: w.Pending[:n:n]}
	summary := fmt.Sprintf("Write %d changes of %s", n, w.SKU)
	if n == 1 {
		summary = "Write a change of " + w.SKU
	}
	err := workflows.RunLocal(ctx, summary, do.ChangeProduct, burst, &outcomes)
	if err != nil && workflows.IsTransient(err) {
		err = workflows.RunRemote(ctx, workflows.CatalogueQueue, 0, summary, err, do.ChangeProduct, burst, &outcomes)
	}
	if err != nil {
		return err
	}
	for i, o := range outcomes { // in the order of the changes
		if from := w.callers[i]; from != nil {
			from.outcome = &o
		}
		if o.Failure == "" {
			w.Stale, w.recorded = true, max(w.recorded, o.Product.Revision)
		}
	}
	w.Pending, w.callers = slices.Clone(w.Pending[n:]), slices.Clone(w.callers[n:])
	return nil
}

// follow is the other half of the story: whenever something was written, the
// index is given the newest state. It never runs twice at once.
func (w *productWorkflow) follow(ctx workflow.Context) {
	for workflow.Await(ctx, func() bool { return w.Stale }) == nil {
		w.Stale, w.indexing = false, true
		sent := w.recorded
		if err := w.index(ctx); err != nil {
			w.broken = err
		} else {
			w.indexed, w.broken = max(w.indexed, sent), nil // what the index refused before was mended
		}
		w.indexing = false
	}
}

// index gives the index the product as the record has it when it is sent. An
// index that is down is waited for.
func (w *productWorkflow) index(ctx workflow.Context) error {
	summary := "Index " + w.SKU
	request := steps.IndexRequest{SKUs: []string{w.SKU}}
	err := workflows.RunLocal(ctx, summary, do.IndexProducts, request, nil)
	if err == nil || !workflows.IsTransient(err) {
		return err
	}
	if err := w.show(ctx, true, workflows.Reason(err)); err != nil {
		return err
	}
	if err := workflows.RunRemote(ctx, workflows.CatalogueQueue, 0, summary, err, do.IndexProducts, request, nil); err != nil {
		return err
	}
	return w.show(ctx, false, "")
}

// show tells the Temporal UI whether the product waits for the index.
func (w *productWorkflow) show(ctx workflow.Context, waiting bool, why string) error {
	w.waiting = waiting
	if !waiting {
		workflow.SetCurrentDetails(ctx, "")
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrWaiting.ValueUnset())
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"**%s** is in the record; the index does not have its newest state.\n\nWaiting for **%s** for as long as it takes; changes are taken meanwhile.\n\n%s",
		w.SKU, waitSearch, why))
	return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrWaiting.ValueSet(waitSearch))
}

func (w *productWorkflow) status() ProductStatus {
	s := ProductStatus{SKU: w.SKU, Recorded: w.recorded, Indexed: w.indexed, Pending: len(w.Pending)}
	if w.waiting {
		s.WaitingOn = waitSearch
	}
	return s
}
