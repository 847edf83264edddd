//go:build !lean

package engine

import "fmt"

// PortError reports that the engine cannot listen on a configured port.
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

// VersionError reports that another Temporal version created a SQLite file.
// Such a file cannot be upgraded in place, so it is left untouched.
type VersionError struct {
	File  string
	Made  string // the version that created the file, "" if it is not known
	Build string // the version embedded in this build
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
