package guard

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// notSent marks an error that proves that the partner has not received any of
// the request.
type notSent struct{ err error }

func (e *notSent) Error() string { return e.err.Error() }
func (e *notSent) Unwrap() error { return e.err }

// NotSent reports whether the request was certainly never sent: it was blocked
// here, or there was no address, no connection or no TLS. After any other error
// the request may have been carried out.
func NotSent(err error) bool {
	var mark *notSent
	if errors.As(err, &mark) {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// onceOnly keeps net/http from sending a write a second time by itself, which
// it does on a broken connection if the request has an idempotency key. A
// repetition would be harmless, but the workflow owns the retries, and a test
// that drops a response must see it dropped. net/http looks for the header only
// under its usual spelling; the partner treats all spellings alike.
func onceOnly(r *http.Request) *http.Request {
	const name = "Idempotency-Key"
	if key := r.Header.Get(name); key != "" {
		h := r.Header.Clone()
		h.Del(name)
		h[strings.ToLower(name)] = []string{key}
		r.Header = h
	}
	return r
}

// traced records whether the request ever had a connection. A transport that
// reports nothing counts as having sent.
func traced(r *http.Request) (_ *http.Request, sent func() bool) {
	var asked, got atomic.Bool
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	})
	return onceOnly(r.WithContext(ctx)), func() bool { return got.Load() || !asked.Load() }
}

// RetryAfter returns how long a response asks us to wait: its Retry-After
// header in seconds or as a date. It returns 0 without the header.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseInt(v, 10, 32); err == nil {
		return time.Duration(max(s, 0)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// body ends the call when the body ends.
type body struct {
	io.ReadCloser
	ctx    context.Context
	failed bool
	done   func(Verdict)
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
	case err == io.EOF:
		b.end()
	default:
		b.done(judgeError(b.ctx, err))
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end()
	return err
}

func (b *body) end() {
	if b.failed {
		b.done(Failing)
		return
	}
	b.done(Healthy)
}

// closeBody closes the request's body, as a RoundTripper that fails must.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
