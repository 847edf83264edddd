package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"purser/config"
	"purser/drill"
	"purser/stack"
)

// engineBenchCmd is the engine in a process of its own, for bench
// --engine-apart. It ends when its standard input does.
type engineBenchCmd struct {
	config.Config `embed:""`
}

// Run prints the engine's address and waits.
func (b *engineBenchCmd) Run(e *env) error {
	stack.CollectLess()
	failed := make(chan error, 1)
	eng, err := stack.StartEngine(e.ctx, &b.Config, func(err error) { failed <- err })
	if err != nil {
		return err
	}
	defer eng.Stop()
	if _, err := fmt.Fprintln(e.stdout, eng.Address()); err != nil {
		return err
	}
	told := make(chan error, 1)
	go func() {
		_, err := bufio.NewReader(os.Stdin).ReadByte() // nothing comes but the end
		told <- err
	}()
	select {
	case err := <-failed:
		return err
	case <-told:
	case <-e.ctx.Done():
	}
	return nil
}

// engineApart is that process, seen from the bench.
type engineApart struct {
	address string
	pid     int
	stop    func() error
}

// startEngineApart starts the engine on a core of its own and keeps this
// process to the others.
func startEngineApart(ctx context.Context, cfg *config.Config) (*engineApart, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "bench", "engine", "--data="+cfg.Data+"-engine", "--temporal-port=0", "--no-ui")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+cfg.DatabaseURL) // every user of the machine sees the arguments
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	release, err := drill.StartOnOwnCore(cmd)
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
