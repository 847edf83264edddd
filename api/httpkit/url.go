package httpkit

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// validateURL refuses a URL that contains a NUL or is not valid UTF-8: no
// resource's name does, and Postgres fails on them.
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

// notFound serves the mux's routes, and responds with a problem document if there
// is no route. It runs the mux's own response against a writer that keeps only the
// status and headers. A path that the mux would clean and redirect has no route
// either.
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
			NewProblem(dry.status, "method_not_allowed", "this address allows "+allow).Write(w, r)
			return
		}
		NewProblem(http.StatusNotFound, "not_found", "there is nothing at this address").Write(w, r)
	})
}

// isCleanPath reports whether a path has no empty, "." or ".." element.
func isCleanPath(p string) bool {
	return strings.HasPrefix(p, "/") && strings.TrimSuffix(p, "/") == strings.TrimSuffix(path.Clean(p), "/")
}

// dryRun is an http.ResponseWriter that keeps only the status and headers.
type dryRun struct {
	header http.Header
	status int
}

func (d *dryRun) Header() http.Header         { return d.header }
func (d *dryRun) Write(b []byte) (int, error) { return len(b), nil }
func (d *dryRun) WriteHeader(status int)      { d.status = status }

// checkQuery refuses a query parameter that is given twice and takes one value, because
// which of them counts would be a guess, and a query of which only a part can be parsed,
// because the rest would be left out. It is a huma middleware.
func checkQuery(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		NewProblem(http.StatusBadRequest, "malformed", "the query cannot be parsed: separate its parameters by & and encode their values").Write(w, r)
		return
	}
	var faults []Fault
	for _, p := range ctx.Operation().Parameters {
		if p.In == "query" && len(query[p.Name]) > 1 && (p.Schema == nil || p.Schema.Type != huma.TypeArray) {
			faults = append(faults, Fault{Location: "query." + p.Name, Message: "the query parameter is given more than once"})
		}
	}
	if len(faults) > 0 {
		p := NewProblem(http.StatusUnprocessableEntity, "invalid", faults[0].Message+" at "+faults[0].Location)
		p.Errors = faults
		p.Write(w, r)
		return
	}
	next(ctx)
}
