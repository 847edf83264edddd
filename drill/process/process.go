// Package process runs the shop in processes that can be killed and started again on
// their data: the whole stack in one of them, or each part of a cluster in its own.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Process is the shop, or a part of it, in a process of its own. It is used by one
// goroutine at a time.
type Process struct {
	Name  string
	Path  string                     // the program
	Args  []string                   // its arguments
	Env   []string                   // settings; those in this process's own environment are left out
	Log   string                     // the path of the file with everything that the processes have logged
	Ready func(context.Context) bool // whether it serves; asked until it does
	Ends  chan<- struct{}            // if it is set, it is told, unless it is full, when the process has ended

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // from Wait; valid after ended
	races []string      // what the race detector has found in the logs that are gone
}

const (
	// logAtMost is how large the log grows. Then it becomes the old log, whose
	// predecessor is removed.
	logAtMost = 32 << 20
	// startsWithin is how long a start may take on a busy machine.
	startsWithin = 5 * time.Minute
)

// Start starts the process and waits until it is ready. It runs until Kill or Stop ends
// it.
func (p *Process) Start(ctx context.Context) error {
	p.cmd = exec.Command(p.Path, p.Args...)
	p.cmd.Env = append(withoutSettings(os.Environ()), p.Env...)
	dieWithParent(p.cmd)
	if err := p.boundLog(); err != nil {
		return err
	}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy of the file
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		return err
	}
	ended := make(chan struct{})
	p.ended = ended
	go func() {
		p.err = p.cmd.Wait()
		close(ended)
		select {
		case p.Ends <- struct{}{}:
		default:
		}
	}()
	return p.awaitReady(ctx)
}

// awaitReady waits until the process is ready.
func (p *Process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startsWithin, fmt.Errorf("%s is not ready after %s, see %s", p.Name, startsWithin, p.Log))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !p.Ready(ctx) {
		select {
		case <-p.ended:
			said, _ := os.ReadFile(p.Log) // as much as there is
			return fmt.Errorf("%s ended: %w\n%s", p.Name, p.err, said[max(0, len(said)-4000):])
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), p.Kill())
		case <-tick.C:
		}
	}
	return nil
}

// HasEnded reports whether the process was started and runs no more.
func (p *Process) HasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// boundLog begins a new log if the present one is large.
func (p *Process) boundLog() error {
	info, err := os.Stat(p.Log)
	if err != nil || info.Size() < logAtMost {
		return nil // the first process has no log yet
	}
	races, err := racesIn(p.Log)
	p.races = append(p.races, races...)
	return errors.Join(err, os.Rename(p.Log, p.Log+".old"))
}

// Races returns what the race detector has reported about the processes so far, if the
// program was built with it.
func (p *Process) Races() ([]string, error) {
	races, err := racesIn(p.Log)
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
