package orders

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"purser/order"
	"purser/records/sqldb"
)

// OrderByParcel returns the order whose parcel our reference names, or
// order.ErrNotFound.
func (s *Store) OrderByParcel(ctx context.Context, reference string) (order.ID, error) {
	id, err := sqldb.One[string](ctx, s.DB.Reader(), "SELECT order_id FROM shipments WHERE reference = ?", reference)
	return order.ID(id), sqldb.WrapError("order by parcel", orNotFound(err, order.ID(reference)))
}

// shipmentRow is what the table of shipments has of a shipment.
type shipmentRow struct {
	number                                               int
	lines, reference, labelID, tracking, carrier, status string
	method                                               string
	replaced                                             int64
}

func rowOfShipment(s order.Shipment) shipmentRow {
	return shipmentRow{
		number: s.Number, lines: linesJSON(s.Lines), reference: s.Reference, labelID: s.LabelID, tracking: s.Tracking,
		carrier: s.Carrier, status: string(s.Status), method: string(s.Method), replaced: sqldb.Bit(s.Replaced),
	}
}

// linesJSON returns goods as a JSON array.
func linesJSON[Line order.LineQuantity | order.RefundLine | order.ReturnLine](lines []Line) string {
	b, err := json.Marshal(append([]Line{}, lines...))
	if err != nil {
		panic(err) // strings and integers only
	}
	return string(b)
}

// putShipments writes the shipments whose rows differ from the recorded order's. What was
// written of a parcel as perhaps booked stays written when it is planned again: the attempt
// that wrote it was lost, and its label may be real.
func putShipments(ctx context.Context, q sqldb.Querier, c order.Change, was recorded, now int64) error {
	for _, r := range changedRows(c.Order.Shipments, was.Shipments, rowOfShipment) {
		n, err := q.Exec(ctx, `
			INSERT INTO shipments (reference, order_id, number, method, lines, replaced, label_id, tracking, carrier, status, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (reference) DO UPDATE SET number = excluded.number, method = excluded.method, lines = excluded.lines, replaced = excluded.replaced,
				label_id = CASE excluded.status WHEN '' THEN shipments.label_id ELSE excluded.label_id END,
				tracking = CASE excluded.status WHEN '' THEN shipments.tracking ELSE excluded.tracking END,
				carrier = CASE excluded.status WHEN '' THEN shipments.carrier ELSE excluded.carrier END,
				status = CASE excluded.status WHEN '' THEN shipments.status ELSE excluded.status END,
				updated_at = excluded.updated_at
			WHERE shipments.order_id = excluded.order_id`,
			r.reference, string(c.Order.ID), r.number, r.method, r.lines, r.replaced, sqldb.Nullable(r.labelID), r.tracking, r.carrier, r.status, now)
		if sqldb.IsUniqueViolation(err) || err == nil && n == 0 {
			return fmt.Errorf("%w: %s %s", order.ErrTaken, r.reference, r.labelID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// RecordedShipments returns the parcels that were ever written for an order as perhaps
// booked, by their references: also those that a lost attempt wrote and the order does
// not have.
func (s *Store) RecordedShipments(ctx context.Context, id order.ID) (all []order.Shipment, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT reference, number, method, lines, replaced, COALESCE(label_id, ''), tracking, carrier, status FROM shipments
		WHERE order_id = ? AND status <> '' ORDER BY reference`, []any{string(id)}, func(rows *sql.Rows) error {
		var p order.Shipment
		var lines []byte
		var replaced int64
		if err := rows.Scan(&p.Reference, &p.Number, &p.Method, &lines, &replaced, &p.LabelID, &p.Tracking, &p.Carrier, &p.Status); err != nil {
			return err
		}
		p.Replaced = replaced == 1
		all = append(all, p)
		return json.Unmarshal(lines, &all[len(all)-1].Lines)
	})
	return all, sqldb.WrapError("recorded shipments", err)
}
