// Package cases records cases: the matters that a person decides. Only its workflow
// writes a case.
package cases

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"purser/order"
	"purser/records/sqldb"
)

// Store reads and writes cases.
type Store struct {
	DB *sqldb.DB
}

// OpenCase writes a case unless it is recorded already, and returns it as it is recorded.
func (s *Store) OpenCase(ctx context.Context, c order.Case) (order.Case, error) {
	doc, err := json.Marshal(c)
	if err != nil {
		return order.Case{}, sqldb.WrapError("open case", err)
	}
	err = s.DB.WriteAlone(ctx, func(ctx context.Context, q sqldb.Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO cases (id, kind, order_id, status, assignee, opened_at, due_at, fence, doc)
			VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING`,
			c.ID, string(c.Kind), string(c.OrderID), string(c.Status), c.Assignee, sqldb.Micros(c.OpenedAt), sqldb.Micros(c.DueAt), string(doc))
		return err
	})
	if err != nil {
		return order.Case{}, sqldb.WrapError("open case", err)
	}
	return s.Case(ctx, c.ID)
}

// SaveCase writes a case as its workflow has it. A write with the fence of the last one,
// or a lower one, changes nothing, and neither does one that opens a case which is over.
// It fails with order.ErrNoCase if the case was not opened.
func (s *Store) SaveCase(ctx context.Context, c order.Case, fence int64) error {
	doc, err := json.Marshal(c)
	if err != nil {
		return sqldb.WrapError("save case", err)
	}
	err = s.DB.Write(ctx, func(ctx context.Context, q sqldb.Querier) error {
		n, err := q.Exec(ctx, "UPDATE cases SET status = ?, assignee = ?, due_at = ?, fence = ?, doc = ? WHERE id = ? AND fence < ? AND (status = ? OR ? <> ?)",
			string(c.Status), c.Assignee, sqldb.Micros(c.DueAt), fence, string(doc), c.ID, fence, string(order.CaseOpen), string(c.Status), string(order.CaseOpen))
		if err != nil || n == 1 {
			return err
		}
		var was int64
		found, err := sqldb.First(ctx, q, "SELECT fence FROM cases WHERE id = ?", []any{c.ID}, &was)
		if err == nil && !found {
			err = noCase(c.ID)
		}
		return err
	})
	return sqldb.WrapError("save case", err)
}

func noCase(id string) error { return fmt.Errorf("%w: %.64q", order.ErrNoCase, id) }

// Case returns a case, or order.ErrNoCase.
func (s *Store) Case(ctx context.Context, id string) (c order.Case, err error) {
	var doc []byte
	found, err := sqldb.First(ctx, s.DB.Reader(), "SELECT doc FROM cases WHERE id = ?", []any{id}, &doc)
	switch {
	case err != nil:
	case !found:
		err = noCase(id)
	default:
		err = json.Unmarshal(doc, &c)
	}
	return c, sqldb.WrapError("case", err)
}

// Cases lists cases, the latest first. Each page is found where the last one ended.
func (s *Store) Cases(ctx context.Context, f order.CaseFilter) (p order.CasePage, err error) {
	query, args, err := listQuery(f)
	if err != nil {
		return p, sqldb.WrapError("cases", err)
	}
	limit := sqldb.PageSize(f.Limit)
	err = sqldb.Each(ctx, s.DB.Reader(), query, append(args, limit+1), func(r *sql.Rows) error {
		var doc []byte
		var c order.Case
		if err := r.Scan(&doc); err != nil {
			return err
		}
		err := json.Unmarshal(doc, &c)
		p.Cases = append(p.Cases, c)
		return err
	})
	if len(p.Cases) > limit {
		p.Cases = p.Cases[:limit]
		last := p.Cases[limit-1]
		p.Next = sqldb.EncodeCursor(cursorForm, fmt.Sprintf("%d.%s", sqldb.Micros(last.OpenedAt), last.ID))
	}
	return p, sqldb.WrapError("cases", err)
}

// cursorForm marks the cursors of this list.
const cursorForm = "c1."

func listQuery(f order.CaseFilter) (query string, args []any, err error) {
	query = "SELECT doc FROM cases WHERE 1 = 1"
	and := func(condition string, a ...any) {
		query += " AND " + condition
		args = append(args, a...)
	}
	if len(f.Status) > 0 {
		var names []any
		for _, st := range f.Status {
			names = append(names, string(st))
		}
		and("status IN ("+sqldb.Placeholders(len(names))+")", names...)
	}
	if f.Kind != "" {
		and("kind = ?", string(f.Kind))
	}
	if f.OrderID != "" {
		and("order_id = ? AND order_id <> ''", string(f.OrderID)) // the index has no others
	}
	if f.Assignee != "" {
		and("assignee = ?", f.Assignee)
	}
	if !f.DueBy.IsZero() {
		and("status = ? AND due_at < ?", string(order.CaseOpen), sqldb.Micros(f.DueBy))
	}
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return "", nil, err
		}
		and("(opened_at, id) < (?, ?)", at, id)
	}
	return query + " ORDER BY opened_at DESC, id DESC LIMIT ?", args, nil
}

func parseCursor(s string) (at int64, id string, err error) {
	place, err := sqldb.DecodeCursor(cursorForm, s)
	if err != nil {
		return 0, "", err
	}
	number, id, ok := strings.Cut(place, ".")
	at, err = strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || strconv.FormatInt(at, 10) != number { // a number must not have a second spelling either
		return 0, "", sqldb.ErrCursor
	}
	return at, id, nil
}
