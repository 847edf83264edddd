package stack

import (
	"context"

	"purser/config"
	"purser/engine"
	"purser/workflows"
)

// ensureSearchAttributes registers the search attributes with an engine that runs
// elsewhere; without them it would refuse every order. The embedded engine
// registers them itself.
func (s *Stack) ensureSearchAttributes(ctx context.Context) error {
	return engine.EnsureSearchAttributes(ctx, s.Temporal.WorkflowService(), s.Temporal.OperatorService(), s.cfg.TemporalNamespace, workflows.SearchAttributes())
}

// StartEngine starts the embedded engine alone, with the search attributes that
// the workflows need. If the engine ends by itself, failed is called with the
// reason.
func StartEngine(ctx context.Context, cfg *config.Config, failed func(error)) (*engine.Engine, error) {
	return engine.Start(ctx, engine.Config{
		DataDir: cfg.Data, PostgresURL: cfg.DatabaseURL,
		FrontendPort: cfg.TemporalPort, UIPort: cfg.EmbeddedUIPort(), Namespace: cfg.TemporalNamespace,
		SearchAttributes: workflows.SearchAttributes(),
		Failed:           failed,
		Logger:           cfg.Logger(),
	})
}
