package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"purser/sandbox/finder"
)

// open reads an index's documents and makes what they are found by. Those that
// cannot be read are put aside, and the index is empty.
func (s *Server) open(ctx context.Context, m indexMeta) error {
	st, x, err := s.readIn(ctx, m)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.indexes[m.UID].store, s.indexes[m.UID].finder = st, x
		return nil
	}
	if ctx.Err() != nil || mayPass(err) {
		return err
	}
	quarantined, quarantineErr := s.quarantine(m.Dir)
	if quarantineErr != nil {
		return errors.Join(err, quarantineErr)
	}
	if again := s.empty(m); again != nil {
		return errors.Join(err, again)
	}
	s.cfg.Log.Error("sandbox search cannot read its documents: they are put aside, and the index waits to be rebuilt", "index", m.UID, "aside", quarantined, "error", err)
	return nil
}

func (s *Server) readIn(ctx context.Context, m indexMeta) (*store, *finder.Index, error) {
	dir := s.path(m.Dir)
	if err := verify(ctx, dir); err != nil {
		return nil, nil, err
	}
	var st *store
	err := safely(func() (err error) { st, err = openStore(dir); return err })
	if err != nil {
		return nil, nil, err
	}
	x, err := fill(ctx, st, m.Settings)
	if err != nil {
		return nil, nil, errors.Join(err, st.close())
	}
	return st, x, nil
}

// mayPass reports whether an error is of this moment rather than of the files:
// too little of something, or a permission that somebody forgot.
func mayPass(err error) bool {
	return slices.ContainsFunc([]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EACCES, syscall.EPERM, syscall.EROFS}, func(e error) bool {
		return errors.Is(err, e)
	})
}

// quarantine renames a folder so that nobody takes it for an index, and answers
// its new path. One that is gone needs nothing; its path is "".
func (s *Server) quarantine(dir string) (string, error) {
	quarantined := filepath.Join(s.cfg.Dir, "unreadable-"+dir+"-"+s.cfg.Now().UTC().Format("20060102T150405.000Z"))
	err := os.Rename(s.path(dir), quarantined)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return quarantined, err
}

// empty gives an index a folder without documents. That it has lost them is
// kept until another takes its place.
func (s *Server) empty(m indexMeta) error {
	h, err := s.newHeld(m.UID, m.PrimaryKey)
	if err != nil {
		return err
	}
	h.meta.CreatedAt, h.meta.Settings, h.meta.Lost = m.CreatedAt, m.Settings, true
	h.finder = finder.New(m.Settings.finder())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes[m.UID] = h
	return s.keep(s.indexes, s.reg.Applied-1)
}

// whole fails while an index has lost its documents: whoever searched it would
// take what is missing for what there is not. Documents can be put and listed.
func (h held) whole() error {
	if h.meta.Lost {
		return newError(http.StatusServiceUnavailable, "internal", "index_lost", "Index `%.60s` has lost its documents and waits to be rebuilt.", h.meta.UID)
	}
	return nil
}

// kept shows f the documents of a kind that the journal holds. One that cannot
// be read is passed over.
func (s *Server) kept(kind string, f func(raw json.RawMessage) error) error {
	return s.journal.Each(kind, func(id string, raw json.RawMessage) error {
		if err := f(raw); err != nil {
			s.cfg.Damaged = true
			s.cfg.Log.Error("sandbox search cannot read a document of its journal: it is passed over", "kind", kind, "id", id, "error", err)
		}
		return nil
	})
}

// orphans removes the folders that belong to no index: a crash may have left
// them. Where it was forgotten which indexes there are, they are put aside: the
// journal has lost documents, or it knows folders that are gone, or none at all.
func (s *Server) orphans(known map[string]bool) error {
	forgotten := s.cfg.Damaged || s.reg.Applied == 0
	for dir := range known {
		_, err := os.Stat(s.path(dir))
		forgotten = forgotten || errors.Is(err, os.ErrNotExist)
	}
	stale, err := filepath.Glob(filepath.Join(s.cfg.Dir, "index-*"))
	for _, path := range stale {
		dir := filepath.Base(path)
		switch {
		case known[dir]:
		case forgotten:
			quarantined, quarantineErr := s.quarantine(dir)
			s.cfg.Log.Error("sandbox search has forgotten whose documents these are: put aside", "aside", quarantined)
			err = errors.Join(err, quarantineErr)
		default:
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	if err != nil {
		return fmt.Errorf("folders of no index: %w", err)
	}
	return nil
}
