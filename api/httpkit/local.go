package httpkit

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// OpenLocally is the metadata key of an operation that needs no API key if the
// request comes from this machine.
const OpenLocally = "openLocally"

// neighbour reports whether a request without a key is allowed all the same:
// the operation is open locally, and the request comes from this machine.
func (s *Server) neighbour(ctx huma.Context) bool {
	r, _ := humago.Unwrap(ctx)
	return ctx.Operation().Metadata[OpenLocally] != nil && ctx.Header("Authorization") == "" && FromThisMachine(r)
}

// FromThisMachine reports whether a request comes from this machine and is
// addressed to it: neither through a proxy nor from another site's page by DNS
// rebinding.
func FromThisMachine(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || proxied(r) {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (at.IsLoopback() || at.IsUnspecified()) // people copy 0.0.0.0 from a listen address
}

// proxied reports whether a request shows signs of a proxy. By default nginx adds
// no header and names this machine as the host, but it sends HTTP/1.0, which no
// browser does.
func proxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if _, there := r.Header[name]; there {
			return true
		}
	}
	return !r.ProtoAtLeast(1, 1)
}

// IsOperator reports whether a secret belongs to an operator's key.
func (s *Server) IsOperator(secret string) bool {
	by := find(s.Keys, secret)
	return by != nil && by.Role == Operator
}
