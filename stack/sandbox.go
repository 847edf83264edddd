package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"purser/api/httpkit"
	"purser/config"
	"purser/engine"
)

// defaultAPI is where an API on this machine listens by default.
const defaultAPI = "http://127.0.0.1:8080"

// StartSandbox starts the stand-ins of all providers as a service of their own, which
// needs neither an engine nor a record. They send their webhooks to the API at apiURL;
// "" means the public URL or, without one, this machine's.
func StartSandbox(cfg *config.Config, apiURL string) (_ *Stack, err error) {
	s := newStack(cfg)
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	if err := cfg.CheckSandboxAlone(); err != nil {
		return nil, err
	}
	if cfg.VaultKey == "" {
		return nil, errNoVaultKey
	}
	release, err := engine.LockDir(cfg.Data)
	if err != nil {
		return nil, err
	}
	s.unlockOnStop(release)
	if s.healthListener, err = s.open("the sandbox", "--listen", cfg.Listen); err != nil {
		return nil, err
	}
	s.sandboxURL = cmp.Or(strings.TrimRight(cfg.SandboxURL, "/"), "http://"+called(s.healthListener.Addr()))
	if err := s.openVault(); err != nil {
		return nil, err
	}
	if s.Sandbox, err = s.newSandbox(); err != nil {
		return nil, err
	}
	s.onStop(func() {
		if err := s.Sandbox.Close(); err != nil {
			s.log.Error("close sandbox", "error", err)
		}
	})
	checks := []httpkit.Check{s.notStopping()}
	health := httpkit.HealthHandler(func() []httpkit.Check { return checks }, s.log)
	mux := http.NewServeMux()
	mux.Handle("/livez", health)
	mux.Handle("/readyz", health)
	mux.Handle("/", s.sandboxHandler())
	s.serve(s.healthListener, mux, time.Second)
	s.startSandbox(cmp.Or(strings.TrimRight(cmp.Or(apiURL, cfg.PublicURL), "/"), defaultAPI))
	s.onStop(func() { s.draining.Store(true) })
	return s, nil
}

// installationPath is where a sandbox says to which installation it belongs.
const installationPath = "/sandbox/installation"

// installation is what a sandbox responds there.
type installation struct {
	Installation string `json:"installation"`
}

// installation identifies the processes that share a vault key, and so the secrets of
// the stand-ins, which are derived from it. It does not reveal the key.
func (s *Stack) installation(part string) string {
	return s.vault.Derive(part + " installation")[:16]
}

// sandboxHandler serves the stand-ins.
func (s *Stack) sandboxHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+installationPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(installation{s.installation("sandbox")}) // the caller may be gone
	})
	mux.Handle("/", s.Sandbox.Handler())
	return mux
}

// checkSandbox refuses a sandbox in another process that derives its secrets from
// another key: none of its webhooks could be verified. A sandbox that cannot be
// reached is only warned of, as a provider's outage would be.
func (s *Stack) checkSandbox(ctx context.Context) error {
	if s.Sandbox != nil || s.sandboxURL == "" || !s.cfg.Played() {
		return nil
	}
	err := s.askSandbox(ctx)
	var silent *url.Error
	if errors.As(err, &silent) {
		s.log.Warn("the sandbox cannot be reached yet", "url", s.sandboxURL, "error", err)
		return nil
	}
	return err
}

// askSandbox asks the sandbox in another process to which installation it belongs. The
// error wraps a *url.Error if it does not respond.
func (s *Stack) askSandbox(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.sandboxURL+installationPath, nil)
	if err != nil {
		return errors.New("PURSER_SANDBOX_URL: want http://host:port")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no sandbox can be reached at %s: start 'purser sandbox', or set PURSER_SANDBOX_URL: %w", s.sandboxURL, err)
	}
	defer resp.Body.Close()
	var its installation
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&its); resp.StatusCode != http.StatusOK || err != nil {
		return fmt.Errorf("PURSER_SANDBOX_URL: the service at %s is no sandbox of purser: set it to the address of 'purser sandbox'", s.sandboxURL)
	}
	if its.Installation != s.installation("sandbox") {
		return fmt.Errorf("the sandbox at %s has another PURSER_VAULT_KEY: set the same for all roles, since its webhooks could not be verified", s.sandboxURL)
	}
	return nil
}
