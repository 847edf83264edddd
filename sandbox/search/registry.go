package search

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/sandbox/finder"
)

// registry says which indexes there are. It is kept as one document, together
// with the task that changed it last: so a swap that a crash interrupted is
// never done twice.
type registry struct {
	Applied int64       `json:"applied"` // task uid + 1
	Dirs    int         `json:"dirs"`    // how many folders were ever named
	Indexes []indexMeta `json:"indexes"`
}

type indexMeta struct {
	UID        string    `json:"uid"`
	Dir        string    `json:"dir"`
	PrimaryKey string    `json:"primaryKey,omitempty"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	Settings   settings  `json:"settings"`
	// Lost: the documents could not be read, and it was never rebuilt since.
	Lost bool `json:"lost,omitempty"`
}

// held is an open index. The worker alone changes it, with the lock held.
type held struct {
	meta   indexMeta
	store  *store        // nil until filled
	finder *finder.Index // nil until filled
}

const (
	registryKind = "registry"
	registryID   = "indexes"
)

// loadIndexes finds out which indexes there are, and removes the folders of
// none.
func (s *Server) loadIndexes() error {
	err := s.kept(registryKind, func(raw json.RawMessage) error {
		var reg registry
		err := json.Unmarshal(raw, &reg)
		if err == nil {
			s.reg = reg
		}
		return err
	})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range s.reg.Indexes {
		known[m.Dir] = true
		s.indexes[m.UID] = &held{meta: m}
	}
	s.queue.above(s.reg.Applied)
	if s.cfg.Dir == "" {
		return nil
	}
	return s.orphans(known)
}

func (s *Server) path(dir string) string {
	if s.cfg.Dir == "" {
		return ""
	}
	return filepath.Join(s.cfg.Dir, dir)
}

// closeIndexes closes the documents, once.
func (s *Server) closeIndexes() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, h := range s.indexes {
		if h.store != nil {
			errs = append(errs, h.store.close())
		}
	}
	s.indexes = nil
	return errors.Join(errs...)
}

// index returns an index as it is now.
func (s *Server) index(uid string) (held, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, ok := s.indexes[uid]
	switch {
	case s.indexes == nil:
		return held{}, newError(http.StatusServiceUnavailable, "internal", "internal", "The server is stopping.")
	case !ok:
		return held{}, noIndex(uid)
	}
	return *h, nil
}

// keep writes the registry down, as changed by a task, and then shows it. It
// is called with the lock held.
func (s *Server) keep(changed map[string]*held, by int64) error {
	reg := registry{Applied: by + 1, Dirs: s.reg.Dirs}
	for _, h := range changed {
		reg.Indexes = append(reg.Indexes, h.meta)
	}
	slices.SortFunc(reg.Indexes, func(a, b indexMeta) int { return strings.Compare(a.UID, b.UID) })
	if err := s.journal.Put(registryKind, registryID, reg); err != nil {
		return err
	}
	s.reg, s.indexes = reg, changed
	return nil
}

// newHeld makes an empty index. Its folder is nobody's until it is kept.
func (s *Server) newHeld(uid, key string) (*held, error) {
	s.mu.Lock()
	s.reg.Dirs++
	dir := "index-" + strconv.Itoa(s.reg.Dirs)
	s.mu.Unlock()
	st, err := newStore(s.path(dir))
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC()
	set := defaultSettings()
	return &held{
		meta:  indexMeta{UID: uid, Dir: dir, PrimaryKey: key, CreatedAt: now, UpdatedAt: now, Settings: set},
		store: st, finder: finder.New(set.finder()),
	}, nil
}
