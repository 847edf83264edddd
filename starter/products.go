package starter

import (
	"context"
	"errors"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"purser/catalog"
	"purser/order"
	"purser/workflows"
	"purser/workflows/products"
)

// ChangeProduct has a product's workflow carry out a change and returns the
// product as soon as the record has it; the index follows. The same change
// (by its ID) is carried out once. It fails with the errors of catalog, with
// order.ErrBusy, or with context.DeadlineExceeded: then the change goes on.
func (c *Client) ChangeProduct(ctx context.Context, sku string, change catalog.Change) (catalog.Stocked, error) {
	for again := 0; ; again++ {
		p, err := c.changeProduct(ctx, sku, change)
		// The workflow may end just as the update comes; it starts again then.
		var gone *serviceerror.NotFound
		if err != nil && errors.As(err, &gone) && again < 3 {
			continue
		}
		return p, translate("change product", order.ID(sku), err)
	}
}

func (c *Client) changeProduct(ctx context.Context, sku string, change catalog.Change) (p catalog.Stocked, err error) {
	_, digest, err := change.Fingerprint()
	if err != nil {
		return p, err
	}
	start := c.Temporal.NewWithStartWorkflowOperation(productOptions(sku), products.ProductWorkflow, products.ProductState{SKU: sku})
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			// Another change under the same ID is another update: the workflow
			// refuses it, where Temporal would give it the first one's answer.
			UpdateID: change.ID + "/" + digest, UpdateName: string(products.ChangeProduct), Args: []any{change},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return p, err
	}
	return p, h.Get(ctx, &p)
}

// NotifyProduct brings a product's workflow a change that nobody waits for, and
// starts it if none runs.
func (c *Client) NotifyProduct(ctx context.Context, sku string, change catalog.Change) error {
	_, err := c.Temporal.SignalWithStartWorkflow(ctx, products.ProductWorkflowID(sku), string(products.ProductChanged), change,
		productOptions(sku), products.ProductWorkflow, products.ProductState{SKU: sku})
	if err != nil {
		// It may have arrived; the change's ID makes telling it again harmless.
		return &order.ProviderError{Provider: "engine", Op: "tell product", Kind: order.ErrUnknownOutcome, Err: err}
	}
	return nil
}

// takenUpAfter is how soon a product's workflow is taken up by another worker
// when the one that had it dies. Its callers wait meanwhile, and not for much
// longer than this: with Temporal's ten seconds each of them would give up.
const takenUpAfter = 4 * time.Second

func productOptions(sku string) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: products.ProductWorkflowID(sku), TaskQueue: workflows.CatalogueQueue,
		WorkflowTaskTimeout:      takenUpAfter,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Changes of a product",
	}
}
