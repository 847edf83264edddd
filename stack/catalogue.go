package stack

import (
	"context"
	"time"

	"purser/activities/products"
	"purser/api"
	"purser/starter"
)

// productActivities change products and keep the search index, over these
// providers.
func (s *Stack) productActivities(p *providers) *products.Activities {
	return &products.Activities{
		Products: s.Records, ProductTeller: s.starter, Listings: s.Records, Revisions: s.Records,
		DueProducts: s.Records, StockAudit: s.Records, Past: s.Records,
		KeepChanges: s.cfg.KeepProductChanges, KeepWebhooks: s.cfg.KeepWebhooks,
		Index: p.search, IndexKeys: p.search, Rebuild: p.search, PictureURL: s.pictureURL(p),
		ProductPictures: s.Records, PictureDeleter: &starter.Pictures{Temporal: s.Temporal},
	}
}

// scheduledWithin is how long the engine may take to note a schedule before it
// is asked again. Started anew after a crash on a busy machine it may need
// longer than that.
const scheduledWithin = 30 * time.Second

// startCatalogue lets the index follow the stock, has it compared with the
// record regularly, and goes on with imports whose workflow was never started.
// None of it holds up the start, or fails it: orders do not wait for a search.
func (s *Stack) startCatalogue(p *providers) {
	follower := &products.Follower{Steps: s.productActivities(p), Log: s.log}
	s.background(follower.Run)
	s.insist("schedule the comparison of index and catalogue", scheduledWithin, func(ctx context.Context) error {
		return s.starter.KeepReconciling(ctx, s.cfg.ReconcileEvery)
	})
	s.insist("carry out imports that were received", 0, s.resumeImports)
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

// productDesk is what the API needs to change the catalogue.
func (s *Stack) productDesk() *api.Products {
	return &api.Products{Workflows: s.starter, Records: s.Records, MaxImport: s.cfg.ImportMax}
}
