package activities

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
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

// LastBeat returns the details of the last heartbeat of an earlier try, or "": the step
// begins at the start.
func LastBeat(ctx context.Context) (details string) {
	if activity.IsActivity(ctx) && activity.HasHeartbeatDetails(ctx) {
		_ = activity.GetHeartbeatDetails(ctx, &details) // unreadable details count as none
	}
	return details
}

// Logger returns the activity's logger; outside of an activity it discards everything.
func Logger(ctx context.Context) log.Logger {
	if activity.IsActivity(ctx) {
		return activity.GetLogger(ctx)
	}
	return log.NewStructuredLogger(slog.New(slog.DiscardHandler))
}

// Heartbeat records a heartbeat with its details; outside of an activity, as in
// a unit test, it does nothing.
func Heartbeat(ctx context.Context, what string) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx, what)
	}
}
