package faults

import (
	"context"
	"fmt"
	"time"
)

// TaskFault is work that a rule made fail.
type TaskFault struct {
	// Status is what the rule would have answered a call with: from 500 on it
	// is the stand-in's fault, below it is the caller's.
	Status int
}

func (f *TaskFault) Error() string { return fmt.Sprintf("injected fault (%d)", f.Status) }

// Task asks the rules about work that a stand-in does after it has answered:
// "slow" holds it up, any other deed makes it fail with a *TaskFault. A rule
// for it matches "TASK <type>"; one that matches anything is for calls only.
func (c *Control) Task(ctx context.Context, provider, typ string) error {
	if c == nil || !c.armed.Load() {
		return nil
	}
	f, ok := c.strikeTask(provider, "TASK "+typ)
	if !ok {
		return nil
	}
	if f.Do != Slow {
		return &TaskFault{Status: f.Status}
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// strikeTask finds the fault that hits a task: only a rule that names tasks.
func (c *Control) strikeTask(provider, call string) (Fault, bool) {
	return c.find(provider, call, func(match string) bool { return len(match) >= len("TASK") })
}
