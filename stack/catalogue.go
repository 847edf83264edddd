package stack

import (
	"context"
	"time"

	productactivities "purser/activities/products"

	"purser/api/imports"
	"purser/api/products"
)

// scheduledWithin is how long the engine may take to note a schedule before it
// is asked again. Started again after a crash on a busy machine it may need
// longer than that.
const scheduledWithin = 30 * time.Second

// startCatalogue lets the index follow the stock, has it compared with the
// record regularly, and goes on with imports whose workflow was never started.
// None of it holds up the start, or fails it: orders do not wait for a search.
func (s *Stack) startCatalogue(p *providers) {
	follower := &productactivities.Follower{Steps: s.productActivities(p), Log: s.log}
	s.background(follower.Run)
	s.retryInBackground("schedule the comparison of index and catalogue", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepReconciling(ctx, s.cfg.ReconcileEvery)
	})
	s.retryInBackground("carry out imports that were received", 0, s.resumeImports)
}

// resumeImports starts the workflows of imports that were received by a
// process that ended before it could.
func (s *Stack) resumeImports(ctx context.Context) error {
	last, err := s.Records.Imports(ctx, 100)
	if err != nil {
		return err
	}
	for _, i := range last {
		if i.Ready() {
			if err := s.starter.StartImport(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// productService serves the API's operations on products.
func (s *Stack) productService() *products.Service {
	return &products.Service{Workflows: s.starter, Records: s.Records}
}

// importService serves the API's operations on imports.
func (s *Stack) importService() *imports.Service {
	return &imports.Service{Workflows: s.starter, Records: s.Records, MaxBytes: s.cfg.ImportMax}
}
