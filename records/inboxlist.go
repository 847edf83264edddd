package records

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"purser/order"
)

// InboxFilter chooses inbox items; what is empty does not restrict.
type InboxFilter struct {
	State    State
	Provider string
	OrderID  order.ID
	Limit    int    // default 50, at most 500
	Cursor   string // InboxPage.Next of the page before
}

// InboxPage is one page of inbox items, newest first.
type InboxPage struct {
	Items []Item
	Next  string // the next page's cursor; "" if there is none
}

// Items lists inbox items, newest first.
func (s *Store) Items(ctx context.Context, f InboxFilter) (InboxPage, error) {
	before, err := parseInboxCursor(f.Cursor)
	if err != nil {
		return InboxPage{}, failed("items", err)
	}
	limit := pageSize(f.Limit)
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
		where += " AND order_id <> ''" // so that the index of the few with an order serves
	}
	found, err := s.items(ctx, where+" ORDER BY id DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		return InboxPage{}, failed("items", err)
	}
	p := InboxPage{Items: found}
	if len(found) > limit {
		p.Items = found[:limit]
		p.Next = inboxCursor(found[limit-1].ID)
	}
	return p, nil
}

// inboxForm marks the inbox's cursors.
const inboxForm = "i1."

func inboxCursor(id int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s%d", inboxForm, id))
}

func parseInboxCursor(s string) (before int64, err error) {
	if s == "" {
		return 1<<63 - 1, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, ErrCursor
	}
	number, _ := strings.CutPrefix(string(b), inboxForm)
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || inboxCursor(id) != s {
		return 0, ErrCursor
	}
	return id, nil
}

// InboxCounts answers how many items are in each state, and since when the
// oldest of those to be delivered has been due; zero if none is.
func (s *Store) InboxCounts(ctx context.Context) (counts map[State]int64, oldestDue time.Time, err error) {
	counts = make(map[State]int64)
	err = each(ctx, s.db.reader(), "SELECT state, COUNT(*) FROM inbox GROUP BY state", nil, func(r *sql.Rows) error {
		var st State
		var n int64
		err := r.Scan(&st, &n)
		counts[st] = n
		return err
	})
	if err != nil {
		return nil, time.Time{}, failed("inbox counts", err)
	}
	oldest, err := one[int64](ctx, s.db.reader(),
		"SELECT COALESCE(MIN(next_at), 0) FROM inbox WHERE next_at > 0 AND next_at <= ?", micros(s.now()))
	return counts, fromMicros(oldest), failed("inbox counts", err)
}
