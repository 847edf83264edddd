// Package products has the workflows that change a product, and that compare
// and rebuild the search index.
package products

import (
	"cmp"
	"fmt"
	"slices"

	"go.temporal.io/sdk/workflow"

	"purser/activities"
	steps "purser/activities/products"
	"purser/catalog"
	"purser/text"
	"purser/workflows"
)

// waitSearch is the value of WaitingOn while the index cannot be reached.
const waitSearch = "search"

// ProductWorkflowID returns the ID of the workflow that changes a product. It runs
// while there is something to do, and at most one runs at a time.
func ProductWorkflowID(sku string) string { return "product/" + text.Printable.Encode(sku) }

// ProductState is the input of ProductWorkflow.
type ProductState struct {
	SKU string `json:"sku"`
	// Pending are the changes that the previous run received but did not write.
	Pending []catalog.Change `json:"pending,omitempty"`
	// Stale says that the previous run wrote a change that the index may not have.
	Stale bool `json:"stale,omitempty"`
}

// ProductWorkflow writes the changes of one product to the record, in the order in
// which they come, and then brings the index to the state of the record, for as
// long as that takes. Changes that come together are written together. While the
// index is slow or down, writing goes on; in the end the index gets the newest
// state. The workflow ends when there is nothing left to do; the next change starts
// it again.
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
	callers  []*caller // one for each pending change; nil: nobody waits for its outcome
}

// caller waits for the outcome of a change. Two callers may use the same ID for
// different changes, so the ID does not identify the caller.
type caller struct {
	outcome *steps.ProductOutcome
}

// listen registers the handlers of the product's messages.
func (w *productWorkflow) listen(ctx workflow.Context) error {
	if err := GetProduct.Handle(ctx, "The changes of the product that are not written or not in the index yet.", func() (ProductStatus, error) { return w.status(), nil }); err != nil {
		return err
	}
	ProductChanged.Describe(ctx, "A change for which nobody waits. The API and the images send it; use purser product.")
	return ChangeProduct.Handle(ctx, "Changes the product, and returns when the record has the change. The API sends it; use purser product.", w.checkChange, w.onChange)
}

// listenNow receives the changes that have arrived, and reports whether any wait to
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

// onChange returns when the record has the change or has refused it.
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

// mostAtOnce and mostBytes limit the changes that are written at once, because they
// travel in one message, which may have 2 MB with its results.
const (
	mostAtOnce = 100
	mostBytes  = 512 << 10
)

// burst returns how many of the pending changes are written at once: at least one.
func (w *productWorkflow) burst() int {
	bytes := 0
	for n, c := range w.Pending[:min(len(w.Pending), mostAtOnce)] {
		if c.Put != nil {
			bytes += len(c.Put.Description)
		}
		if bytes > mostBytes && n > 0 {
			return n
		}
	}
	return min(len(w.Pending), mostAtOnce)
}

// write writes the pending changes to the record at once.
func (w *productWorkflow) write(ctx workflow.Context) error {
	n := w.burst()
	burst := steps.ProductChanges{SKU: w.SKU, Changes: w.Pending[:n:n]}
	outcomes, err := changeProduct.Run(ctx, 0, "Change "+w.SKU, burst, nil)
	if err != nil {
		return cmp.Or(ctx.Err(), err) // a cancelled workflow ends as cancelled
	}
	for i, o := range steps.Expand(outcomes) { // in the order of the changes
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

// follow indexes the product's newest state whenever something was written. Only
// one follow runs.
func (w *productWorkflow) follow(ctx workflow.Context) {
	for workflow.Await(ctx, func() bool { return w.Stale }) == nil {
		w.Stale, w.indexing = false, true
		sent := w.recorded
		if err := w.index(ctx); err != nil {
			w.broken = err
		} else {
			w.indexed, w.broken = max(w.indexed, sent), nil // a refusal before this is resolved
		}
		w.indexing = false
	}
}

// index writes the product to the index, as the record has it at that moment. It
// waits for an index that is down.
func (w *productWorkflow) index(ctx workflow.Context) error {
	delayed := false
	_, err := indexProducts.Run(ctx, 0, "Index "+w.SKU, steps.IndexRequest{SKUs: []string{w.SKU}}, func(err error) error {
		delayed = true
		return w.show(ctx, true, workflows.Reason(err))
	})
	if err != nil || !delayed {
		return err
	}
	return w.show(ctx, false, "")
}

// show updates the search attributes and the details in the Temporal UI: whether
// the product waits for the index, and why.
func (w *productWorkflow) show(ctx workflow.Context, waiting bool, why string) error {
	w.waiting = waiting
	if !waiting {
		workflow.SetCurrentDetails(ctx, "")
		return workflow.UpsertTypedSearchAttributes(ctx, workflows.AttrWaiting.ValueUnset())
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"**%s** is in the record; the index does not have its newest state.\n\nWaiting for **%s** for as long as it takes; changes are accepted in the meantime.\n\n%s",
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
