package orders

import (
	"context"
	"database/sql"

	"purser/order"
	"purser/records/sqldb"
)

// Events lists up to limit events of the order, ordered by number, that come
// after the given number; 0 is the start. An unknown order has no events.
func (s *Store) Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error) {
	recorded, err := s.events(ctx, id, "seq > ?", []any{after}, limit)
	if err != nil {
		return nil, sqldb.WrapError("events", err)
	}
	var found []order.Event
	for _, e := range recorded {
		found = append(found, e.Event)
	}
	return found, nil
}

// Position returns the position of a follower that has read all of an order's
// timeline, or order.ErrNotFound.
func (s *Store) Position(ctx context.Context, id order.ID) (order.Position, error) {
	var p order.Position
	err := s.read(ctx, id, "version, fence", &p.Seq, &p.Fence)
	return p, sqldb.WrapError("position", err)
}

// EventsSince lists up to limit events that a follower at the position has not
// read, in their order: those after it, and those before it that were recorded
// again because the attempt that recorded them first was lost. An event whose
// number was read before replaces the read event and all after it.
func (s *Store) EventsSince(ctx context.Context, id order.ID, p order.Position, limit int) ([]order.RecordedEvent, error) {
	// Fences increase along the timeline, and an event that replaces another has a
	// higher fence than everything recorded before it.
	recorded, err := s.events(ctx, id, "(seq > ? OR fence > ?)", []any{p.Seq, p.Fence}, limit)
	return recorded, sqldb.WrapError("events since", err)
}

func (s *Store) events(ctx context.Context, id order.ID, where string, args []any, limit int) ([]order.RecordedEvent, error) {
	args = append(append([]any{string(id)}, args...), sqldb.PageSize(limit))
	var found []order.RecordedEvent
	err := sqldb.Each(ctx, s.DB.Reader(), `
		SELECT seq, at, kind, from_status, to_status, actor, why, ref, correlation, fence FROM order_events
		WHERE order_id = ? AND `+where+` ORDER BY seq LIMIT ?`, args,
		func(r *sql.Rows) error {
			e := order.RecordedEvent{Event: order.Event{OrderID: id}}
			var at int64
			if err := r.Scan(&e.Seq, &at, &e.Kind, &e.From, &e.To, &e.Actor, &e.Why, &e.Ref, &e.Correlation, &e.Fence); err != nil {
				return err
			}
			e.At = sqldb.FromMicros(at)
			found = append(found, e)
			return nil
		})
	return found, err
}
