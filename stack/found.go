package stack

import (
	"fmt"
	"net/url"
	"strings"

	"purser/config"
)

// connections returns the size of the role's pool of connections to Postgres.
func (s *Stack) connections(r Role) int {
	switch {
	case s.cfg.DatabaseURL == "":
		return 0
	case r.api && !r.worker:
		return s.cfg.Connections(config.APIConnections)
	case r.worker && !r.api:
		return s.cfg.Connections(config.WorkerConnections)
	}
	return s.cfg.Connections(0)
}

// Found returns in one line what the roles api and worker need and what this process
// found, without any secret.
func (s *Stack) Found(r Role) string {
	c := s.cfg
	role := "worker"
	if r.api {
		role = "api"
	}
	return fmt.Sprintf("%s needs Temporal, Postgres and the providers; it found Temporal at %s (namespace %s, %s), the record at %s (%d connections), %s",
		role, c.TemporalAddress, c.TemporalNamespace, c.TemporalCredentials(), databaseAt(c.DatabaseURL), s.connections(r), c.Providers(s.sandboxURL))
}

// FoundSandbox returns in one line what the sandbox needs and what it found.
func (s *Stack) FoundSandbox() string {
	var played []string
	for _, p := range s.cfg.Parts() {
		played = append(played, p.Name)
	}
	return fmt.Sprintf("sandbox needs a directory and PURSER_VAULT_KEY; it found %s, plays %s, and sends webhooks to %s", s.cfg.Data, strings.Join(played, ", "), s.webhooksTo)
}

// databaseAt returns where a database is, without user and password.
func databaseAt(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "DATABASE_URL"
	}
	host := u.Host
	if host == "" {
		host = u.Query().Get("host")
	}
	return host + u.Path
}
