package measure

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
)

// Profile runs f and returns its error. If path is not empty, it writes a CPU
// profile of f to that file.
func Profile(path string, f func() error) (err error) {
	if path == "" {
		return f()
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cpu profile: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return fmt.Errorf("cpu profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return f()
}
