package bulks

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"purser/order"
	"purser/records/sqldb"
)

// ListFilter chooses bulks; an empty field does not restrict.
type ListFilter struct {
	Customer string // only those that are restricted to this customer's orders
	Open     bool   // only those that have not ended
	Limit    int    // default 50, at most 500
	Cursor   string // Page.Next of the previous page
}

// Page is one page of bulks, the latest first.
type Page struct {
	Bulks []order.Bulk
	Next  string // the next page's cursor; empty on the last page
}

// cursorForm marks the cursors of this list.
const cursorForm = "b1."

// Bulks lists bulks, the latest first. It fails with sqldb.ErrCursor if the cursor is not
// one of this list.
func (s *Store) Bulks(ctx context.Context, f ListFilter) (p Page, err error) {
	query, args, err := listQuery(f)
	if err != nil {
		return p, sqldb.WrapError("bulks", err)
	}
	limit := sqldb.PageSize(f.Limit)
	var last int64
	err = sqldb.Each(ctx, s.DB.Reader(), query+" ORDER BY created_at DESC, id DESC LIMIT ?", append(args, limit+1), func(r *sql.Rows) error {
		var b order.Bulk
		var at int64
		if err := r.Scan(&b.ID, &at); err != nil {
			return err
		}
		if p.Bulks = append(p.Bulks, b); len(p.Bulks) == limit {
			last = at
		}
		return nil
	})
	if len(p.Bulks) > limit {
		p.Bulks = p.Bulks[:limit]
		p.Next = sqldb.EncodeCursor(cursorForm, fmt.Sprintf("%d.%s", last, p.Bulks[limit-1].ID))
	}
	for i := range p.Bulks {
		if err == nil {
			p.Bulks[i], err = read(ctx, s.DB.Reader(), p.Bulks[i].ID, nil)
		}
	}
	return p, sqldb.WrapError("bulks", err)
}

func listQuery(f ListFilter) (query string, args []any, err error) {
	query = "SELECT id, created_at FROM bulks WHERE 1 = 1"
	if f.Customer != "" {
		query, args = query+" AND customer = ?", append(args, f.Customer)
	}
	if f.Open {
		query += " AND ended_at = 0"
	}
	if f.Cursor == "" {
		return query, args, nil
	}
	place, err := sqldb.DecodeCursor(cursorForm, f.Cursor)
	if err != nil {
		return "", nil, err
	}
	number, id, ok := strings.Cut(place, ".")
	at, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || strconv.FormatInt(at, 10) != number { // a number must not have a second spelling either
		return "", nil, sqldb.ErrCursor
	}
	return query + " AND (created_at, id) < (?, ?)", append(args, at, id), nil
}
