// Drill sends many orders of all kinds of shoppers through a shop whose providers
// misbehave and whose process is killed, and counts the broken promises.
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

	"purser/drill/process"
	"purser/drill/run"
)

// commands lists what the program does. The hidden command is the shop itself, for
// which the program starts itself again.
type commands struct {
	Run   run.Command          `cmd:"" default:"withargs" help:"Run a drill, and exit with 1 if a promise is broken."`
	Stack process.StackCommand `cmd:"" hidden:"" help:"Run the whole stack."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(start(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// start runs what the arguments name and returns the exit code: 1 if a promise is
// broken or the drill cannot run, 2 if the arguments are wrong.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("drill"), kong.Description("Counts the broken promises of a shop that is treated badly."), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(run.Output{Stdout: stdout, Stderr: stderr}))
	if err != nil {
		fmt.Fprintln(stderr, "drill:", err)
		return 2
	}
	k, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help
		return exited
	case err != nil:
		fmt.Fprintln(stderr, "drill:", err)
		return 2
	}
	switch err := k.Run(); {
	case errors.Is(err, run.ErrBroken):
		return 1
	case err != nil:
		fmt.Fprintln(stderr, "drill:", err)
		return 1
	}
	return 0
}
