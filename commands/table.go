package commands

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// grid aligns cells that are separated by tabs, in lines of their own, as a
// text/tabwriter does: a column ends at a line that does not have it. It differs in
// that colours take no space.
type grid struct {
	to   io.Writer
	text bytes.Buffer
}

// table returns a grid with columns under their names, if there are any. Flush or
// endPage prints it.
func table(w io.Writer, columns ...string) *grid {
	g := &grid{to: w}
	if len(columns) > 0 {
		fmt.Fprintln(g, paint(w, bold, strings.Join(columns, "\t")))
	}
	return g
}

// Write adds lines to the grid.
func (g *grid) Write(b []byte) (int, error) { return g.text.Write(b) }

// between is the space between two columns.
const between = 2

// Flush prints the lines.
func (g *grid) Flush() error {
	var lines [][]string
	for line := range strings.Lines(g.text.String()) {
		lines = append(lines, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	g.text.Reset()
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
	_, err := io.WriteString(g.to, out.String())
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

// width returns how many characters of a text are seen.
func width(s string) int { return utf8.RuneCountInString(colours.ReplaceAllString(s, "")) }

// endPage prints one page of a list and, if there is a next page, the flag that
// asks for it.
func endPage(t *grid, w io.Writer, flag, next string) error {
	if err := t.Flush(); err != nil || next == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "more: %s %s\n", flag, next)
	return err
}
