//go:build linux && !lean

package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync brings a file's content to disk, but not its times, which would
// cost a second write.
func datasync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
