package inbox

import (
	"context"
	"sync"
	"time"

	"purser/order"
	inboxrecords "purser/records/inbox"
)

// A sweep brings about so many events into memory, of which others are left to
// other processes, and passes over so many pages of them for that.
const (
	sweepAtOnce = 200 // a page, too
	mostPages   = 25
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
	shut := make(map[chan job]bool)
	for _, id := range r.held.take() {
		items, err := r.Ledger.HeldFor(ctx, id, "")
		if r.enqueue(ctx, items, err, shut); err != nil || len(shut) > 0 {
			r.held.back(id)
		}
	}
	for ctx.Err() == nil {
		took, more := r.sweepDue(ctx)
		// What is left is looked for as soon as most of what is in memory has
		// gone out.
		r.more.Store(more)
		if took == 0 || r.counted.waiting.Load() >= fewLeft || !r.more.CompareAndSwap(true, false) {
			return
		}
	}
}

// sweepDue takes the next events that there is room for. It goes on where the
// last one stopped, and begins again at the end: those it has passed over come
// round again.
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

// enqueue hands on what there is room for, and returns how much. It waits for
// nobody: where a lane is full, others are not. Such a lane is shut for the
// rest of the sweep, else what comes behind would overtake. What is in memory
// already is left alone.
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
				// We wrote it, and cannot read it: a person must look.
				r.Log.ErrorContext(ctx, "stored news is unreadable; parked", "inboxId", it.ID, "error", err)
				r.recordAttempt(ctx, []job{j}, inboxrecords.Parked, "its news is unreadable", time.Time{})
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
		default: // filled meanwhile
			shut[lane] = true
			r.drop(j.id)
		}
	}
	return took
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

// back is for an order whose events found no room: it has appeared all the
// same.
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
