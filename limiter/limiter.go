// Package limiter bounds what callers may do: how much at once (Limiter), how
// often (Rate), and how often the log says so (LogThrottle). Each caller has a
// key. What is kept per key is forgotten as soon as it no longer matters, so
// that a flood of keys does not fill the memory.
package limiter

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrLimitReached is returned when no place becomes free in time.
var ErrLimitReached = errors.New("limit reached")

// Limiter bounds how many callers work at once, in all and for each key. A
// share below the whole size leaves places for other keys, whatever one key
// sends.
type Limiter struct {
	all   *semaphore.Weighted
	share int

	mu   sync.Mutex
	keys map[string]*entry // only keys with callers that work or wait
}

// entry is the part of one key.
type entry struct {
	places  *semaphore.Weighted
	callers int // working or waiting
}

// New returns a limiter with size places, of which one key may hold share.
func New(size, share int) *Limiter {
	return &Limiter{all: semaphore.NewWeighted(int64(size)), share: share, keys: make(map[string]*entry)}
}

// TryAcquire takes a place for key if one is free now. The caller must call
// release exactly once.
func (l *Limiter) TryAcquire(key string) (release func(), ok bool) {
	release, err := l.acquire(key, func(s *semaphore.Weighted) error {
		if !s.TryAcquire(1) {
			return ErrLimitReached
		}
		return nil
	})
	return release, err == nil
}

// Acquire takes a place for key. It waits at most within for one, and then
// fails with ErrLimitReached, or with the error of ctx if that ended first. A
// caller whose key has its whole share waits for the key's own places and so
// delays no other key. The caller must call release exactly once.
func (l *Limiter) Acquire(ctx context.Context, key string, within time.Duration) (release func(), err error) {
	waiting, cancel := context.WithTimeoutCause(ctx, within, ErrLimitReached)
	defer cancel()
	return l.acquire(key, func(s *semaphore.Weighted) error {
		if s.Acquire(waiting, 1) != nil {
			return context.Cause(waiting)
		}
		return nil
	})
}

// acquire takes the key's place first and then one of all.
func (l *Limiter) acquire(key string, take func(*semaphore.Weighted) error) (release func(), err error) {
	e := l.enter(key)
	if err := take(e.places); err != nil {
		l.leave(key, e)
		return nil, err
	}
	if err := take(l.all); err != nil {
		e.places.Release(1)
		l.leave(key, e)
		return nil, err
	}
	return func() {
		l.all.Release(1)
		e.places.Release(1)
		l.leave(key, e)
	}, nil
}

// enter returns the key's entry, which stays until its last caller leaves.
func (l *Limiter) enter(key string) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		e = &entry{places: semaphore.NewWeighted(int64(l.share))}
		l.keys[key] = e
	}
	e.callers++
	return e
}

func (l *Limiter) leave(key string, e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.callers--; e.callers == 0 {
		delete(l.keys, key)
	}
}
