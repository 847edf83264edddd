package stack

import (
	"context"
	"time"

	"purser/catalog"
	"purser/providers/meilisearch"
	"purser/sandbox/search"
)

// sandboxSearchKey is the stand-in's master key. It opens nothing but the
// stand-in, which listens on loopback.
const sandboxSearchKey = "meilisearch_sandbox"

// playedSearch is the stand-in, unless there is a real one.
func (s *Stack) playedSearch() *search.Config {
	if !s.cfg.SearchPlayed() {
		return nil
	}
	return &search.Config{MasterKey: sandboxSearchKey}
}

// newSearch makes the adapter to Meilisearch, real or played.
func (s *Stack) newSearch() (*meilisearch.Client, error) {
	c := meilisearch.Config{
		URL: s.cfg.MeilisearchURL, AdminKey: s.cfg.MeilisearchAdminKey, SearchKey: s.cfg.MeilisearchSearchKey,
		Environment: s.cfg.SearchEnvironment, Log: s.log,
	}
	if s.cfg.SearchPlayed() {
		c.URL, c.AdminKey, c.SearchKey = s.sandboxURL+"/search", search.AdminKey(sandboxSearchKey), search.SearchKey(sandboxSearchKey)
	}
	return meilisearch.New(c)
}

// lookAtIndex is how often somebody looks whether the index is still there.
const lookAtIndex = time.Minute

// keepIndex builds the index again if it has lost what it held, brings its
// settings to those of this build, and then looks after it. It does not hold up
// the start, nor end it: a search engine that is down is no reason not to sell.
func (s *Stack) keepIndex(c *meilisearch.Client) {
	s.background(func(ctx context.Context) {
		applied, l := false, &loss{held: c.Held, record: s.Records}
		for pause := time.Second; ; pause = min(2*pause, lookAtIndex) {
			err := s.rebuildLost(ctx, l) // first: settings would make an empty index, in which nothing is found
			if err == nil && !applied {
				var changed bool
				if changed, err = c.ApplySettings(ctx); err == nil {
					s.log.Info("search settings", "changed", changed)
					applied, pause = true, lookAtIndex
				}
			}
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				s.log.Warn("the search index cannot be looked after yet", "error", err)
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	})
}

// rebuildLost has the index built from the record if it has lost documents.
func (s *Stack) rebuildLost(ctx context.Context, l *loss) error {
	if lost, err := l.found(ctx); err != nil || !lost {
		return err
	}
	s.log.Warn("the search index has lost its documents: it is built anew from the catalogue")
	done, err := s.starter.Reindex(ctx)
	if err == nil {
		s.log.Info("the search index was built anew", "products", done.Put)
	}
	return err
}

// loss finds out whether the index has lost documents: it holds less than half
// of those that it confirmed. One that is gone is soon there again, with the
// few products that have changed since; who counted on it to be empty would
// find it well.
type loss struct {
	held   func(context.Context) (int64, error)
	record interface {
		ForSaleCount(context.Context) (int64, error)
		RevisionsAfter(ctx context.Context, after string, limit int) ([]catalog.Revision, error)
	}
	compared int64 // so many were held when they were enough; with more there is nothing to look for
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
	n, err = l.held(ctx) // they may just have come in
	return err == nil && 2*n < confirmed, err
}

// confirmed counts the products on sale that the index confirmed, if they can
// be more than so many.
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
