package commands_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"purser/commands"
)

// openTerminal opens a pseudo terminal. What is written to tty can be read from screen.
func openTerminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

// TestColourOnTerminal: a terminal shows colours, unless the person or the terminal
// does not want any.
func TestColourOnTerminal(t *testing.T) {
	api := answering(t, http.StatusOK, "application/json", `{"orders":[]}`)
	for _, tt := range []struct {
		name, flag, noColor, term string
		want                      bool
	}{
		{name: "by default", term: "xterm", want: true},
		{name: "NO_COLOR is empty", term: "xterm", want: true},
		{name: "NO_COLOR", noColor: "1", term: "xterm"},
		{name: "NO_COLOR, whatever its value", noColor: "false", term: "xterm"},
		{name: "never", flag: "--color=never", term: "xterm"},
		{name: "a terminal without colours", term: "dumb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			t.Setenv("TERM", tt.term)
			screen, tty := openTerminal(t)
			args := []string{"order", "list", "--api-url=" + api}
			if tt.flag != "" {
				args = append(args, tt.flag)
			}
			if code := commands.Run(t.Context(), args, tty, io.Discard); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			b := make([]byte, 1000)
			n, err := screen.Read(b)
			if err != nil || !strings.Contains(string(b[:n]), "PLACED") {
				t.Fatalf("%q, %v", b[:n], err)
			}
			if got := strings.Contains(string(b[:n]), "\x1b["); got != tt.want {
				t.Errorf("in colour: %t, want %t: %q", got, tt.want, b[:n])
			}
		})
	}
}
