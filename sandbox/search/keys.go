package search

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// key opens some actions on some indexes.
type key struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Key         string    `json:"key"`
	UID         string    `json:"uid"`
	Actions     []string  `json:"actions"`
	Indexes     []string  `json:"indexes"`
	ExpiresAt   time.Time `json:"expiresAt,omitzero"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

// The ids of the keys every server has. As in Meilisearch, a key is made from
// the master key and its id, so that it need not be kept.
const (
	searchKeyID = "74c9c733-3368-4738-bbe5-1d18a5fecb37"
	adminKeyID  = "20f7e4c4-612c-4dd1-b783-7934cc038213"
)

// KeyOf is the secret of a key.
func keyOf(master, uid string) string {
	mac := hmac.New(sha256.New, []byte(master))
	mac.Write([]byte(uid))
	return hex.EncodeToString(mac.Sum(nil))
}

// SearchKey opens searching and nothing else, for a server with this master
// key.
func SearchKey(master string) string { return keyOf(master, searchKeyID) }

// AdminKey opens everything but the keys themselves.
func AdminKey(master string) string { return keyOf(master, adminKeyID) }

func standardKeys(master string, now time.Time) []key {
	return []key{
		{
			Name: "Default Search API Key", Description: "Use it to search from the frontend", UID: searchKeyID, Key: SearchKey(master),
			Actions: []string{"search"}, Indexes: []string{"*"}, CreatedAt: now, UpdatedAt: now,
		},
		{
			Name: "Default Admin API Key", Description: "Use it for anything that is not a search operation. Caution! Do not expose it on a public frontend", UID: adminKeyID, Key: AdminKey(master),
			Actions: []string{"*"}, Indexes: []string{"*"}, CreatedAt: now, UpdatedAt: now,
		},
	}
}

// may reports whether the key opens an action on an index; "" is none in
// particular.
func (k key) may(action, uid string, now time.Time) bool {
	if !k.ExpiresAt.IsZero() && now.After(k.ExpiresAt) {
		return false
	}
	area, _, _ := strings.Cut(action, ".")
	if area == "keys" && k.UID == adminKeyID {
		return false // or it could make itself any other
	}
	if !slices.Contains(k.Actions, "*") && !slices.Contains(k.Actions, action) && !slices.Contains(k.Actions, area+".*") {
		return false
	}
	return uid == "" || slices.ContainsFunc(k.Indexes, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return pattern == uid || open && strings.HasPrefix(uid, prefix)
	})
}

// allow lets a request through whose key opens the action.
func (s *Server) allow(action string, do route) route {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.cfg.MasterKey == "" {
			return do(w, r)
		}
		secret, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || secret == "" {
			return newError(http.StatusUnauthorized, "auth", "missing_authorization_header", "The Authorization header is missing. It must use the bearer authorization method.")
		}
		if same(secret, s.cfg.MasterKey) || s.opens(secret, action, r.PathValue("uid")) {
			return do(w, r)
		}
		return newError(http.StatusForbidden, "auth", "invalid_api_key", "The provided API key is invalid.")
	}
}

func (s *Server) opens(secret, action, uid string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := false
	for _, k := range s.keys {
		if same(k.Key, secret) && k.may(action, uid, s.cfg.Now()) {
			found = true
		}
	}
	return found
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
