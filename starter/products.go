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
	"purser/text"
	"purser/workflows"
	"purser/workflows/products"
)

// ChangeProduct changes a product through its workflow, and returns the product as
// soon as the record has the change; the index follows. A change with the same ID is
// carried out once. It fails with the errors of catalog, with order.ErrBusy, or with
// context.DeadlineExceeded, in which case the change goes on.
func (c *Client) ChangeProduct(ctx context.Context, sku string, change catalog.Change) (catalog.Stocked, error) {
	for again := 0; ; again++ {
		p, err := c.changeProduct(ctx, sku, change)
		// The workflow may end just as the update comes; then it is started again.
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
			// Another change under the same ID must be another update, which the
			// workflow refuses: under the same update ID Temporal would return the
			// result of the first.
			UpdateID: text.Printable.Encode(change.ID) + "/" + digest, UpdateName: string(products.ChangeProduct), Args: []any{change},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return p, err
	}
	return p, h.Get(ctx, &p)
}

// NotifyProduct sends a change to a product's workflow and does not wait for it. It
// starts the workflow if none runs.
func (c *Client) NotifyProduct(ctx context.Context, sku string, change catalog.Change) error {
	_, err := c.Temporal.SignalWithStartWorkflow(ctx, products.ProductWorkflowID(sku), string(products.ProductChanged), change,
		productOptions(sku), products.ProductWorkflow, products.ProductState{SKU: sku})
	if err != nil {
		// The change may have arrived; its ID makes sending it again harmless.
		return &order.ProviderError{Provider: "engine", Op: "notify product", Kind: order.ErrUnknownOutcome, Err: err}
	}
	return nil
}

// takenUpAfter is how soon another worker takes over a product's workflow when its
// worker dies. Callers wait in the meantime: with Temporal's default of ten seconds
// their requests would time out.
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
