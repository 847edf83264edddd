// Purser runs a shop's orders as durable workflows. See README.md.
package main

import (
	_ "time/tzdata" // the image has no time zones

	"purser/cli"
	"purser/commands"
)

func main() { cli.Main(commands.Run) }
