package orders

import (
	"context"
	"slices"

	"purser/order"
	"purser/records/sqldb"
)

// returnRow is what the table of returns has of a return.
type returnRow struct {
	id, status, lines, refundID string
	number                      int
	due, attended               int64
}

func rowOfReturn(r order.Return) returnRow {
	row := returnRow{id: r.ID, number: r.Number, status: string(r.Status), lines: linesJSON(r.Lines), attended: sqldb.Bit(r.Open()), refundID: r.RefundID}
	if !r.Due.IsZero() {
		row.due = sqldb.Micros(r.Due)
	}
	return row
}

// putReturns writes the returns whose rows differ from the recorded order's, and removes
// those that a lost attempt wrote and the order does not have: no workflow attends them.
func putReturns(ctx context.Context, q sqldb.Querier, c order.Change, was recorded, now int64) error {
	for _, r := range changedRows(c.Order.Returns, was.Returns, rowOfReturn) {
		_, err := q.Exec(ctx, `
			INSERT INTO returns (order_id, id, number, status, lines, due, attended, refund_id, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (order_id, id) DO UPDATE SET number = excluded.number, status = excluded.status, lines = excluded.lines, due = excluded.due,
				attended = excluded.attended, refund_id = excluded.refund_id, updated_at = excluded.updated_at`,
			string(c.Order.ID), r.id, r.number, r.status, r.lines, r.due, r.attended, r.refundID, now)
		if err != nil {
			return err
		}
	}
	for _, lost := range was.Returns {
		if slices.ContainsFunc(c.Order.Returns, func(r order.Return) bool { return r.ID == lost.ID }) {
			continue
		}
		if _, err := q.Exec(ctx, "DELETE FROM returns WHERE order_id = ? AND id = ?", string(c.Order.ID), lost.ID); err != nil {
			return err
		}
	}
	return nil
}
