package httpkit

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Check asks one dependency without which this process cannot work. A partner is
// not such a dependency: its outage must not take us out of service.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

// readyWithin is how long all checks together may take.
const readyWithin = 2 * time.Second

// Unready runs all checks at the same time and returns the problem that names those
// that fail, or nil. Their errors are only logged.
func Unready(ctx context.Context, checks []Check, log *slog.Logger) *Problem {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	failed := make([]string, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() {
			if err := c.Ask(ctx); err != nil {
				failed[i] = c.Name + " "
				log.WarnContext(ctx, "not ready", "check", c.Name, "error", err)
			}
		})
	}
	wg.Wait()
	names := strings.TrimSpace(strings.Join(failed, ""))
	if names == "" {
		return nil
	}
	return NewProblem(http.StatusServiceUnavailable, "not_ready", "not ready: "+names).RetryAfter(time.Second)
}

// HealthHandler serves /livez and /readyz of a process that has no API, as the API
// serves them. checks is called for each request, since a process that starts has
// other checks than one that runs.
func HealthHandler(checks func() []Check, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "ok"}) // the caller may be gone
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { ok(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if p := Unready(r.Context(), checks(), log); p != nil {
			p.Write(w, r)
			return
		}
		ok(w)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		NewProblem(http.StatusNotFound, "not_found", "this process serves only /livez and /readyz").Write(w, r)
	})
	return mux
}
