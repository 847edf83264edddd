// Purser runs a shop's orders as durable workflows. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"purser/commands"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(commands.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
