package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const lockName = "lock"

// LockDir locks dir, which it creates if needed, for this process. If another
// process holds the lock, the error is an *InUseError. The system releases the
// lock when the process ends, however it ends, so a file left by a crash does
// not block the next start.
func LockDir(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &InUseError{Dir: dir, PID: holder(f)}
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := sign(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("sign lock: %w", err)
	}
	return f.Close, nil
}

// Holder returns the id of the process that holds the lock of a data directory,
// or held it last.
func Holder(dir string) (pid int, err error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if pid = holder(f); pid <= 0 {
		return 0, fmt.Errorf("no process holds %s", dir)
	}
	return pid, nil
}

// sign writes the process id into the lock file, so that a process that finds
// the lock taken can report the holder.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(f *os.File) int {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
