package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// healthCmd asks /readyz of a role. It is the health check of a container, which has
// no other program that could.
type healthCmd struct {
	Listen  string        `help:"Address on which the role listens." env:"PURSER_LISTEN" default:"127.0.0.1:8080"`
	URL     string        `name:"url" help:"URL of the role, such as http://127.0.0.1:8081. Default: the address on which it listens."`
	Timeout time.Duration `help:"How long to wait for the response." default:"5s"`
}

// Run prints one line: that the role is ready or, as an error, why it is not.
func (h *healthCmd) Run(e *env) error {
	at, err := h.at()
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithTimeout(e.ctx, h.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/readyz", nil)
	if err != nil {
		return usageError{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer resp.Body.Close()
	var says struct {
		Detail string `json:"detail"`
	}
	if resp.StatusCode == http.StatusOK {
		fmt.Fprintln(e.stdout, "ready")
		return nil
	}
	// A status that is no success decides, whatever the body says.
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&says)
	if says.Detail == "" {
		says.Detail = "not ready: " + resp.Status
	}
	return errors.New(says.Detail)
}

// at returns the URL of the role. A role that listens on all addresses is asked at
// this machine's own.
func (h *healthCmd) at() (string, error) {
	if h.URL != "" {
		if u, err := url.Parse(h.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return "", fmt.Errorf("--url %q: want http://host:port", h.URL)
		}
		return strings.TrimRight(h.URL, "/"), nil
	}
	host, port, err := net.SplitHostPort(h.Listen)
	if err != nil || port == "0" {
		return "", fmt.Errorf("PURSER_LISTEN %q: want host:port with the port on which the role listens, or set --url", h.Listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
