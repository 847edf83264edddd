package search

import (
	"context"
	"errors"
	"maps"

	"purser/sandbox/faults"
)

// run does the tasks, one after the other, until the context ends.
func (s *Server) run(ctx context.Context) {
	for {
		t, ok := s.queue.take(ctx, s.cfg.Now)
		if !ok {
			return
		}
		err := s.cfg.Faults.Task(ctx, "search", t.Type)
		if ctx.Err() != nil {
			return // it is due again at the next start
		}
		if err == nil {
			err = s.do(ctx, t)
		}
		if err != nil && ctx.Err() != nil {
			return
		}
		t.Status, t.Finished = succeeded, s.cfg.Now().UTC()
		if err != nil {
			t.Status, t.Error = failed, s.taskError(t, err)
		}
		if err := s.queue.finish(t); err != nil {
			s.cfg.Log.Error("sandbox search task cannot be kept", "error", err)
		}
	}
}

// taskError is how a failure is shown. What nobody foresaw is for the log.
func (s *Server) taskError(t *task, err error) *apiError {
	var e *apiError
	var injected *faults.TaskFault
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &injected) && injected.Status >= 400 && injected.Status < 500:
		return invalid("injected_fault", "injected fault")
	case !errors.As(err, &injected):
		s.cfg.Log.Error("sandbox search task", "task", t.UID, "type", t.Type, "error", err)
	}
	return internal()
}

func (s *Server) do(ctx context.Context, t *task) error {
	switch t.Type {
	case typeAdd:
		return s.addDocuments(t)
	case typeRemove:
		return s.removeDocuments(t)
	}
	s.mu.RLock()
	before := s.reg.Applied > t.UID
	s.mu.RUnlock()
	if before {
		return nil // done before a crash
	}
	switch t.Type {
	case typeCreateIndex:
		return s.createIndex(t)
	case typeUpdateIndex:
		return s.updateIndex(t)
	case typeDeleteIndex:
		return s.deleteIndex(t)
	case typeSwapIndexes:
		return s.swapIndexes(t)
	case typeSettings:
		return s.changeSettings(ctx, t)
	}
	return internal()
}

// change keeps the registry with what f does to it.
func (s *Server) change(t *task, f func(indexes map[string]*held) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := maps.Clone(s.indexes)
	if err := f(changed); err != nil {
		return err
	}
	return s.keep(changed, t.UID)
}

func (s *Server) createIndex(t *task) error {
	if _, err := s.index(t.IndexUID); err == nil {
		return newError(409, "invalid_request", "index_already_exists", "Index `%s` already exists.", t.IndexUID)
	}
	_, err := s.makeIndex(t, t.Input.PrimaryKey)
	return err
}

func (s *Server) makeIndex(t *task, key string) (held, error) {
	h, err := s.newHeld(t.IndexUID, key)
	if err != nil {
		return held{}, err
	}
	if err := s.change(t, func(all map[string]*held) error { all[t.IndexUID] = h; return nil }); err != nil {
		return held{}, errors.Join(err, h.store.drop())
	}
	return *h, nil
}

func (s *Server) updateIndex(t *task) error {
	h, err := s.index(t.IndexUID)
	if err != nil {
		return err
	}
	return s.setKey(t, h, t.Input.PrimaryKey)
}

// setKey names the attribute that is the id. It cannot be changed while there
// are documents.
func (s *Server) setKey(t *task, h held, key string) error {
	if key == "" || key == h.meta.PrimaryKey {
		return nil
	}
	if h.meta.PrimaryKey != "" && h.finder.Len() > 0 {
		return invalid("index_primary_key_already_exists", "Index `%s`: Index already has a primary key: `%s`.", h.meta.UID, h.meta.PrimaryKey)
	}
	h.meta.PrimaryKey, h.meta.UpdatedAt = key, s.cfg.Now().UTC()
	return s.change(t, func(all map[string]*held) error { all[h.meta.UID] = &h; return nil })
}

func (s *Server) deleteIndex(t *task) error {
	h, err := s.index(t.IndexUID)
	if err != nil {
		return err
	}
	t.Details = map[string]any{"deletedDocuments": h.finder.Len()}
	if err := s.change(t, func(all map[string]*held) error { delete(all, t.IndexUID); return nil }); err != nil {
		return err
	}
	return h.store.drop()
}

// swapIndexes lets pairs of indexes change their names, all or none.
func (s *Server) swapIndexes(t *task) error {
	return s.change(t, func(all map[string]*held) error {
		for _, pair := range t.Input.Swaps {
			a, okA := all[pair[0]]
			b, okB := all[pair[1]]
			if !okA {
				return noIndex(pair[0])
			}
			if !okB {
				return noIndex(pair[1])
			}
			first, second := *b, *a
			first.meta.UID, second.meta.UID = pair[0], pair[1]
			all[pair[0]], all[pair[1]] = &first, &second
		}
		return nil
	})
}

// changeSettings changes what an index is searched by. While it is made again,
// searches go on with the old settings.
func (s *Server) changeSettings(ctx context.Context, t *task) error {
	h, err := s.index(t.IndexUID)
	var missing *apiError
	if errors.As(err, &missing) {
		h, err = s.makeIndex(t, "")
	}
	if err != nil {
		return err
	}
	set, bad := h.meta.Settings.patched(t.Input.Settings)
	if bad != nil {
		return bad
	}
	if !h.finder.Configure(set.finder()) {
		if h.finder, err = fill(ctx, h.store, set); err != nil {
			return err
		}
	}
	h.meta.Settings, h.meta.UpdatedAt = set, s.cfg.Now().UTC()
	return s.change(t, func(all map[string]*held) error { all[t.IndexUID] = &h; return nil })
}
