package commands

import (
	"io"
	"os"

	"purser/catalog"
	"purser/mail"
	"purser/order"
)

// output is where a command prints to, and whether it prints in colour.
type output struct {
	io.Writer
	colour bool
}

// newOutput returns the output that --color asks for. By default a terminal shows
// colours, and a file or a pipe gets none; NO_COLOR (https://no-color.org) turns them
// off.
func newOutput(w io.Writer, color string, getenv func(string) string) *output {
	o := &output{Writer: w}
	switch color {
	case "always":
		o.colour = true
	case "never":
	default:
		o.colour = isTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
	return o
}

// isTerminal reports whether an output is a terminal.
func isTerminal(w io.Writer) bool {
	if o, ok := w.(*output); ok {
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
	case *output:
		return w.colour
	case *grid:
		return inColour(w.to)
	}
	return false
}

// style is the parameter of a terminal's escape sequence.
type style string

const (
	bold   style = "1"
	red    style = "31" // a person must act
	green  style = "32" // it went well
	yellow style = "33" // it is not certain, or did not go as planned
	grey   style = "90"
)

// paint returns the text in a style, if w shows colours.
func paint(w io.Writer, s style, text string) string {
	if s == "" || text == "" || !inColour(w) {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// statusStyles holds the styles of the statuses and states that stand out.
var statusStyles = map[string]style{
	string(order.Paid): green, string(order.Shipped): green, string(order.Delivered): green,
	string(order.OnHold): red, string(order.Cancelling): yellow, string(order.Cancelled): yellow,
	string(order.Expired): yellow, string(order.Refused): yellow, string(order.Returned): yellow,
	"parked": red, "held": yellow, // events of providers
	string(catalog.Ready): green, string(catalog.ImportDone): green,
	string(mail.StateSent): green, string(mail.StateUnknown): yellow, string(mail.StateRejected): red,
	string(mail.CampaignPaused): yellow,
}

// paintStatus returns a status or state in its style.
func paintStatus[S ~string](w io.Writer, s S) string {
	return paint(w, statusStyles[string(s)], string(s))
}
