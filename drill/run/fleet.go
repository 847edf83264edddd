package run

import (
	"context"
	"errors"
	"slices"
	"time"

	"purser/drill/process"
	"purser/stack"
)

// fleet is the processes that are the shop: one, or those of a cluster.
type fleet struct {
	stages  [][]*process.Process // in the order of their start; those of one stage start together
	sandbox *process.Process     // which plays the providers
	at      func() stack.Running // once all are ready
	start   func(context.Context, *process.Process) error
	ends    chan struct{} // is told when a process has ended

	restarts int // of processes that had ended by themselves
	killed   map[string]int
}

// ofStack returns a fleet of one process.
func ofStack(s *process.Stack) *fleet {
	var at stack.Running
	return newFleet(s.Process, func() stack.Running { return at }, func(ctx context.Context, _ *process.Process) (err error) {
		at, err = s.Start(ctx)
		return err
	}, []*process.Process{s.Process})
}

// ofCluster returns the fleet of a cluster.
func ofCluster(c *process.Cluster) *fleet {
	f := newFleet(c.Sandbox, func() stack.Running { return c.At }, nil, c.Stages()...)
	f.start = f.startAgain
	return f
}

func newFleet(sandbox *process.Process, at func() stack.Running, start func(context.Context, *process.Process) error, stages ...[]*process.Process) *fleet {
	f := &fleet{stages: stages, sandbox: sandbox, at: at, start: start, ends: make(chan struct{}, 1), killed: map[string]int{}}
	for _, p := range f.all() {
		p.Ends = f.ends
		f.killed[p.Name] = 0
	}
	return f
}

// all returns the processes in the order of their start.
func (f *fleet) all() []*process.Process { return slices.Concat(f.stages...) }

// alone reports whether the shop is one process: while it is down, nothing serves.
func (f *fleet) alone() bool { return len(f.all()) == 1 }

// startAll starts all processes.
func (f *fleet) startAll(ctx context.Context) error {
	return process.StartStages(f.stages, func(p *process.Process) error { return f.start(ctx, p) })
}

// Of a process that ends while it starts, a service manager repeats the start: what it
// needs may be down.
const (
	mostStarts  = 10
	startsAfter = time.Second
)

// startAgain starts a process, also if it ends before it is ready.
func (f *fleet) startAgain(ctx context.Context, p *process.Process) error {
	for n := 1; ; n++ {
		err := p.Start(ctx)
		if err == nil || n == mostStarts || !p.HasEnded() {
			return err
		}
		select {
		case <-time.After(startsAfter):
		case <-ctx.Done():
			return err
		}
	}
}

// stop ends all processes, the last one started first.
func (f *fleet) stop() {
	all := f.all()
	slices.Reverse(all)
	for _, p := range all {
		_ = p.Kill() // it has nothing left to do
	}
}

// races returns what the race detector has found in the processes, if the program was
// built with it.
func (f *fleet) races() (all []string, err error) {
	for _, p := range f.all() {
		races, failed := p.Races()
		all, err = append(all, races...), errors.Join(err, failed)
	}
	return all, err
}
