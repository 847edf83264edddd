package limiter

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// StallAfter is how long a request's body may stand still. A caller whose body has
// stopped gets a response within five seconds of its last byte.
const StallAfter = 4 * time.Second

// Body is a request's body that is given up when it stops coming.
type Body struct {
	io.ReadCloser
	w     http.ResponseWriter
	until time.Time
	asked bool // the caller waits to be asked for the body
}

// BoundBody limits how long the body of a request may take: each read must bring a
// byte within StallAfter, and the last must come within total. A read that waits
// longer fails with an error for which Stalled is true. A second call for the same
// request replaces total.
func BoundBody(w http.ResponseWriter, r *http.Request, total time.Duration) {
	b, bounded := r.Body.(*Body)
	if !bounded {
		if r.Body == nil || r.Body == http.NoBody {
			return
		}
		b = &Body{ReadCloser: r.Body, w: w, asked: r.Header.Get("Expect") != ""}
		r.Body = b
		if b.asked { // it sends nothing before, so the server must not wait for it
			w.Header().Set("Connection", "close")
		}
	}
	b.until = time.Now().Add(total)
}

// Stalled reports whether a body could not be read because it stopped coming.
func Stalled(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func (b *Body) Read(p []byte) (int, error) {
	conn, deadline := http.NewResponseController(b.w), time.Now().Add(StallAfter)
	if b.until.Before(deadline) {
		deadline = b.until
	}
	_ = conn.SetReadDeadline(deadline) // not every writer supports it
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF): // otherwise the deadline would pass during the work and cancel the request
		_ = conn.SetReadDeadline(time.Time{})
		if b.asked {
			b.w.Header().Del("Connection")
		}
	case Stalled(err): // otherwise the server would wait for the rest before it responds
		b.w.Header().Set("Connection", "close")
	}
	return n, err
}
