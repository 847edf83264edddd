// Package process runs the whole stack in a process of its own, which can be killed
// and started again on its data.
package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"purser/stack"
)

// Process is a stack in a process of its own. It is used by one goroutine at a time.
type Process struct {
	Path string   // the program that has StackCommand
	Dir  string   // the data directory; the log is beside it
	Args []string // settings

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // from Wait; valid after ended
	races []string      // what the race detector has found in the logs that are gone
}

// logAtMost is how large the log grows. Then it becomes the old log, whose predecessor
// is removed.
const logAtMost = 32 << 20

// Start starts the process, waits until it takes orders, and returns its addresses. It
// runs until Kill or Stop ends it.
func (p *Process) Start(ctx context.Context) (stack.Running, error) {
	if err := os.Remove(running(p.Dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return stack.Running{}, err
	}
	p.cmd = exec.Command(p.Path, append([]string{"stack", "--data=" + p.Dir}, p.Args...)...)
	p.cmd.Env = withoutSettings(os.Environ())
	dieWithParent(p.cmd)
	if err := p.boundLog(); err != nil {
		return stack.Running{}, err
	}
	log, err := os.OpenFile(p.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return stack.Running{}, err
	}
	defer log.Close() // the process has its own copy of the file
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		return stack.Running{}, err
	}
	ended := make(chan struct{})
	p.ended = ended
	go func() {
		p.err = p.cmd.Wait()
		close(ended)
	}()
	return p.awaitRunning(ctx)
}

// awaitRunning waits until the process has written its addresses.
func (p *Process) awaitRunning(ctx context.Context) (at stack.Running, err error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(running(p.Dir)); err == nil && json.Unmarshal(b, &at) == nil {
			return at, nil
		}
		select {
		case <-p.ended:
			said, _ := os.ReadFile(p.Log()) // as much as there is
			return at, fmt.Errorf("the stack ended: %w\n%s", p.err, said[max(0, len(said)-4000):])
		case <-ctx.Done():
			return at, errors.Join(ctx.Err(), p.Kill())
		case <-tick.C:
		}
	}
}

// Log returns the path of the file with everything that the processes have logged.
func (p *Process) Log() string { return p.Dir + ".log" }

// boundLog begins a new log if the present one is large.
func (p *Process) boundLog() error {
	info, err := os.Stat(p.Log())
	if err != nil || info.Size() < logAtMost {
		return nil // the first process has no log yet
	}
	races, err := racesIn(p.Log())
	p.races = append(p.races, races...)
	return errors.Join(err, os.Rename(p.Log(), p.Log()+".old"))
}

// Races returns what the race detector has reported about the processes so far, if the
// program was built with it.
func (p *Process) Races() ([]string, error) {
	races, err := racesIn(p.Log())
	return append(slices.Clone(p.races), races...), err
}

// racesIn returns the first report of the race detector in a log.
func racesIn(path string) ([]string, error) {
	log, err := os.ReadFile(path)
	if i := bytes.Index(log, []byte("WARNING: DATA RACE")); err == nil && i >= 0 {
		return []string{string(log[i:min(i+4000, len(log))])}, nil
	}
	return nil, err
}

// Ended returns a channel that is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Kill ends the process with SIGKILL and waits for its end. It does nothing if the
// process has ended.
func (p *Process) Kill() error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	p.cmd = nil
	return nil
}

// Stop interrupts the process and waits for its end. It does nothing if the process
// has ended.
func (p *Process) Stop() error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	p.cmd = nil
	return p.err
}

// settings lists the prefixes of the environment variables that configure a stack.
var settings = []string{"PURSER_", "DATABASE_URL=", "TEMPORAL_", "STRIPE_", "CARRIER_", "SES_", "SMTP_", "AWS_", "S3_", "CLOUDFRONT_", "MEILISEARCH_"}

// withoutSettings returns the variables that configure no stack: the arguments alone
// do.
func withoutSettings(environ []string) (kept []string) {
next:
	for _, e := range environ {
		for _, s := range settings {
			if strings.HasPrefix(e, s) {
				continue next
			}
		}
		kept = append(kept, e)
	}
	return kept
}
