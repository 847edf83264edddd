package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"purser/ledger"
	"purser/order"
	"purser/records/sqldb"
)

// The marks of the checks: all orders with entries up to "checked" were checked.
// "seen" is the last entry that the last complete check saw; "checked" follows one
// check behind, because on Postgres an entry can become visible after entries with
// higher IDs.
const (
	checked = "checked"
	seen    = "seen"
)

// UncheckedOrders lists orders that have entries since they were last checked, by the
// entries after one of them; next is the last entry that was looked at. next is 0 if
// there are none, and then all entries count as seen.
func (s *Store) UncheckedOrders(ctx context.Context, after int64, limit int) (ids []order.ID, next int64, err error) {
	last, err := sqldb.One[int64](ctx, s.DB.Reader(), "SELECT COALESCE(MAX(id), 0) FROM ledger_entries")
	if err != nil {
		return nil, 0, sqldb.WrapError("unchecked orders", err)
	}
	from, err := mark(ctx, s.DB.Reader(), checked)
	if err != nil {
		return nil, 0, sqldb.WrapError("unchecked orders", err)
	}
	err = sqldb.Each(ctx, s.DB.Reader(), `
		SELECT e.id, e.order_id FROM ledger_entries e LEFT JOIN ledger_checks c ON c.order_id = e.order_id
		WHERE e.id > ? AND e.id <= ? AND e.order_id <> '' AND e.id > COALESCE(c.entry, 0)
		ORDER BY e.id LIMIT ?`, []any{max(from, after), last, limit}, func(r *sql.Rows) error {
		var id order.ID
		err := r.Scan(&next, &id)
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return err
	})
	if err == nil && next == 0 {
		err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error { return moveMarks(ctx, q, last) })
	}
	return ids, next, sqldb.WrapError("unchecked orders", err)
}

func moveMarks(ctx context.Context, q sqldb.Querier, last int64) error {
	before, err := mark(ctx, q, seen)
	if err != nil {
		return err
	}
	if err := setMark(ctx, q, checked, before); err != nil {
		return err
	}
	if err := setMark(ctx, q, seen, last); err != nil {
		return err
	}
	_, err = q.Exec(ctx, "DELETE FROM ledger_checks WHERE entry <= ?", before)
	return err
}

