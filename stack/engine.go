package stack

import (
	"context"

	"purser/config"
	"purser/engine"
	"purser/workflows"
)

// ensureSearchAttributes prepares an engine that runs elsewhere: without the
// search attributes it would refuse every order. The embedded engine does so
// itself.
func (s *Stack) ensureSearchAttributes(ctx context.Context) error {
	return engine.EnsureSearchAttributes(ctx, s.Temporal.WorkflowService(), s.Temporal.OperatorService(), s.cfg.TemporalNamespace, workflows.SearchAttributes())
}

// StartEngine brings up the embedded engine alone, with what the workflows ask
// of it. failed hears why it ended, should it end by itself.
func StartEngine(ctx context.Context, cfg *config.Config, failed func(error)) (*engine.Engine, error) {
	return engine.Start(ctx, engine.Config{
		DataDir: cfg.Data, PostgresURL: cfg.DatabaseURL,
		FrontendPort: cfg.TemporalPort, UIPort: cfg.EmbeddedUIPort(), Namespace: cfg.TemporalNamespace,
		SearchAttributes: workflows.SearchAttributes(),
		Failed:           failed,
		Logger:           cfg.Logger(),
	})
}
