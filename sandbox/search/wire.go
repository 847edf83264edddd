package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// apiError is how an error looks on the wire, and in a task.
type apiError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Type    string `json:"type"`
	Link    string `json:"link"`

	status int
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func newError(status int, typ, code, format string, args ...any) *apiError {
	return &apiError{Message: fmt.Sprintf(format, args...), Code: code, Type: typ, Link: "https://docs.meilisearch.com/errors#" + code, status: status}
}

// invalid is the caller's mistake.
func invalid(code, format string, args ...any) *apiError {
	return newError(http.StatusBadRequest, "invalid_request", code, format, args...)
}

func noIndex(uid string) *apiError {
	return newError(http.StatusNotFound, "invalid_request", "index_not_found", "Index `%.60s` not found.", uid)
}

// internal is ours. What happened is for the log.
func internal() *apiError {
	return newError(http.StatusInternalServerError, "internal", "internal", "An internal error has occurred.")
}

// updateResult writes JSON.
func updateResult(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"message":"an answer could not be written","code":"internal","type":"internal","link":""}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller may be gone
}

// route is a handler that may fail.
type route func(w http.ResponseWriter, r *http.Request) error

// serve returns the error of a route.
func (s *Server) serve(do route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := do(w, r)
		if err == nil {
			return
		}
		var e *apiError
		if !errors.As(err, &e) {
			s.cfg.Log.Error("sandbox search", "method", r.Method, "path", r.URL.Path, "error", err)
			e = internal()
		}
		updateResult(w, e.status, e)
	}
}

// maxBody is the longest body, as in Meilisearch.
const maxBody = 100 << 20

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, newError(http.StatusRequestEntityTooLarge, "invalid_request", "payload_too_large", "The provided payload reached the size limit.")
	}
	if err != nil {
		return nil, invalid("malformed_payload", "The body could not be read.")
	}
	return b, nil
}

// readJSON reads a small body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := readBody(w, r, 8<<20)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return invalid("missing_payload", "A json payload is missing.")
	}
	if err := json.Unmarshal(b, v); err != nil {
		return invalid("malformed_payload", "The json payload provided is malformed. `%.200s`.", err)
	}
	return nil
}

// page reads how many of a list are wanted, and how many of them come before.
func page(r *http.Request) (limit, offset int, err error) {
	if limit, err = number(r, "limit", 20, 1<<30); err == nil {
		offset, err = number(r, "offset", 0, 1<<30)
	}
	return limit, offset, err
}

// number reads a query parameter.
func number(r *http.Request, name string, def, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, invalid("invalid_"+name, "Invalid value in parameter `%s`: want a number from 0 to %d.", name, most)
	}
	return n, nil
}
