// Purser runs a shop's orders as durable workflows. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands are what a person can type.
type commands struct {
	Demo   demoCmd   `cmd:"" help:"Start everything, take one order from click to doorstep, and stay up."`
	Up     upCmd     `cmd:"" help:"Start everything in this process."`
	API    apiCmd    `cmd:"" name:"api" help:"Run the API and the webhooks against TEMPORAL_ADDRESS and DATABASE_URL."`
	Worker workerCmd `cmd:"" help:"Run the workers against TEMPORAL_ADDRESS and DATABASE_URL."`
	Order  orderCmd  `cmd:"" help:"Place, show, list, watch and cancel orders."`
	Mail   mailCmd   `cmd:"" help:"Show which mails went out and what became of them; steer whom they go to."`
	Bench  benches   `cmd:"" help:"Measure."`
}

// env is the world around a command.
type env struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // it was not asked for properly
)

// run is the program: it reads its arguments and the environment, does what
// it is told and answers the exit code. An error is one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("purser"), kong.Description("The order engine a shop can trust with its money."),
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
		fmt.Fprintf(stderr, "purser: %v (see purser --help)\n", err)
		return exitUsage
	}
	err = k.Run(&env{ctx: ctx, stdout: stdout, stderr: stderr})
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "purser:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "purser:", err)
	return exitFailed
}

// usageError is a mistake in what was typed.
type usageError struct{ error }
