package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"purser/order"
)

// call is what is known of the request being answered: who asks, and the ids
// to search for. One goroutine at a time works on it.
type call struct {
	requestID   string
	correlation string
	principal   *Principal // nil: nobody in particular
	customer    string     // if set, only this customer's orders exist
	orderID     order.ID   // the order it is about
	code        string     // of the problem it was answered with
}

// actor is how the order's story names the caller.
func (c *call) actor() string {
	if c.principal == nil {
		return "nobody"
	}
	return "key:" + c.principal.Name
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// observe gives each request its ids, keeps a panic from being more than one
// caller's problem, and writes one line about it.
func (s *server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		c := &call{requestID: rand.Text(), correlation: r.Header.Get("X-Correlation-Id")}
		if !isToken(c.correlation) {
			c.correlation = c.requestID
		}
		w.Header().Set("X-Request-Id", c.requestID)
		w.Header().Set("X-Correlation-Id", c.correlation)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		aw := &answer{ResponseWriter: w, within: s.WriteWithin}
		defer func() {
			v := recover()
			cut := v != nil && !s.recovered(v, aw, r)
			s.line(r, aw, c, s.Now().Sub(began))
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(aw, r)
		if aw.status == 0 {
			aw.hurry()
		}
	})
}

// recovered answers a request whose handler panicked. It reports false if an
// answer was already under way: then the connection must be cut, so that
// half an answer is not taken for a whole one.
func (s *server) recovered(v any, w *answer, r *http.Request) bool {
	if v == http.ErrAbortHandler {
		return false
	}
	s.Log.ErrorContext(r.Context(), "handler panicked", "panic", clip(panicText(v)),
		"requestId", callOf(r.Context()).requestID, "stack", string(debug.Stack()))
	if w.status != 0 {
		return false
	}
	problem(http.StatusInternalServerError, "internal", detailInternal).write(w, r)
	return true
}

// line is the access log: the route's pattern and not the path, no query and
// no body, so that nothing personal gets into it.
func (s *server) line(r *http.Request, w *answer, c *call, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case w.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case r.Pattern == "GET /livez" || r.Pattern == "GET /readyz":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", clip(r.Method)), slog.String("route", r.Pattern),
		slog.Int("status", max(w.status, http.StatusOK)),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", w.bytes),
		slog.String("requestId", c.requestID), slog.String("correlationId", c.correlation),
	}
	if c.principal != nil {
		attrs = append(attrs, slog.String("key", c.principal.Name))
	}
	if c.orderID != "" {
		attrs = append(attrs, slog.String("orderId", string(c.orderID)))
	}
	if c.code != "" {
		attrs = append(attrs, slog.String("code", c.code))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// answer remembers what was answered, and sees to it that a caller who does
// not read it is not waited for.
type answer struct {
	http.ResponseWriter
	within time.Duration
	status int
	bytes  int64
}

func (w *answer) WriteHeader(status int) {
	if w.status != 0 {
		return // an answer that failed half-way cannot become another one
	}
	if status >= 200 {
		w.status = status
		w.hurry()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.bytes == 0 { // it may have taken long to make
		w.hurry()
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// hurry gives the caller so long to read, and half of that to send what is left
// of the request: where it was answered before it was read to its end, the
// server waits for the rest before it sends the answer. A stream sets its own
// deadlines.
func (w *answer) hurry() {
	if w.Header().Get("Content-Type") == contentStream {
		return
	}
	c, now := http.NewResponseController(w.ResponseWriter), time.Now()
	_ = c.SetReadDeadline(now.Add(w.within / 2)) // not every connection can
	_ = c.SetWriteDeadline(now.Add(w.within))
}

// Unwrap is for http.ResponseController.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// routed answers what has no route with a problem document as well: the
// mux's own answer to it is tried on a writer that keeps the headers only.
// An address that the mux would tidy up and redirect has no route either.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" && !tidy(r.URL.EscapedPath()) {
			problem(http.StatusNotFound, "not_found", "there is nothing at this address").write(w, r)
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
			problem(dry.status, "method_not_allowed", "this address answers to "+allow).write(w, r)
			return
		}
		problem(http.StatusNotFound, "not_found", "there is nothing at this address").write(w, r)
	})
}

// legible refuses an address that is no text: nothing of ours is named with a
// NUL or with bytes that are no UTF-8, and Postgres fails on them.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := isText(r.URL.Path)
		if r.URL.RawQuery != "" {
			for name, values := range r.URL.Query() {
				text = text && isText(name) && !slices.ContainsFunc(values, func(v string) bool { return !isText(v) })
			}
		}
		if !text {
			problem(http.StatusBadRequest, "malformed", "the address is not text").write(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// tidy reports whether a path has no empty, "." or ".." element.
func tidy(p string) bool {
	return strings.HasPrefix(p, "/") && strings.TrimSuffix(p, "/") == strings.TrimSuffix(path.Clean(p), "/")
}

type dryRun struct {
	header http.Header
	status int
}

func (d *dryRun) Header() http.Header         { return d.header }
func (d *dryRun) Write(b []byte) (int, error) { return len(b), nil }
func (d *dryRun) WriteHeader(status int)      { d.status = status }

func panicText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	}
	return "a value of another type"
}

const contentStream = "text/event-stream"

// wantsStream reports whether the caller asks for a live stream.
func wantsStream(accept string) bool {
	for _, a := range strings.Split(accept, ",") {
		media, _, _ := strings.Cut(a, ";")
		if strings.EqualFold(strings.TrimSpace(media), contentStream) {
			return true
		}
	}
	return false
}
