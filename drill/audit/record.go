package audit

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of Postgres
	_ "modernc.org/sqlite"             // the driver of SQLite
)

// record is what the SQL record holds of the orders.
type record struct {
	orders    []orderRow // oldest first
	timeline  map[string][]eventRow
	payments  map[string][]paymentRow
	refunds   map[string][]refundRow
	shipments map[string][]shipmentRow
	mails     map[string][]mailRow
	inbox     []inboxRow
	replaced  int // events that a lost attempt had written, and another replaced
}

type orderRow struct {
	id, status string
	version    int64
	total      int64
	needs      bool // somebody must still look at it
}

type eventRow struct {
	seq, at        int64
	kind, why, ref string
	to             string
}

type paymentRow struct {
	provider, reference, status              string
	authorized, captured, refunded, disputed int64
	surplus                                  bool
}

type refundRow struct {
	id, paymentRef, reference, status string
	amount                            int64
	paidOut                           bool
}

// moves reports whether the money has left the shop, or is about to.
func (r refundRow) moves() bool {
	return r.status == "requested" || r.status == "pending" || r.status == "succeeded"
}

type shipmentRow struct {
	reference, status string
	replaced          bool
}

type mailRow struct {
	key, template, state, askedBy string
	generation, claimedAt         int64
}

type inboxRow struct {
	provider, eventID, kind, order, ref, state, note string
	receivedAt, providerAt                           int64
}

// openRecord opens the record, postgres://… or a path of a SQLite file, to read.
func openRecord(at string) (*sql.DB, error) {
	if strings.HasPrefix(at, "postgres") {
		return sql.Open("pgx", at)
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}
	return sql.Open("sqlite", "file:"+at+"?"+q.Encode())
}

// readRecord reads the record. Its text is the same on both databases.
func readRecord(ctx context.Context, at string) (r record, err error) {
	db, err := openRecord(at)
	if err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	defer db.Close()
	r.timeline, r.payments, r.refunds = map[string][]eventRow{}, map[string][]paymentRow{}, map[string][]refundRow{}
	r.shipments, r.mails = map[string][]shipmentRow{}, map[string][]mailRow{}
	for _, read := range []func(context.Context, *sql.DB) error{r.readOrders, r.readMoney, r.readParcels, r.readInbox} {
		if err := read(ctx, db); err != nil {
			return r, fmt.Errorf("audit: read the record: %w", err)
		}
	}
	return r, nil
}

func (r *record) readOrders(ctx context.Context, db *sql.DB) error {
	err := each(ctx, db, "SELECT id, status, version, total, doc FROM orders ORDER BY placed_at, id", func(row *sql.Rows) error {
		var o orderRow
		var doc string
		err := row.Scan(&o.id, &o.status, &o.version, &o.total, &doc)
		if err == nil {
			o.needs, err = needsSomebody(doc)
		}
		r.orders = append(r.orders, o)
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, db, "SELECT order_id, seq, at, kind, why, ref, to_status FROM order_events ORDER BY order_id, seq", func(row *sql.Rows) error {
		var id string
		var e eventRow
		err := row.Scan(&id, &e.seq, &e.at, &e.kind, &e.why, &e.ref, &e.to)
		r.timeline[id] = append(r.timeline[id], e)
		return err
	})
	if err != nil {
		return err
	}
	return db.QueryRowContext(ctx, "SELECT COUNT(*) FROM order_events_lost").Scan(&r.replaced)
}

func (r *record) readMoney(ctx context.Context, db *sql.DB) error {
	err := each(ctx, db, `SELECT order_id, provider, COALESCE(reference, ''), status, authorized, captured, refunded, disputed, surplus
		FROM payments WHERE status <> 'lost' ORDER BY order_id, number`, func(row *sql.Rows) error {
		var id string
		var p paymentRow
		err := row.Scan(&id, &p.provider, &p.reference, &p.status, &p.authorized, &p.captured, &p.refunded, &p.disputed, &p.surplus)
		r.payments[id] = append(r.payments[id], p)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, db, "SELECT order_id, id, payment_ref, COALESCE(reference, ''), status, amount, paid_out FROM refunds ORDER BY order_id, id", func(row *sql.Rows) error {
		var id string
		var f refundRow
		err := row.Scan(&id, &f.id, &f.paymentRef, &f.reference, &f.status, &f.amount, &f.paidOut)
		r.refunds[id] = append(r.refunds[id], f)
		return err
	})
}

func (r *record) readParcels(ctx context.Context, db *sql.DB) error {
	err := each(ctx, db, "SELECT order_id, reference, status, replaced FROM shipments ORDER BY order_id, number", func(row *sql.Rows) error {
		var id string
		var s shipmentRow
		err := row.Scan(&id, &s.reference, &s.status, &s.replaced)
		r.shipments[id] = append(r.shipments[id], s)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, db, "SELECT about, mail_key, template, state, asked_by, generation, claimed_at FROM mails ORDER BY about, mail_key", func(row *sql.Rows) error {
		var id string
		var m mailRow
		err := row.Scan(&id, &m.key, &m.template, &m.state, &m.askedBy, &m.generation, &m.claimedAt)
		r.mails[id] = append(r.mails[id], m)
		return err
	})
}

func (r *record) readInbox(ctx context.Context, db *sql.DB) error {
	return each(ctx, db, "SELECT provider, event_id, type, order_id, ref, state, note, received_at, provider_at FROM inbox ORDER BY id", func(row *sql.Rows) error {
		var i inboxRow
		err := row.Scan(&i.provider, &i.eventID, &i.kind, &i.order, &i.ref, &i.state, &i.note, &i.receivedAt, &i.providerAt)
		r.inbox = append(r.inbox, i)
		return err
	})
}

func each(ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
