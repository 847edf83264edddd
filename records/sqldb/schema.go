package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Schema is the state of a database's schema.
type Schema struct {
	Has   int64 // 0: none
	Wants int64 // this build's
	// MayCreate is whether the user may create tables, as a migration does.
	MayCreate bool
}

// Newer returns a *SchemaError if a newer build has upgraded the schema.
func (s Schema) Newer() error {
	if s.Has > s.Wants {
		return &SchemaError{Has: s.Has, Wants: s.Wants}
	}
	return nil
}

// ReadSchema returns the state of the schema of the database at a URL. Unlike Open, it
// migrates nothing, and does not create a SQLite file.
func ReadSchema(ctx context.Context, url string, migrations fs.FS) (s Schema, err error) {
	all, err := steps(migrations, sqliteDialect) // the versions are those of every dialect
	if err != nil {
		return s, err
	}
	s.Wants = latest(all)
	path, file := strings.CutPrefix(url, "sqlite://")
	open, exists := "pgx", "SELECT to_regclass('record_schema') IS NOT NULL, COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)"
	if file {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			s.MayCreate = true
			return s, nil
		} else if err != nil {
			return s, fmt.Errorf("records: %w", err)
		}
		open, url = "sqlite", dsn(path, "busy_timeout(10000)", "query_only(1)")
		exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'record_schema'), TRUE"
	}
	db, err := sql.Open(open, url)
	if err != nil {
		return s, WrapError("open", err)
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil && !file {
		return s, unreachable(url, err)
	}
	var there bool
	if err := db.QueryRowContext(ctx, exists).Scan(&there, &s.MayCreate); err != nil {
		return s, WrapError("look for the schema", err)
	}
	if !there {
		return s, nil
	}
	err = db.QueryRowContext(ctx, versionQuery).Scan(&s.Has)
	return s, WrapError("read the schema's version", err)
}
