//go:build !lean

package engine

import (
	"context"

	"go.temporal.io/server/common/config"
)

// store is where the server keeps its state.
type store interface {
	// prepare creates or checks the databases.
	prepare(context.Context) error
	// persistence describes the databases to the server.
	persistence() config.Persistence
	// close releases the databases after the server has stopped.
	close() error
}

func openStore(c Config) (store, error) {
	if c.PostgresURL != "" {
		return openPostgres(c)
	}
	return openSQLite(c)
}

const (
	executionStore  = "executions"
	visibilityStore = "visibility"
)

func sqlPersistence(shards int, executions, visibility *config.SQL) config.Persistence {
	return config.Persistence{
		DefaultStore:     executionStore,
		VisibilityStore:  visibilityStore,
		NumHistoryShards: int32(shards),
		DataStores: map[string]config.DataStore{
			executionStore:  {SQL: executions},
			visibilityStore: {SQL: visibility},
		},
	}
}
