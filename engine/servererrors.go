//go:build !lean

package engine

import "fmt"

// PortError says that a port the engine was told to use cannot be had.
type PortError struct {
	Service string // "Temporal" or "Temporal UI"
	Host    string
	Port    int
	Err     error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("port %d for %s on %s cannot be used (%v): stop what listens there, or choose another port",
		e.Port, e.Service, e.Host, e.Err)
}

func (e *PortError) Unwrap() error { return e.Err }

// VersionError says that a SQLite file belongs to another Temporal version.
// Such a file cannot be upgraded in place, so it is left untouched.
type VersionError struct {
	File  string
	Made  string // the version that made the file, "" if it is not known
	Build string // the version in this build
}

func (e *VersionError) Error() string {
	made := "an unknown Temporal version"
	if e.Made != "" {
		made = "Temporal " + e.Made
	}
	return fmt.Sprintf("%s was made by %s and this build embeds Temporal %s, which cannot upgrade SQLite files: "+
		"let the older build finish its open workflows, then move the file and its -wal and -shm away; "+
		"use Postgres where upgrades must keep running workflows", e.File, made, e.Build)
}
