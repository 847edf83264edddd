package stack

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetryInBackground: a task is tried until it succeeds, each attempt within
// its bound, and cancelled when the stack stops.
func TestRetryInBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Stack{log: slog.New(slog.DiscardHandler)}
		began, tries := time.Now(), 0
		s.retryInBackground("the impossible", 30*time.Second, func(ctx context.Context) error {
			switch tries++; tries {
			case 1:
				return errors.New("no engine yet")
			case 2: // it hangs
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		time.Sleep(time.Hour) // of the test's own clock
		synctest.Wait()
		if tries != 3 {
			t.Errorf("%d tries", tries)
		}
		stopped := make(chan struct{})
		s.retryInBackground("the impossible", 0, func(ctx context.Context) error {
			<-ctx.Done()
			close(stopped)
			return ctx.Err()
		})
		synctest.Wait()
		s.Stop()
		<-stopped
		if took := time.Since(began); took != time.Hour {
			t.Errorf("stopping took until %s", took)
		}
	})
}
