package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of Postgres
	_ "modernc.org/sqlite"             // the driver of SQLite
)

// record is what the SQL record holds: of all orders what is short, and of some orders
// at a time the rest.
type record struct {
	db         *sql.DB
	orders     []orderRow      // in the order of their ids
	replacedIn map[string]bool // orders of which a lost attempt had written events, which another replaced
	askedIn    map[string]bool // the refunds that people have asked a lost attempt for, as "order refund"
	details
}

// details are the rows about some orders, by order.
type details struct {
	timeline  map[string][]eventRow
	payments  map[string][]paymentRow
	refunds   map[string][]refundRow
	shipments map[string][]shipmentRow
	mails     map[string][]mailRow
	cases     map[string][]caseRow
	entries   map[string][]entryRow
	reserved  map[string][]reservationRow
}

type orderRow struct {
	id, status string
	version    int64
	total      int64
	currency   string
	needs      bool // somebody must still look at it
	doc        orderDoc
}

type eventRow struct {
	seq, at        int64
	kind, why, ref string
	to, actor      string
}

// ofChange reports whether the event says that the payment of a change can be paid.
func (e eventRow) ofChange() bool { return strings.Contains(e.why, " for the change ") }

type paymentRow struct {
	provider, reference, status              string
	authorized, captured, refunded, disputed int64
	surplus                                  bool
}

type refundRow struct {
	id, paymentRef, reference, status string
	amount                            int64
	lines                             []pieces
	paidOut                           bool
}

// moves reports whether the money has left the shop, or is about to.
func (r refundRow) moves() bool {
	return r.status == "requested" || r.status == "pending" || r.status == "succeeded" || r.credited()
}

// credited reports whether the amount pays for another order, which goods that came back
// were exchanged for.
func (r refundRow) credited() bool { return r.status == "credited" }

// elsewhere reports whether the provider does not know of the refund.
func (r refundRow) elsewhere() bool { return r.paidOut || r.credited() }

// entryRow is the sum of the ledger's entries about a payment with equal accounts.
type entryRow struct {
	ref, party, debit, credit string
	amount                    int64
}

type shipmentRow struct {
	reference, label, status string
	lines                    []pieces
	replaced                 bool
}

// pieces are some pieces of a product.
type pieces struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Restock  bool   `json:"restock"` // of a refund: they are for sale again
}

// caseRow is a case of an order. Its choice is empty if nobody has decided it, and it is
// over at never while it is open.
type caseRow struct {
	id, kind, status, about, choice string
	openedAt, over                  int64
}

// reservationRow is what an order has of a product's stock.
type reservationRow struct {
	sku, state                   string
	quantity, shipped, restocked int64
}

type mailRow struct {
	key, template, state, askedBy string
	generation, claimedAt         int64
}

// inboxRow is an event in the inbox. listed says that its webhook had not come, and that
// the shop found it in its provider's list.
type inboxRow struct {
	eventID, kind, order, ref, state, note string
	receivedAt                             int64
	listed                                 bool
}

// openRecord opens the record, postgres://… or a path of a SQLite file, to read.
func openRecord(at string) (*sql.DB, error) {
	if strings.HasPrefix(at, "postgres") {
		return sql.Open("pgx", at)
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}
	return sql.Open("sqlite", "file:"+at+"?"+q.Encode())
}

// openOrders opens the record and reads what is short of all orders. The texts of all
// statements are the same on both databases.
func openOrders(ctx context.Context, at string) (r record, err error) {
	if r.db, err = openRecord(at); err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	if r.orders, err = r.readOrders(ctx, ""); err == nil {
		r.replacedIn, r.askedIn = map[string]bool{}, map[string]bool{}
		err = each(ctx, r.db, "SELECT order_id, kind, actor, ref FROM order_events_lost", nil, func(row *sql.Rows) error {
			var id, kind, actor, ref string
			err := row.Scan(&id, &kind, &actor, &ref)
			r.replacedIn[id] = true
			if kind == refundRequested && actor != "purser" {
				r.askedIn[id+" "+first(ref)] = true
			}
			return err
		})
	}
	if err != nil {
		r.close()
	}
	return r, err
}

// readOrders reads what is short of the orders that a condition selects, in the order of
// their ids.
func (r *record) readOrders(ctx context.Context, where string, args ...any) (all []orderRow, err error) {
	query := "SELECT id, status, version, total, currency, doc FROM orders " + where + " ORDER BY id"
	err = each(ctx, r.db, query, args, func(row *sql.Rows) error {
		var o orderRow
		var doc string
		err := row.Scan(&o.id, &o.status, &o.version, &o.total, &o.currency, &doc)
		if err == nil {
			err = json.Unmarshal([]byte(doc), &o.doc)
			o.needs = o.doc.needsSomebody()
		}
		all = append(all, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: read the orders: %w", err)
	}
	return all, nil
}

func (r *record) close() { _ = r.db.Close() } // it was only read

// order returns an order by its id.
func (r *record) order(id string) (orderRow, bool) {
	i, found := slices.BinarySearchFunc(r.orders, id, func(o orderRow, id string) int { return strings.Compare(o.id, id) })
	if !found {
		return orderRow{}, false
	}
	return r.orders[i], true
}

// atATime is how many orders are compared at a time.
const atATime = 500

// eachOrders calls do for some orders at a time, with their details.
func (r *record) eachOrders(ctx context.Context, do func([]orderRow)) error {
	for some := range slices.Chunk(r.orders, atATime) {
		if err := r.readDetails(ctx, some[0].id, some[len(some)-1].id); err != nil {
			return fmt.Errorf("audit: read the record: %w", err)
		}
		do(some)
	}
	return nil
}

// eachItem calls do for each event in the inbox that a condition selects.
func (r *record) eachItem(ctx context.Context, where string, do func(inboxRow)) error {
	query := "SELECT event_id, type, order_id, ref, state, note, received_at, source FROM inbox WHERE " + where
	err := each(ctx, r.db, query, nil, func(row *sql.Rows) error {
		var i inboxRow
		var source string
		err := row.Scan(&i.eventID, &i.kind, &i.order, &i.ref, &i.state, &i.note, &i.receivedAt, &source)
		i.listed = source == "the provider's list"
		do(i)
		return err
	})
	if err != nil {
		return fmt.Errorf("audit: read the inbox: %w", err)
	}
	return nil
}

func each(ctx context.Context, db *sql.DB, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, args...)
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
