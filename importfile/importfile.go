// Package importfile reads products, stock and prices from CSV and JSON Lines
// files. It reads a row at a time, starting at any row, and never holds more
// than one in memory.
package importfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"purser/catalog"
)

// ErrFile means that a file cannot be read at all. Its text is for the caller.
var ErrFile = errors.New("the file cannot be read")

// MaxRow is the most bytes of a row.
const MaxRow = 64 << 10

// The formats.
const (
	CSV       = "csv"
	JSONLines = "jsonl"
)

// Header says how to read the rows of a file.
type Header struct {
	Kind    catalog.ImportKind `json:"kind"`
	Format  string             `json:"format"`
	Comma   string             `json:"comma,omitempty"`   // the separator of a CSV
	Columns []string           `json:"columns,omitempty"` // the names of a CSV's columns
	Start   Position           `json:"start"`             // of the first row
}

// Position is a place between two rows.
type Position struct {
	Byte int64 `json:"byte"`
	Line int64 `json:"line"` // lines before it
}

// columns are the fields of each kind of file: those it must have and those it
// may have.
var columns = map[catalog.ImportKind]struct{ must, may []string }{
	catalog.ImportProducts: {[]string{"sku"}, []string{
		"name", "description", "brand", "category", "tags", "rating", "parent", "options", "price", "currency", "onHand", "inactive",
	}},
	catalog.ImportStock:  {[]string{"sku", "onHand"}, nil},
	catalog.ImportPrices: {[]string{"sku", "price", "currency"}, nil},
}

// Columns returns the names that a file of a kind may use.
func Columns(kind catalog.ImportKind) []string {
	c := columns[kind]
	return slices.Concat(c.must, c.may)
}

// Sniff detects the format of a file from its beginning, which is its first
// MaxRow bytes or all of it, and returns how to read the rows. It fails with
// ErrFile.
func Sniff(kind catalog.ImportKind, begin []byte) (Header, error) {
	h := Header{Kind: kind}
	if _, known := columns[kind]; !known {
		return h, wrong("want products, stock or prices, not %.20q", kind)
	}
	text, marked := bytes.CutPrefix(begin, []byte("\xef\xbb\xbf"))
	if marked {
		h.Start.Byte = 3
	}
	blank := len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
	text = text[blank:]
	if err := foreign(text); err != nil {
		return h, err
	}
	if text[0] == '{' {
		h.Format = JSONLines
		return h, nil
	}
	h.Format = CSV
	h.Start.Line = int64(bytes.Count(begin[:blank+int(h.Start.Byte)], []byte("\n")))
	line, _, whole := bytes.Cut(text, []byte("\n"))
	if !whole && len(begin) >= MaxRow {
		return h, wrong("the first line has more than %d bytes: is it a text file?", MaxRow)
	}
	h.Start.Byte += int64(blank + len(line))
	if whole {
		h.Start.Byte++
	}
	h.Start.Line++
	return h.named(string(bytes.TrimRight(line, "\r")))
}

// foreign fails for a file that is neither CSV nor JSON Lines: an archive, a
// spreadsheet, another encoding, an empty file.
func foreign(text []byte) error {
	switch {
	case len(text) == 0:
		return wrong("it is empty")
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return wrong("it is in UTF-16: save it as UTF-8")
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return wrong("it is a spreadsheet or an archive: save it as CSV")
	case bytes.HasPrefix(text, []byte("\x1f\x8b")):
		return wrong("it is compressed: send it uncompressed")
	case text[0] == '[':
		return wrong("it is a JSON array: want JSON lines, one object on each")
	}
	return nil
}

// named returns the header with the columns that the first line names.
func (h Header) named(line string) (Header, error) {
	if !utf8.ValidString(line) {
		return h, wrong("its first line is not UTF-8")
	}
	h.Comma = ","
	for _, c := range []string{";", "\t"} {
		if strings.Count(line, c) > strings.Count(line, h.Comma) {
			h.Comma = c
		}
	}
	names, err := split(nil, line, h.Comma[0])
	if err != nil {
		return h, wrong("its first line: %v", err)
	}
	known := Columns(h.Kind)
	for _, name := range names {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, strings.TrimSpace(name)) })
		switch {
		case i < 0:
			return h, wrong("its first line must name the columns: %.40q is not one of %s", name, strings.Join(known, ", "))
		case slices.Contains(h.Columns, known[i]):
			return h, wrong("the column %s appears twice", known[i])
		}
		h.Columns = append(h.Columns, known[i])
	}
	for _, must := range columns[h.Kind].must {
		if !slices.Contains(h.Columns, must) {
			return h, wrong("the column %s is missing", must)
		}
	}
	return h, nil
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFile, fmt.Sprintf(format, args...))
}
