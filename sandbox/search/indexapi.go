package search

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// handle registers a route that a key must open.
type handle func(pattern, action string, do route)

func (s *Server) indexRoutes(on handle) {
	on("GET /indexes", "indexes.get", s.listIndexes)
	on("POST /indexes", "indexes.create", s.postIndex)
	on("GET /indexes/{uid}", "indexes.get", s.getIndex)
	on("PATCH /indexes/{uid}", "indexes.update", s.patchIndex)
	on("DELETE /indexes/{uid}", "indexes.delete", s.dropIndex)
	on("GET /indexes/{uid}/stats", "stats.get", s.whenFilled(s.indexStats))
	on("POST /swap-indexes", "indexes.swap", s.postSwap)
}

// indexView is an index as it is shown.
type indexView struct {
	UID        string    `json:"uid"`
	PrimaryKey *string   `json:"primaryKey"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

func (m indexMeta) view() indexView {
	v := indexView{UID: m.UID, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt}
	if m.PrimaryKey != "" {
		v.PrimaryKey = &m.PrimaryKey
	}
	return v
}

// metas are the indexes there are, by name.
func (s *Server) metas() []held {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []held
	for _, uid := range slices.Sorted(maps.Keys(s.indexes)) {
		all = append(all, *s.indexes[uid])
	}
	return all
}

func (s *Server) listIndexes(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	all := s.metas()
	views := []indexView{}
	for _, h := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		views = append(views, h.meta.view())
	}
	updateResult(w, http.StatusOK, map[string]any{"results": views, "offset": offset, "limit": limit, "total": len(all)})
	return nil
}

func (s *Server) getIndex(w http.ResponseWriter, r *http.Request) error {
	h, err := s.index(r.PathValue("uid"))
	if err != nil {
		return err
	}
	updateResult(w, http.StatusOK, h.meta.view())
	return nil
}

// isUID reports whether a name can be that of an index. It becomes no path.
func isUID(uid string) bool { return len(uid) <= 400 && isDocumentID(uid) }

func badUID(uid string) error {
	return invalid("invalid_index_uid", "`%.60s` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric characters, hyphens (-) and underscores (_), and can not be more than 400 bytes.", uid)
}

func (s *Server) postIndex(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		UID        string  `json:"uid"`
		PrimaryKey *string `json:"primaryKey"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	if !isUID(in.UID) {
		return badUID(in.UID)
	}
	t := &task{Type: typeCreateIndex, IndexUID: in.UID, Input: &input{}}
	if in.PrimaryKey != nil {
		t.Input.PrimaryKey = *in.PrimaryKey
	}
	return s.accept(w, t, nil)
}

func (s *Server) patchIndex(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		PrimaryKey *string `json:"primaryKey"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	t := &task{Type: typeUpdateIndex, IndexUID: r.PathValue("uid"), Input: &input{}}
	if in.PrimaryKey != nil {
		t.Input.PrimaryKey = *in.PrimaryKey
	}
	return s.accept(w, t, nil)
}

func (s *Server) dropIndex(w http.ResponseWriter, r *http.Request) error {
	return s.accept(w, &task{Type: typeDeleteIndex, IndexUID: r.PathValue("uid")}, nil)
}

func (s *Server) postSwap(w http.ResponseWriter, r *http.Request) error {
	var in []struct {
		Indexes []string `json:"indexes"`
		Rename  bool     `json:"rename"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	var shown []any // in the form in which the journal brings it back
	t := &task{Type: typeSwapIndexes, Input: &input{}}
	seen := map[string]bool{}
	for _, swap := range in {
		if len(swap.Indexes) != 2 {
			return invalid("invalid_swap_indexes", "Two indexes must be given for each swap. The list `%.200s` contains %d indexes.", strings.Join(swap.Indexes, ", "), len(swap.Indexes))
		}
		if swap.Rename {
			return invalid("invalid_swap_rename", "The stand-in does not rename.")
		}
		for _, uid := range swap.Indexes {
			if seen[uid] {
				return invalid("invalid_swap_duplicate_index_found", "Indexes must be declared only once during a swap. `%.60s` was specified several times.", uid)
			}
			seen[uid] = true
		}
		t.Input.Swaps = append(t.Input.Swaps, [2]string(swap.Indexes))
		shown = append(shown, map[string]any{"indexes": []any{swap.Indexes[0], swap.Indexes[1]}, "rename": false})
	}
	t.Details = map[string]any{"swaps": shown}
	return s.accept(w, t, nil)
}

type indexStats struct {
	Documents  int            `json:"numberOfDocuments"`
	IsIndexing bool           `json:"isIndexing"`
	Fields     map[string]int `json:"fieldDistribution"`
}

func (s *Server) statsOf(h held) indexStats {
	return indexStats{Documents: h.finder.Len(), IsIndexing: s.queue.busy(h.meta.UID), Fields: map[string]int{}}
}

func (s *Server) indexStats(w http.ResponseWriter, r *http.Request) error {
	h, err := s.index(r.PathValue("uid"))
	if err == nil {
		err = h.whole()
	}
	if err != nil {
		return err
	}
	updateResult(w, http.StatusOK, s.statsOf(h))
	return nil
}

func (s *Server) stats(w http.ResponseWriter, _ *http.Request) error {
	all := map[string]indexStats{}
	var last time.Time
	for _, h := range s.metas() {
		all[h.meta.UID] = s.statsOf(h)
		if h.meta.UpdatedAt.After(last) {
			last = h.meta.UpdatedAt
		}
	}
	updateResult(w, http.StatusOK, map[string]any{"databaseSize": 0, "lastUpdate": last, "indexes": all})
	return nil
}
