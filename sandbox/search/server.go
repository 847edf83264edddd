package search

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blevesearch/bleve/v2"

	"purser/sandbox/faults"
)

// Config configures the stand-in. Its zero value keeps everything in memory and
// asks for no key.
type Config struct {
	// Dir holds the indexes. Empty: in memory.
	Dir string
	// Faults makes requests fail; a rule that matches "TASK <type>" makes accepted
	// tasks fail or delays them. Nil: no faults.
	Faults *faults.Control
	// MasterKey opens every address. Empty: no key is asked for.
	MasterKey string
	// Keep is the number of tasks that are remembered. Default 10,000.
	Keep int
	// Log is silent when nil.
	Log *slog.Logger
}

// Server is the stand-in.
type Server struct {
	cfg     Config
	store   bleve.Index // of all indexes, and their state
	closing context.Context
	stop    context.CancelFunc
	close   func() error // closes the store, once

	changing sync.Mutex // held while the store is changed

	mu    sync.RWMutex
	state state
	tasks []*task       // the latest, by uid
	last  chan struct{} // closed when the task that was accepted last has ended
}

// New opens the stand-in where it left off. It quarantines files that cannot be
// read and starts empty, because the catalogue has the products.
func New(cfg Config) (s *Server, err error) {
	cfg.Log, cfg.Keep = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)), cmp.Or(cfg.Keep, 10_000)
	s = &Server{cfg: cfg, state: state{Indexes: map[string]*index{}}, last: make(chan struct{})}
	s.closing, s.stop = context.WithCancel(context.Background())
	close(s.last)
	path := ""
	if cfg.Dir != "" {
		path = filepath.Join(cfg.Dir, "index")
	}
	if s.store, err = openStore(path, &s.state); err != nil {
		quarantined := filepath.Join(cfg.Dir, "unreadable-index-"+time.Now().UTC().Format("20060102T150405.000Z"))
		cfg.Log.Error("sandbox search cannot read its index: the files are quarantined, and a new index is to be rebuilt from the catalogue", "quarantined", quarantined, "error", err)
		s.state = state{Indexes: map[string]*index{}, Lost: true}
		if s.store, err = replaceStore(path, quarantined); err == nil {
			err = s.commit(&task{}, func(*change) error { return nil })
		}
	}
	if err != nil {
		return nil, err
	}
	s.tasks, s.close = slices.Clone(s.state.Swaps), sync.OnceValue(func() error {
		if err := s.store.Close(); err != nil || path == "" {
			return err
		}
		return seal(path)
	})
	return s, nil
}

// Close waits for the task that is being performed and closes the store.
func (s *Server) Close() error {
	s.stop()
	s.mu.RLock()
	last := s.last
	s.mu.RUnlock()
	<-last
	return s.close()
}

// Handler serves the API, with the faults in front.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, do := range map[string]route{
		"GET /health": func(*http.Request) (any, error) { return map[string]string{"status": "available"}, nil },
		"/": func(r *http.Request) (any, error) {
			return nil, newError(http.StatusNotFound, "not_found", "The stand-in does not serve `%s %.100s`.", r.Method, r.URL.Path)
		},
		"GET /indexes":                               s.listIndexes,
		"POST /indexes":                              reading(s.postIndex),
		"GET /indexes/{uid}":                         s.showing((*index).view),
		"DELETE /indexes/{uid}":                      s.deleteIndex,
		"GET /indexes/{uid}/stats":                   s.indexStats,
		"POST /swap-indexes":                         reading(s.swapIndexes),
		"POST /indexes/{uid}/documents":              reading(s.putDocuments),
		"POST /indexes/{uid}/documents/fetch":        reading(s.fetchDocuments),
		"POST /indexes/{uid}/documents/delete-batch": reading(s.deleteDocuments),
		"GET /indexes/{uid}/settings":                s.showing(func(x *index) any { return x.Settings }),
		"PATCH /indexes/{uid}/settings":              reading(s.patchSettings),
		"DELETE /indexes/{uid}/settings/synonyms":    s.resetting(`{"synonyms":{}}`),
		"DELETE /indexes/{uid}/settings/stop-words":  s.resetting(`{"stopWords":[]}`),
		"POST /indexes/{uid}/search":                 reading(s.search),
		"GET /tasks":                                 s.listTasks,
		"GET /tasks/{task}":                          s.getTask,
	} {
		mux.HandleFunc(pattern, s.serve(do))
	}
	return s.cfg.Faults.Wrap("search", mux)
}

// parameters are the query parameters that are served.
var parameters = map[string][]string{
	"GET /indexes":                  {"limit"},
	"POST /indexes/{uid}/documents": {"primaryKey"},
	"GET /tasks":                    {"types", "indexUids", "limit", "from"},
}

// route serves a request; the value it returns is written as JSON.
type route func(r *http.Request) (any, error)

