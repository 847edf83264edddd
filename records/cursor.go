package records

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"purser/order"
)

// The sizes of pages.
const (
	defaultPage = 50
	largestPage = 500
)

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, largestPage)
}

// cursor is where a page ended: the last order's time and id.
type cursor struct {
	at int64
	id string
}

// cursorForm marks our cursors, so that another's is recognised.
const cursorForm = "p1."

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s%d.%s", cursorForm, c.at, c.id))
}

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return cursor{}, ErrCursor
	}
	rest, ours := strings.CutPrefix(string(b), cursorForm)
	at, id, two := strings.Cut(rest, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if !ours || !two || err != nil {
		return cursor{}, ErrCursor
	}
	// Only what String writes is a cursor: no second spelling.
	c := cursor{n, id}
	if _, err := order.ParseID(id); err != nil || c.String() != s {
		return cursor{}, ErrCursor
	}
	return c, nil
}
