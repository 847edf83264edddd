package process

import (
	"context"
	"fmt"
	"os"

	"purser/commands"
)

// PurserCommand is the program that a shop runs, with all its commands. A program that
// starts a cluster has it as its hidden command "purser".
type PurserCommand struct {
	Args []string `arg:"" passthrough:""`
}

// Run runs the command that the arguments name.
func (c *PurserCommand) Run(ctx context.Context) error {
	if code := commands.Run(ctx, c.Args, os.Stdout, os.Stderr); code != 0 {
		return fmt.Errorf("purser %s: exit code %d", c.Args[0], code)
	}
	return nil
}