// reading returns a route that reads the request's body for a function.
func reading[T any](do func(r *http.Request, in T) (any, error)) route {
	return func(r *http.Request) (any, error) {
		if err := isJSON(r.Header.Get("Content-Type")); err != nil {
			return nil, err
		}
		var in T
		if err := readJSON(r.Body, &in); err != nil {
			return nil, err
		}
		return do(r, in)
	}
}

// isJSON fails unless a body is said to be JSON.
func isJSON(contentType string) error {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "":
		return newError(http.StatusUnsupportedMediaType, "missing_content_type", "A Content-Type header is missing. Accepted values for the Content-Type header are: `application/json`.")
	case err != nil || kind != "application/json":
		return newError(http.StatusUnsupportedMediaType, "invalid_content_type", "The Content-Type `%.60s` is invalid. Accepted values for the Content-Type header are: `application/json`.", contentType)
	}
	return nil
}

// serve calls a route if the request's key opens its address, and writes what it
// returns.
func (s *Server) serve(do route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 100<<20) // as in Meilisearch
		var v any
		err := s.allow(r)
		if err == nil {
			v, err = do(r)
		}
		status := http.StatusOK
		if _, isTask := v.(accepted); isTask {
			status = http.StatusAccepted
		}
		if err != nil {
			e := s.shown(err, r.Method+" "+r.URL.Path)
			v, status = e, e.status
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v) // the caller may be gone
	}
}

// apiError is an error as it looks on the wire and in a task.
type apiError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Type    string `json:"type"`
	Link    string `json:"link"`

	status int
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func newError(status int, code, format string, args ...any) *apiError {
	typ := "invalid_request"
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		typ = "auth"
	}
	return &apiError{fmt.Sprintf(format, args...), code, typ, "https://docs.meilisearch.com/errors#" + code, status}
}

// invalid returns the error for a mistake of the caller's.
func invalid(code, format string, args ...any) *apiError {
	return newError(http.StatusBadRequest, code, format, args...)
}

// shown returns an error as the caller sees it, and logs an unforeseen one.
func (s *Server) shown(err error, doing string) *apiError {
	var e *apiError
	if !errors.As(err, &e) {
		s.cfg.Log.Error("sandbox search", "doing", doing, "error", err)
		e = newError(http.StatusInternalServerError, "internal", "An internal error has occurred.")
		e.Type = "internal"
	}
	return e
}

// readJSON reads one JSON value, with numbers as they stand. It refuses null, and
// a field that v does not have.
func readJSON[T any](from io.Reader, v *T) error {
	dec := json.NewDecoder(from)
	dec.UseNumber()
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	var tooLarge *http.MaxBytesError
	var syntax *json.SyntaxError
	switch {
	case err == nil && (v == nil || dec.More()):
		return invalid("malformed_payload", "The json payload provided is malformed. One value is needed that is not null.")
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return newError(http.StatusRequestEntityTooLarge, "payload_too_large", "The provided payload reached the size limit.")
	case errors.As(err, &syntax):
		return invalid("malformed_payload", "The json payload provided is malformed. `%.200s`.", err)
	}
	return invalid("bad_request", "The stand-in does not serve this request: %.200s.", err)
}

// keyOf returns the secret of a key. As in Meilisearch it is made from the
// master key and the key's id.
func keyOf(master, uid string) string {
	mac := hmac.New(sha256.New, []byte(master))
	mac.Write([]byte(uid))
	return hex.EncodeToString(mac.Sum(nil))
}

// SearchKey returns the key that searches and does nothing else, for a server
// with this master key.
func SearchKey(master string) string { return keyOf(master, "74c9c733-3368-4738-bbe5-1d18a5fecb37") }

// AdminKey returns the key that opens every address.
func AdminKey(master string) string { return keyOf(master, "20f7e4c4-612c-4dd1-b783-7934cc038213") }

// allow fails unless the key of a request opens its address, and the stand-in
// serves all its query parameters.
func (s *Server) allow(r *http.Request) error {
	secret, master := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), s.cfg.MasterKey
	same := func(key string) bool { return subtle.ConstantTimeCompare([]byte(secret), []byte(key)) == 1 }
	searches := strings.HasSuffix(r.Pattern, "search") // as in the table of Handler
	switch {
	case master == "", r.Pattern == "GET /health", same(master), same(AdminKey(master)), searches && same(SearchKey(master)):
	case secret == "":
		return newError(http.StatusUnauthorized, "missing_authorization_header", "The Authorization header is missing. It must use the bearer authorization method.")
	default:
		return newError(http.StatusForbidden, "invalid_api_key", "The provided API key is invalid.")
	}
	for name := range r.URL.Query() {
		if r.Pattern != "/" && !slices.Contains(parameters[r.Pattern], name) {
			return invalid("bad_request", "The stand-in does not serve the parameter `%.60s`.", name)
		}
	}
	return nil
}
