package inbox

import (
	"context"
	"errors"
	"sync"
	"time"
)

// gate lets so many in at once; the zero value is ready.
type gate struct {
	once sync.Once
	room chan struct{}
}

var errBusy = errors.New("too many at once")

// enter waits for room, but not for ever.
func (g *gate) enter(ctx context.Context, size int) (leave func(), err error) {
	g.once.Do(func() { g.room = make(chan struct{}, size) })
	leave = func() { <-g.room }
	select {
	case g.room <- struct{}{}:
		return leave, nil
	default:
	}
	patience := time.NewTimer(5 * time.Second)
	defer patience.Stop()
	select {
	case g.room <- struct{}{}:
		return leave, nil
	case <-patience.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// gates is a gate for each name; the zero value is ready. It remembers only
// those at which somebody is.
type gates struct {
	mu sync.Mutex
	by map[string]*visited
}

type visited struct {
	gate
	visitors int // inside or waiting
}

// enter waits for room at the name's gate.
func (g *gates) enter(ctx context.Context, name string, size int) (leave func(), err error) {
	g.mu.Lock()
	if g.by == nil {
		g.by = make(map[string]*visited)
	}
	v := g.by[name]
	if v == nil {
		v = &visited{}
		g.by[name] = v
	}
	v.visitors++
	g.mu.Unlock()
	out, err := v.enter(ctx, size)
	if err != nil {
		g.gone(name, v)
		return nil, err
	}
	return func() { out(); g.gone(name, v) }, nil
}

func (g *gates) gone(name string, v *visited) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v.visitors--; v.visitors == 0 {
		delete(g.by, name)
	}
}
