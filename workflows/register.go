package workflows

import "go.temporal.io/sdk/worker"

// Register gives every workflow to a worker, or to a replayer: one list for
// both, so that they cannot drift apart.
func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(OrderWorkflow)
	r.RegisterWorkflow(LateWorkflow)
	r.RegisterWorkflow(ResendWorkflow)
}
