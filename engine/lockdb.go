package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// lockKey is the key of the engine's advisory lock in its database: the
// letters "purser" as a number.
const lockKey = 0x707572736572

// LockDatabase locks a Postgres database, so that only this process runs an
// engine on it. If another process holds the lock, the error is an
// *InUseError. A connection holds the lock; Postgres releases it when the
// connection ends.
func LockDatabase(ctx context.Context, url string) (unlock func() error, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	end := func() error { return conn.Close(context.WithoutCancel(ctx)) }
	var got bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&got); err != nil {
		_ = end()
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	if !got {
		_ = end()
		return nil, &InUseError{Dir: "database " + conn.Config().Database}
	}
	return end, nil
}