// MarkChecked says that orders were checked, each with its entries up to one.
func (s *Store) MarkChecked(ctx context.Context, last map[order.ID]int64) error {
	err := s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		for id, entry := range last {
			_, err := q.Exec(ctx, `
				INSERT INTO ledger_checks (order_id, entry) VALUES (?, ?)
				ON CONFLICT (order_id) DO UPDATE SET entry = excluded.entry WHERE ledger_checks.entry < excluded.entry`, string(id), entry)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return sqldb.WrapError("mark checked", err)
}

// LatestOrders lists orders that were placed at a time or later, the oldest first,
// after one of them.
func (s *Store) LatestOrders(ctx context.Context, placedSince time.Time, after order.ID, limit int) ([]order.ID, error) {
	query, args := "SELECT id FROM orders WHERE placed_at >= ?", []any{sqldb.Micros(placedSince)}
	if after != "" {
		query, args = query+" AND (placed_at, id) > (SELECT placed_at, id FROM orders WHERE id = ?)", append(args, string(after))
	}
	ids, err := s.ids(ctx, query+" ORDER BY placed_at, id LIMIT ?", append(args, limit)...)
	return ids, sqldb.WrapError("latest orders", err)
}

// UnbalancedOrders lists the orders whose payments differ from their entries, after
// one of them. It reads whole tables.
func (s *Store) UnbalancedOrders(ctx context.Context, after order.ID, limit int) ([]order.ID, error) {
	ids, err := s.ids(ctx, unbalanced, lost, string(after), limit)
	return ids, sqldb.WrapError("unbalanced orders", err)
}

// lost is the status of payments that a lost attempt wrote, which do not count.
const lost = "lost"

// unbalanced adds up, for each payment, what the table of payments has, less what
// the entries add up to: held, net of a surplus, captured, refunded, disputed.
const unbalanced = `
	SELECT DISTINCT order_id FROM (
		SELECT order_id, payment FROM (
			SELECT order_id, number AS payment, COALESCE(reference, '') AS ref, currency, authorized AS held,
				CASE WHEN surplus = 1 THEN captured - refunded - disputed ELSE 0 END AS net,
				CASE WHEN surplus = 1 THEN 0 ELSE captured END AS captured,
				CASE WHEN surplus = 1 THEN 0 ELSE refunded END AS refunded,
				CASE WHEN surplus = 1 THEN 0 ELSE disputed END AS disputed
			FROM payments WHERE status <> ?
			UNION ALL
			SELECT order_id, payment, ref, currency,
				CASE WHEN debit = 'authorized' THEN -amount WHEN credit = 'authorized' THEN amount ELSE 0 END,
				CASE WHEN credit = 'surplus' THEN -amount WHEN debit = 'surplus' THEN amount ELSE 0 END,
				CASE WHEN credit = 'captured' THEN -amount WHEN debit = 'captured' THEN amount ELSE 0 END,
				CASE WHEN debit = 'refunded' THEN -amount WHEN credit = 'refunded' THEN amount ELSE 0 END,
				CASE WHEN debit = 'disputed' THEN -amount WHEN credit = 'disputed' THEN amount ELSE 0 END
			FROM ledger_entries WHERE kind <> 'settlement') AS sides
		WHERE order_id > ?
		GROUP BY order_id, payment, ref, currency
		HAVING SUM(held) <> 0 OR SUM(net) <> 0 OR SUM(captured) <> 0 OR SUM(refunded) <> 0 OR SUM(disputed) <> 0) AS payments
	ORDER BY order_id LIMIT ?`

func (s *Store) ids(ctx context.Context, query string, args ...any) (ids []order.ID, err error) {
	err = sqldb.Each(ctx, s.DB.Reader(), query, args, func(r *sql.Rows) error {
		var id order.ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Books returns orders as the record has them, with what the ledger has of them. An
// order that only the ledger has is returned without payments.
func (s *Store) Books(ctx context.Context, ids []order.ID) ([]ledger.Books, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	list, args := sqldb.In(names)
	byOrder := map[order.ID]*ledger.Books{}
	of := func(id order.ID) *ledger.Books {
		if byOrder[id] == nil {
			byOrder[id] = &ledger.Books{Rows: []ledger.PaymentRow{}}
		}
		return byOrder[id]
	}
	// The entries come first: an entry that is written after that has a check of its
	// own, and the difference does not last.
	err := sqldb.Each(ctx, s.DB.Reader(), `
		SELECT order_id, payment, party, ref, debit, credit, CAST(SUM(amount) AS BIGINT), MAX(id), MAX(currency)
		FROM ledger_entries WHERE order_id <> '' AND order_id IN `+list+`
		GROUP BY order_id, payment, party, ref, debit, credit`, args, func(r *sql.Rows) error {
		var id order.ID
		var a ledger.AccountBalance
		var credit ledger.Account
		var last int64
		var currency string
		if err := r.Scan(&id, &a.Payment, &a.Party, &a.Ref, &a.Account, &credit, &a.Amount, &last, &currency); err != nil {
			return err
		}
		b, c := of(id), a
		b.Order = order.Order{ID: id, Total: order.Money{Currency: currency}}
		c.Account, c.Amount = credit, -a.Amount
		b.Balances, b.LastEntry = append(b.Balances, a, c), max(b.LastEntry, last)
		return nil
	})
	if err != nil {
		return nil, sqldb.WrapError("books", err)
	}
	err = sqldb.Each(ctx, s.DB.Reader(), "SELECT id, doc FROM orders WHERE id IN "+list, args, func(r *sql.Rows) error {
		var id order.ID
		var doc []byte
		if err := r.Scan(&id, &doc); err != nil {
			return err
		}
		b, currency := of(id), of(id).Order.Total.Currency
		b.Order = order.Order{}
		if json.Unmarshal(doc, &b.Order) != nil { // it differs from the ledger and from its rows
			b.Order = order.Order{Total: order.Money{Currency: currency}}
		}
		b.Order.ID = id
		return nil
	})
	if err == nil {
		err = readRows(ctx, s.DB.Reader(), list, args, of)
	}
	all := make([]ledger.Books, 0, len(byOrder))
	for _, id := range slices.Sorted(maps.Keys(byOrder)) {
		all = append(all, *byOrder[id])
	}
	return all, sqldb.WrapError("books", err)
}

// readRows reads the rows of the payments of orders, without those that only a lost
// attempt wrote.
func readRows(ctx context.Context, q sqldb.Querier, orders string, args []any, of func(order.ID) *ledger.Books) error {
	return sqldb.Each(ctx, q, `
		SELECT order_id, number, provider, COALESCE(reference, ''), currency, authorized, captured, refunded, disputed, surplus
		FROM payments WHERE order_id IN `+orders+" AND status <> ?", append(slices.Clone(args), lost), func(r *sql.Rows) error {
		var id order.ID
		var p ledger.PaymentRow
		var surplus int64
		err := r.Scan(&id, &p.Number, &p.Provider, &p.Reference, &p.Currency, &p.Authorized, &p.Captured, &p.Refunded, &p.Disputed, &surplus)
		p.Surplus = surplus == 1
		of(id).Rows = append(of(id).Rows, p)
		return err
	})
}
