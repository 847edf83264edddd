package engine

import (
	"errors"
	"fmt"
)

// ErrLean is the error that Start returns in a build without the embedded
// server.
var ErrLean = errors.New("this build has no embedded Temporal server (built with -tags lean): " +
	"point TEMPORAL_ADDRESS at a cluster, or use the full build")

// InUseError reports that another process uses the data directory or the
// database.
type InUseError struct {
	Dir string
	PID int // zero if the holder left no trace
}

func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is already running on %s: stop it first, or choose another data directory", holder, e.Dir)
}
