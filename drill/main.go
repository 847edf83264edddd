// Drill sends many orders of all kinds of shoppers through a shop whose providers
// misbehave and whose process is killed, and counts the broken promises.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"purser/cli"
	"purser/drill/process"
	"purser/drill/run"
)

// commands lists what the program does. The hidden commands are the shop itself and its
// parts, for which the program starts itself again.
type commands struct {
	Run     run.Command            `cmd:"" default:"withargs" help:"Run a drill, and exit with 1 if a promise is broken."`
	Stack   process.StackCommand   `cmd:"" hidden:"" help:"Run the whole stack."`
	Service process.ServiceCommand `cmd:"" hidden:"" help:"Run one service of a Temporal cluster."`
	Purser  process.PurserCommand  `cmd:"" hidden:"" help:"Run a command of the shop's own program."`
}

func main() { cli.Main(start) }

// start runs what the arguments name and returns the exit code: 1 if a promise is
// broken or the drill cannot run, 2 if the arguments are wrong.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	k, code := cli.Parse("drill", "Counts the broken promises of a shop that is treated badly.", &c, args, stdout, stderr,
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(run.Output{Stdout: stdout, Stderr: stderr}))
	if k == nil {
		return code
	}
	switch err := k.Run(); {
	case errors.Is(err, run.ErrBroken):
		return cli.ExitFailed
	case err != nil:
		fmt.Fprintln(stderr, "drill:", err)
		return cli.ExitFailed
	}
	return cli.ExitOK
}
