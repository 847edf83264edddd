//go:build linux && !lean

package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// datasync flushes a file's content to disk, but not its times, which would
// cost a second write. SyscallConn keeps the file open until it is done, so
// that its descriptor cannot be reused for another file.
func datasync(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for failed = unix.EINTR; failed == unix.EINTR; {
			failed = unix.Fdatasync(int(fd))
		}
	})
	return errors.Join(err, failed)
}
