package stack

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/sandbox/search"
)

// sandboxSearchKey is the stand-in's master key. It gives access to nothing but
// the stand-in, which listens on loopback.
const sandboxSearchKey = "meilisearch_sandbox"

// playedSearch returns the settings of the stand-in; nil if Meilisearch itself is
// configured.
func (s *Stack) playedSearch() *search.Config {
	if !s.cfg.SearchPlayed() {
		return nil
	}
	return &search.Config{MasterKey: sandboxSearchKey}
}

// newSearch returns the adapter to Meilisearch or to its stand-in.
func (s *Stack) newSearch() (*meilisearch.Client, error) {
	c := meilisearch.Config{
		URL: s.cfg.MeilisearchURL, AdminKey: s.cfg.MeilisearchAdminKey, SearchKey: s.cfg.MeilisearchSearchKey,
		Environment: s.cfg.SearchEnvironment, Log: s.log,
		Settings: func(ctx context.Context) (catalog.SearchSettings, error) {
			r, err := s.Records.SearchSettings(ctx)
			return r.SearchSettings, err
		},
	}
	if s.cfg.SearchPlayed() {
		c.URL, c.AdminKey, c.SearchKey = s.sandboxURL+"/search", search.AdminKey(sandboxSearchKey), search.SearchKey(sandboxSearchKey)
	}
	return meilisearch.New(c)
}

// How often keepIndex checks whether the index has lost documents, and whether the
// shop has changed its settings of the search.
const (
	lookAtIndex    = time.Minute
	lookAtSettings = 2 * time.Second
)

// keepIndex applies this build's and the shop's settings to the index, again whenever
// the shop changes them, and checks regularly whether the index has lost documents; if
// so, it has it rebuilt. It neither delays nor fails the start: the shop can sell
// while the search engine is down.
func (s *Stack) keepIndex(c *meilisearch.Client) {
	settings := &indexSettings{apply: c.ApplySettings, record: s.Records, log: s.log, applied: -1}
	l := &loss{held: c.Held, record: s.Records}
	s.background(func(ctx context.Context) {
		checked := time.Time{}
		for pause := time.Second; ; {
			var err error
			if time.Since(checked) >= lookAtIndex { // before the settings, which would create an empty index
				err = s.rebuildLost(ctx, l)
			}
			if err == nil {
				checked = time.Now()
				err = settings.keep(ctx)
			}
			if ctx.Err() != nil {
				return
			}
			if pause = min(2*pause, lookAtIndex); err == nil {
				pause = lookAtSettings
			} else {
				s.log.Warn("cannot check the search index, will retry", "error", err)
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	})
}

// indexSettings applies the settings to the index whenever the record has other ones.
type indexSettings struct {
	apply  func(context.Context) (changed bool, err error)
	record interface {
		SearchSettings(context.Context) (catalog.RecordedSettings, error)
		RecordApplied(ctx context.Context, version int64, problem string) error
	}
	log     *slog.Logger
	applied int64 // the version that this process has applied; -1: none
}

// keep applies the recorded settings unless this process has applied them, and records
// the outcome. Where it cannot read them it applies none.
func (i *indexSettings) keep(ctx context.Context) error {
	now, err := i.record.SearchSettings(ctx)
	if err != nil || now.Version == i.applied {
		return err
	}
	changed, err := i.apply(ctx)
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if ctx.Err() != nil || now.Problem != "" && now.Problem == problem {
		return err
	}
	if rerr := i.record.RecordApplied(ctx, now.Version, problem); err != nil || rerr != nil {
		return errors.Join(err, rerr)
	}
	i.log.Info("search settings applied", "version", now.Version, "changed", changed)
	i.applied = now.Version
	return nil
}

// rebuildLost rebuilds the index from the record if it has lost documents.
func (s *Stack) rebuildLost(ctx context.Context, l *loss) error {
	if lost, err := l.found(ctx); err != nil || !lost {
		return err
	}
	s.log.Warn("the search index has lost its documents: rebuilding it from the catalogue")
	done, err := s.starter.Reindex(ctx)
	if err == nil {
		s.log.Info("the search index was rebuilt", "products", done.Put)
	}
	return err
}

// loss detects an index that has lost documents: it holds less than half of the
// documents that it confirmed. A check for an empty index would not do: a lost
// index is soon created again by the few products that change.
type loss struct {
	held   func(context.Context) (int64, error)
	record interface {
		ForSaleCount(context.Context) (int64, error)
		RevisionsAfter(ctx context.Context, after string, limit int) ([]catalog.Revision, error)
	}
	compared int64 // documents held at the last check that found enough; with as many there is nothing to compare
}

func (l *loss) found(ctx context.Context) (bool, error) {
	n, err := l.held(ctx)
	if err != nil || n > 0 && l.compared > 0 && n >= l.compared {
		return false, err
	}
	confirmed, err := l.confirmed(ctx, 2*n)
	if err != nil {
		return false, err
	}
	if 2*n >= confirmed {
		l.compared = n
		return false, nil
	}
	n, err = l.held(ctx) // more may have arrived during the comparison
	return err == nil && 2*n < confirmed, err
}

// confirmed counts the products on sale that the index has confirmed. Where fewer
// than that many are on sale at all, it returns the number on sale.
func (l *loss) confirmed(ctx context.Context, than int64) (n int64, err error) {
	if n, err = l.record.ForSaleCount(ctx); err != nil || n <= than {
		return n, err
	}
	n = 0
	for after := ""; ; {
		page, err := l.record.RevisionsAfter(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, r := range page {
			if r.ForSale && !r.Due {
				n++
			}
		}
		after = page[len(page)-1].SKU
	}
}
