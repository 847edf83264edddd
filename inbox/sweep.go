package inbox

import (
	"context"
	"sync"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// The limits of a sweep: how many events it queues, and how many pages of events
// that it cannot queue it reads for that.
const (
	sweepAtOnce = 200 // also the size of a page
	mostPages   = 25
	fewLeft     = sweepAtOnce / 4
)

// sweep searches the record for events that are due: events that an earlier process
// left, that failed, that were held, or that did not fit into memory.
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
	shut := make(map[chan job]bool)
	for _, id := range r.held.take() {
		items, err := r.Ledger.HeldFor(ctx, id, "")
		if r.enqueue(ctx, items, err, shut); err != nil || len(shut) > 0 {
			r.held.back(id)
		}
	}
	for ctx.Err() == nil {
		took, more := r.sweepDue(ctx)
		// The next sweep begins as soon as most events in memory are delivered.
		r.more.Store(more)
		if took == 0 || r.counted.waiting.Load() >= fewLeft || !r.more.CompareAndSwap(true, false) {
			return
		}
	}
}

// sweepDue queues the next events that fit. It continues where the last sweep
// stopped and starts over after the last event, so that events that did not fit are
// found again.
func (r *Relay) sweepDue(ctx context.Context) (took int, more bool) {
	shut := make(map[chan job]bool)
	first := r.swept
	for range mostPages {
		r.memory.forget()
		items, err := r.Ledger.Due(ctx, r.Now(), r.swept, sweepAtOnce)
		took += r.enqueue(ctx, items, err, shut)
		if len(items) < sweepAtOnce {
			r.swept = inboxrecords.Place{}
			return took, len(shut) > 0 || first != inboxrecords.Place{}
		}
		last := items[len(items)-1]
		r.swept = inboxrecords.Place{NextAt: last.NextAt, ID: last.ID}
		if took >= sweepAtOnce || ctx.Err() != nil {
			break
		}
	}
	return took, true
}

// enqueue queues the events that fit and returns how many. It never blocks: if a
// lane is full, others may not be. A full lane is shut for the rest of the sweep, so
// that no later event overtakes. Events that are already in memory are skipped.
func (r *Relay) enqueue(ctx context.Context, items []inboxrecords.Item, err error, shut map[chan job]bool) (took int) {
	if err != nil {
		if lines := r.lines.Lines(r.Now(), "search"); lines > 0 && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "inbox cannot be searched", "error", err, "lines", lines)
		}
		return 0
	}
	for _, it := range items {
		j, err := read(it)
		if err != nil {
			if r.claim(it.ID) {
				// We wrote it and cannot read it, so it needs an operator.
				r.Log.ErrorContext(ctx, "stored event is unreadable; parked", "inboxId", it.ID, "error", err)
				r.recordAttempt(ctx, []job{j}, inboxrecords.Parked, "the stored event is unreadable", time.Time{})
			}
			continue
		}
		lane := r.shard(j)
		if len(lane) == cap(lane) {
			shut[lane] = true
		}
		if shut[lane] || !r.claim(j.id) {
			continue
		}
		select {
		case lane <- j:
			took++
		default: // it was filled since the check
			shut[lane] = true
			r.drop(j.id)
		}
	}
	return took
}

// wake requests an early sweep. It never blocks.
func (r *Relay) wake() {
	select {
	case r.nudge <- struct{}{}:
	default: // a sweep is already requested
	}
}

// heldOrders holds the orders for which this process has held events. It only
// shortens the wait: events of other orders are retried when they are due.
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

// due records that an order has appeared. It returns false if nothing is held for
// the order.
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

// back returns an order whose events did not fit into memory to the list of orders
// that have appeared.
func (h *heldOrders) back(id order.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.appeared = append(h.appeared, id)
}

// take returns the orders that have appeared since the last time.
func (h *heldOrders) take() []order.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := h.appeared
	h.appeared = nil
	return ids
}

// memory holds the ids of the events that are in memory, and of those that have just
// left it: a page that was read from the record before that still lists them.
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

// forget clears the ids of the events that have left. It is called just before the
// record is read, which then has their outcomes.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.left)
}
