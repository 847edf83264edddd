package cli_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"purser/cli"
)

// TestParse: a program gets the command that its arguments name, or an exit code and
// one line that says which help to read.
func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name           string
		args           []string
		command        string // to run; empty: none
		code           int
		stdout, stderr string
	}{
		{name: "a command", args: []string{"measure", "--times=3"}, command: "measure"},
		{name: "the default command", args: []string{"--deep"}, command: "dig"},
		{name: "help", args: []string{"--help"}, stdout: "Usage: tool"},
		{name: "a command's help", args: []string{"measure", "--help"}, stdout: "Usage: tool measure"},
		{name: "no such command", args: []string{"measur"}, code: cli.ExitUsage, stderr: "tool: unexpected argument measur"},
		{name: "a wrong flag", args: []string{"measure", "--times=many"}, code: cli.ExitUsage, stderr: "(see tool measure --help)\n"},
		{name: "a flag that does not exist", args: []string{"measure", "--tmes=3"}, code: cli.ExitUsage, stderr: "unknown flag --tmes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c struct {
				Dig struct {
					Deep bool
				} `cmd:"" default:"withargs" help:"Dig."`
				Measure struct {
					Times int
				} `cmd:"" help:"Measure."`
			}
			var stdout, stderr bytes.Buffer
			k, code := cli.Parse("tool", "Digs.", &c, tt.args, &stdout, &stderr)
			command := ""
			if k != nil {
				command = k.Command()
			}
			if command != tt.command || code != tt.code || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("command %q, exit code %d, %q, %q", command, code, stdout.String(), stderr.String())
			}
			if said := stderr.String(); (said == "") != (code == cli.ExitOK) || strings.Count(said, "\n") > 1 {
				t.Errorf("exit code %d with %q", code, said)
			}
		})
	}
}

// TestOneLine: an error is one line, with each of its parts once.
func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("no connection to a"), errors.New("  no connection to b\n\n"), errors.New("no connection to a"))
	if got, want := cli.OneLine(err), "no connection to a; no connection to b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
