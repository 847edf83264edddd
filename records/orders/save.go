package orders

import (
	"context"
	"encoding/json"
	"fmt"

	"purser/order"
	"purser/records/sqldb"
	"purser/records/stock"
)

// SaveOrder writes a change in one transaction: the new state of the order, its
// events, its payment and shipment, and its stock. A change that is already
// written changes nothing, and neither does one with a lower fence; one with a
// higher fence replaces what a lost attempt wrote. It fails with
// order.ErrVersionConflict if the change does not follow the recorded version,
// with order.ErrIllegalMove if the status may not change like that, with
// order.ErrTaken if an intent or a label belongs to another order, and with
// order.ErrOutOfStock if the goods are no longer available; then nothing is
// written. A change without events writes the fields that change without one,
// such as what the order waits for.
func (s *Store) SaveOrder(ctx context.Context, c order.Change) error {
	if err := c.Check(); err != nil {
		return sqldb.WrapError("save order", err)
	}
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error { return save(ctx, q, c) })
	if err != nil {
		return sqldb.WrapError("save order", err)
	}
	s.watches.wake(c.Order.ID)
	return nil
}

func save(ctx context.Context, q sqldb.Querier, c order.Change) error {
	was, found, err := recorded(ctx, q, c.Order.ID)
	switch {
	case err != nil:
		return err
	case !found && c.After() == 0 && len(c.Events) > 0: // a refused order was never opened, but is recorded
		if _, err := insertOrder(ctx, q, c.Order, "", ""); err != nil {
			return err
		}
	case found && was.Fence > c.Order.Fence: // another attempt has replaced this one
		return nil
	case was.Fence == c.Order.Fence && (was.Version > c.Order.Version || was.Version == c.Order.Version && len(c.Events) > 0):
		return nil
	case !found, was.Version < c.After():
		return fmt.Errorf("%w: %s is at %d, the change follows %d", order.ErrVersionConflict, c.Order.ID, was.Version, c.After())
	default:
		if err := updateOrder(ctx, q, c, was.Version); err != nil {
			return err
		}
		if was.Version > c.After() {
			if err := archiveSuperseded(ctx, q, c, was.Fence); err != nil {
				return err
			}
		}
	}
	if err := insertEvents(ctx, q, c.Events, c.Order.Fence); err != nil {
		return err
	}
	now := sqldb.Micros(c.Order.UpdatedAt)
	if o := c.Order; o.Payment.Generation > 0 && (o.Payment != was.Payment || c.Attempt != "") {
		if err := putPayment(ctx, q, o, c.Attempt, now); err != nil {
			return err
		}
	}
	if o := c.Order; o.Shipment.Reference != "" && o.Shipment != was.Shipment {
		if err := putShipment(ctx, q, o, now); err != nil {
			return err
		}
	}
	return stock.Move(ctx, q, c.Order.ID, c.Stock, now)
}

// state is the part of an order that a change is compared with.
type state struct {
	Version  int64          `json:"version"`
	Fence    int64          `json:"fence"`
	Payment  order.Payment  `json:"payment"`
	Shipment order.Shipment `json:"shipment"`
}

func recorded(ctx context.Context, q sqldb.Querier, id order.ID) (state, bool, error) {
	var doc []byte
	found, err := sqldb.First(ctx, q, "SELECT doc FROM orders WHERE id = ?"+q.ForUpdate(), []any{string(id)}, &doc)
	if err != nil || !found {
		return state{}, false, err
	}
	var was state
	return was, true, json.Unmarshal(doc, &was)
}

