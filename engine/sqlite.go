//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
)

const (
	sqliteFile   = "temporal.db"
	sqliteShards = 1
	sqliteSeats  = 64 // callers at a time; the rest wait
)

// sqliteStore keeps everything in one file.
type sqliteStore struct {
	file   string
	shards int
	failed func(error) // called if the disk fails
	conn   *connector
	db     *sql.DB // on conn
}

func openSQLite(c Config) (*sqliteStore, error) {
	if c.DataDir == "" {
		return nil, errors.New("no data directory: set DataDir or PostgresURL")
	}
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	shards := c.Shards
	if shards == 0 {
		shards = sqliteShards
	}
	return &sqliteStore{file: filepath.Join(dir, sqliteFile), shards: shards, failed: c.Failed}, nil
}

// pragmas returns the pragmas that the connection is opened with.
// synchronous=normal protects the file from corruption; the connector makes
// acknowledged writes durable. The second pragma matters on a Mac, where a sync
// alone does not flush the disk's cache, and the log is overwritten after a
// checkpoint; elsewhere it does nothing.
func pragmas() []string {
	return []string{
		"journal_mode=wal",
		"synchronous=normal",
		"checkpoint_fullfsync=1",
		"busy_timeout=10000",
	}
}

// prepare opens the file for the server. It creates a missing file, and checks
// that this build may use an existing one.
func (s *sqliteStore) prepare(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	if err := s.open(); err != nil {
		return err
	}
	var tables int
	if err := s.db.QueryRowContext(ctx, "select count(*) from sqlite_master").Scan(&tables); err != nil {
		return fmt.Errorf("open %s: %w", s.file, err)
	}
	if tables == 0 {
		if err := s.create(ctx); err != nil {
			return fmt.Errorf("create %s: %w", s.file, err)
		}
	}
	if err := s.check(ctx); err != nil {
		return err
	}
	if err := adopt(s.config(), s.db); err != nil {
		return fmt.Errorf("open %s: %w", s.file, err)
	}
	return nil
}

// create creates the schema and the stamp in one transaction, so that a file
// left by a crash is either empty or complete.
func (s *sqliteStore) create(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing to roll back after a commit
	if err := sqlite.SetupSchemaOnDB(schemaWriter{tx: tx}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "create table engine_stamp (server_version text not null, shards integer not null)"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "insert into engine_stamp values (?, ?)", headers.ServerVersion, s.shards); err != nil {
		return err
	}
	return tx.Commit()
}

// check refuses a file of another server version and adopts the file's own
// shard count, which cannot change.
func (s *sqliteStore) check(ctx context.Context) error {
	refusal := &VersionError{File: s.file, Build: headers.ServerVersion}
	err := s.db.QueryRowContext(ctx, "select server_version, shards from engine_stamp").Scan(&refusal.Made, &s.shards)
	if err != nil || refusal.Made != headers.ServerVersion {
		return refusal
	}
	return nil
}

// persistence describes the file to the server.
func (s *sqliteStore) persistence() config.Persistence {
	return sqlPersistence(s.shards, s.config(), s.config())
}

// config describes the file to the server's SQLite plugin. adopt replaces the
// connection that the plugin opens by it at once, so no pragma is needed here.
func (s *sqliteStore) config() *config.SQL {
	return &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      (&url.URL{Path: s.file}).EscapedPath(),
		ConnectAttributes: map[string]string{"mode": "rw"},
	}
}

// dsn returns the driver's data source name of the file, with times in the
// form that the server's plugin reads.
func (s *sqliteStore) dsn() string {
	q := url.Values{"_pragma": pragmas(), "_time_format": {"sqlite"}}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: s.file, RawQuery: q.Encode()}).String()
}

// open connects to the file.
func (s *sqliteStore) open() (err error) {
	if s.conn, err = openConnector(s.file, s.dsn(), openLog); err != nil {
		return fmt.Errorf("open %s: %w", s.file, err)
	}
	s.conn.wal.failed = s.failed
	s.db = sql.OpenDB(s.conn)
	s.db.SetMaxOpenConns(sqliteSeats)
	s.db.SetMaxIdleConns(sqliteSeats)
	return nil
}

// close closes the file, which folds the write-ahead log into it.
func (s *sqliteStore) close() error {
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}
