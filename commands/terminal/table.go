package terminal

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	eastasian "golang.org/x/text/width"
)

// Table aligns cells that are separated by tabs, in lines of their own, as a
// text/tabwriter does: a column ends at a line that does not have it. It differs in
// that colours take no space.
type Table struct {
	to   io.Writer
	text bytes.Buffer
}

// NewTable returns a table with columns under their names, if there are any. Flush or
// EndPage prints it.
func NewTable(w io.Writer, columns ...string) *Table {
	t := &Table{to: w}
	if len(columns) > 0 {
		fmt.Fprintln(t, Paint(w, Bold, strings.Join(columns, "\t")))
	}
	return t
}

// Write adds lines to the table.
func (t *Table) Write(b []byte) (int, error) { return t.text.Write(b) }

// between is the space between two columns.
const between = 2

// Flush prints the lines.
func (t *Table) Flush() error {
	var lines [][]string
	for line := range strings.Lines(t.text.String()) {
		lines = append(lines, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	t.text.Reset()
	var out strings.Builder
	widths := make(map[int]int) // of the columns that the line before had
	for i, cells := range lines {
		for column := range cells[:len(cells)-1] {
			if i == 0 || column >= len(lines[i-1])-1 { // the column begins here
				widths[column] = columnWidth(lines[i:], column)
			}
			out.WriteString(cells[column] + strings.Repeat(" ", widths[column]-width(cells[column])+between))
		}
		out.WriteString(cells[len(cells)-1] + "\n")
	}
	_, err := io.WriteString(t.to, out.String())
	return err
}

// columnWidth returns the width of a column down to the first line that lacks it. The
// last cell of a line belongs to no column.
func columnWidth(lines [][]string, column int) (widest int) {
	for _, cells := range lines {
		if column >= len(cells)-1 {
			break
		}
		widest = max(widest, width(cells[column]))
	}
	return widest
}

var colours = regexp.MustCompile("\x1b\\[[0-9]*m")

// width returns how many columns of a terminal a text takes: two for each character
// of Chinese, Japanese or Korean, none for an accent that joins a letter.
func width(s string) (columns int) {
	for _, r := range colours.ReplaceAllString(s, "") {
		switch kind := eastasian.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == eastasian.EastAsianWide || kind == eastasian.EastAsianFullwidth:
			columns += 2
		default:
			columns++
		}
	}
	return columns
}

// EndPage prints one page of a list and, if there is a next page, the flag that
// asks for it.
func (t *Table) EndPage(flag, next string) error {
	if err := t.Flush(); err != nil || next == "" {
		return err
	}
	_, err := fmt.Fprintf(t.to, "more: %s %s\n", flag, next)
	return err
}
