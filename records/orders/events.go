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

// Position is how far a follower has read an order's timeline: the number of
// the last event read and the fence of the write that recorded it. The zero
// value is the start.
type Position struct{ Seq, Fence int64 }

// RecordedEvent is an event with the fence of the write that recorded it.
type RecordedEvent struct {
	order.Event
	Fence int64
}

// Position returns the position of a follower after reading this event.
func (e RecordedEvent) Position() Position { return Position{e.Seq, e.Fence} }

// EventsSince lists up to limit events that a follower at the position has not
// read, in their order: those after it, and those before it that were recorded
// again because the attempt that recorded them first was lost. An event whose
// number was read before replaces the read event and all after it.
func (s *Store) EventsSince(ctx context.Context, id order.ID, p Position, limit int) ([]RecordedEvent, error) {
	// Fences increase along the timeline, and an event that replaces another has a
	// higher fence than everything recorded before it.
	recorded, err := s.events(ctx, id, "(seq > ? OR fence > ?)", []any{p.Seq, p.Fence}, limit)
	return recorded, sqldb.WrapError("events since", err)
}

func (s *Store) events(ctx context.Context, id order.ID, where string, args []any, limit int) ([]RecordedEvent, error) {
	args = append(append([]any{string(id)}, args...), sqldb.PageSize(limit))
	var found []RecordedEvent
	err := sqldb.Each(ctx, s.DB.Reader(), `
		SELECT seq, at, kind, from_status, to_status, actor, why, ref, correlation, fence FROM order_events
		WHERE order_id = ? AND `+where+` ORDER BY seq LIMIT ?`, args,
		func(r *sql.Rows) error {
			e := RecordedEvent{Event: order.Event{OrderID: id}}
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
