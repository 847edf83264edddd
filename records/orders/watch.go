package orders

import (
	"sync"
	"sync/atomic"

	"purser/order"
)

// watches holds the followers of orders.
type watches struct {
	count   atomic.Int64 // makes Wake free when nobody watches
	mu      sync.Mutex
	byOrder map[order.ID]map[chan struct{}]struct{}
}

// Watch returns a channel that receives after each write to the order or its
// mails by this process; several writes may share one wake-up. A write by
// another process does not wake a follower, so followers also poll now and
// then. The caller must call stop when done.
func (s *Store) Watch(id order.ID) (changed <-chan struct{}, stop func()) {
	w := &s.watches
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byOrder == nil {
		w.byOrder = make(map[order.ID]map[chan struct{}]struct{})
	}
	if w.byOrder[id] == nil {
		w.byOrder[id] = make(map[chan struct{}]struct{})
	}
	w.byOrder[id][c] = struct{}{}
	w.count.Add(1)
	return c, sync.OnceFunc(func() { w.remove(id, c) })
}

func (w *watches) remove(id order.ID, c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count.Add(-1)
	delete(w.byOrder[id], c)
	if len(w.byOrder[id]) == 0 {
		delete(w.byOrder, id)
	}
}

// Wake wakes the followers of an order that has changed outside this store.
func (s *Store) Wake(id order.ID) { s.watches.wake(id) }

func (w *watches) wake(id order.ID) {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.byOrder[id] {
		select {
		case c <- struct{}{}:
		default: // already woken
		}
	}
}
