package sqldb

import (
	"encoding/base64"
	"strings"
)

// These are the sizes of pages.
const (
	defaultPage = 50
	MaxPage     = 500
)

// PageSize returns the page size for a requested limit, where 0 asks for the
// default.
func PageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, MaxPage)
}

// EncodeCursor writes the cursor of a page that ended at a place. The form
// distinguishes the cursors of different lists.
func EncodeCursor(form, place string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(form + place))
}

// DecodeCursor returns the place in a cursor of the form, or ErrCursor. It
// accepts only the spelling that EncodeCursor writes.
func DecodeCursor(form, cursor string) (place string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	place, ours := strings.CutPrefix(string(b), form)
	if err != nil || !ours || EncodeCursor(form, place) != cursor {
		return "", ErrCursor
	}
	return place, nil
}
