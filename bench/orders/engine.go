package orders

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"purser/bench/measure"
	"purser/config"
	"purser/stack"
)

// EngineCommand runs the engine in a process of its own, for --engine-apart. It
// ends when its standard input ends.
type EngineCommand struct {
	config.Config `embed:""`
}

// Run starts the engine, prints its address, and waits.
func (c *EngineCommand) Run(ctx context.Context, stdout io.Writer) error {
	stack.CollectLess()
	failed := make(chan error, 1)
	eng, err := stack.StartEngine(ctx, &c.Config, func(err error) { failed <- err })
	if err != nil {
		return err
	}
	defer eng.Stop()
	if _, err := fmt.Fprintln(stdout, eng.Address()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		_, err := bufio.NewReader(os.Stdin).ReadByte() // the bench writes nothing, it only closes the pipe
		ended <- err
	}()
	select {
	case err := <-failed:
		return err
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}

// engineApart is the process that EngineCommand runs in, seen from the bench.
type engineApart struct {
	address string
	pid     int
	stop    func() error
}

// startEngineApart starts the engine on a core of its own and restricts this
// process to the other cores.
func startEngineApart(ctx context.Context, cfg *config.Config) (*engineApart, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "engine", "--data="+cfg.Data+"-engine", "--temporal-port=0", "--no-ui")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+cfg.DatabaseURL) // not as an argument, which every user of the machine could read
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	release, err := measure.StartOnOwnCore(cmd)
	if err != nil {
		return nil, err
	}
	a := &engineApart{pid: cmd.Process.Pid, stop: func() error { return errors.Join(in.Close(), cmd.Wait(), release()) }}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(errors.New("the engine did not start"), a.stop())
	}
	a.address = strings.TrimSpace(line)
	return a, nil
}
