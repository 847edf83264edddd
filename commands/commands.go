// Package commands implements the command line: each command starts a stack, or
// calls a running one over its API as a shop would.
package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"purser/version"
)

// commands lists the commands and their help texts.
type commands struct {
	Color string `enum:"auto,always,never" default:"auto" help:"Print colours: auto (on a terminal, unless NO_COLOR is set), always or never."`

	Demo   demoCmd    `cmd:"" help:"Start everything, take one order from the checkout to its delivery, and keep running."`
	Up     upCmd      `cmd:"" help:"Start everything in this process."`
	API    apiCmd     `cmd:"" name:"api" help:"Run the API and the webhooks against TEMPORAL_ADDRESS and DATABASE_URL."`
	Worker workerCmd  `cmd:"" help:"Run the workers against TEMPORAL_ADDRESS and DATABASE_URL."`
	Search searchCmds `cmd:"" help:"Find products as a shopper does; show and set the shop's settings of the search."`
	Order  orderCmd   `cmd:"" help:"Place, show, list, watch, cancel and resolve orders."`
	Inbox  inboxCmd   `cmd:"" help:"List and redeliver the events that providers sent."`
	Ledger ledgerCmd  `cmd:"" help:"Check, export and close the shop's books."`

	Product productCmd `cmd:"" help:"Put, show, list, delete and import products; maintain the search index."`
	Image   imageCmd   `cmd:"" help:"Add, show, list and delete products' images."`
	Mail    mailCmd    `cmd:"" help:"Show which mails were sent and what became of them; control who gets mail."`
}

// env holds what a command gets from its caller.
type env struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
}

// The exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the arguments or settings are wrong
)

// Run runs the command that the arguments and the environment describe, and
// returns the exit code. An error is printed as one line on stderr.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// This is not a kong flag, since every command would have it, and "product
	// put" has a --version of its own.
	if slices.Equal(args, []string{"--version"}) {
		fmt.Fprintln(stdout, "purser", version.String())
		return exitOK
	}
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("purser"), kong.Description("The order engine a shop can trust with its money. 'purser --version' prints which build this is."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(stderr, "purser:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "purser: %s (see %s --help)\n", oneLine(err), meant(err))
		return exitUsage
	}
	e := &env{ctx: ctx, stdout: newOutput(stdout, c.Color, os.Getenv), stderr: newOutput(stderr, c.Color, os.Getenv)}
	err = k.Run(e)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil && !errors.Is(err, errInterrupted):
		err = errInterrupted // the error only follows from the interruption
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, paint(e.stderr, red, "purser:"), oneLine(err))
		return exitUsage
	}
	fmt.Fprintln(stderr, paint(e.stderr, red, "purser:"), oneLine(err))
	return exitFailed
}

// errInterrupted is the error of a command that Ctrl-C ended.
var errInterrupted = errors.New("interrupted")

// meant returns the command whose help the user needs: the innermost one that was
// parsed before the mistake.
func meant(err error) string {
	var mistake *kong.ParseError
	if errors.As(err, &mistake) && mistake.Context != nil {
		if n := mistake.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return "purser"
}

// oneLine returns the lines of an error on one line, since a driver may report
// each address that it tried on a line of its own.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// usageError is a mistake in the arguments or settings.
type usageError struct{ error }
