// Package terminal prints tables, colours and progress bars. A terminal gets colours
// and bars; a file or a pipe gets plain text.
package terminal

import (
	"io"
	"os"
)

// Output is where a command prints to, and whether it prints in colour.
type Output struct {
	io.Writer
	colour bool
}

// NewOutput returns the output that --color asks for. By default a terminal shows
// colours, and a file or a pipe gets none; NO_COLOR (https://no-color.org) turns them
// off.
func NewOutput(w io.Writer, color string, getenv func(string) string) *Output {
	o := &Output{Writer: w}
	switch color {
	case "always":
		o.colour = true
	case "never":
	default:
		o.colour = IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
	return o
}

// IsTerminal reports whether an output is a terminal.
func IsTerminal(w io.Writer) bool {
	if o, ok := w.(*Output); ok {
		w = o.Writer
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// inColour reports whether what is printed to w may have colours.
func inColour(w io.Writer) bool {
	switch w := w.(type) {
	case *Output:
		return w.colour
	case *Table:
		return inColour(w.to)
	}
	return false
}

// Style is the parameter of a terminal's escape sequence.
type Style string

// The styles, each with what it tells the reader.
const (
	Bold   Style = "1"
	Red    Style = "31" // a person must act
	Green  Style = "32" // it went well
	Yellow Style = "33" // it is not certain, or did not go as planned
	Grey   Style = "90"
)

// Paint returns the text in a style, if w shows colours.
func Paint(w io.Writer, s Style, text string) string {
	if s == "" || text == "" || !inColour(w) {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