// insertOrder returns false if the order exists.
func insertOrder(ctx context.Context, q sqldb.Querier, o order.Order, run, hash string) (bool, error) {
	doc, err := json.Marshal(o)
	if err != nil {
		return false, err
	}
	n, err := q.Exec(ctx, `
		INSERT INTO orders (id, run_id, request_hash, status, version, customer, total, currency, placed_at, updated_at, doc)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		string(o.ID), run, hash, string(o.Status), o.Version, o.Customer, o.Total.Amount, o.Total.Currency,
		sqldb.Micros(o.PlacedAt), sqldb.Micros(o.UpdatedAt), string(doc))
	return n == 1, err
}

// updateOrder changes nothing if another writer came between the read and this
// statement; the version shows that.
func updateOrder(ctx context.Context, q sqldb.Querier, c order.Change, was int64) error {
	o := c.Order
	doc, err := json.Marshal(o)
	if err != nil {
		return err
	}
	n, err := q.Exec(ctx, "UPDATE orders SET status = ?, version = ?, updated_at = ?, doc = ? WHERE id = ? AND version = ?",
		string(o.Status), o.Version, sqldb.Micros(o.UpdatedAt), string(doc), string(o.ID), was)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: %s was changed at the same time", order.ErrVersionConflict, o.ID)
	}
	return err
}

// archiveSuperseded moves events that a lost attempt wrote out of the timeline,
// because the engine's history differs from them. They are kept, but no longer
// listed.
func archiveSuperseded(ctx context.Context, q sqldb.Querier, c order.Change, fence int64) error {
	_, err := q.Exec(ctx, `
		INSERT INTO order_events_lost (order_id, seq, fence, at, kind, from_status, to_status, actor, why, ref, correlation)
		SELECT order_id, seq, CAST(? AS BIGINT), at, kind, from_status, to_status, actor, why, ref, correlation
		FROM order_events WHERE order_id = ? AND seq > ?`, fence, string(c.Order.ID), c.After())
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, "DELETE FROM order_events WHERE order_id = ? AND seq > ?", string(c.Order.ID), c.After())
	return err
}

func insertEvents(ctx context.Context, q sqldb.Querier, events []order.Event, fence int64) error {
	args := make([]any, 0, 11*len(events))
	for _, e := range events {
		args = append(args, string(e.OrderID), e.Seq, sqldb.Micros(e.At), string(e.Kind), string(e.From), string(e.To),
			e.Actor, e.Why, e.Ref, e.Correlation, fence)
	}
	return sqldb.InsertRows(ctx, q, "INSERT INTO order_events (order_id, seq, at, kind, from_status, to_status, actor, why, ref, correlation, fence)", 11, args)
}

// creating is the status of a payment before its provider was called.
const creating = "creating"

// putPayment writes the order's payment. Each generation keeps its row for
// ever; the recorded attempt stays if the change names none.
func putPayment(ctx context.Context, q sqldb.Querier, o order.Order, attempt string, now int64) error {
	p, status, attemptAt := o.Payment, string(o.Payment.Status), int64(0)
	if status == "" {
		status = creating
	}
	if attempt != "" {
		attemptAt = now
	}
	_, err := q.Exec(ctx, `
		INSERT INTO payments (order_id, generation, intent_id, status, amount, currency, authorized, captured, refunded, attempt, attempt_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (order_id, generation) DO UPDATE SET intent_id = COALESCE(excluded.intent_id, payments.intent_id), status = excluded.status,
			authorized = excluded.authorized, captured = excluded.captured, refunded = excluded.refunded,
			attempt = CASE WHEN excluded.attempt = '' THEN payments.attempt ELSE excluded.attempt END,
			attempt_at = CASE WHEN excluded.attempt = '' THEN payments.attempt_at ELSE excluded.attempt_at END,
			updated_at = excluded.updated_at`,
		string(o.ID), p.Generation, sqldb.Nullable(p.IntentID), status, o.Total.Amount, o.Total.Currency,
		p.Authorized, p.Captured, p.Refunded, attempt, attemptAt, now)
	if sqldb.IsUniqueViolation(err) {
		return fmt.Errorf("%w: %s", order.ErrTaken, p.IntentID)
	}
	return err
}

func putShipment(ctx context.Context, q sqldb.Querier, o order.Order, now int64) error {
	p := o.Shipment
	n, err := q.Exec(ctx, `
		INSERT INTO shipments (reference, order_id, label_id, tracking, carrier, status, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (reference) DO UPDATE SET label_id = excluded.label_id, tracking = excluded.tracking,
			carrier = excluded.carrier, status = excluded.status, updated_at = excluded.updated_at
		WHERE shipments.order_id = excluded.order_id`,
		p.Reference, string(o.ID), sqldb.Nullable(p.LabelID), p.Tracking, p.Carrier, string(p.Status), now)
	if sqldb.IsUniqueViolation(err) || err == nil && n == 0 {
		return fmt.Errorf("%w: %s %s", order.ErrTaken, p.Reference, p.LabelID)
	}
	return err
}
