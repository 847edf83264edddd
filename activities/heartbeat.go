package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// beatEvery is well below the time after which a silent step is taken for
// lost.
const beatEvery = 5 * time.Second

// Beat tells the engine that a long step is alive, until stop is called.
func Beat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				Heartbeat(ctx, "working")
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func Heartbeat(ctx context.Context, what string) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx, what)
	}
}
