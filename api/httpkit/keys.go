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

	"purser/text"
)

// Role determines what a key may do.
type Role string

// The roles. An operator may do everything.
const (
	Shop     Role = "shop"     // place, read and cancel orders
	Viewer   Role = "viewer"   // read
	Operator Role = "operator" // also resolve held orders, change the catalogue, read the inbox
)

// Principal is a caller. It has one name and one role, whichever of its secrets a
// request carries. Idempotency keys belong to the principal, so a request that is
// repeated with a new secret is still the same request.
type Principal struct {
	Name string // events and logs show it as "key:<name>"
	Role Role
	// Hashes are the SHA-256 hashes of the secrets, which themselves are not
	// kept. There are several while a secret is being replaced.
	Hashes [][sha256.Size]byte
}

// minSecret keeps secrets from being guessed: 16 random characters hold more than
// 80 bits.
const minSecret = 16

// ParseKeys parses "name:role:secret,name:role:secret". A name that appears
// several times is one principal with several secrets, and must have the same role
// each time. A secret has 16 to 200 visible ASCII characters and no comma. An
// error names the principal, never a secret.
func ParseKeys(s string) ([]Principal, error) {
	var all []Principal
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
			return nil, fmt.Errorf("api key %s: role: want shop, viewer or operator", name) // the role is not shown: it may be the secret in the wrong place
		case len(secret) < minSecret || len(secret) > 200 || strings.ContainsFunc(secret, func(r rune) bool { return r < '!' || r > '~' }):
			return nil, fmt.Errorf("api key %s: secret: want %d to 200 visible ASCII characters", name, minSecret)
		}
		var err error
		if all, err = addSecret(all, name, role, secret); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no api keys: want name:role:secret, separated by commas")
	}
	return all, nil
}

// addSecret adds a secret to the principal of this name, or adds the principal. It
// fails if another principal has the secret, because a request could belong to
// either.
func addSecret(all []Principal, name string, role Role, secret string) ([]Principal, error) {
	hash := sha256.Sum256([]byte(secret))
	if i := slices.IndexFunc(all, func(p Principal) bool { return slices.Contains(p.Hashes, hash) }); i >= 0 {
		return nil, fmt.Errorf("api key %s: its secret is the secret of %s already", name, all[i].Name)
	}
	i := slices.IndexFunc(all, func(p Principal) bool { return p.Name == name })
	if i < 0 {
		return append(all, Principal{Name: name, Role: role, Hashes: [][sha256.Size]byte{hash}}), nil
	}
	if all[i].Role != role {
		return nil, fmt.Errorf("api key %s: role: %s here and %s before; all secrets of one name have one role", name, role, all[i].Role)
	}
	all[i].Hashes = append(all[i].Hashes, hash)
	return all, nil
}

// isToken reports whether s consists of 1 to 64 of [A-Za-z0-9._-], so that it may
// go into a log line as it is.
func isToken(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-')
	})
}

// find returns the principal that has the secret, or nil. It takes as long for
// a wrong secret as for a right one.
func find(all []Principal, secret string) *Principal {
	sum := sha256.Sum256([]byte(secret))
	var found *Principal
	for i := range all {
		for _, hash := range all[i].Hashes {
			if subtle.ConstantTimeCompare(hash[:], sum[:]) == 1 {
				found = &all[i]
			}
		}
	}
	return found
}

// authorize passes a request on if the role of its key may call the operation. An
// operation without roles is open to all. It is a huma middleware.
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

// admit records the caller in the request's Call, or returns the problem that
// refuses the request.
func (s *Server) admit(ctx huma.Context, roles []Role) *Problem {
	scheme, secret, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return NewProblem(http.StatusUnauthorized, "unauthorized", "an API key is needed: Authorization: Bearer <secret>")
	}
	caller := find(s.Keys, strings.TrimSpace(secret))
	if caller == nil {
		return NewProblem(http.StatusUnauthorized, "unauthorized", "the API key is not known")
	}
	c := CallOf(ctx.Context())
	c.Principal = caller
	if !slices.Contains(roles, caller.Role) {
		return NewProblem(http.StatusForbidden, "forbidden", fmt.Sprintf("a key of role %s may not do this", caller.Role))
	}
	sent := ctx.Header(HeaderCustomer)
	customer, ok := text.FromHeader(sent)
	if c.Customer = customer; !ok || text.Line(customer, maxCustomer) != "" || sent != "" && strings.TrimSpace(customer) == "" {
		return NewProblem(http.StatusBadRequest, "malformed", HeaderCustomer+": want 1 to 64 characters, others than visible ASCII in the form of RFC 8187, such as UTF-8''zo%C3%AB")
	}
	return nil
}

// HeaderCustomer restricts a request to one customer's orders: the shop's backend
// sets it to the shopper on whose behalf it calls, and another customer's order is
// then "not found". An id that is not visible ASCII is sent in the form of RFC 8187.
const HeaderCustomer = "Purser-Customer"

// onlyOne lists headers that restrict or identify a request. They may be left out.
// If one is empty or is sent twice, the request is ambiguous, and ignoring the
// header would show or do more than the caller meant.
var onlyOne = [...]string{HeaderCustomer, "Idempotency-Key"}

// checkHeaders refuses a request in which one of those headers is empty or appears
// more than once. It is a huma middleware.
func checkHeaders(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	for _, name := range onlyOne {
		if values, sent := r.Header[name]; sent && (len(values) != 1 || values[0] == "") {
			NewProblem(http.StatusBadRequest, "malformed", name+": send this header at most once, and not empty").Write(w, r)
			return
		}
	}
	next(ctx)
}

// maxCustomer is the most characters of a customer's id.
const maxCustomer = 64
