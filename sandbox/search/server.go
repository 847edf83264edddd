package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"purser/sandbox/faults"
	"purser/sandbox/journal"
)

// Config says what the stand-in is made of. Its zero value keeps everything
// in memory and is open to everybody.
type Config struct {
	// Dir holds the documents. Empty: in memory.
	Dir string
	// Journal keeps indexes, tasks and keys. Nil keeps them in memory only.
	Journal *journal.Journal
	// Damaged: the journal has lost documents, perhaps those that say which
	// indexes there are.
	Damaged bool
	// Faults makes it misbehave; a rule that matches "TASK <type>" makes
	// tasks fail or take long after they were accepted. Nil: it does not.
	Faults *faults.Control
	// MasterKey opens everything. Empty: no keys are asked for.
	MasterKey string
	// Keep is how many finished tasks can be asked for. Default 10,000.
	Keep int
	// Log is silent when nil.
	Log *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
}

// Server is the stand-in.
type Server struct {
	cfg     Config
	journal *journal.Journal
	queue   *queue
	stop    context.CancelFunc
	done    chan struct{} // closed when the worker has stopped
	filled  chan struct{} // closed when the documents can be found, or cannot be read
	broken  error         // why they cannot; after filled

	mu      sync.RWMutex
	keys    []key
	reg     registry
	indexes map[string]*held
}

// New opens the stand-in where it left off. Beside that it makes the memory
// that documents are found by, and then begins with the tasks that are due.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 10_000
	}
	if cfg.Journal == nil {
		cfg.Journal, _ = journal.Open("") // memory only: cannot fail
	}
	s := &Server{cfg: cfg, journal: cfg.Journal, indexes: make(map[string]*held), done: make(chan struct{}), filled: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if err := s.load(); err != nil {
		cancel()
		close(s.done)
		return nil, errors.Join(err, s.closeIndexes())
	}
	go func() {
		defer close(s.done)
		if s.fillIndexes(ctx) {
			s.run(ctx)
		}
	}()
	return s, nil
}

func (s *Server) load() (err error) {
	s.keys = standardKeys(s.cfg.MasterKey, s.cfg.Now().UTC())
	err = s.kept(keyKind, func(raw json.RawMessage) error {
		var k key
		err := json.Unmarshal(raw, &k)
		if err == nil {
			s.keys = append(s.keys, k)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	payloads := ""
	if s.cfg.Dir != "" {
		payloads = filepath.Join(s.cfg.Dir, "payloads")
	}
	if s.queue, err = openQueue(s.journal, s.kept, payloads, s.cfg.Keep); err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	if err := s.loadIndexes(); err != nil {
		return fmt.Errorf("indexes: %w", err)
	}
	return nil
}

// Close stops the worker, after the task it is at, and closes the documents.
func (s *Server) Close() error {
	s.stop()
	<-s.done
	return s.closeIndexes()
}

// Handler serves the API, with the faults in front.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern, action string, do route) { mux.HandleFunc(pattern, s.serve(s.allow(action, do))) }
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-s.filled:
			if s.broken != nil {
				updateResult(w, http.StatusInternalServerError, internal())
				return
			}
		default: // it takes tasks
		}
		updateResult(w, http.StatusOK, map[string]string{"status": "available"})
	})
	on("GET /version", "version", func(w http.ResponseWriter, _ *http.Request) error {
		updateResult(w, http.StatusOK, map[string]string{"commitSha": "", "commitDate": "", "pkgVersion": "purser-sandbox"})
		return nil
	})
	on("GET /stats", "stats.get", s.whenFilled(s.stats))
	s.indexRoutes(on)
	s.documentRoutes(on)
	s.settingsRoutes(on)
	on("POST /indexes/{uid}/search", "search", s.whenFilled(s.search))
	on("POST /multi-search", "search", s.whenFilled(s.multiSearch))
	on("GET /tasks", "tasks.get", s.listTasks)
	on("GET /tasks/{task}", "tasks.get", s.getTask)
	on("GET /keys", "keys.get", s.listKeys)
	on("POST /keys", "keys.create", s.createKey)
	on("GET /keys/{key}", "keys.get", s.getKey)
	on("DELETE /keys/{key}", "keys.delete", s.deleteKey)
	mux.HandleFunc("/", s.serve(func(http.ResponseWriter, *http.Request) error {
		return newError(http.StatusNotFound, "invalid_request", "not_found", "The stand-in does not know this address.")
	}))
	return s.cfg.Faults.Wrap("search", mux)
}
