package fake

import (
	"context"
	"slices"
	"sync"

	"purser/order"
)

// Bulks is the record of bulks in memory. The zero value is ready. Set the hooks before
// it is used.
type Bulks struct {
	// Before is called before each write ("BeginBulkOrders", "RecordBulkOrders",
	// "EndBulk"). If it fails, the call returns its error and writes nothing.
	Before func(op string) error
	// After is called after the write. If it fails, the call returns its error although
	// the write is done.
	After func(op string) error

	mu    sync.Mutex
	bulks map[string]*bulk
}

type bulk struct {
	order.Bulk
	orders []order.BulkOrder
}

// OpenBulk writes a bulk with its orders.
func (s *Bulks) OpenBulk(b order.Bulk, ids ...order.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bulks == nil {
		s.bulks = map[string]*bulk{}
	}
	b.State = order.BulkRunning
	opened := &bulk{Bulk: b}
	for i, id := range ids {
		opened.orders = append(opened.orders, order.BulkOrder{N: int64(i + 1), OrderID: id, Outcome: order.OutcomeDue})
	}
	s.bulks[b.ID] = opened
}

// BulkOrders lists all orders of a bulk.
func (s *Bulks) BulkOrders(id string) []order.BulkOrder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bulks[id].orders)
}

// Bulk returns the bulk with its counts.
func (s *Bulks) Bulk(_ context.Context, id string) (order.Bulk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bulks[id]
	if b == nil {
		return order.Bulk{}, order.ErrNoBulk
	}
	return b.counted(), nil
}

func (b *bulk) counted() order.Bulk {
	counted := b.Bulk
	for _, o := range b.orders {
		counted.Counts.Add(o.Outcome, 1)
	}
	return counted
}

// BeginBulkOrders marks the next orders of a running bulk as begun.
func (s *Bulks) BeginBulkOrders(_ context.Context, id string, limit int) (next []order.BulkOrder, err error) {
	err = s.write("BeginBulkOrders", id, func(b *bulk) {
		for i := range b.orders {
			if o := &b.orders[i]; b.State == order.BulkRunning && o.Outcome == order.OutcomeDue && len(next) < limit {
				o.Outcome = order.OutcomeBegun
				next = append(next, *o)
			}
		}
	})
	return next, err
}

// BegunBulkOrders lists the orders that were begun and have no outcome.
func (s *Bulks) BegunBulkOrders(_ context.Context, id string, after int64, limit int) (begun []order.BulkOrder, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.bulks[id].orders {
		if o.N > after && o.Outcome == order.OutcomeBegun && len(begun) < limit {
			begun = append(begun, o)
		}
	}
	return begun, nil
}

// RecordBulkOrders writes what became of begun orders.
func (s *Bulks) RecordBulkOrders(_ context.Context, id string, all []order.BulkOrder) error {
	return s.write("RecordBulkOrders", id, func(b *bulk) {
		for _, o := range all {
			if was := &b.orders[o.N-1]; was.Outcome == order.OutcomeBegun {
				*was = o
			}
		}
	})
}

// StopBulk lets a running bulk begin no more orders.
func (s *Bulks) StopBulk(_ context.Context, id, why string) (order.Bulk, error) {
	return s.moved("StopBulk", id, func(b *bulk) {
		if b.State == order.BulkRunning {
			b.State, b.Why = order.BulkStopping, why
		}
	})
}

// EndBulk ends a bulk in which nothing is left to be done.
func (s *Bulks) EndBulk(_ context.Context, id string) (order.Bulk, error) {
	return s.moved("EndBulk", id, func(b *bulk) {
		n := b.counted().Counts
		switch {
		case b.State.Final() || n.Begun > 0:
		case n.Due == 0:
			b.State = order.BulkDone
		case b.State == order.BulkStopping:
			b.State = order.BulkStopped
		}
	})
}

func (s *Bulks) moved(op, id string, move func(*bulk)) (now order.Bulk, err error) {
	err = s.write(op, id, func(b *bulk) {
		move(b)
		now = b.counted()
	})
	return now, err
}

func (s *Bulks) write(op, id string, change func(*bulk)) error {
	if s.Before != nil {
		if err := s.Before(op); err != nil {
			return err
		}
	}
	s.mu.Lock()
	b := s.bulks[id]
	if b != nil {
		change(b)
	}
	s.mu.Unlock()
	switch {
	case b == nil:
		return order.ErrNoBulk
	case s.After != nil:
		return s.After(op)
	}
	return nil
}
