package faults

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Wrap applies the rules to the calls of a stand-in. Without rules it only reads
// one flag. Rules match the path that next sees.
func (c *Control) Wrap(provider string, next http.Handler) http.Handler {
	if c == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.armed.Load() {
			next.ServeHTTP(w, r)
			return
		}
		f, ok := c.strike(provider, r.Method+" "+r.URL.Path)
		switch {
		case !ok:
			next.ServeHTTP(w, r)
		case f.When == Before:
			before(f, provider, next, w, r)
		default:
			after(f, provider, next, w, r)
		}
	})
}

// before lets the fault strike before the work. next sees the call only if the
// fault merely delays it.
func before(f Fault, provider string, next http.Handler, w http.ResponseWriter, r *http.Request) {
	if f.Do == Slow {
		if pause(f.Delay, r) {
			next.ServeHTTP(w, r)
		}
		return
	}
	// The server notices that a client has disconnected only once the body is read.
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	spoil(f, provider, &recordedResponse{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(`{"id":"`)}, w, r)
}

// after lets the work be done and then lets the fault strike the response.
func after(f Fault, provider string, next http.Handler, w http.ResponseWriter, r *http.Request) {
	a := &recordedResponse{header: http.Header{}}
	if f.Do == Late {
		r = r.WithContext(context.WithValue(r.Context(), hiddenKey{}, f.Delay))
	}
	next.ServeHTTP(a, r)
	if f.Do == Slow {
		if pause(f.Delay, r) {
			a.send(w)
		}
		return
	}
	spoil(f, provider, a, w, r)
}

type hiddenKey struct{}

// HiddenFor returns for how long a stand-in that can do so hides what a call makes. It
// is not 0 if the fault Late strikes the call.
func HiddenFor(ctx context.Context) time.Duration {
	d, _ := ctx.Value(hiddenKey{}).(time.Duration)
	return d
}

func spoil(f Fault, provider string, a *recordedResponse, w http.ResponseWriter, r *http.Request) {
	switch f.Do {
	case Timeout:
		pause(f.Delay, r)
		panic(http.ErrAbortHandler) // closes the connection without a response
	case Reset, Late:
		reset(w)
	case Status:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
		}
		writeError(w, provider, f.Status)
	case Malformed:
		a.body = a.body[:len(a.body)/2+len(a.body)%2]
		a.header.Del("Content-Length")
		a.send(w)
	}
}

// pause waits and reports whether the caller is still connected.
func pause(d time.Duration, r *http.Request) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// reset closes the connection with an RST if the server allows it.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// writeError responds with an error in the provider's own format, so that its
// SDK takes the same path as with a real fault.
func writeError(w http.ResponseWriter, provider string, status int) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	body := `{"error":{"code":"injected_fault","message":"injected fault"}}`
	switch provider {
	case "stripe":
		body = `{"error":{"type":"api_error","message":"injected fault"}}`
		if status == http.StatusTooManyRequests {
			body = `{"error":{"type":"invalid_request_error","code":"rate_limit","message":"injected fault"}}`
		}
	case "ses":
		code := "InternalServiceErrorException"
		switch status {
		case http.StatusBadRequest:
			code = "MessageRejected"
		case http.StatusForbidden:
			code = "AccessDeniedException"
		case http.StatusTooManyRequests:
			code = "TooManyRequestsException"
		}
		h.Set("X-Amzn-ErrorType", code)
		body = `{"message":"injected fault"}`
	case "s3":
		code := "InternalError"
		switch status {
		case http.StatusForbidden:
			code = "AccessDenied"
		case http.StatusServiceUnavailable:
			code = "SlowDown"
		}
		h.Set("Content-Type", "application/xml")
		body = "<Error><Code>" + code + "</Code><Message>injected fault</Message></Error>"
	}
	if provider == "search" {
		body = `{"message":"injected fault","code":"internal","type":"internal","link":""}`
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// recordedResponse is a ResponseWriter that keeps the response of a handler.
type recordedResponse struct {
	status int
	header http.Header
	body   []byte
}

func (a *recordedResponse) Header() http.Header { return a.header }

func (a *recordedResponse) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *recordedResponse) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

func (a *recordedResponse) send(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	a.WriteHeader(http.StatusOK)
	w.WriteHeader(a.status)
	_, _ = io.Copy(w, bytes.NewReader(a.body))
}
