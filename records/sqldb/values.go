package sqldb

import (
	"strconv"
	"strings"
	"time"
)

// Values writes the placeholders of a multi-row insert: "(?,?),(?,?)".
func Values(rows, columns int) string {
	row := "(" + Placeholders(columns) + ")"
	return strings.TrimSuffix(strings.Repeat(row+",", rows), ",")
}

// Placeholders writes n placeholders: "?,?,?".
func Placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// In writes a list of strings for IN. Its length is padded to a power of two
// with the last string, so that there are few different statements to prepare.
// An empty list holds one empty string.
func In(all []string) (list string, args []any) {
	n := 1
	for n < len(all) {
		n *= 2
	}
	args = make([]any, n)
	for i := range args {
		if len(all) == 0 {
			args[i] = ""
			continue
		}
		args[i] = all[min(i, len(all)-1)]
	}
	return "(" + Placeholders(n) + ")", args
}

// Args returns strings as the arguments of a statement.
func Args(all []string) []any {
	args := make([]any, len(all))
	for i, s := range all {
		args[i] = s
	}
	return args
}

// rebind turns ? into $1, $2, … for Postgres. No statement of the record holds
// a question mark in a string literal.
func rebind(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for part := range strings.SplitAfterSeq(query, "?") {
		text, marked := strings.CutSuffix(part, "?")
		b.WriteString(text)
		if marked {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
	}
	return b.String()
}

// Micros returns a time in microseconds, as the record keeps it; 0 is the zero
// time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros returns the time that Micros encoded.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Bit returns a bool as both databases store it.
func Bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Nullable stores an id that is not known yet as NULL, so that it is unique
// once it is known.
func Nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
