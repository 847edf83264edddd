package inbox

import (
	"context"
	"sync"
	"time"

	"purser/order"
	"purser/records"
)

// sweepAtOnce bounds the memory a sweep takes: items come with their bytes.
const (
	sweepAtOnce = 200
	fewLeft     = sweepAtOnce / 4
)

// sweep finds what is due in the record: what an earlier process left, what
// failed before, what was held, what found no room in memory.
func (r *Relay) sweep(ctx context.Context) {
	tick := time.NewTicker(r.SweepEvery)
	defer tick.Stop()
	for {
		r.sweepOnce(ctx)
		select {
		case <-tick.C:
		case <-r.nudge:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Relay) sweepOnce(ctx context.Context) {
	r.memory.forget()
	for _, id := range r.held.take() {
		items, err := r.Ledger.HeldFor(ctx, id, "")
		r.enqueue(ctx, items, err)
	}
	for ctx.Err() == nil {
		r.memory.forget()
		items, err := r.Ledger.Due(ctx, r.Now(), sweepAtOnce)
		r.enqueue(ctx, items, err)
		// There may be more behind a full page. It is looked for as soon as
		// most of this one has gone out.
		r.more.Store(len(items) == sweepAtOnce)
		if r.counted.waiting.Load() >= fewLeft || !r.more.CompareAndSwap(true, false) {
			return
		}
	}
}

// enqueue waits for room, which a sweep can afford. What is in memory
// already is left alone.
func (r *Relay) enqueue(ctx context.Context, items []records.Item, err error) {
	if err != nil {
		if lines := r.talk.lines(r.Now(), "search"); lines > 0 && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "inbox cannot be searched", "error", err, "lines", lines)
		}
		return
	}
	for _, it := range items {
		if !r.claim(it.ID) {
			continue
		}
		j, err := read(it)
		if err != nil {
			// We wrote it, and cannot read it: a person must look.
			r.Log.ErrorContext(ctx, "stored news is unreadable; parked", "inboxId", it.ID, "error", err)
			r.settle(ctx, []job{j}, records.Parked, "its news is unreadable", time.Time{})
			continue
		}
		select {
		case r.shard(j) <- j:
		case <-ctx.Done():
			r.drop(j.id)
			return
		}
	}
}

// wake asks for a sweep before its time. It never blocks.
func (r *Relay) wake() {
	select {
	case r.nudge <- struct{}{}:
	default: // asked already
	}
}

// heldOrders are the orders that events are held for, as far as this process
// knows. It is a hint that saves waiting: what is not in it has its turn by
// the clock.
type heldOrders struct {
	mu       sync.Mutex
	known    map[order.ID]bool
	appeared []order.ID
}

const maxHeld = 10_000

func (h *heldOrders) add(id order.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = make(map[order.ID]bool)
	}
	if len(h.known) < maxHeld {
		h.known[id] = true
	}
}

// due notes that an order has appeared; false if nothing is held for it.
func (h *heldOrders) due(id order.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.known[id] {
		return false
	}
	delete(h.known, id)
	h.appeared = append(h.appeared, id)
	return true
}

// take answers the orders that have appeared since the last time.
func (h *heldOrders) take() []order.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := h.appeared
	h.appeared = nil
	return ids
}

// memory knows which events are in memory, and which have just left it: a
// page read from the record before that would bring them back.
type memory struct {
	mu   sync.Mutex
	in   map[int64]bool
	left map[int64]bool
}

func (m *memory) take(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.in[id] || m.left[id] {
		return false
	}
	if m.in == nil {
		m.in = make(map[int64]bool)
	}
	m.in[id] = true
	return true
}

func (m *memory) leave(id int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.in, id)
	if m.left == nil {
		m.left = make(map[int64]bool)
	}
	m.left[id] = true
}

// forget is for the moment before the record is read: it knows what became
// of those that have left.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.left)
}
