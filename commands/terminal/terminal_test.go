package terminal_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"purser/commands/terminal"
)

// TestTable: a colour takes no space, and a column ends at a line that does not have it.
func TestTable(t *testing.T) {
	for _, tt := range []struct{ name, color, want string }{
		{name: "plain", color: "never", want: "A     B\non    x\nlonger\n1  y\n"},
		{name: "painted", color: "always", want: "\x1b[1mA     B\x1b[0m\n\x1b[31mon\x1b[0m    x\nlonger\n1  y\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			table := terminal.NewTable(terminal.NewOutput(&out, tt.color, noSettings), "A   ", "B")
			if _, err := io.WriteString(table, terminal.Paint(table, terminal.Red, "on")+"\tx\nlonger\n1\ty\n"); err != nil {
				t.Fatal(err)
			}
			if err := table.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != tt.want {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestEndPage(t *testing.T) {
	for next, want := range map[string]string{"": "x  y\n", "abc": "x  y\nmore: --cursor abc\n"} {
		var out bytes.Buffer
		table := terminal.NewTable(&out)
		if _, err := io.WriteString(table, "x\ty\n"); err != nil {
			t.Fatal(err)
		}
		if err := table.EndPage("--cursor", next); err != nil || out.String() != want {
			t.Errorf("next %q: got %q, %v, want %q", next, out.String(), err, want)
		}
	}
}

// TestProgress: every stage is drawn when it begins, a bar never exceeds its width, and
// a silent one prints nothing.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	bar := terminal.Progress{To: &out}
	bar.Draw("reading", 3, 0, "3 rows")
	bar.Draw("reading", 4, 0, "4 rows") // too soon
	bar.Draw("writing", 40, 30, "40 rows")
	bar.Clear()
	want := "\rreading   [" + strings.Repeat("·", 30) + "]   ? %  3 rows\x1b[K" +
		"\rwriting   [" + strings.Repeat("█", 30) + "] 100 %  40 rows\x1b[K" + "\r\x1b[K"
	if out.String() != want {
		t.Errorf("got\n%q, want\n%q", out.String(), want)
	}

	out.Reset()
	silent := terminal.Progress{To: &out, Silent: true}
	text, err := io.ReadAll(silent.Reader("sending", strings.NewReader("content"), 7))
	silent.Clear()
	if err != nil || string(text) != "content" || out.Len() > 0 {
		t.Errorf("read %q, %v, printed %q", text, err, out.String())
	}
}

func noSettings(string) string { return "" }
