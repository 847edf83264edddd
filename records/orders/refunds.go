package orders

import (
	"context"
	"database/sql"
	"encoding/json"

	"purser/order"
	"purser/records/sqldb"
)

// refundRow is what the table of refunds has of a refund.
type refundRow struct {
	id, paymentRef, reference, lines, reason, status string
	amount                                           order.Money
	shipping, paidOut                                int64
}

func rowOfRefund(r order.Refund) refundRow {
	return refundRow{
		id: r.ID, paymentRef: r.PaymentRef, reference: r.Reference, lines: linesJSON(r.Lines), reason: r.Reason,
		status: string(r.Status), amount: r.Amount, shipping: r.Shipping, paidOut: sqldb.Bit(r.PaidOut),
	}
}

// putRefunds writes the refunds whose rows differ from the recorded order's.
func putRefunds(ctx context.Context, q sqldb.Querier, c order.Change, was recorded, now int64) error {
	for _, r := range changedRows(c.Order.Refunds, was.Refunds, rowOfRefund) {
		_, err := q.Exec(ctx, `
			INSERT INTO refunds (order_id, id, payment_ref, reference, amount, currency, lines, shipping, reason, status, paid_out, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (order_id, id) DO UPDATE SET payment_ref = excluded.payment_ref, reference = COALESCE(excluded.reference, refunds.reference),
				amount = excluded.amount, currency = excluded.currency, lines = excluded.lines, shipping = excluded.shipping, reason = excluded.reason,
				status = excluded.status, paid_out = excluded.paid_out, updated_at = excluded.updated_at`,
			string(c.Order.ID), r.id, r.paymentRef, sqldb.Nullable(r.reference), r.amount.Amount, r.amount.Currency, r.lines, r.shipping, r.reason, r.status, r.paidOut, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// RecordedRefunds returns the refunds that were ever written for an order, by their ids:
// also those that a lost attempt wrote and the order does not have.
func (s *Store) RecordedRefunds(ctx context.Context, id order.ID) (all []order.Refund, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT id, payment_ref, COALESCE(reference, ''), amount, currency, lines, shipping, reason, status, paid_out FROM refunds
		WHERE order_id = ? ORDER BY id`, []any{string(id)}, func(rows *sql.Rows) error {
		var r order.Refund
		var lines []byte
		var paidOut int64
		err := rows.Scan(&r.ID, &r.PaymentRef, &r.Reference, &r.Amount.Amount, &r.Amount.Currency, &lines, &r.Shipping, &r.Reason, &r.Status, &paidOut)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(lines, &r.Lines); err != nil {
			return err
		}
		if r.PaidOut = paidOut == 1; len(r.Lines) == 0 {
			r.Lines = nil
		}
		all = append(all, r)
		return nil
	})
	return all, sqldb.WrapError("recorded refunds", err)
}
