// Bench measures Purser: orders, mail, campaigns, searching, images and imports,
// each in comparison with a bare limit or another program where there is one.
package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"purser/bench/campaign"
	"purser/bench/images"
	"purser/bench/imports"
	"purser/bench/mail"
	"purser/bench/orders"
	"purser/bench/search"
	"purser/cli"
)

// commands lists what can be measured. The hidden commands are parts of a
// measurement that need a process of their own, for which the program starts itself
// again.
type commands struct {
	Orders   orders.Command      `cmd:"" default:"withargs" help:"Measure orders a second, latencies and the cost of an order."`
	Roles    orders.RolesCommand `cmd:"" help:"Compare two APIs and two workers with one of each, on a cluster of processes."`
	Mail     mail.Command        `cmd:"" help:"Measure how well the mail rate limit is kept, how long mail waits, and the effect of an outage of the primary."`
	Campaign campaign.Command    `cmd:"" help:"Run a large campaign while the program is killed, count lost and doubled mails, and measure how long orders' mail waits behind it."`
	Search   search.Command      `cmd:"" help:"Measure indexing and searching in the stand-in for the search engine."`
	Images   images.Command      `cmd:"" help:"Measure resizing an image of 12 megapixels to four sizes, in comparison with libvips."`
	Import   imports.Command     `cmd:"" help:"Measure the rows a second of an import, in comparison with plain inserts."`

	Engine  orders.EngineCommand  `cmd:"" hidden:"" help:"Run the engine alone."`
	Stack   campaign.StackCommand `cmd:"" hidden:"" help:"Run the whole stack."`
	Service orders.ServiceCommand `cmd:"" hidden:"" help:"Run one service of a Temporal cluster."`
	Purser  orders.PurserCommand  `cmd:"" hidden:"" help:"Run a command of the shop's own program."`
	Render  images.RenderCommand  `cmd:"" hidden:"" help:"Render the sizes of one image."`
}

func main() { cli.Main(run) }

// run measures what the arguments name and returns the exit code: 1 if that failed,
// 2 if the arguments are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	k, code := cli.Parse("bench", "Measures Purser.", &c, args, stdout, stderr, kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)))
	if k == nil {
		return code
	}
	if err := k.Run(); err != nil {
		fmt.Fprintf(stderr, "bench %s: %v\n", k.Command(), err)
		return cli.ExitFailed
	}
	return cli.ExitOK
}
