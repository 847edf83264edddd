package httpkit

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// validateURL refuses an address that is not text: no resource's name holds a
// NUL or bytes that are not UTF-8, and Postgres fails on them.
func validateURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := isText(r.URL.Path)
		if r.URL.RawQuery != "" {
			for name, values := range r.URL.Query() {
				text = text && isText(name) && !slices.ContainsFunc(values, func(v string) bool { return !isText(v) })
			}
		}
		if !text {
			NewProblem(http.StatusBadRequest, "malformed", "the address is not text").Write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// notFound serves the mux's routes, and a problem document where there is no
// route: the mux's own response to such a request is tried on a writer that
// keeps the headers only. An address that the mux would clean and redirect has
// no route either.
func notFound(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" && !isCleanPath(r.URL.EscapedPath()) {
			NewProblem(http.StatusNotFound, "not_found", "there is nothing at this address").Write(w, r)
			return
		}
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		dry := &dryRun{header: http.Header{}}
		h.ServeHTTP(dry, r)
		if dry.status == http.StatusMethodNotAllowed {
			allow := dry.header.Get("Allow")
			w.Header().Set("Allow", allow)
			NewProblem(dry.status, "method_not_allowed", "this address answers to "+allow).Write(w, r)
			return
		}
		NewProblem(http.StatusNotFound, "not_found", "there is nothing at this address").Write(w, r)
	})
}

// isCleanPath reports whether a path has no empty, "." or ".." element.
func isCleanPath(p string) bool {
	return strings.HasPrefix(p, "/") && strings.TrimSuffix(p, "/") == strings.TrimSuffix(path.Clean(p), "/")
}

// dryRun is a http.ResponseWriter that keeps the status and headers only.
type dryRun struct {
	header http.Header
	status int
}

func (d *dryRun) Header() http.Header         { return d.header }
func (d *dryRun) Write(b []byte) (int, error) { return len(b), nil }
func (d *dryRun) WriteHeader(status int)      { d.status = status }
