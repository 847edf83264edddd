package sqldb

import (
	"encoding/base64"
	"strings"
)

// The sizes of pages.
const (
	defaultPage = 50
	MaxPage     = 500
)

// PageSize returns the size of a page for which a limit was asked, 0 being the
// default.
func PageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, MaxPage)
}

// EncodeCursor writes the cursor of a page that ended at a place. The form
// tells the cursors of one list from those of another.
func EncodeCursor(form, place string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(form + place))
}

// DecodeCursor returns the place in a cursor of the form, or ErrCursor. Only
// what EncodeCursor writes is a cursor: there is no second spelling.
func DecodeCursor(form, cursor string) (place string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	place, ours := strings.CutPrefix(string(b), form)
	if err != nil || !ours || EncodeCursor(form, place) != cursor {
		return "", ErrCursor
	}
	return place, nil
}
