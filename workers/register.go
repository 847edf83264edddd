package workers

import (
	"go.temporal.io/sdk/worker"

	"purser/workflows/bulks"
	"purser/workflows/campaigns"
	"purser/workflows/cases"
	imageworkflows "purser/workflows/images"
	"purser/workflows/imports"
	"purser/workflows/inbox"
	"purser/workflows/ledger"
	"purser/workflows/mails"
	"purser/workflows/orders"
	"purser/workflows/products"
	"purser/workflows/unattended"
)

// RegisterWorkflows registers every workflow with a worker or a replayer, those of orders
// with the steps of the shop's own. Both use this one list, so that they cannot drift
// apart.
func RegisterWorkflows(r worker.WorkflowRegistry, c orders.Course) {
	r.RegisterWorkflow(c.OrderWorkflow)
	r.RegisterWorkflow(c.AftercareWorkflow)
	r.RegisterWorkflow(products.ProductWorkflow)
	r.RegisterWorkflow(imports.ImportWorkflow)
	r.RegisterWorkflow(products.ReconcileWorkflow)
	r.RegisterWorkflow(products.ReindexWorkflow)
	r.RegisterWorkflow(products.CleanUpWorkflow)
	imageworkflows.RegisterImages(r)
	r.RegisterWorkflow(mails.ResendWorkflow)
	r.RegisterWorkflow(campaigns.CampaignWorkflow)
	r.RegisterWorkflow(cases.CaseWorkflow)
	r.RegisterWorkflow(cases.CaseSweepWorkflow)
	r.RegisterWorkflow(bulks.BulkWorkflow)
	r.RegisterWorkflow(ledger.LedgerCheckWorkflow)
	r.RegisterWorkflow(unattended.UnattendedOrdersWorkflow)
	r.RegisterWorkflow(inbox.MissedEventsWorkflow)
}
