package run

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"purser/drill/process"
	"purser/drill/shoppers"
	"purser/stack"
)

// sleeper returns a process that is ready at once; its first starts end before that.
func sleeper(t *testing.T, name string, failures int) *process.Process {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	script := fmt.Sprintf(`echo x >> %[1]s/starts; [ $(wc -l < %[1]s/starts) -gt %[2]d ] || exit 3; touch %[3]s; exec sleep 600`, dir, failures, ready)
	p := &process.Process{
		Name: name, Path: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(dir, "log"),
		Ready: func(context.Context) bool { return os.Remove(ready) == nil },
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

// newChaos returns a chaos over processes of a cluster.
func newChaos(all ...*process.Process) *chaos {
	f := newFleet(all[0], func() stack.Running { return stack.Running{} }, nil, all)
	f.start = f.startAgain
	return &chaos{fleet: f, site: shoppers.NewSite(), hostility: newHostility(levelNone)}
}

// TestKillsEachAsOften: the processes are killed one after the other, each as often as the others,
// and only by this; one that ends by itself is started again, and counts as a restart.
func TestKillsEachAsOften(t *testing.T) {
	c := newChaos(sleeper(t, "sandbox", 0), sleeper(t, "api", 0), sleeper(t, "history", 0))
	c.sandbox = nil // of its faults, nothing is tested here
	ctx := t.Context()
	if err := c.startAll(ctx); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if err := c.killNext(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if want := map[string]int{"sandbox": 2, "api": 2, "history": 2}; !maps.Equal(c.killed, want) {
		t.Errorf("killed %v, want %v", c.killed, want)
	}
	if err := c.restartEnded(ctx); err != nil || c.restarts != 0 || len(c.down) != 6 {
		t.Errorf("%d restarts, %d times down, %v", c.restarts, len(c.down), err)
	}
	if err := c.all()[1].Stop(); err == nil {
		t.Fatal("a sleeper ended without a signal")
	}
	<-c.ends
	if err := c.restartEnded(ctx); err != nil || c.restarts != 1 || c.all()[1].HasEnded() {
		t.Errorf("%d restarts, %v", c.restarts, err)
	}
}

// TestStartAgain: a process that ends before it is ready, since what it needs is not
// there yet, is started again; one that never starts fails.
func TestStartAgain(t *testing.T) {
	p := sleeper(t, "worker", 1)
	if err := newChaos(p).startAgain(t.Context(), p); err != nil || p.HasEnded() {
		t.Errorf("ended: %t, %v", p.HasEnded(), err)
	}
	never := &process.Process{Name: "worker", Path: filepath.Join(t.TempDir(), "no-program"), Log: filepath.Join(t.TempDir(), "log")}
	if err := newChaos(never).startAgain(t.Context(), never); err == nil {
		t.Error("a program that does not exist was started")
	}
}

// TestPlan: of a cluster each process is killed once per 200 orders, and shoppers who
// come at a rate wait for nobody.
func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command Command
		want    Plan
	}{
		{name: "a stack", command: Command{Orders: 200, Kills: -1, Crashes: -1, Engine: onPostgres}, want: Plan{Kills: 20, Crashes: 4, AtOnce: 26}},
		{name: "a small cluster", command: Command{Orders: 20, Kills: -1, Crashes: -1, Engine: onCluster}, want: Plan{Kills: 1, Crashes: 1, AtOnce: 17}},
		{name: "a cluster", command: Command{Orders: 1000, Kills: -1, Crashes: -1, Engine: onCluster, Rate: 10}, want: Plan{Kills: 5, Crashes: 5, AtOnce: 1000}},
		{name: "without crashes", command: Command{Orders: 1000, Kills: 2, Crashes: 0, Engine: onCluster, Rate: 10, AtOnce: 50}, want: Plan{Kills: 2, AtOnce: 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.command.plan("", "")
			if got.Kills != tt.want.Kills || got.Crashes != tt.want.Crashes || got.AtOnce != tt.want.AtOnce {
				t.Errorf("%d kills, %d crashes, %d at once; want %d, %d, %d", got.Kills, got.Crashes, got.AtOnce, tt.want.Kills, tt.want.Crashes, tt.want.AtOnce)
			}
		})
	}
}
