package httpkit

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"purser/order"
)

// Call holds what is known about a request while it is handled: the caller, and
// the ids to search the logs for. It is not safe for concurrent use.
type Call struct {
	RequestID   string
	Correlation string
	Principal   *Principal // nil without an API key
	Customer    string     // if set, only this customer's orders are visible
	OrderID     order.ID   // the order that the request is about
	code        string     // the code of the problem in the response
}

// Actor returns the caller's name in an order's events.
func (c *Call) Actor() string {
	if c.Principal == nil {
		return "nobody"
	}
	return "key:" + c.Principal.Name
}

type callKey struct{}

// CallOf returns the call of the request that ctx belongs to, or nil.
func CallOf(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// observe gives each request its ids, recovers from a handler's panic and writes
// one log line per request.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		c := &Call{RequestID: rand.Text(), Correlation: r.Header.Get("X-Correlation-Id")}
		if !isToken(c.Correlation) {
			c.Correlation = c.RequestID
		}
		w.Header().Set("X-Request-Id", c.RequestID)
		w.Header().Set("X-Correlation-Id", c.Correlation)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		rec := &responseRecorder{ResponseWriter: w, within: s.WriteWithin}
		defer func() {
			v := recover()
			cut := v != nil && !s.recovered(v, rec, r)
			s.logRequest(r, rec, c, s.Now().Sub(began))
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(rec, r)
		if rec.status == 0 {
			rec.setDeadlines()
		}
	})
}

// recovered writes the response to a request whose handler panicked. It returns
// false if a response had begun; the connection must then be cut, so that the
// caller does not take half a response for a complete one.
func (s *Server) recovered(v any, w *responseRecorder, r *http.Request) bool {
	if v == http.ErrAbortHandler {
		return false
	}
	s.Log.ErrorContext(r.Context(), "handler panicked", "panic", Clip(panicText(v)),
		"requestId", CallOf(r.Context()).RequestID, "stack", string(debug.Stack()))
	if w.status != 0 {
		return false
	}
	NewProblem(http.StatusInternalServerError, "internal", DetailInternal).Write(w, r)
	return true
}

func panicText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	}
	return "a value of another type"
}

// logRequest writes the access log's line. It contains the route's pattern instead
// of the path, and neither the query nor the body, so that no personal data gets
// into the log.
func (s *Server) logRequest(r *http.Request, w *responseRecorder, c *Call, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case w.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case r.Pattern == "GET /livez" || r.Pattern == "GET /readyz":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", Clip(r.Method)), slog.String("route", r.Pattern),
		slog.Int("status", max(w.status, http.StatusOK)),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", w.bytes),
		slog.String("requestId", c.RequestID), slog.String("correlationId", c.Correlation),
	}
	if c.Principal != nil {
		attrs = append(attrs, slog.String("key", c.Principal.Name))
	}
	if c.OrderID != "" {
		attrs = append(attrs, slog.String("orderId", string(c.OrderID)))
	}
	if c.code != "" {
		attrs = append(attrs, slog.String("code", c.code))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}
