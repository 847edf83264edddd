package httpkit

import (
	"context"
	"net/http"
	"time"
)

// acceptAfter is how long a caller waits for long work before the response is 202.
const acceptAfter = 20 * time.Second

// AcceptOrTimeout returns the result of do with the status 200. If do takes longer
// than 20 seconds, it returns the status 202, and the work continues.
func AcceptOrTimeout[T any](ctx context.Context, do func(context.Context) (T, error)) (found T, status int, err error) {
	waited, stop := context.WithTimeout(ctx, acceptAfter)
	defer stop()
	found, err = do(waited)
	if TimedOut(waited, err) {
		return found, http.StatusAccepted, nil
	}
	return found, http.StatusOK, err
}
