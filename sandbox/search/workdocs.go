package search

import (
	"encoding/json"
	"errors"
	"maps"

	"purser/sandbox/finder"
)

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
