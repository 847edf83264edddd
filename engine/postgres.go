//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/iancoleman/strcase"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql/driver"
	v12 "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

const (
	postgresShards = 4
	postgresConns  = 20 // per database
)

// postgresStore keeps executions and visibility in two databases of its own.
type postgresStore struct {
	url    *url.URL
	name   string // the application's database; the engine's database names derive from it
	shards int
	log    *slog.Logger
}

func openPostgres(c Config) (*postgresStore, error) {
	u, err := url.Parse(c.PostgresURL)
	if err != nil {
		return nil, errors.New("the Postgres URL cannot be parsed") // the error itself would show the password
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("the Postgres URL starts with %q, not postgres://", u.Scheme)
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return nil, errors.New("the Postgres URL names no database: postgres://user@host:5432/database")
	}
	shards := c.Shards
	if shards == 0 {
		shards = postgresShards
	}
	return &postgresStore{url: u, name: name, shards: shards, log: c.Logger}, nil
}

func (s *postgresStore) executions() string { return s.name + "_temporal" }
func (s *postgresStore) visibility() string { return s.name + "_temporal_visibility" }

// prepare creates the two databases and migrates their schemas.
func (s *postgresStore) prepare(ctx context.Context) error {
	if err := s.createDatabases(ctx); err != nil {
		return err
	}
	if err := s.migrate(s.executions(), "postgresql/v12/temporal", v12.Version); err != nil {
		return fmt.Errorf("migrate %s: %w", s.executions(), err)
	}
	if err := s.migrate(s.visibility(), "postgresql/v12/visibility", v12.VisibilityVersion); err != nil {
		return fmt.Errorf("migrate %s: %w", s.visibility(), err)
	}
	if err := s.slimVisibility(ctx); err != nil && ctx.Err() == nil { // the engine works without it, only slower
		s.log.Warn("the indexes of the visibility table cannot be limited now: they stay as they are until the next start", "database", s.visibility(), "error", err)
	}
	return ctx.Err()
}

func (s *postgresStore) createDatabases(ctx context.Context) error {
	db, err := s.open(s.name)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, name := range []string{s.executions(), s.visibility()} {
		var exists bool
		err := db.QueryRowContext(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
		if err != nil {
			return fmt.Errorf("connect to Postgres: %w", err)
		}
		if exists {
			continue
		}
		if _, err := db.ExecContext(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("create database %s (create it by hand, or give the user CREATEDB): %w", name, err)
		}
	}
	return nil
}

func (s *postgresStore) open(database string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(s.dsn(database))
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return stdlib.OpenDB(*cfg), nil
}

// migrate runs the server's own versioned migrations.
func (s *postgresStore) migrate(database, schemaName, version string) error {
	quiet := log.NewNoopLogger()
	conn, err := sqltool.NewConnection(s.config(database), quiet)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ReadSchemaVersion(); err != nil {
		if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, quiet).Run(); err != nil {
			return err
		}
	}
	update := &schema.UpdateConfig{SchemaName: schemaName, TargetVersion: version}
	return schema.NewUpdateSchemaTask(conn, update, quiet).Run()
}

func (s *postgresStore) persistence() config.Persistence {
	return sqlPersistence(s.shards, s.config(s.executions()), s.config(s.visibility()))
}

// config connects with the URL exactly as configured, so that sockets, TLS
// files and unusual passwords work as they do for the application's database.
func (s *postgresStore) config(database string) *config.SQL {
	return &config.SQL{
		PluginName:   postgresql.PluginNamePGX,
		DatabaseName: database,
		ConnectAddr:  s.url.Host,
		Connect: func(c *config.SQL) (*sqlx.DB, error) {
			db, err := (&driver.PGXDriver{}).CreateConnection(s.dsn(c.DatabaseName))
			if err != nil {
				return nil, err
			}
			db.SetMaxOpenConns(postgresConns)
			db.SetMaxIdleConns(postgresConns)
			db.MapperFunc(strcase.ToSnake) // the plugin's column names
			return db, nil
		},
	}
}

func (s *postgresStore) dsn(database string) string {
	u := *s.url
	u.Path = "/" + database
	u.RawPath = ""
	return u.String()
}

func (s *postgresStore) close() error { return nil }
