package stack

import (
	"context"
	"time"

	"purser/activities"
	"purser/api"
	"purser/starter"
)

// addCatalogue gives the steps what changing products, importing and indexing
// them takes.
func (s *Stack) addCatalogue(a *activities.Activities, p *providers) {
	a.Products, a.ProductTeller, a.Listings, a.Revisions = s.Records, s.starter, s.Records, s.Records
	a.DueProducts, a.StockAudit = s.Records, s.Records
	a.Imports, a.ImportRows, a.Past = s.Records, s.Records, s.Records
	a.KeepChanges, a.KeepWebhooks = s.cfg.KeepProductChanges, s.cfg.KeepWebhooks
	a.Index, a.IndexKeys, a.Rebuild = p.search, p.search, p.search
	a.PictureURL = s.pictureURL(p)
	a.ProductPictures, a.PictureDeleter = s.Records, &starter.Pictures{Temporal: s.Temporal}
}

// catalogueScheduled is how long the engine may take to note a schedule.
const catalogueScheduled = 30 * time.Second

// startCatalogue lets the index follow the stock, has it compared with the
// record regularly, and goes on with imports whose workflow was never started.
// None of it holds up the start, or fails it: orders do not wait for a search.
func (s *Stack) startCatalogue(p *providers) {
	follower := &activities.Follower{Steps: p.activities(s), Log: s.log}
	s.background(follower.Run)
	s.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, catalogueScheduled)
		defer cancel()
		if err := s.starter.KeepReconciling(ctx, s.cfg.ReconcileEvery); err != nil && ctx.Err() == nil {
			s.log.Error("the index is not compared with the catalogue regularly", "error", err)
		}
		if err := s.resumeImports(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("imports that were received are not carried out", "error", err)
		}
	})
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
