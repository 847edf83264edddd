//go:build linux && !lean

package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// datasync brings a file's content to disk, but not its times, which would
// cost a second write. The file cannot be closed meanwhile, and its number
// become another's.
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
