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
	"purser/text"
)

// ErrFile means that a file cannot be read at all. Its text is for the caller.
var ErrFile = errors.New("the file cannot be read")

// MaxRow is the most bytes of a row: a product with the longest description, each
// character of it escaped, has fewer.
const MaxRow = 256 << 10

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
	Columns []string           `json:"columns,omitempty"` // the names of a CSV's columns; "": it has none, and must be empty
	Decimal Decimal            `json:"decimal,omitempty"` // how a CSV writes prices
	Start   Position           `json:"start"`             // of the first row
}

// Position is a place between two rows.
type Position struct {
	Byte int64 `json:"byte"`
	Line int64 `json:"line"` // lines before it
}

// requiredColumns and optionalColumns are the fields that a file of each kind must
// have and those that it may have.
var (
	requiredColumns = map[catalog.ImportKind][]string{
		catalog.ImportProducts: {"sku"}, catalog.ImportStock: {"sku", "onHand"}, catalog.ImportPrices: {"sku", "price", "currency"},
	}
	optionalColumns = map[catalog.ImportKind][]string{catalog.ImportProducts: {
		"name", "description", "brand", "category", "tags", "rating", "parent", "options", "price", "currency", "onHand", "inactive",
	}}
)

// Columns returns the names that a file of a kind may use.
func Columns(kind catalog.ImportKind) []string {
	return slices.Concat(requiredColumns[kind], optionalColumns[kind])
}

// Sniff detects the format of a file from its beginning, which is its first
// MaxRow bytes or all of it, and returns how to read the rows. It fails with
// ErrFile.
func Sniff(kind catalog.ImportKind, begin []byte) (Header, error) {
	h := Header{Kind: kind}
	if _, known := requiredColumns[kind]; !known {
		return h, wrong("want products, stock or prices, not %.20q", kind)
	}
	text := begin
	for bytes.HasPrefix(text, []byte(mark)) {
		text = text[len(mark):]
	}
	h.Start.Byte = int64(len(begin) - len(text))
	text = bytes.TrimLeft(text, " \t\r\n")
	if err := foreign(text); err != nil {
		return h, err
	}
	if text[0] == '{' {
		h.Format = JSONLines
		return h, nil
	}
	h.Format = CSV
	line, rest, err := firstLine(text, len(begin))
	if comma, found := separator(line); found && err == nil {
		if !slices.Contains(commas, comma) {
			return h, wrong("its first line is %.20q: want sep= and a comma, a semicolon, a tab or |", line)
		}
		h.Comma = comma
		if text = bytes.TrimLeft(rest, " \t\r\n"); len(text) == 0 {
			return h, wrong("it has no line that names the columns")
		}
		line, rest, err = firstLine(text, len(begin))
	}
	if err != nil {
		return h, err
	}
	h.Start.Byte = int64(len(begin) - len(rest))
	h.Start.Line = lines(begin[:h.Start.Byte])
	return h.named(strings.TrimRight(line, endOfFile))
}

// mark is a byte order mark. Some programs write a second one.
const mark = "\xef\xbb\xbf"

// endOfFile is the character with which files of CP/M and DOS end; some programs
// still write it.
const endOfFile = "\x1a"

// commas are the characters that may separate the columns.
var commas = []string{",", ";", "\t", "|"}

// firstLine cuts off the first line. read is how many bytes of the file are known.
func firstLine(text []byte, read int) (line string, rest []byte, err error) {
	i := bytes.IndexAny(text, "\r\n")
	if i < 0 {
		if read >= MaxRow {
			return "", nil, wrong("the first line has more than %d bytes: is it a text file?", MaxRow)
		}
		return string(text), nil, nil
	}
	line, rest = string(text[:i]), text[i+1:]
	if text[i] == '\r' {
		rest = bytes.TrimPrefix(rest, []byte("\n"))
	}
	return line, rest, nil
}

// separator returns the character that a line such as "sep=;" names, with which
// spreadsheets are told how to read the file.
func separator(line string) (comma string, found bool) {
	line = strings.Trim(line, `" `)
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return "", false
	}
	comma = line[4:5]
	return comma, strings.Trim(line[5:], comma+`" `) == "" // a row of a table may end in more separators
}

// lines returns how many lines a text has that ends with a line's end, or with the
// file.
func lines(text []byte) int64 {
	n := bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' && text[len(text)-1] != '\r' {
		n++
	}
	return int64(n)
}

// foreign fails for a file that is neither CSV nor JSON Lines: an archive, a
// spreadsheet, another encoding, an empty file.
func foreign(text []byte) error {
	switch {
	case len(bytes.Trim(text, endOfFile+" \t\r\n")) == 0:
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
	if h.Comma == "" {
		h.Comma = ","
		for _, c := range []string{";", "\t"} {
			if strings.Count(line, c) > strings.Count(line, h.Comma) {
				h.Comma = c
			}
		}
	}
	names, err := split(nil, line, h.Comma[0])
	if err != nil {
		return h, wrong("its first line: %v", err)
	}
	known := Columns(h.Kind)
	for _, name := range names {
		if name = text.Clean(name); name == "" {
			h.Columns = append(h.Columns, "")
			continue
		}
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		switch {
		case i < 0:
			return h, wrong("its first line must name the columns: %.40q is not one of %s", name, strings.Join(known, ", "))
		case slices.Contains(h.Columns, known[i]):
			return h, wrong("the column %s appears twice", known[i])
		}
		h.Columns = append(h.Columns, known[i])
	}
	for len(h.Columns) > 0 && h.Columns[len(h.Columns)-1] == "" { // a row may be longer, too
		h.Columns = h.Columns[:len(h.Columns)-1]
	}
	for _, must := range requiredColumns[h.Kind] {
		if !slices.Contains(h.Columns, must) {
			return h, wrong("the column %s is missing", must)
		}
	}
	return h, nil
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFile, fmt.Sprintf(format, args...))
}
