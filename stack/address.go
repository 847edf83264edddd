package stack

import (
	"net"
	"strconv"
	"strings"
)

// publicURL is where the outside reaches the API: what is said, or else its own
// address. All links made here begin with it: those in mails, those of images,
// and where the stand-ins send their webhooks. It is empty where there is no API
// and nothing is said.
func (s *Stack) publicURL() string {
	if u := strings.TrimRight(s.cfg.PublicURL, "/"); u != "" {
		return u
	}
	return s.apiURL
}

// called is how an address that we listen on is called, as host and port. All
// addresses of this machine together are none that anybody could call: then it
// is the machine's own name for itself.
func called(a net.Addr) string {
	if all(a) {
		return net.JoinHostPort("localhost", strconv.Itoa(a.(*net.TCPAddr).Port))
	}
	return a.String()
}

func all(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

// warnOfAddress says at the start that others are let in, and would be led to
// themselves.
func (s *Stack) warnOfAddress() {
	if s.cfg.PublicURL == "" && all(s.apiListener.Addr()) {
		s.log.Warn("the API listens on all addresses of this machine, and its links, in mails and of images, lead nobody else to it: "+setPublicURL, "address", s.apiURL)
	}
}
