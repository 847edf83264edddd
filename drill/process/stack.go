package process

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"purser/config"
	"purser/stack"
)

// Stack is the whole stack in a process of its own.
type Stack struct {
	*Process
	Dir string // the data directory; the log is beside it
}

// NewStack returns a stack that keeps its data in dir. The program at path must have
// StackCommand.
func NewStack(path, dir string, settings ...string) *Stack {
	return &Stack{Dir: dir, Process: &Process{
		Name: "stack", Path: path, Args: append([]string{"stack", "--data=" + dir}, settings...), Log: dir + ".log",
		Ready: func(context.Context) bool {
			_, err := readRunning(dir)
			return err == nil
		},
	}}
}

// Start starts the process, waits until it takes orders, and returns its addresses.
func (s *Stack) Start(ctx context.Context) (stack.Running, error) {
	if err := os.Remove(running(s.Dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return stack.Running{}, err
	}
	if err := s.Process.Start(ctx); err != nil {
		return stack.Running{}, err
	}
	return readRunning(s.Dir)
}

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

// readRunning returns the addresses of a stack that takes orders.
func readRunning(dir string) (at stack.Running, err error) {
	b, err := os.ReadFile(running(dir))
	if err == nil {
		err = json.Unmarshal(b, &at)
	}
	return at, err
}
