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

	"purser/config"
	"purser/stack"
)

// upCmd runs all parts in this process until it is interrupted.
type upCmd struct {
	config.Config `embed:""`
}

// Run starts the stack, prints its addresses, and waits.
func (u *upCmd) Run(e *env) error {
	s, err := stack.Start(e.ctx, &u.Config, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(e.ctx); err != nil {
		return err
	}
	s.AddSampleImages()
	banner(e, &u.Config, s.Running())
	return s.Wait(e.ctx)
}

// banner prints the stack's addresses, and which providers are real and which are
// played by the sandbox.
func banner(e *env, c *config.Config, at stack.Running) {
	fmt.Fprintf(e.stderr, "\n  API          %s\n  API docs     %s/docs\n  Shop         %s/shop\n", at.API, at.API, at.API)
	if at.TemporalUI != "" {
		fmt.Fprintf(e.stderr, "  Temporal UI  %s\n", at.TemporalUI)
	}
	if at.Sandbox != "" {
		fmt.Fprintf(e.stderr, "  Sandbox      %s/\n  Mailbox      %s/mail/\n", at.Sandbox, at.Sandbox)
	}
	fmt.Fprintf(e.stderr, "  Data         %s\n", c.Data)
	for _, p := range c.Parts() {
		fmt.Fprintf(e.stderr, "  %-12s %s\n", p.Name, p.Who)
	}
	fmt.Fprintf(e.stderr, "\n  Ctrl-C stops it; the next start continues where it stopped.\n\n")
}

// apiCmd runs the API and receives the webhooks.
type apiCmd struct {
	config.Config `embed:""`
}

// Run serves until it is interrupted.
func (a *apiCmd) Run(e *env) error { return runRole(e, &a.Config, stack.APIOnly) }

// workerCmd runs the workers.
type workerCmd struct {
	config.Config `embed:""`
}

// Run works until it is interrupted.
func (w *workerCmd) Run(e *env) error { return runRole(e, &w.Config, stack.WorkerOnly) }

func runRole(e *env, cfg *config.Config, r stack.Role) error {
	s, err := stack.Start(e.ctx, cfg, r)
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Fprintln(e.stderr, s.Found(r))
	if at := s.Running().API; at != "" {
		fmt.Fprintf(e.stderr, "API at %s\n", at)
	} else {
		fmt.Fprintf(e.stderr, "Health checks at %s\n", s.HealthURL())
	}
	return s.Wait(e.ctx)
}

// sandboxCmd runs the stand-ins of the providers alone.
type sandboxCmd struct {
	config.Config `embed:""`
	API           string `name:"api-url" help:"The URL of the API, to which the sandbox sends its webhooks. Default: PURSER_PUBLIC_URL, or http://127.0.0.1:8080." env:"PURSER_API_URL"`
}

// Run plays the providers until it is interrupted.
func (c *sandboxCmd) Run(e *env) error {
	s, err := stack.StartSandbox(&c.Config, c.API)
	if err != nil {
		return err
	}
	defer s.Stop()
	fmt.Fprintln(e.stderr, s.FoundSandbox())
	fmt.Fprintf(e.stderr, "Sandbox at %s\n", s.HealthURL())
	return s.Wait(e.ctx)
}

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
