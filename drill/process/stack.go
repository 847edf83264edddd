package process

import (
	"context"
	"encoding/json"
	"os"

	"purser/config"
	"purser/stack"
)

// StackCommand is the whole stack, as "purser up" runs it, with every provider played
// by the sandbox. A program that starts processes has it as its hidden command "stack".
type StackCommand struct {
	config.Config `embed:""`
}

// Run starts the stack and waits until it is interrupted.
func (c *StackCommand) Run(ctx context.Context) error {
	cfg := c.Apart(c.Data)
	cfg.DatabaseURL = c.DatabaseURL
	s, err := stack.Start(ctx, &cfg, stack.Everything)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := s.LoadSample(ctx); err != nil {
		return err
	}
	// Only now does it take orders, which stack.RunningFile does not say.
	b, err := json.Marshal(s.Running())
	if err != nil {
		return err
	}
	if err := os.WriteFile(running(c.Data), b, 0o600); err != nil {
		return err
	}
	return s.Wait(ctx)
}

// running returns the path of the file with the addresses of a stack that takes orders.
func running(dir string) string { return dir + ".running" }
