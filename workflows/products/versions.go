package products

// The change IDs of the workflows' versions. An ID is never used again.
const (
	// cleanUpApart: old data is deleted by CleanUpWorkflow, no longer by a nightly
	// ReconcileWorkflow.
	cleanUpApart = "clean-up-apart"
)
