package measure

import (
	"context"
	"time"
)

// Wait waits so long, and reports whether it did before the context ended.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
