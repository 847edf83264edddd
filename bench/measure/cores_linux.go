package measure

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// StartOnOwnCore starts a command on the first core that this process may use, and
// restricts this process to the other cores until release is called. It fails if
// there is only one core.
func StartOnOwnCore(cmd *exec.Cmd) (release func() error, err error) {
	var all, its unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("cores: %w", err)
	}
	first := 0
	for !all.IsSet(first) {
		first++
	}
	its.Set(first)
	rest := all
	rest.Clear(first)
	if rest.Count() == 0 {
		return nil, errors.New("cores: two or more are needed, there is one")
	}
	if err := startOn(its, cmd); err != nil {
		return nil, err
	}
	release = func() error { return keepTo(all) }
	if err := keepTo(rest); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait(), release())
	}
	return release, nil
}

// startOn starts a command that may use only these cores: a process inherits the
// cores of the thread that starts it.
func startOn(cores unix.CPUSet, cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return fmt.Errorf("cores: %w", err)
	}
	if err := unix.SchedSetaffinity(0, &cores); err != nil {
		return fmt.Errorf("cores: %w", err)
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &own))
}

// keepTo restricts all present and future threads of this process to these cores.
func keepTo(cores unix.CPUSet) error {
	threads, err := filepath.Glob("/proc/self/task/[0-9]*")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		err = unix.SchedSetaffinity(tid, &cores)
		if _, gone := os.Stat(t); err != nil && gone == nil {
			return fmt.Errorf("cores: %w", err)
		}
	}
	runtime.GOMAXPROCS(cores.Count())
	return nil
}
