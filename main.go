// Purser runs a shop's orders as durable workflows. See README.md.
package main

import (
	"purser/cli"
	"purser/commands"
)

func main() { cli.Main(commands.Run) }
