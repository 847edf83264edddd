// Bench measures Purser: orders, mail, campaigns, searching, images and imports,
// each against a bare limit or another program where there is one.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"purser/bench/campaign"
	"purser/bench/images"
	"purser/bench/imports"
	"purser/bench/mail"
	"purser/bench/orders"
	"purser/bench/search"
)

// commands are what can be measured. The hidden ones are parts of a measurement
// that need a process of their own: the program starts itself again with them.
type commands struct {
	Orders   orders.Command   `cmd:"" default:"withargs" help:"Orders a second, latencies and what an order costs."`
	Mail     mail.Command     `cmd:"" help:"How well the mail rate is held, how long mail waits, what an outage of the primary does."`
	Campaign campaign.Command `cmd:"" help:"A large campaign through kills: who got it, and how long orders' mail waits behind it."`
	Search   search.Command   `cmd:"" help:"How long indexing and searching take in the stand-in of the search engine."`
	Images   images.Command   `cmd:"" help:"An image of 12 megapixels to four sizes, against libvips."`
	Import   imports.Command  `cmd:"" help:"Rows a second of an import, against the least that could be done."`

	Engine orders.EngineCommand  `cmd:"" hidden:"" help:"The engine alone."`
	Stack  campaign.StackCommand `cmd:"" hidden:"" help:"The whole stack."`
	Render images.RenderCommand  `cmd:"" hidden:"" help:"The sizes of one image."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run measures what the arguments say and returns the exit code: 1 if it did
// not work, 2 if it was not asked for properly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("bench"), kong.Description("Measures Purser."), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)))
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	k, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help
		return exited
	case err != nil:
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	if err := k.Run(); err != nil {
		fmt.Fprintf(stderr, "bench %s: %v\n", k.Command(), err)
		return 1
	}
	return 0
}
