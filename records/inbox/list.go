package inbox

import (
	"context"
	"math"
	"strconv"
	"time"

	"purser/order"
	"purser/records/sqldb"
)

// Filter selects inbox items; an empty field does not restrict.
type Filter struct {
	State    State
	Provider string
	OrderID  order.ID
	Limit    int    // default 50, at most 500
	Cursor   string // Page.Next of the previous page
}

// Page is one page of inbox items, newest first.
type Page struct {
	Items []Item
	Next  string // the next page's cursor; "" on the last page
}

// Items lists inbox items, newest first.
func (s *Store) Items(ctx context.Context, f Filter) (Page, error) {
	before, err := parseCursor(f.Cursor)
	if err != nil {
		return Page{}, sqldb.WrapError("items", err)
	}
	limit := sqldb.PageSize(f.Limit)
	where, args := "id < ?", []any{before}
	for _, c := range []struct{ column, value string }{
		{"state", string(f.State)}, {"order_id", string(f.OrderID)}, {"provider", f.Provider},
	} {
		if c.value != "" {
			where += " AND " + c.column + " = ?"
			args = append(args, c.value)
		}
	}
	if f.OrderID != "" {
		where += " AND order_id <> ''" // lets the database use the index of the few items with an order
	}
	found, err := s.items(ctx, where+" ORDER BY id DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return Page{}, sqldb.WrapError("items", err)
	}
	p := Page{Items: found}
	if len(found) > limit {
		p.Items = found[:limit]
		p.Next = encodeCursor(found[limit-1].ID)
	}
	return p, nil
}

// cursorForm marks the cursors of this list.
const cursorForm = "i1."

func encodeCursor(id int64) string { return sqldb.EncodeCursor(cursorForm, strconv.FormatInt(id, 10)) }

func parseCursor(s string) (before int64, err error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	place, err := sqldb.DecodeCursor(cursorForm, s)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(place, 10, 64)
	if err != nil || encodeCursor(id) != s { // a number must not have a second spelling either
		return 0, sqldb.ErrCursor
	}
	return id, nil
}

// CountedTo is how far InboxCounts counts the items in a state: there may be
// millions that were delivered.
const CountedTo = 10_000

// InboxCounts returns how many items are in each state, at most CountedTo, and since
// when the oldest deliverable item has been due; the time is zero if no item is due.
// It takes as long for a large inbox as for a small one.
func (s *Store) InboxCounts(ctx context.Context) (counts map[State]int64, oldestDue time.Time, err error) {
	counts = make(map[State]int64)
	for _, st := range States() {
		n, err := sqldb.One[int64](ctx, s.DB.Reader(), "SELECT COUNT(*) FROM (SELECT 1 FROM inbox WHERE state = ? LIMIT ?) counted", string(st), CountedTo)
		if err != nil {
			return nil, time.Time{}, sqldb.WrapError("inbox counts", err)
		}
		if n > 0 {
			counts[st] = n
		}
	}
	oldest, err := sqldb.One[int64](ctx, s.DB.Reader(),
		"SELECT COALESCE(MIN(next_at), 0) FROM inbox WHERE next_at > 0 AND next_at <= ?", sqldb.Micros(s.DB.Now()))
	return counts, sqldb.FromMicros(oldest), sqldb.WrapError("inbox counts", err)
}
