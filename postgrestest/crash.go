package postgrestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Crash ends the server as a failure of the machine does: it writes nothing more, and
// recovers from its log when Restart starts it again.
func (s *Server) Crash() error {
	b, err := os.ReadFile(filepath.Join(s.dir, "postmaster.pid"))
	if err != nil {
		return fmt.Errorf("postgres: crash: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return fmt.Errorf("postgres: crash: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil { // "immediate shutdown": no checkpoint
		return fmt.Errorf("postgres: crash: %w", err)
	}
	_ = s.watchdog.Wait() // it reports how the server ended, and closes the leash
	return nil
}

// Restart starts a server that has crashed, with its data and at its address.
func (s *Server) Restart(ctx context.Context) error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	again, err := run(ctx, bin, s.dir, s.set, false)
	if err != nil {
		return err
	}
	*s = *again
	return nil
}
