package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// deliveryBatch is the number of items for which one statement records an
// attempt.
const deliveryBatch = 64

// RecordDelivery records the outcome of an attempt to deliver these items and,
// for those still to be delivered, when to try again. Of two concurrent attempts, the
// successful one counts, and a person's decision counts more than an attempt that
// failed.
func (s *Store) RecordDelivery(ctx context.Context, ids []int64, st State, note string, nextAt time.Time) error {
	for len(ids) > 0 {
		n := min(len(ids), deliveryBatch)
		if err := s.recordBatch(ctx, ids[:n], st, note, nextAt); err != nil {
			return sqldb.WrapError("record delivery", err)
		}
		ids = ids[n:]
	}
	return nil
}

func (s *Store) recordBatch(ctx context.Context, ids []int64, st State, note string, nextAt time.Time) error {
	if !st.deliverable() {
		nextAt = time.Time{}
	}
	args := []any{string(st), note, sqldb.Micros(nextAt)}
	for _, id := range ids {
		args = append(args, id)
	}
	// The list is padded to a power of two, so that few statements need preparing.
	size := 1
	for size < len(ids) {
		size *= 2
	}
	for range size - len(ids) {
		args = append(args, ids[0])
	}
	from := "state IN ('received', 'held')"
	if st == Delivered {
		from = "state <> 'delivered'"
	}
	return s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, "UPDATE inbox SET state = ?, note = ?, next_at = ?, attempts = attempts + 1 WHERE id IN ("+
			sqldb.Placeholders(size)+") AND "+from, args...)
		return err
	})
}

// Redeliver makes an item due on an operator's decision, whatever its state,
// with the order, reference, event and note that it has now.
func (s *Store) Redeliver(ctx context.Context, it *Item) error {
	it.State, it.NextAt = Received, s.DB.Now()
	return sqldb.WrapError("redeliver", s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE inbox SET state = ?, note = ?, next_at = ?, order_id = ?, ref = ?, news = ?, pruned_at = 0 WHERE id = ?",
			string(it.State), it.Note, sqldb.Micros(it.NextAt), string(it.OrderID), it.Ref, it.Event, it.ID)
		if err == nil && n == 0 {
			err = fmt.Errorf("%w: %d", ErrNoItem, it.ID)
		}
		return err
	}))
}

// ErrNotDismissible means that an item needs no person's decision.
var ErrNotDismissible = errors.New("only a parked or held event can be dismissed")

// Dismiss ends the wait for a person, or for an order, of an item that is parked or
// held. The note says who decided, and why. It fails with ErrNoItem or
// ErrNotDismissible.
func (s *Store) Dismiss(ctx context.Context, id int64, note string) (Item, error) {
	err := s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE inbox SET state = ?, note = ?, next_at = 0 WHERE id = ? AND state IN ('parked', 'held')", string(Dismissed), note, id)
		if err == nil && n == 0 {
			err = ErrNotDismissible
		}
		return err
	})
	it, readErr := s.Item(ctx, id)
	switch {
	case readErr != nil:
		return it, readErr
	case errors.Is(err, ErrNotDismissible):
		return it, fmt.Errorf("%w: this one is %s", ErrNotDismissible, it.State)
	}
	return it, sqldb.WrapError("dismiss", err)
}

// Recall makes the foreign events due that are about an order, or about one of its
// payments, which the record has from now on. It is part of the transaction that
// records the payment.
func Recall(ctx context.Context, q sqldb.Querier, id order.ID, reference string, now int64) error {
	const foreign = "SELECT id FROM inbox WHERE state = 'foreign' AND "
	_, err := q.Exec(ctx, "UPDATE inbox SET state = ?, next_at = ?, note = 'its order has appeared' WHERE state = 'foreign' AND pruned_at = 0 AND id IN ("+
		foreign+"ref <> '' AND ref = ? UNION ALL "+foreign+"order_id <> '' AND order_id = ?)", string(Received), now, reference, string(id))
	return err
}

// UndeliveredAfter lists items with a higher ID that at least so many attempts have not
// delivered, the oldest first.
func (s *Store) UndeliveredAfter(ctx context.Context, id int64, attempts, limit int) (all []order.UndeliveredEvent, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT id, provider, event_id, type, order_id, attempts, received_at FROM inbox
		WHERE next_at > 0 AND state = 'received' AND attempts >= ? AND id > ? ORDER BY id LIMIT ?`, []any{attempts, id, sqldb.PageSize(limit)}, func(r *sql.Rows) error {
		var e order.UndeliveredEvent
		var received int64
		err := r.Scan(&e.ID, &e.Provider, &e.EventID, &e.Type, &e.OrderID, &e.Attempts, &received)
		e.ReceivedAt = sqldb.FromMicros(received)
		all = append(all, e)
		return err
	})
	return all, sqldb.WrapError("undelivered", err)
}

// UndeliveredOpen reports whether an item is still to be delivered.
func (s *Store) UndeliveredOpen(ctx context.Context, id int64) (bool, error) {
	var st State
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT state FROM inbox WHERE id = ?", []any{id}, &st)
	return found && st.deliverable(), sqldb.WrapError("undelivered", err)
}
