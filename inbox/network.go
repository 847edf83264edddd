package inbox

import (
	"net"
	"net/http"
	"net/netip"
)

// remote returns the address that the request came from, without the port.
func remote(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// network returns the range of addresses that identifies the sender: a single IPv4
// address, or the /64 network of an IPv6 address.
func network(r *http.Request) string {
	a, err := netip.ParseAddr(remote(r))
	if err != nil {
		return remote(r)
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
