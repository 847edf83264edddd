package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"purser/ledger"
	"purser/order"
	ledgerrecords "purser/records/ledger"
	"purser/records/sqldb"
	"purser/records/stock"
)

// SaveOrder writes a change in one transaction: the new state of the order with
// its workflow's snapshot, its events, its payments, shipments, refunds and returns, the
// ledger's entries about them, and its stock. A change that is already written changes nothing, and neither does
// one with a lower fence; one with a higher fence replaces what a lost attempt
// wrote. It fails with order.ErrVersionConflict if the change does not follow the
// recorded version, with order.ErrIllegalMove if the status may not change like
// that, with order.ErrTaken if a payment's reference, a parcel's reference or a
// label belongs to another order, and with order.ErrOutOfStock if the goods are
// no longer available; then nothing is written. A change without events writes
// the fields that change without one, such as what the order waits for.
func (s *Store) SaveOrder(ctx context.Context, c order.Change) error {
	if err := c.Check(); err != nil {
		return sqldb.WrapError("save order", err)
	}
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error { return save(ctx, q, c) })
	if errors.Is(err, order.ErrTaken) { // perhaps by another payment of this order
		err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
			if err := freeReferences(ctx, q, c.Order); err != nil {
				return err
			}
			return save(ctx, q, c)
		})
	}
	if err != nil {
		return sqldb.WrapError("save order", err)
	}
	s.watches.wake(c.Order.ID)
	return nil
}

func save(ctx context.Context, q sqldb.Querier, c order.Change) error {
	was, found, err := readRecorded(ctx, q, c.Order.ID)
	switch {
	case err != nil:
		return err
	case !found && c.After() == 0 && len(c.Events) > 0: // a refused order was never opened, but is recorded
		if _, err := insertOrder(ctx, q, c, "", ""); err != nil {
			return err
		}
	case found && was.fence > c.Fence: // another attempt has replaced this one
		return nil
	case was.fence == c.Fence && (was.version > c.Order.Version || was.version == c.Order.Version && len(c.Events) > 0):
		return nil
	case !found, was.version < c.After():
		return fmt.Errorf("%w: %s is at %d, the change follows %d", order.ErrVersionConflict, c.Order.ID, was.version, c.After())
	default:
		if err := updateOrder(ctx, q, c, was.version); err != nil {
			return err
		}
		if was.version > c.After() {
			if err := archiveSuperseded(ctx, q, c, was.fence); err != nil {
				return err
			}
			if err := markLostPayments(ctx, q, c.Order); err != nil {
				return err
			}
		}
	}
	if err := insertEvents(ctx, q, c.Events, c.Fence); err != nil {
		return err
	}
	now := sqldb.Micros(c.Order.UpdatedAt)
	for _, put := range []func(context.Context, sqldb.Querier, order.Change, recorded, int64) error{putPayments, putShipments, putRefunds, putReturns} {
		if err := put(ctx, q, c, was, now); err != nil {
			return err
		}
	}
	if err := putEntries(ctx, q, c, was); err != nil {
		return err
	}
	replaces := was.version > c.After()
	var goods []order.LineQuantity
	if reserved := c.Order.Reserved(); was.version > 0 && (replaces || !slices.Equal(reserved, was.reserved())) {
		goods = reserved
	}
	return stock.Move(ctx, q, c.Order.ID, c.Stock, goods, replaces, now)
}

// putEntries books the amounts that differ from the recorded order's. What a lost
// attempt has booked, and the order does not have, is corrected.
func putEntries(ctx context.Context, q sqldb.Querier, c order.Change, was recorded) error {
	kind := ledger.ByOrder
	if was.version > c.After() {
		kind = ledger.ByCorrection
	}
	return ledgerrecords.InsertChange(ctx, q, order.Order{Payments: was.Payments, Refunds: was.Refunds}, c.Order, kind)
}

// recorded is the part of a recorded order that a change is compared with.
type recorded struct {
	version, fence int64
	Payments       []order.Payment  `json:"payments"`
	Shipments      []order.Shipment `json:"shipments"`
	Refunds        []order.Refund   `json:"refunds"`
	Returns        []order.Return   `json:"returns"`

	Lines   []order.Line      `json:"lines"`
	Changes []order.Amendment `json:"changes"`
}

// reserved returns the goods that were reserved for the order.
func (was recorded) reserved() []order.LineQuantity {
	return order.Order{Lines: was.Lines, Changes: was.Changes}.Reserved()
}

func readRecorded(ctx context.Context, q sqldb.Querier, id order.ID) (was recorded, found bool, err error) {
	var doc []byte
	found, err = sqldb.First(ctx, q, "SELECT version, fence, doc FROM orders WHERE id = ?"+q.ForUpdate(), []any{string(id)}, &was.version, &was.fence, &doc)
	if err != nil || !found {
		return recorded{}, false, err
	}
	return was, true, json.Unmarshal(doc, &was)
}

// changedRows returns the rows of what the order has now that are not among the
// rows of what it had.
func changedRows[T any, R comparable](now, was []T, rowOf func(T) R) (changed []R) {
	for _, n := range now {
		row := rowOf(n)
		if !slices.ContainsFunc(was, func(w T) bool { return rowOf(w) == row }) {
			changed = append(changed, row)
		}
	}
	return changed
}

// insertOrder returns false if the order exists.
func insertOrder(ctx context.Context, q sqldb.Querier, c order.Change, run, hash string) (bool, error) {
	o := c.Order
	doc, err := json.Marshal(o)
	if err != nil {
		return false, err
	}
	n, err := q.Exec(ctx, `
		INSERT INTO orders (id, run_id, request_hash, status, waits_for, version, fence, customer, total, currency, placed_at, updated_at, doc, search_text, snapshot_version, snapshot)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		string(o.ID), run, hash, string(o.Status), o.WaitsFor(), o.Version, c.Fence, o.Customer, o.Total.Amount, o.Total.Currency,
		sqldb.Micros(o.PlacedAt), sqldb.Micros(o.UpdatedAt), string(doc), searchText(o), c.Snapshot.Version, snapshotData(c.Snapshot))
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
	n, err := q.Exec(ctx, `
		UPDATE orders SET status = ?, waits_for = ?, version = ?, fence = ?, total = ?, updated_at = ?, doc = ?, search_text = ?, snapshot_version = ?, snapshot = ?
		WHERE id = ? AND version = ?`,
		string(o.Status), o.WaitsFor(), o.Version, c.Fence, o.Total.Amount, sqldb.Micros(o.UpdatedAt), string(doc), searchText(o), c.Snapshot.Version, snapshotData(c.Snapshot), string(o.ID), was)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: %s was changed at the same time", order.ErrVersionConflict, o.ID)
	}
	return err
}

// snapshotData returns the data of a snapshot as the argument of a statement.
func snapshotData(s order.Snapshot) any {
	if len(s.Data) == 0 {
		return nil
	}
	return []byte(s.Data)
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
