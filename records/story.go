package records

import (
	"context"
	"database/sql"

	"purser/order"
)

// Events lists up to limit events of the order in their order, from the one
// that follows number after; 0 is the start. Of an unknown order there are
// none.
func (s *Store) Events(ctx context.Context, id order.ID, after int64, limit int) ([]order.Event, error) {
	told, err := s.told(ctx, id, "seq > ?", []any{after}, limit)
	if err != nil {
		return nil, failed("events", err)
	}
	var found []order.Event
	for _, e := range told {
		found = append(found, e.Event)
	}
	return found, nil
}

// Mark is how far somebody has followed an order's story: the last event they
// saw, by its number and the fence it was told under. The zero value is the
// start.
type Mark struct{ Seq, Fence int64 }

// Told is an event with the fence of the write that told it.
type Told struct {
	order.Event
	Fence int64
}

// Mark is that of who has seen this event.
func (t Told) Mark() Mark { return Mark{t.Seq, t.Fence} }

// Since lists up to limit events that whoever stands at the mark has not seen,
// in their order: those behind it, and those before it that were told anew
// since, because the attempt that told them first was lost. An event whose
// number was seen takes the place of that one and of all behind it.
func (s *Store) Since(ctx context.Context, id order.ID, m Mark, limit int) ([]Told, error) {
	// Fences rise along the story, and what replaces an event has a higher one
	// than all that was told before.
	told, err := s.told(ctx, id, "(seq > ? OR fence > ?)", []any{m.Seq, m.Fence}, limit)
	return told, failed("events since", err)
}

func (s *Store) told(ctx context.Context, id order.ID, where string, args []any, limit int) ([]Told, error) {
	args = append(append([]any{string(id)}, args...), pageSize(limit))
	var found []Told
	err := each(ctx, s.db.reader(), `
		SELECT seq, at, kind, from_status, to_status, actor, why, ref, correlation, fence FROM order_events
		WHERE order_id = ? AND `+where+` ORDER BY seq LIMIT ?`, args,
		func(r *sql.Rows) error {
			e := Told{Event: order.Event{OrderID: id}}
			var at int64
			if err := r.Scan(&e.Seq, &at, &e.Kind, &e.From, &e.To, &e.Actor, &e.Why, &e.Ref, &e.Correlation, &e.Fence); err != nil {
				return err
			}
			e.At = fromMicros(at)
			found = append(found, e)
			return nil
		})
	return found, err
}
