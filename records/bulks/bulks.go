// Package bulks records actions on many orders at once: the request, the orders that
// were selected, and what became of each.
package bulks

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// Store reads and writes bulks.
type Store struct {
	DB *sqldb.DB
}

// OpenBulk writes a bulk and the orders that were selected for it. A bulk that exists is
// returned as it is; if it came from another request, OpenBulk fails with
// order.ErrOtherRequest.
func (s *Store) OpenBulk(ctx context.Context, b order.Bulk, hash string, ids []order.ID) (order.Bulk, error) {
	doc, err := json.Marshal(b.BulkRequest)
	if err != nil {
		return order.Bulk{}, sqldb.WrapError("open bulk", err)
	}
	var was order.Bulk
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, `INSERT INTO bulks (id, request_hash, doc, actor, customer, state, why, created_at, ended_at)
			VALUES (?, ?, ?, ?, ?, ?, '', ?, 0) ON CONFLICT (id) DO NOTHING`,
			b.ID, hash, string(doc), b.Actor, b.Customer, string(order.BulkRunning), sqldb.Micros(s.DB.Now()))
		if err == nil && n == 1 {
			args := make([]any, 0, 7*len(ids))
			for i, id := range ids {
				args = append(args, b.ID, int64(i+1), string(id), string(order.OutcomeDue), "", int64(0), int64(0))
			}
			err = sqldb.InsertRows(ctx, q, "INSERT INTO bulk_orders (bulk_id, n, order_id, outcome, why, tries, at)", 7, args)
		}
		if err == nil {
			was, err = join(ctx, q, b.ID, hash)
		}
		return err
	})
	return was, sqldb.WrapError("open bulk", err)
}

// JoinBulk returns the bulk that a request has opened. It fails with order.ErrNoBulk, or
// with order.ErrOtherRequest if another request has opened it.
func (s *Store) JoinBulk(ctx context.Context, id, hash string) (order.Bulk, error) {
	b, err := join(ctx, s.DB.Reader(), id, hash)
	return b, sqldb.WrapError("join bulk", err)
}

// Bulk returns a bulk as it stands, or order.ErrNoBulk.
func (s *Store) Bulk(ctx context.Context, id string) (order.Bulk, error) {
	b, err := read(ctx, s.DB.Reader(), id, nil)
	return b, sqldb.WrapError("bulk", err)
}

func join(ctx context.Context, q sqldb.Querier, id, hash string) (order.Bulk, error) {
	var first string
	b, err := read(ctx, q, id, &first)
	if err == nil && first != hash {
		err = order.ErrOtherRequest
	}
	return b, err
}

// read reads a bulk and counts its orders. hash may be nil.
func read(ctx context.Context, q sqldb.Querier, id string, hash *string) (order.Bulk, error) {
	b := order.Bulk{ID: id}
	var doc []byte
	var created, ended int64
	if hash == nil {
		hash = new(string)
	}
	found, err := sqldb.First(ctx, q, "SELECT request_hash, doc, actor, customer, state, why, created_at, ended_at FROM bulks WHERE id = ?",
		[]any{id}, hash, &doc, &b.Actor, &b.Customer, &b.State, &b.Why, &created, &ended)
	switch {
	case err != nil:
		return b, err
	case !found:
		return b, fmt.Errorf("%w: %.64q", order.ErrNoBulk, id)
	}
	b.CreatedAt, b.EndedAt = sqldb.FromMicros(created), sqldb.FromMicros(ended)
	if err := json.Unmarshal(doc, &b.BulkRequest); err != nil {
		return b, err
	}
	err = sqldb.Each(ctx, q, "SELECT outcome, COUNT(*) FROM bulk_orders WHERE bulk_id = ? GROUP BY outcome", []any{id}, func(r *sql.Rows) error {
		var o order.BulkOutcome
		var n int64
		if err := r.Scan(&o, &n); err != nil {
			return err
		}
		b.Counts.Add(o, n)
		return nil
	})
	return b, err
}

// OpenBulks returns the bulks that were opened since a time and have not ended.
func (s *Store) OpenBulks(ctx context.Context, since time.Time) ([]order.Bulk, error) {
	var open []order.Bulk
	err := sqldb.Each(ctx, s.DB.Reader(), "SELECT id FROM bulks WHERE created_at >= ? AND ended_at = 0 ORDER BY created_at, id", []any{sqldb.Micros(since)}, func(r *sql.Rows) error {
		open = append(open, order.Bulk{})
		return r.Scan(&open[len(open)-1].ID)
	})
	for i := range open {
		if err == nil {
			open[i], err = read(ctx, s.DB.Reader(), open[i].ID, nil)
		}
	}
	return open, sqldb.WrapError("open bulks", err)
}

// Filter chooses orders of a bulk.
type Filter struct {
	Outcome order.BulkOutcome // empty: all
	After   int64             // only orders with a higher number
	Limit   int               // default 50, at most 500
}

// BulkOrders lists orders of a bulk by their numbers.
func (s *Store) BulkOrders(ctx context.Context, id string, f Filter) ([]order.BulkOrder, error) {
	found, err := list(ctx, s.DB.Reader(), id, f)
	return found, sqldb.WrapError("bulk orders", err)
}

func list(ctx context.Context, q sqldb.Querier, id string, f Filter) (found []order.BulkOrder, err error) {
	where, args := "", []any{id, f.After}
	if f.Outcome != "" {
		where, args = " AND outcome = ?", append(args, string(f.Outcome))
	}
	err = sqldb.Each(ctx, q, "SELECT n, order_id, outcome, why, tries, at FROM bulk_orders WHERE bulk_id = ? AND n > ?"+where+" ORDER BY n LIMIT ?",
		append(args, sqldb.PageSize(f.Limit)), func(r *sql.Rows) error {
			var o order.BulkOrder
			var at int64
			if err := r.Scan(&o.N, &o.OrderID, &o.Outcome, &o.Why, &o.Tries, &at); err != nil {
				return err
			}
			o.At = sqldb.FromMicros(at)
			found = append(found, o)
			return nil
		})
	return found, err
}
