package search

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/meilisearch/meilisearch-go"
)

// index is one index. A change replaces it.
type index struct {
	UID        string    `json:"uid"`
	Folder     string    `json:"folder"` // of its documents in the store; a swap does not change it
	PrimaryKey string    `json:"primaryKey"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	Settings   settings  `json:"settings"`
}

func noIndex(uid string) error {
	return newError(http.StatusNotFound, "index_not_found", "Index `%.60s` not found.", uid)
}

// index returns an index as it is now.
func (s *Server) index(uid string) (*index, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if x := s.state.Indexes[uid]; x != nil {
		return x, nil
	}
	return nil, noIndex(uid)
}

// whole fails while the indexes have lost their documents.
func (s *Server) whole() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.state.Lost {
		return newError(http.StatusServiceUnavailable, "index_lost", "The documents are lost: the index waits to be rebuilt and swapped in.")
	}
	return nil
}

// using returns what f returns for an index. It calls f again if another index was
// swapped into its place during the call, because the documents may be gone.
func using[T any](s *Server, uid string, f func(x *index) (T, error)) (v T, err error) {
	for {
		x, err := s.index(uid)
		if err != nil {
			return v, err
		}
		v, err = f(x)
		if now, _ := s.index(uid); now == nil || now.Folder == x.Folder {
			return v, err
		}
	}
}

// ensure returns a copy of the task's index, to be changed, and creates the index
// if it does not exist.
func (c *change) ensure(key string) *index {
	now := time.Now().UTC()
	x := index{UID: c.IndexUID, Folder: fmt.Sprint(c.UID), CreatedAt: now, Settings: defaults}
	if there := c.Indexes[c.IndexUID]; there != nil {
		x = *there
	}
	x.PrimaryKey, x.UpdatedAt, c.Indexes[c.IndexUID] = cmp.Or(x.PrimaryKey, key), now, &x
	return &x
}

func (x *index) view() any {
	return map[string]any{"uid": x.UID, "primaryKey": x.PrimaryKey, "createdAt": x.CreatedAt, "updatedAt": x.UpdatedAt}
}

// number returns a query parameter that is a number from 0 on.
func number(q url.Values, name string, otherwise int) (int, error) {
	n, err := strconv.Atoi(cmp.Or(q.Get(name), strconv.Itoa(otherwise)))
	if err != nil || n < 0 {
		return 0, invalid("bad_request", "Invalid value in parameter `%s`.", name)
	}
	return n, nil
}

func (s *Server) listIndexes(r *http.Request) (any, error) {
	limit, err := number(r.URL.Query(), "limit", 20)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	views := []any{}
	for _, uid := range slices.Sorted(maps.Keys(s.state.Indexes)) {
		views = append(views, s.state.Indexes[uid].view())
	}
	return map[string]any{"results": views[:min(limit, len(views))], "offset": 0, "limit": limit, "total": len(views)}, nil
}

// showing returns a route that shows something of an index.
func (s *Server) showing(view func(x *index) any) route {
	return func(r *http.Request) (any, error) {
		x, err := s.index(r.PathValue("uid"))
		if err != nil {
			return nil, err
		}
		return view(x), nil
	}
}

func (s *Server) indexStats(r *http.Request) (any, error) {
	found, err := using(s, r.PathValue("uid"), func(x *index) (*bleve.SearchResult, error) { return s.list(x, nil, 0, 0) })
	if err = cmp.Or(err, s.whole()); err != nil {
		return nil, err
	}
	return map[string]any{"numberOfDocuments": found.Total, "isIndexing": false}, nil
}

// creation is the body of a request for a new index.
type creation struct {
	UID        string `json:"uid"`
	PrimaryKey string `json:"primaryKey"`
}

func (s *Server) postIndex(_ *http.Request, in creation) (any, error) {
	return s.accept(&task{Type: "indexCreation", IndexUID: in.UID}, func(c *change) error {
		if c.Indexes[in.UID] != nil {
			return newError(http.StatusConflict, "index_already_exists", "Index `%s` already exists.", in.UID)
		}
		c.ensure(in.PrimaryKey)
		return nil
	})
}

func (s *Server) deleteIndex(r *http.Request) (any, error) {
	return s.accept(&task{Type: "indexDeletion", IndexUID: r.PathValue("uid")}, func(c *change) error {
		x := c.Indexes[c.IndexUID]
		if x == nil {
			return noIndex(c.IndexUID)
		}
		delete(c.Indexes, c.IndexUID)
		found, err := s.list(x, nil, 0, maxDocuments)
		if err != nil {
			return err
		}
		for _, hit := range found.Hits {
			c.batch.Delete(hit.ID)
		}
		return nil
	})
}

// swapIndexes exchanges the names of two indexes.
func (s *Server) swapIndexes(_ *http.Request, swaps []meilisearch.SwapIndexesParams) (any, error) {
	if len(swaps) != 1 || len(swaps[0].Indexes) != 2 || swaps[0].Rename {
		return nil, invalid("invalid_swap_indexes", "The stand-in serves one swap at a time, of two indexes, and renames none.")
	}
	first, second := swaps[0].Indexes[0], swaps[0].Indexes[1]
	if first == second {
		return nil, invalid("invalid_swap_duplicate_index_found", "Indexes must be declared only once during a swap.")
	}
	return s.accept(&task{Type: "indexSwap", Details: &meilisearch.Details{Swaps: swaps}}, func(c *change) error {
		for _, uid := range swaps[0].Indexes {
			if c.Indexes[uid] == nil {
				return noIndex(uid)
			}
		}
		a, b := *c.Indexes[first], *c.Indexes[second]
		a.UID, b.UID = second, first
		c.Indexes[first], c.Indexes[second] = &b, &a
		c.Lost = false
		done := *c.task
		done.Status = "succeeded"
		c.Swaps = append(slices.Clone(c.Swaps[max(0, len(c.Swaps)-maxSwaps+1):]), &done)
		return nil
	})
}
