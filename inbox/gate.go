package inbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
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

// remote is the address it came from, without the port.
func remote(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// network is what the sender has of addresses, by which senders are told apart:
// one of IPv4, but 2^64 of IPv6.
func network(r *http.Request) string {
	a, err := netip.ParseAddr(remote(r))
	if err != nil {
		return remote(r)
	}
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}
