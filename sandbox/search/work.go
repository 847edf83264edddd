package search

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"purser/sandbox/finder"
	"purser/sandbox/hostile"
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
	var injected *hostile.TaskFault
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

// changeSettings changes what an index is searched by. While it is made anew,
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

// addDocuments adds or replaces the documents of the payload, or changes
// their attributes.
func (s *Server) addDocuments(t *task) error {
	body, err := s.queue.payload(t)
	if err != nil {
		return err
	}
	raws, err := parseDocuments(body, t.Input.Lines)
	if err != nil {
		return invalid("malformed_payload", "The documents are malformed.")
	}
	t.Details = map[string]any{"receivedDocuments": len(raws), "indexedDocuments": 0}
	h, err := s.index(t.IndexUID)
	var missing *apiError
	if errors.As(err, &missing) {
		h, err = s.makeIndex(t, t.Input.PrimaryKey)
	}
	if err != nil {
		return err
	}
	key, err := s.keyFor(t, h, raws)
	if err != nil {
		return err
	}
	docs, bad := take(raws, key)
	if bad != nil {
		return bad
	}
	if docs = lastOfEach(docs); t.Input.Partial {
		if docs, err = merged(h.store, docs); err != nil {
			return err
		}
	}
	if err := s.write(t.IndexUID, h, docs, nil); err != nil {
		return err
	}
	t.Details["indexedDocuments"] = len(docs)
	return nil
}

// keyFor finds the attribute that is the id, and remembers it.
func (s *Server) keyFor(t *task, h held, raws []json.RawMessage) (string, error) {
	key := t.Input.PrimaryKey
	if key == "" {
		key = h.meta.PrimaryKey
	}
	if key == "" {
		guess, bad := guessKey(raws)
		if bad != nil {
			return "", bad
		}
		key = guess
	}
	return key, s.setKey(t, h, key)
}

// write changes documents on disk and then in memory.
func (s *Server) write(uid string, h held, docs []parsed, remove []string) error {
	if err := h.store.put(docs, remove); err != nil {
		return err
	}
	found := make([]finder.Document, len(docs))
	for i, d := range docs {
		found[i] = d.document()
	}
	h.finder.Put(found)
	h.finder.Delete(remove)
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.indexes[uid]; ok {
		now.meta.UpdatedAt = s.cfg.Now().UTC()
	}
	return nil
}

// lastOfEach keeps, of several documents with one id, the last.
func lastOfEach(docs []parsed) []parsed {
	at := make(map[string]int, len(docs))
	kept := docs[:0]
	for _, d := range docs {
		if i, twice := at[d.id]; twice {
			kept[i] = d
			continue
		}
		at[d.id] = len(kept)
		kept = append(kept, d)
	}
	return kept
}

// merged puts the attributes of documents over those that are there.
func merged(st *store, docs []parsed) ([]parsed, error) {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	old, err := st.read(ids)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		if old[d.id] == nil {
			continue
		}
		fields, err := parseFields(old[d.id])
		if err != nil {
			return nil, err
		}
		maps.Copy(fields, d.fields)
		source, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		docs[i] = parsed{id: d.id, source: source, fields: fields}
	}
	return docs, nil
}

// removeDocuments removes those named, those that pass a filter, or all.
func (s *Server) removeDocuments(t *task) error {
	h, err := s.index(t.IndexUID)
	if err != nil {
		return err
	}
	ids := t.Input.IDs
	switch {
	case t.Input.All:
		ids = h.finder.IDs(0, h.finder.Len())
	case t.Input.Filter != nil:
		if ids, err = filtered(h, t.Input.Filter); err != nil {
			return err
		}
	}
	before := h.finder.Len()
	if err := s.write(t.IndexUID, h, nil, ids); err != nil {
		return err
	}
	t.Details["deletedDocuments"] = before - h.finder.Len()
	return nil
}
