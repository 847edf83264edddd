package faults

import (
	"context"
	"fmt"
	"time"
)

// TaskFault is the error of a task that a rule made fail.
type TaskFault struct {
	// Status is the HTTP status that the rule would give a call: from 500 on the
	// fault is the stand-in's, below 500 it is the caller's.
	Status int
}

func (f *TaskFault) Error() string { return fmt.Sprintf("injected fault (%d)", f.Status) }

// Task applies the rules to a task, which is work that a stand-in does after it
// has responded: "slow" delays it, any other fault makes it fail with a
// *TaskFault. A rule for tasks matches "TASK <type>"; a rule that matches
// everything applies to calls only.
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

// strikeTask returns the fault that strikes a task. Only a rule that names tasks
// can strike it.
func (c *Control) strikeTask(provider, call string) (Fault, bool) {
	return c.find(provider, call, func(match string) bool { return len(match) >= len("TASK") })
}
