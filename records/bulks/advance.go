package bulks

import (
	"context"

	"purser/order"
	"purser/records/sqldb"
)

// BeginBulkOrders marks the next orders of a running bulk as begun, and returns them. A
// bulk that is being stopped begins no more.
func (s *Store) BeginBulkOrders(ctx context.Context, id string, limit int) (next []order.BulkOrder, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		next = nil
		state, err := lock(ctx, q, id)
		if err != nil || state != order.BulkRunning {
			return err
		}
		if next, err = list(ctx, q, id, Filter{Outcome: order.OutcomeDue, Limit: limit}); err != nil {
			return err
		}
		for i := range next {
			next[i].Outcome = order.OutcomeBegun
			if _, err := q.Exec(ctx, "UPDATE bulk_orders SET outcome = ? WHERE bulk_id = ? AND n = ?", string(order.OutcomeBegun), id, next[i].N); err != nil {
				return err
			}
		}
		return nil
	})
	return next, sqldb.WrapError("begin bulk orders", err)
}

// BegunBulkOrders lists the orders that were begun and have no outcome, after a number.
func (s *Store) BegunBulkOrders(ctx context.Context, id string, after int64, limit int) ([]order.BulkOrder, error) {
	return s.BulkOrders(ctx, id, Filter{Outcome: order.OutcomeBegun, After: after, Limit: limit})
}

// RecordBulkOrders writes what became of orders that were begun. An outcome that is
// recorded stays; an order that did not respond stays begun.
func (s *Store) RecordBulkOrders(ctx context.Context, id string, all []order.BulkOrder) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		if _, err := lock(ctx, q, id); err != nil {
			return err
		}
		for _, o := range all {
			at := int64(0)
			if !o.Outcome.Open() {
				at = sqldb.Micros(s.DB.Now())
			}
			if _, err := q.Exec(ctx, "UPDATE bulk_orders SET outcome = ?, why = ?, tries = ?, at = ? WHERE bulk_id = ? AND n = ? AND outcome = ?",
				string(o.Outcome), o.Why, o.Tries, at, id, o.N, string(order.OutcomeBegun)); err != nil {
				return err
			}
		}
		return nil
	})
	return sqldb.WrapError("record bulk orders", err)
}

// StopBulk lets a running bulk begin no more orders. It changes nothing about a bulk
// that is being stopped or has ended.
func (s *Store) StopBulk(ctx context.Context, id, why string) (order.Bulk, error) {
	return s.move(ctx, "stop bulk", id, func(b order.Bulk) (order.BulkState, string) {
		if b.State == order.BulkRunning {
			return order.BulkStopping, why
		}
		return b.State, b.Why
	})
}

// EndBulk ends a bulk in which nothing is left to be done, and returns it as it stands.
func (s *Store) EndBulk(ctx context.Context, id string) (order.Bulk, error) {
	return s.move(ctx, "end bulk", id, func(b order.Bulk) (order.BulkState, string) {
		switch {
		case b.State.Final() || b.Counts.Begun > 0:
		case b.Counts.Due == 0:
			return order.BulkDone, b.Why
		case b.State == order.BulkStopping:
			return order.BulkStopped, b.Why
		}
		return b.State, b.Why
	})
}

// move changes the state of a bulk, and returns the bulk as it is then.
func (s *Store) move(ctx context.Context, op, id string, to func(order.Bulk) (order.BulkState, string)) (b order.Bulk, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		if _, err := lock(ctx, q, id); err != nil {
			return err
		}
		if b, err = read(ctx, q, id, nil); err != nil {
			return err
		}
		was := b.State
		if b.State, b.Why = to(b); b.State == was {
			return nil
		}
		if b.State.Final() {
			b.EndedAt = sqldb.FromMicros(sqldb.Micros(s.DB.Now()))
		}
		_, err := q.Exec(ctx, "UPDATE bulks SET state = ?, why = ?, ended_at = ? WHERE id = ?", string(b.State), b.Why, sqldb.Micros(b.EndedAt), id)
		return err
	})
	return b, sqldb.WrapError(op, err)
}

// lock makes the writers of a bulk wait for each other, and returns its state.
func lock(ctx context.Context, q sqldb.Querier, id string) (state order.BulkState, err error) {
	found, err := sqldb.First(ctx, q, "SELECT state FROM bulks WHERE id = ?"+q.ForUpdate(), []any{id}, &state)
	if err == nil && !found {
		err = order.ErrNoBulk
	}
	return state, err
}
