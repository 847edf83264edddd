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
		"name", "description", "brand", "category", "tags", "rating", "parent", "options", "price", "currency", "onHand", "inactive", "shipping", "delivery",
		"weight", "length", "width", "height", "hsCode", "origin", "customsValue", "customsCurrency", "customsDescription",
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
	if err := foreign(begin); err != nil {
		return h, err
	}
	text := withoutMarks(begin)
	h.Start.Byte = int64(len(begin) - len(text))
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		h.Format = JSONLines
		return h, nil
	}
	h.Format = CSV
	line, rest, err := h.firstRow(text, len(begin))
	if comma, found := separator(line); found && err == nil {
		if !slices.Contains(commas, comma) {
			return h, wrong("its first line is %.20q: want sep= and a comma, a semicolon, a tab or |", line)
		}
		h.Comma = comma
		if line, rest, err = h.firstRow(withoutMarks(rest), len(begin)); err == nil && isBlank(line) {
			return h, wrong("it has no line that names the columns")
		}
	}
	if err != nil {
		return h, err
	}
	h.Start.Byte = int64(len(begin) - len(rest))
	h.Start.Line = lines(begin[:h.Start.Byte])
	return h.named(strings.TrimRight(line, endOfFile))
}

// withoutMarks cuts off the byte order marks that a text begins with.
func withoutMarks(text []byte) []byte {
	for bytes.HasPrefix(text, []byte(mark)) {
		text = text[len(mark):]
	}
	return text
}

// firstRow cuts off the first line that is not blank. read is how many bytes of the
// file are known.
func (h Header) firstRow(text []byte, read int) (line string, rest []byte, err error) {
	for rest = text; err == nil && len(rest) > 0 && isBlank(line); {
		line, rest, err = firstLine(rest, read)
	}
	return line, rest, err
}

// isBlank reports whether a line has no text, but at most separators.
func isBlank(line string) bool {
	return strings.Trim(text.Clean(line), ` "`+strings.Join(commas, "")) == ""
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
func foreign(begin []byte) error {
	text := bytes.TrimLeft(withoutMarks(begin), " \t\r\n")
	switch {
	case len(bytes.Trim(text, endOfFile+" \t\r\n")) == 0:
		return wrong("it is empty")
	case text[0] == '[':
		return wrong("it is a JSON array: want JSON lines, one object on each")
	}
	for _, f := range foreignFiles {
		if bytes.HasPrefix(text, []byte(f.begin)) {
			return wrong("%s", f.what)
		}
	}
	if bytes.IndexByte(text[:min(len(text), 4)], 0) >= 0 {
		return wrong("%s", wide)
	}
	return nil
}

// foreignFiles are the beginnings of files that people send by mistake.
var foreignFiles = []struct{ begin, what string }{
	{"PK\x03\x04", spreadsheet},
	{"\xd0\xcf\x11\xe0", spreadsheet}, // .xlsx, .ods and .numbers; .xls
	{"\x1f\x8b", packed},
	{"BZh", packed},
	{"\xfd7zXZ", packed},
	{"\x28\xb5\x2f\xfd", packed},
	{"7z\xbc\xaf", packed},
	{"Rar!", packed},
	{"\xff\xfe", wide},
	{"\xfe\xff", wide},
	{"<", "it is a web page or XML, which some shops call a spreadsheet: open it, and save it as CSV"},
	{"%PDF", "it is a PDF: save the table as CSV"},
}

const (
	wide        = "it is in UTF-16 or UTF-32: save it as UTF-8"
	spreadsheet = "it is a spreadsheet or an archive: save it as CSV"
	packed      = "it is compressed: send it uncompressed"
)

// named returns the header with the columns that the first line names.
func (h Header) named(line string) (Header, error) {
	if !utf8.ValidString(line) {
		return h, wrong("its first line is not in UTF-8: save the file as CSV in UTF-8")
	}
	if h.Comma == "" {
		h.Comma = ","
		for _, c := range commas[1:] {
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
