package limiter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTryAcquire compares any sequence of acquiring and releasing with plain
// counters: a place is free exactly when the key is below its share and all
// together are below the size, and only keys that hold one are remembered.
func TestTryAcquire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "size")
		share := rapid.IntRange(1, 8).Draw(t, "share")
		l := New(size, share)
		held := map[string][]func(){}
		total := 0
		key := rapid.SampledFrom([]string{"", "a", "b", "c"})
		t.Repeat(map[string]func(*rapid.T){
			"acquire": func(t *rapid.T) {
				k := key.Draw(t, "key")
				release, ok := l.TryAcquire(k)
				if want := len(held[k]) < share && total < size; ok != want {
					t.Fatalf("%d of %d by %q, %d of %d in all: got a place: %t", len(held[k]), share, k, total, size, ok)
				}
				if ok {
					held[k] = append(held[k], release)
					total++
				}
			},
			"release": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if n := len(held[k]); n > 0 {
					held[k][n-1]()
					held[k] = held[k][:n-1]
					total--
				}
			},
			"": func(t *rapid.T) {
				want := 0
				for _, h := range held {
					if len(h) > 0 {
						want++
					}
				}
				if len(l.keys) != want {
					t.Fatalf("%d keys remembered, want %d", len(l.keys), want)
				}
			},
		})
	})
}

// TestAcquireUnderLoad lets many callers of several keys wait, some of which are
// cancelled: at no moment do more callers than the size or a key's share hold a
// place, and in the end no key is left.
func TestAcquireUnderLoad(t *testing.T) {
	t.Parallel()
	const size, share, keys = 4, 3, 3
	l := New(size, share)
	var all atomic.Int64
	var by [keys]atomic.Int64
	var callers sync.WaitGroup
	var acquired atomic.Int64
	for i := range 48 {
		callers.Go(func() {
			key := i % keys
			for n := range 50 {
				ctx, cancel := context.WithCancel(t.Context())
				if (i+n)%7 == 0 {
					time.AfterFunc(time.Duration(n)*time.Microsecond, cancel)
				}
				release, err := l.Acquire(ctx, fmt.Sprint(key), time.Minute)
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					cancel()
					continue
				}
				acquired.Add(1)
				if got := all.Add(1); got > size {
					t.Errorf("%d at once, more than %d", got, size)
				}
				if got := by[key].Add(1); got > share {
					t.Errorf("%d of one key at once, more than %d", got, share)
				}
				by[key].Add(-1)
				all.Add(-1)
				release()
				cancel()
			}
		})
	}
	callers.Wait()
	if acquired.Load() == 0 {
		t.Error("nobody ever got a place")
	}
	if len(l.keys) != 0 {
		t.Errorf("%d keys are still remembered", len(l.keys))
	}
	if !l.all.TryAcquire(size) {
		t.Error("not all places were released")
	}
}

func TestAcquireTimesOut(t *testing.T) {
	t.Parallel()
	l := New(2, 1)
	release, err := l.Acquire(t.Context(), "a", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(t.Context(), "a", time.Millisecond); !errors.Is(err, ErrLimitReached) {
		t.Errorf("beyond the share: got %v, want ErrLimitReached", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Acquire(ended, "a", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller left: got %v, want context.Canceled", err)
	}
	other, err := l.Acquire(t.Context(), "b", time.Minute)
	if err != nil {
		t.Fatalf("another key: %v", err)
	}
	if _, err := l.Acquire(t.Context(), "c", time.Millisecond); !errors.Is(err, ErrLimitReached) {
		t.Errorf("beyond the size: got %v, want ErrLimitReached", err)
	}
	other()
	release()
	if len(l.keys) != 0 {
		t.Errorf("%d keys are still remembered", len(l.keys))
	}
}

// A caller that waits for its key's share holds no place that another key
// could use.
func TestWaitingDelaysNoOtherKey(t *testing.T) {
	t.Parallel()
	l := New(4, 3)
	var releases []func()
	for range 3 {
		release, ok := l.TryAcquire("flood")
		if !ok {
			t.Fatal("no place within the share")
		}
		releases = append(releases, release)
	}
	got := make(chan error, 5)
	for range cap(got) {
		go func() {
			release, err := l.Acquire(t.Context(), "flood", time.Minute)
			if err == nil {
				release()
			}
			got <- err
		}()
	}
	for callers := 0; callers < 3+cap(got); { // until all of them wait or are about to
		l.mu.Lock()
		callers = l.keys["flood"].callers
		l.mu.Unlock()
	}
	release, ok := l.TryAcquire("other")
	if !ok {
		t.Fatal("another key finds no place")
	}
	release()
	for _, release := range releases {
		release()
	}
	for range cap(got) {
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
}
