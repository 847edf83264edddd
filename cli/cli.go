// Package cli starts the programs of this module: it ends them at Ctrl-C, reads their
// arguments, and reports mistakes in these in one line.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes of every program.
const (
	ExitOK     = 0
	ExitFailed = 1 // the command failed
	ExitUsage  = 2 // the arguments or settings are wrong
)

// Main runs a program with its arguments, and exits with the code that it returns.
// Ctrl-C cancels the context; a second one ends the process at once.
func Main(program func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	os.Exit(program(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Parse reads the arguments into a pointer to a struct of commands, and returns the
// command to run. It returns nil and an exit code if there is nothing to run: the help
// was asked for, or the arguments are wrong, which it reports on stderr.
func Parse(name, description string, commands any, args []string, stdout, stderr io.Writer, options ...kong.Option) (*kong.Context, int) {
	exited := -1
	parser, err := kong.New(commands, append(options, kong.Name(name), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))...)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return nil, ExitUsage
	}
	k, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help
		return nil, exited
	case err != nil:
		fmt.Fprintf(stderr, "%s: %s (see %s --help)\n", name, OneLine(err), meant(name, err))
		return nil, ExitUsage
	}
	return k, ExitOK
}

// meant returns the command whose help the user needs: the innermost one that was
// parsed before the mistake.
func meant(name string, err error) string {
	var mistake *kong.ParseError
	if errors.As(err, &mistake) && mistake.Context != nil {
		if n := mistake.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return name
}

// OneLine returns the lines of an error on one line, since a driver may report
// each address that it tried on a line of its own.
func OneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
