package search

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const keyKind = "key"

// actions are what a key can open.
var actions = []string{
	"*", "search", "version", "documents.*", "documents.add", "documents.get", "documents.delete",
	"indexes.*", "indexes.create", "indexes.get", "indexes.update", "indexes.delete", "indexes.swap",
	"tasks.*", "tasks.get", "tasks.cancel", "tasks.delete", "settings.*", "settings.get", "settings.update",
	"stats.*", "stats.get", "keys.get", "keys.create", "keys.update", "keys.delete",
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	limit, offset, err := page(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	all := slices.Clone(s.keys)
	s.mu.RUnlock()
	page := all[min(offset, len(all)):min(offset+limit, len(all))]
	updateResult(w, http.StatusOK, map[string]any{"results": page, "offset": offset, "limit": limit, "total": len(all)})
	return nil
}

func (s *Server) getKey(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := s.findKey(r.PathValue("key")); i >= 0 {
		updateResult(w, http.StatusOK, s.keys[i])
		return nil
	}
	return noKey()
}

func (s *Server) findKey(idOrKey string) int {
	return slices.IndexFunc(s.keys, func(k key) bool { return k.UID == idOrKey || same(k.Key, idOrKey) })
}

func noKey() error {
	return newError(http.StatusNotFound, "invalid_request", "api_key_not_found", "API key not found.")
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name        string     `json:"name"`
		Description string     `json:"description"`
		UID         string     `json:"uid"`
		Actions     []string   `json:"actions"`
		Indexes     []string   `json:"indexes"`
		ExpiresAt   *time.Time `json:"expiresAt"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	for _, a := range in.Actions {
		if !slices.Contains(actions, a) {
			return invalid("invalid_api_key_actions", "Unknown value `%.40s` at `.actions`.", a)
		}
	}
	if len(in.Actions) == 0 || len(in.Indexes) == 0 {
		return invalid("invalid_api_key_actions", "Missing field `actions` or `indexes`.")
	}
	k := key{Name: in.Name, Description: in.Description, UID: in.UID, Actions: in.Actions, Indexes: in.Indexes, CreatedAt: s.cfg.Now().UTC(), UpdatedAt: s.cfg.Now().UTC()}
	if k.UID == "" {
		var b [16]byte
		_, _ = rand.Read(b[:])                      // never fails
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random UUID
		k.UID = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	if in.ExpiresAt != nil {
		k.ExpiresAt = *in.ExpiresAt
	}
	k.Key = keyOf(s.cfg.MasterKey, k.UID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.findKey(k.UID) >= 0 {
		return newError(http.StatusConflict, "invalid_request", "api_key_already_exists", "`uid` field value `%.40s` is already an existing API key.", k.UID)
	}
	if err := s.journal.Put(keyKind, k.UID, k); err != nil {
		return err
	}
	s.keys = append(s.keys, k)
	updateResult(w, http.StatusCreated, k)
	return nil
}

func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.findKey(r.PathValue("key"))
	if i < 0 {
		return noKey()
	}
	if uid := s.keys[i].UID; strings.HasPrefix(uid, searchKeyID) || strings.HasPrefix(uid, adminKeyID) {
		return invalid("immutable_api_key_uid", "The keys made at the start cannot be deleted here.")
	}
	if err := s.journal.Delete(keyKind, s.keys[i].UID); err != nil {
		return err
	}
	s.keys = slices.Delete(s.keys, i, i+1)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
