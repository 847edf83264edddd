package stack

import (
	"context"

	"purser/config"
	"purser/engine"
	"purser/workflows"
)

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
