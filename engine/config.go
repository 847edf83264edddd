// Package engine runs a Temporal server and its Web UI inside this process, on
// SQLite files or on Postgres. It probes the ports before the server would
// panic on them, gives a data directory to one process only, and opens a
// SQLite file with the server version that created it only.
//
// Built with the tag "lean", the package is a stub without the server, for
// programs that always talk to a cluster.
package engine

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
)

// DefaultHost is the loopback address, which only this machine can reach.
const DefaultHost = "127.0.0.1"

// DefaultRetention is how long the history of a closed workflow is kept.
const DefaultRetention = 30 * 24 * time.Hour

// Config says where the engine keeps its state and where it listens.
type Config struct {
	// DataDir holds temporal.db and its write-ahead log. It is created if it
	// is missing. Hold its lock (LockDir) while the engine runs. Unused with
	// PostgresURL.
	DataDir string

	// PostgresURL moves the state to Postgres, for example
	// postgres://user:password@host:5432/shop?sslmode=require, or
	// postgres:///shop?host=/run/postgresql for a socket. The engine keeps two
	// databases of its own next to the named one, shop_temporal and
	// shop_temporal_visibility, and creates and migrates them itself.
	// Defaults to SQLite in DataDir.
	PostgresURL string

	// Host is the one address every part listens on. The server has no
	// authentication, so anything but loopback opens it to the network.
	// Defaults to 127.0.0.1.
	Host string

	// FrontendPort is where workers and clients connect. Zero picks a free
	// port; 7233 is the customary one.
	FrontendPort int

	// UIPort is where the Web UI is served. Zero picks a free port, -1 leaves
	// the UI out; 8233 is the customary one.
	UIPort int

	// Namespace is created if it is missing. Defaults to "default".
	Namespace string

	// Retention is how long histories of closed workflows are kept; changing
	// it changes an existing namespace too. Defaults to DefaultRetention.
	Retention time.Duration

	// SearchAttributes are registered with the namespace; an existing
	// namespace gets the ones it lacks. None is ever removed.
	SearchAttributes map[string]enums.IndexedValueType

	// Shards is the number of history shards. It is fixed when the data is
	// first created; later values are ignored. Defaults to the number that
	// measured best for the store (docs/decisions/001-engine-settings.md).
	Shards int

	// Failed is called, once, if SQLite's disk fails: from then on the engine
	// fails every call, because it no longer knows what is on disk. End the
	// process then; the next start writes the remaining log to disk, or fails.
	// Defaults to a function that does nothing.
	Failed func(error)

	// Logger receives the server's warnings and errors. Defaults to
	// slog.Default.
	Logger *slog.Logger
}

// withDefaults returns c with the fields that the caller left out filled in.
func (c Config) withDefaults() Config {
	if c.Host == "" {
		c.Host = DefaultHost
	}
	if c.Namespace == "" {
		c.Namespace = "default"
	}
	if c.Retention == 0 {
		c.Retention = DefaultRetention
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Start starts the engine and returns when its namespace can be used. ctx
// bounds the start only; Stop stops the engine.
//
// Errors that a person can act on are typed: *PortError, *VersionError and
// ErrLean.
func Start(ctx context.Context, c Config) (*Engine, error) {
	return start(ctx, c.withDefaults())
}

// The four services of a Temporal server. Together they are the embedded server; a
// cluster runs each in processes of its own.
const (
	Frontend = "frontend"
	History  = "history"
	Matching = "matching"
	Worker   = "worker"
)

// ServicePorts are the ports of one service of a cluster.
type ServicePorts struct {
	RPC    int // where the other services and the clients connect
	Gossip int // where the services learn of each other
}

// Prepare creates the databases and the namespace of a cluster, or migrates them. It
// needs PostgresURL.
func Prepare(ctx context.Context, c Config) error {
	return prepare(ctx, c.withDefaults())
}

// StartService starts one service of a cluster whose services have these ports on
// c.Host. As in every cluster, the services find each other by gossip, and the
// server's own settings apply, except for those that Purser needs. The service logs
// errors to stderr, and ends the process if it cannot start.
func StartService(c Config, service string, ports map[string]ServicePorts) (stop func() error, err error) {
	return startService(c.withDefaults(), service, ports)
}
