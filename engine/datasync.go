//go:build !linux && !lean

package engine

import "os"

// datasync flushes a file to disk.
func datasync(f *os.File) error { return f.Sync() }
