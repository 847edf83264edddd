package stack

import (
	"net"
	"strconv"
	"strings"
)

// publicURL returns the URL under which others reach the API: the configured
// one, or else the API's own address. All links begin with it: the links in
// mails, the links to images, and the URLs to which the stand-ins send their
// webhooks. It is empty where this process runs no API and none is configured.
func (s *Stack) publicURL() string {
	if u := strings.TrimRight(s.cfg.PublicURL, "/"); u != "" {
		return u
	}
	return s.apiURL
}

// returnURL returns the address to which banks send the shopper back. While the
// sandbox plays Stripe, it is the sample shop if none is configured.
func (s *Stack) returnURL() string {
	if s.cfg.ReturnURL == "" && s.cfg.StripeKey == "" {
		return s.publicURL() + "/shop"
	}
	return s.cfg.ReturnURL
}

// called returns the host and port under which a listener's address can be
// called. The wildcard address cannot be called; localhost stands for it.
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

// warnOfAddress warns at the start if the API listens on all addresses but has no
// public URL: the links that it makes would lead other machines to themselves.
func (s *Stack) warnOfAddress() {
	if s.cfg.PublicURL == "" && all(s.apiListener.Addr()) {
		s.log.Warn("the API listens on all addresses of this machine, but its links in mails and to images work on this machine only: "+setPublicURL, "address", s.apiURL)
	}
}
