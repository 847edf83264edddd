package stack

import (
	"context"
	"time"

	productactivities "purser/activities/products"

	"purser/api/imports"
	"purser/api/products"
)

// scheduledWithin bounds one attempt to create a schedule. The engine may need
// longer after a crash on a busy machine; then the attempt is repeated.
const scheduledWithin = 30 * time.Second

// startCatalogue makes the index follow the stock, schedules its comparison with
// the record, and starts the workflows of imports that still lack one. It neither
// delays nor fails the start: orders do not wait for the search.
func (s *Stack) startCatalogue(p *providers) {
	follower := &productactivities.Follower{Steps: s.productActivities(p), Log: s.log}
	s.background(follower.Run)
	s.retryInBackground("schedule the catalogue's maintenance", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepCatalogue(ctx, s.cfg.ReconcileEvery)
	})
	s.retryInBackground("carry out imports that were received", 0, s.resumeImports)
}

// resumeImports starts the workflows of imports whose receiving process ended
// before it could start them.
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

// productService returns the API's operations on products.
func (s *Stack) productService() *products.Service {
	return &products.Service{Workflows: s.starter, Records: s.Records}
}

// importService returns the API's operations on imports.
func (s *Stack) importService() *imports.Service {
	return &imports.Service{Workflows: s.starter, Records: s.Records, MaxBytes: s.cfg.ImportMax}
}
