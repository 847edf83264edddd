// Package version reports the program's version.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// "make build" sets both. By default the number is the next release's, and the
// commit is the one that the go command has recorded.
var (
	number = "0.1.0-dev"
	commit = ""
)

// Number returns the version, such as 0.1.0.
func Number() string { return number }

// String returns the version, the commit and the version of Go, such as
// "0.1.0 (commit abcdef0, go1.26.8)".
func String() string {
	c := commit
	if info, ok := debug.ReadBuildInfo(); ok && c == "" {
		c = noted(info)
	}
	if c == "" {
		c = "unknown"
	}
	return fmt.Sprintf("%s (commit %s, %s)", number, c, runtime.Version())
}

// noted returns the commit that the go command recorded in the binary; "" with
// -buildvcs=false, in tests, and outside a repository.
func noted(info *debug.BuildInfo) string {
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}
