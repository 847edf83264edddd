package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// beatEvery is well below the heartbeat timeout of every long step.
const beatEvery = 5 * time.Second

// Beat records heartbeats of a long step in the background until stop is called.
func Beat(ctx context.Context) (stop func()) {
	return BeatAt(ctx, func() string { return "working" })
}

// BeatAt is like Beat, with details that say how far the step is.
func BeatAt(ctx context.Context, place func() string) (stop func()) {
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
				Heartbeat(ctx, place())
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// Heartbeat records a heartbeat with its details; outside of an activity, as in
// a unit test, it does nothing.
func Heartbeat(ctx context.Context, what string) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx, what)
	}
}
