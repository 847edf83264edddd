package audit

import (
	"context"
	"database/sql"
	"encoding/json"
)

// readDetails reads the rows about the orders from one id to another.
func (r *record) readDetails(ctx context.Context, from, to string) error {
	r.details = details{
		timeline: map[string][]eventRow{}, payments: map[string][]paymentRow{}, refunds: map[string][]refundRow{},
		shipments: map[string][]shipmentRow{}, mails: map[string][]mailRow{}, entries: map[string][]entryRow{},
		reserved: map[string][]reservationRow{}, cases: map[string][]caseRow{},
	}
	of := []any{from, to}
	for _, read := range []struct {
		query string
		scan  func(*sql.Rows) error
	}{
		{"SELECT order_id, seq, at, kind, why, ref, to_status, actor FROM order_events WHERE order_id BETWEEN $1 AND $2 ORDER BY order_id, seq", func(row *sql.Rows) error {
			var id string
			var e eventRow
			err := row.Scan(&id, &e.seq, &e.at, &e.kind, &e.why, &e.ref, &e.to, &e.actor)
			r.timeline[id] = append(r.timeline[id], e)
			return err
		}},
		{`SELECT order_id, provider, COALESCE(reference, ''), status, authorized, captured, refunded, disputed, surplus
			FROM payments WHERE status <> 'lost' AND order_id BETWEEN $1 AND $2 ORDER BY order_id, number`, func(row *sql.Rows) error {
			var id string
			var p paymentRow
			err := row.Scan(&id, &p.provider, &p.reference, &p.status, &p.authorized, &p.captured, &p.refunded, &p.disputed, &p.surplus)
			r.payments[id] = append(r.payments[id], p)
			return err
		}},
		{"SELECT order_id, id, payment_ref, COALESCE(reference, ''), status, amount, lines, paid_out FROM refunds WHERE order_id BETWEEN $1 AND $2 ORDER BY order_id, id", func(row *sql.Rows) error {
			var id string
			var f refundRow
			var lines string
			err := row.Scan(&id, &f.id, &f.paymentRef, &f.reference, &f.status, &f.amount, &lines, &f.paidOut)
			f.lines = readPieces(lines, &err)
			if o, known := r.order(id); known && o.doc.hasRefund(f.id) {
				r.refunds[id] = append(r.refunds[id], f)
			}
			return err
		}},
		{"SELECT order_id, reference, COALESCE(label_id, ''), status, lines, replaced FROM shipments WHERE order_id BETWEEN $1 AND $2 ORDER BY order_id, number", func(row *sql.Rows) error {
			var id string
			var s shipmentRow
			var lines string
			err := row.Scan(&id, &s.reference, &s.label, &s.status, &lines, &s.replaced)
			s.lines = readPieces(lines, &err)
			r.shipments[id] = append(r.shipments[id], s)
			return err
		}},
		{"SELECT order_id, sku, state, quantity, shipped, restocked FROM reservations WHERE order_id BETWEEN $1 AND $2 ORDER BY order_id, sku", func(row *sql.Rows) error {
			var id string
			var s reservationRow
			err := row.Scan(&id, &s.sku, &s.state, &s.quantity, &s.shipped, &s.restocked)
			r.reserved[id] = append(r.reserved[id], s)
			return err
		}},
		{"SELECT about, mail_key, template, state, asked_by, generation, claimed_at FROM mails WHERE about BETWEEN $1 AND $2 ORDER BY about, mail_key", func(row *sql.Rows) error {
			var id string
			var m mailRow
			err := row.Scan(&id, &m.key, &m.template, &m.state, &m.askedBy, &m.generation, &m.claimedAt)
			r.mails[id] = append(r.mails[id], m)
			return err
		}},
		{"SELECT order_id, id, kind, status, opened_at, doc FROM cases WHERE order_id BETWEEN $1 AND $2 ORDER BY order_id, id", func(row *sql.Rows) error {
			id, c, err := scanCase(row)
			r.cases[id] = append(r.cases[id], c)
			return err
		}},
		{`SELECT order_id, ref, party, debit, credit, CAST(SUM(amount) AS BIGINT) FROM ledger_entries
			WHERE kind <> 'settlement' AND order_id BETWEEN $1 AND $2 GROUP BY order_id, ref, party, debit, credit`, func(row *sql.Rows) error {
			var id string
			var e entryRow
			err := row.Scan(&id, &e.ref, &e.party, &e.debit, &e.credit, &e.amount)
			r.entries[id] = append(r.entries[id], e)
			return err
		}},
	} {
		if err := each(ctx, r.db, read.query, of, read.scan); err != nil {
			return err
		}
	}
	return nil
}

// readPieces reads a list of pieces, unless reading has failed before.
func readPieces(text string, err *error) (all []pieces) {
	if *err == nil && text != "" {
		*err = json.Unmarshal([]byte(text), &all)
	}
	return all
}

func piecesOf(all []pieces, sku string) (n int64) {
	for _, p := range all {
		if p.SKU == sku {
			n += p.Quantity
		}
	}
	return n
}
