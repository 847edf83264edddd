package orders

import (
	"context"

	"purser/order"
	"purser/records/sqldb"
)

// refundRow is what the table of refunds has of a refund.
type refundRow struct {
	id, paymentRef, reference, lines, reason, status string
	amount                                           order.Money
}

func rowOfRefund(r order.Refund) refundRow {
	return refundRow{
		id: r.ID, paymentRef: r.PaymentRef, reference: r.Reference, lines: linesJSON(r.Lines), reason: r.Reason,
		status: string(r.Status), amount: r.Amount,
	}
}

// putRefunds writes the refunds whose rows differ from the recorded order's.
func putRefunds(ctx context.Context, q sqldb.Querier, c order.Change, was recorded, now int64) error {
	for _, r := range changedRows(c.Order.Refunds, was.Refunds, rowOfRefund) {
		_, err := q.Exec(ctx, `
			INSERT INTO refunds (order_id, id, payment_ref, reference, amount, currency, lines, reason, status, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (order_id, id) DO UPDATE SET payment_ref = excluded.payment_ref, reference = COALESCE(excluded.reference, refunds.reference),
				amount = excluded.amount, currency = excluded.currency, lines = excluded.lines, reason = excluded.reason,
				status = excluded.status, updated_at = excluded.updated_at`,
			string(c.Order.ID), r.id, r.paymentRef, sqldb.Nullable(r.reference), r.amount.Amount, r.amount.Currency, r.lines, r.reason, r.status, now)
		if err != nil {
			return err
		}
	}
	return nil
}
