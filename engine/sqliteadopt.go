//go:build !lean

package engine

import (
	"database/sql"
	"errors"
	"reflect"

	"github.com/jmoiron/sqlx"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	persistencesql "go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/resolver"
)

// adopt replaces the connection that the server's SQLite plugin holds for conf
// by ours. The plugin offers no way to pass a connection in, and never closes
// its own.
func adopt(conf *config.SQL, db *sql.DB) error {
	shared, err := pluginConn(sqlplugin.DbKindMain, conf)
	if err != nil {
		return err
	}
	plugins := shared.DB
	shared.DB = db
	if err := plugins.Close(); err != nil {
		return err
	}
	for _, kind := range []sqlplugin.DbKind{sqlplugin.DbKindMain, sqlplugin.DbKindVisibility} {
		again, err := pluginConn(kind, conf)
		if err != nil {
			return err
		}
		if again.DB != db {
			return errors.New("the SQLite plugin does not share its connection any more")
		}
	}
	return nil
}

// pluginConn returns the connection that the plugin holds for conf.
func pluginConn(kind sqlplugin.DbKind, conf *config.SQL) (*sqlx.DB, error) {
	handle, err := persistencesql.NewSQLDB(kind, conf,
		resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return nil, err
	}
	shared, ok := sharedConn(handle)
	if !ok {
		return nil, errors.New("the SQLite plugin does not keep its connection where it used to")
	}
	return shared, nil
}

// sharedConn returns the connection that all the plugin's handles on one file
// share.
func sharedConn(handle sqlplugin.DB) (*sqlx.DB, bool) {
	v := reflect.ValueOf(handle)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, false
	}
	f := v.Elem().FieldByName("db")
	if !f.IsValid() || f.Type() != reflect.TypeFor[*sqlx.DB]() || f.IsNil() {
		return nil, false
	}
	return (*sqlx.DB)(f.UnsafePointer()), true
}
