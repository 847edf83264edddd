package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"purser/order"
	"purser/records/inbox"
	"purser/records/sqldb"
)

// OrderByIntent returns the order that a provider's payment reference belongs to,
// or order.ErrNotFound.
func (s *Store) OrderByIntent(ctx context.Context, reference string) (order.ID, error) {
	id, err := sqldb.One[string](ctx, s.DB.Reader(), "SELECT order_id FROM payments WHERE reference = ?", reference)
	return order.ID(id), sqldb.WrapError("order by intent", orNotFound(err, order.ID(reference)))
}

// Knows reports whether the record already contains what a payment event says:
// the captured amount was captured on this payment, or it is authorized and about
// to be captured in full. It returns order.Unknown for any other event.
func (s *Store) Knows(ctx context.Context, n order.ProviderEvent) (order.EventState, error) {
	p := n.Payment
	if p == nil || p.Status != order.PaymentCaptured && p.Status != order.PaymentPartiallyCaptured || p.Received == 0 {
		return order.Unknown, nil
	}
	query, args := `
		SELECT authorized, captured FROM payments WHERE reference = ? AND amount = ? AND currency = ? AND status IN (?, ?, ?)`, []any{
		p.Reference, p.Amount.Amount, p.Amount.Currency,
		string(order.PaymentAuthorized), string(order.PaymentCaptured), string(order.PaymentPartiallyCaptured),
	}
	if n.Provider != "" {
		query, args = query+" AND provider = ?", append(args, n.Provider)
	}
	var authorized, captured int64
	found, err := sqldb.First(ctx, s.DB.Reader(), query, args, &authorized, &captured)
	switch {
	case err != nil || !found:
		return order.Unknown, sqldb.WrapError("knows", err)
	case captured == p.Received:
		return order.Known, nil
	case captured == 0 && authorized == p.Received && p.Status == order.PaymentCaptured:
		return order.Soon, nil
	}
	return order.Unknown, nil
}

// These are the statuses of a row that no payment has.
const (
	creating = "creating" // the provider has not responded yet
	lost     = "lost"     // a lost attempt wrote it, and the order does not have it
)

// paymentRow is what the table of payments has of a payment. Payments that differ
// only in other fields have equal rows.
type paymentRow struct {
	number                                                   int
	provider, reference, status                              string
	amount                                                   int64 // 0: the order's total
	authorized, captured, refunded, disputed, surplus, lapse int64
}

func rowOfPayment(p order.Payment) paymentRow {
	row := paymentRow{
		number: p.Number, provider: p.Provider, reference: p.Reference, status: string(p.Status), amount: p.Amount,
		authorized: p.Authorized, captured: p.Captured, refunded: p.Refunded, disputed: p.Disputed,
		surplus: sqldb.Bit(p.Surplus), lapse: sqldb.Micros(p.CaptureBefore),
	}
	if row.status == "" {
		row.status = creating
	}
	return row
}

// putPayments writes the payments whose rows differ from the recorded order's. An
// attempt is recorded with the payment that the order asks the shopper for. Events
// that came before the record had a payment are delivered now.
func putPayments(ctx context.Context, q sqldb.Querier, c order.Change, was recorded, now int64) error {
	rows, present := changedRows(c.Order.Payments, was.Payments, rowOfPayment), rowOfPayment(c.Order.Payment())
	if c.Attempt != "" && present.number > 0 && !slices.Contains(rows, present) {
		rows = append(rows, present)
	}
	for _, r := range rows {
		attempt := ""
		if r == present {
			attempt = c.Attempt
		}
		if err := r.put(ctx, q, c.Order, attempt, now); err != nil {
			return err
		}
		if was.knows(r.reference) {
			continue
		}
		if err := inbox.Recall(ctx, q, c.Order.ID, r.reference, now); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether the recorded order has a payment's reference, or the payment
// has no reference yet.
func (was recorded) knows(reference string) bool {
	return reference == "" || slices.ContainsFunc(was.Payments, func(p order.Payment) bool { return p.Reference == reference })
}

// markLostPayments marks the payments that a lost attempt added to the order. The
// provider may have them, but the order does not know them.
func markLostPayments(ctx context.Context, q sqldb.Querier, o order.Order) error {
	last := 0
	for _, p := range o.Payments {
		last = max(last, p.Number)
	}
	_, err := q.Exec(ctx, "UPDATE payments SET status = ? WHERE order_id = ? AND number > ?", lost, string(o.ID), last)
	return err
}

// freeReferences removes the references of the order's payments from its other
// payments, to which a lost attempt may have given them.
func freeReferences(ctx context.Context, q sqldb.Querier, o order.Order) error {
	for _, p := range o.Payments {
		_, err := q.Exec(ctx, "UPDATE payments SET reference = NULL WHERE order_id = ? AND number <> ? AND reference = ? AND provider = ?",
			string(o.ID), p.Number, p.Reference, p.Provider)
		if err != nil {
			return err
		}
	}
	return nil
}

// put writes the row. Each payment keeps its row for ever; a recorded reference
// or attempt stays if the change has none.
func (r paymentRow) put(ctx context.Context, q sqldb.Querier, o order.Order, attempt string, now int64) error {
	attemptAt := int64(0)
	if attempt != "" {
		attemptAt = now
	}
	_, err := q.Exec(ctx, `
		INSERT INTO payments (order_id, number, provider, reference, status, amount, currency,
			authorized, captured, refunded, disputed, surplus, capture_before, attempt, attempt_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (order_id, number) DO UPDATE SET
			provider = CASE WHEN excluded.reference IS NULL THEN payments.provider ELSE excluded.provider END,
			reference = COALESCE(excluded.reference, payments.reference), status = excluded.status,
			authorized = excluded.authorized, captured = excluded.captured, refunded = excluded.refunded, disputed = excluded.disputed,
			amount = excluded.amount, surplus = excluded.surplus, capture_before = excluded.capture_before,
			attempt = CASE WHEN excluded.attempt = '' THEN payments.attempt ELSE excluded.attempt END,
			attempt_at = CASE WHEN excluded.attempt = '' THEN payments.attempt_at ELSE excluded.attempt_at END,
			updated_at = excluded.updated_at`,
		string(o.ID), r.number, r.provider, sqldb.Nullable(r.reference), r.status, cmp.Or(r.amount, o.Total.Amount), o.Total.Currency,
		r.authorized, r.captured, r.refunded, r.disputed, r.surplus, r.lapse, attempt, attemptAt, now)
	if sqldb.IsUniqueViolation(err) {
		return fmt.Errorf("%w: %s", order.ErrTaken, r.reference)
	}
	return err
}
