package httpkit

import (
	"net/http"
	"strings"
	"time"

	"purser/limiter"
)

// responseRecorder remembers the status and size of a response, and sets the
// deadlines within which the caller must read it.
type responseRecorder struct {
	http.ResponseWriter
	within time.Duration
	status int
	bytes  int64
}

func (w *responseRecorder) WriteHeader(status int) {
	if w.status != 0 {
		return // a response that has begun keeps its status
	}
	if status >= 200 {
		w.status = status
		w.setDeadlines()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.bytes == 0 { // the body may have taken long to make
		w.setDeadlines()
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// setDeadlines limits how long the caller may take to read the response. It limits
// to half of that, and to limiter.StallAfter, how long the caller may take to send the
// remaining request, which the server reads before it sends an early response. A stream sets its own
// deadlines.
func (w *responseRecorder) setDeadlines() {
	if w.Header().Get("Content-Type") == ContentStream {
		return
	}
	c, now := http.NewResponseController(w.ResponseWriter), time.Now()
	_ = c.SetReadDeadline(now.Add(min(w.within/2, limiter.StallAfter))) // not every connection can
	_ = c.SetWriteDeadline(now.Add(w.within))
}

// Unwrap lets http.ResponseController reach the underlying writer.
func (w *responseRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ContentStream is the media type of server-sent events.
const ContentStream = "text/event-stream"

// WantsStream reports whether an Accept header asks for a live stream.
func WantsStream(accept string) bool {
	for _, a := range strings.Split(accept, ",") {
		media, _, _ := strings.Cut(a, ";")
		if strings.EqualFold(strings.TrimSpace(media), ContentStream) {
			return true
		}
	}
	return false
}
