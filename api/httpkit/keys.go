package httpkit

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Role says what a key may do.
type Role string

// The roles. An operator may do everything.
const (
	Shop     Role = "shop"     // place, read and cancel orders
	Viewer   Role = "viewer"   // read
	Operator Role = "operator" // also release held orders, change the catalogue, read the inbox
)

// Key is an API key. Its secret is not kept, only the secret's hash.
type Key struct {
	Name string // in events and logs: "key:<name>"
	Role Role
	Hash [sha256.Size]byte // SHA-256 of the secret
}

// minSecret keeps secrets from being guessed: 16 characters of a random
// generator hold more than 80 bits.
const minSecret = 16

// ParseKeys reads "name:role:secret,name:role:secret". A secret is 16 to 200
// visible characters without a comma. The error names the key, never the
// secret.
func ParseKeys(s string) ([]Key, error) {
	var keys []Key
	for i, item := range strings.Split(s, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		parts := strings.SplitN(item, ":", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("api key %d: want name:role:secret", i+1)
		}
		name, role, secret := parts[0], Role(parts[1]), parts[2]
		switch {
		case !isToken(name):
			return nil, fmt.Errorf("api key %d: name: want 1 to 64 letters, digits, '.', '_' or '-'", i+1)
		case !slices.Contains([]Role{Shop, Viewer, Operator}, role):
			return nil, fmt.Errorf("api key %s: role: want shop, viewer or operator, got %.20q", name, role)
		case len(secret) < minSecret || len(secret) > 200 || strings.ContainsFunc(secret, func(r rune) bool { return r < '!' || r > '~' }):
			return nil, fmt.Errorf("api key %s: secret: want %d to 200 visible ASCII characters", name, minSecret)
		case slices.ContainsFunc(keys, func(k Key) bool { return k.Name == name }):
			return nil, fmt.Errorf("api key %s: stands twice", name)
		}
		hash := sha256.Sum256([]byte(secret))
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.Hash == hash }); i >= 0 {
			return nil, fmt.Errorf("api key %s: has the secret of %s: nobody could tell which of them calls", name, keys[i].Name)
		}
		keys = append(keys, Key{Name: name, Role: role, Hash: hash})
	}
	if len(keys) == 0 {
		return nil, errors.New("no api keys: want name:role:secret, separated by commas")
	}
	return keys, nil
}

// isToken reports whether s is 1 to 64 of [A-Za-z0-9._-]: what may go into a
// log line as it is.
func isToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-')
	})
}

// find looks for the key of a secret and takes as long for a wrong one as
// for a right one.
func find(keys []Key, secret string) *Key {
	sum := sha256.Sum256([]byte(secret))
	found := -1
	for i := range keys {
		if subtle.ConstantTimeCompare(keys[i].Hash[:], sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return nil
	}
	return &keys[found]
}

// authorize lets a request pass to an operation that is open to its key's
// role. An operation without roles is open to all.
func (s *Server) authorize(ctx huma.Context, next func(huma.Context)) {
	roles, closed := ctx.Operation().Metadata["roles"].([]Role)
	if !closed || s.neighbour(ctx) {
		next(ctx)
		return
	}
	if p := s.admit(ctx, roles); p != nil {
		r, w := humago.Unwrap(ctx)
		p.Write(w, r)
		return
	}
	next(ctx)
}

func (s *Server) admit(ctx huma.Context, roles []Role) *Problem {
	scheme, secret, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return NewProblem(http.StatusUnauthorized, "unauthorized", "an API key is needed: Authorization: Bearer <secret>")
	}
	key := find(s.Keys, strings.TrimSpace(secret))
	if key == nil {
		return NewProblem(http.StatusUnauthorized, "unauthorized", "the API key is not known")
	}
	c := CallOf(ctx.Context())
	c.Key = key
	if !slices.Contains(roles, key.Role) {
		return NewProblem(http.StatusForbidden, "forbidden", fmt.Sprintf("a key of role %s may not do this", key.Role))
	}
	c.Customer = ctx.Header(HeaderCustomer)
	if c.Customer != "" && !isCustomer(c.Customer) {
		return NewProblem(http.StatusBadRequest, "malformed", HeaderCustomer+": want 1 to 64 characters without spaces")
	}
	return nil
}

// HeaderCustomer narrows a request to one customer's orders: the shop's
// backend sets it to the shopper who is asking, and another shopper's order
// is then "not found".
const HeaderCustomer = "Purser-Customer"

// onlyOne lists headers that narrow or name a request. Left out, they do
// not; sent empty or twice, nobody knows what was meant, and to go on without
// would show more or do more than that.
var onlyOne = [...]string{HeaderCustomer, "Idempotency-Key"}

// checkHeaders refuses a request in which one of them is empty or stands more
// than once. It is a huma middleware.
func checkHeaders(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	for _, name := range onlyOne {
		if values, sent := r.Header[name]; sent && (len(values) != 1 || values[0] == "") {
			NewProblem(http.StatusBadRequest, "malformed", name+": want it once and not empty, or not at all").Write(w, r)
			return
		}
	}
	next(ctx)
}

func isCustomer(s string) bool {
	return len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}
