package httpkit

import (
	"net/http"
	"time"

	"purser/limiter"
)

// bodyWithin is how long a caller may take for a body, unless its operation reads it
// as a stream and sets another limit.
const bodyWithin = 30 * time.Second

// boundBody gives up the bodies that stop coming.
func boundBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		BoundBody(w, r, bodyWithin)
		next.ServeHTTP(w, r)
	})
}

// BoundBody limits how long the rest of a body may take; it must keep coming in any
// case. See limiter.BoundBody.
func BoundBody(w http.ResponseWriter, r *http.Request, total time.Duration) {
	limiter.BoundBody(w, r, total)
}

// Stalled reports whether a body could not be read because it stopped coming.
func Stalled(err error) bool { return limiter.Stalled(err) }
