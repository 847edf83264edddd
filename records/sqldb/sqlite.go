package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"

	_ "modernc.org/sqlite" // the driver
)

// maxBatch bounds how many writes share a commit, and so how long the first
// of them waits.
const maxBatch = 256

// sqliteDB is a SQLite file in WAL mode. All writes go through one goroutine on
// one connection, which commits all waiting writes in one transaction: many
// writes share one fsync, and none meets a locked database.
type sqliteDB struct {
	writes *sql.DB
	reads  *sql.DB
	read   *statements

	queue   chan *pending
	quit    chan struct{}
	stopped chan struct{}
	once    sync.Once
}

// pending is a write that waits for its commit.
type pending struct {
	ctx  context.Context
	run  func(context.Context, Querier) error
	err  error
	done chan struct{}
}

func openSQLite(ctx context.Context, path string, opts Options) (*sqliteDB, error) {
	// With synchronous(FULL), a commit survives a power cut and is not visible
	// before it would. fullfsync makes the same true on macOS and has no effect
	// elsewhere. A long log before each checkpoint lets a page that changed a
	// hundred times be written once.
	writes, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "busy_timeout(10000)",
		"foreign_keys(1)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)", "cache_size(-32768)"))
	if err != nil {
		return nil, WrapError("open", err)
	}
	writes.SetMaxOpenConns(1)
	if err := recoverLog(ctx, writes); err != nil {
		return nil, errors.Join(WrapError("open", err), writes.Close())
	}
	if err := migrate(ctx, writes, opts.Migrations, sqliteDialect); err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	conn, err := writes.Conn(ctx)
	if err != nil {
		return nil, errors.Join(WrapError("open", err), writes.Close())
	}
	reads, err := sql.Open("sqlite", dsn(path, "busy_timeout(10000)", "query_only(1)", "cache_size(-8192)"))
	if err != nil {
		return nil, errors.Join(WrapError("open", err), writes.Close())
	}
	connections := opts.Connections
	if connections == 0 {
		connections = 4
	}
	reads.SetMaxOpenConns(connections)
	reads.SetMaxIdleConns(connections)
	d := &sqliteDB{
		writes: writes, reads: reads, read: &statements{prepare: reads.PrepareContext},
		queue: make(chan *pending), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	go d.commitBatches(conn)
	return d, nil
}

// recoverLog flushes commits that a killed process wrote but did not sync: they
// are in the system's memory and would be read as if they were on disk. Folding
// the log into the file writes and syncs all of it, even pages that the system
// once failed to write and no longer tracks. If another process has the file
// open, that process has already done this.
func recoverLog(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("journal mode is %s, not wal", mode)
	}
	var busy, frames, folded int
	return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &folded)
}

func dsn(path string, pragmas ...string) string {
	v := url.Values{"_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

func (d *sqliteDB) Reader() Querier { return d.read }

func (d *sqliteDB) WriteAlone(ctx context.Context, f func(context.Context, Querier) error) error {
	return d.Write(ctx, f)
}

// Write hands f to the committing goroutine. Once f has been accepted, Write
// waits for its end even if ctx ends, so that the caller learns the outcome.
func (d *sqliteDB) Write(ctx context.Context, f func(context.Context, Querier) error) error {
	w := &pending{ctx: ctx, run: f, done: make(chan struct{})}
	select {
	case d.queue <- w:
		<-w.done
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return ErrClosed
	}
}

// commitBatches is the loop of the only writer.
func (d *sqliteDB) commitBatches(conn *sql.Conn) {
	defer close(d.stopped)
	defer conn.Close()
	q := &statements{prepare: conn.PrepareContext}
	defer q.close()
	var batch []*pending
	for {
		select {
		case w := <-d.queue:
			batch = append(batch[:0], w)
		case <-d.quit:
			return
		}
		batch = d.commit(q, batch)
		for _, w := range batch {
			close(w.done)
		}
		clear(batch)
	}
}

// commit runs the batch, and the writes that arrive while it runs, in one
// transaction. A write that fails before it changed anything, as most failing
// writes do, fails alone. If one fails later, the whole batch is run again with
// a savepoint for each write, which rolls back only that write's changes.
// Savepoints for all batches would cost a fifth of the throughput.
func (d *sqliteDB) commit(q *statements, batch []*pending) []*pending {
	batch, err := d.runBatch(q, batch)
	if errors.Is(err, errHalfway) {
		err = runInSavepoints(q, batch)
	}
	for _, w := range batch {
		if w.err == nil {
			w.err = err
		}
	}
	return batch
}

// errHalfway means that a write failed halfway and took the batch with it.
var errHalfway = errors.New("a write failed halfway")

// runBatch collects and runs a batch without savepoints. The statements run
// without the callers' contexts, because one cancelled caller must not
// interrupt the others.
func (d *sqliteDB) runBatch(q *statements, batch []*pending) ([]*pending, error) {
	ctx := context.Background()
	if _, err := q.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return batch, fmt.Errorf("begin: %w", err)
	}
	for i := 0; i < len(batch); i++ {
		t := &tracked{statements: q}
		if w := batch[i]; w.ctx.Err() != nil {
			w.err = w.ctx.Err()
		} else if w.err = w.run(ctx, t); w.err != nil && t.tainted {
			_, _ = q.Exec(ctx, "ROLLBACK") // fails if the error already rolled back
			return batch, errHalfway
		}
		if i+1 < maxBatch {
			select {
			case w := <-d.queue:
				batch = append(batch, w)
			default:
			}
		}
	}
	return batch, commitOrRollback(ctx, q)
}

// runInSavepoints runs a batch with a savepoint for each write.
func runInSavepoints(q *statements, batch []*pending) error {
	ctx := context.Background()
	if _, err := q.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, w := range batch {
		if w.err = w.ctx.Err(); w.err == nil {
			w.err = inSavepoint(ctx, q, w)
		}
	}
	return commitOrRollback(ctx, q)
}

func commitOrRollback(ctx context.Context, q *statements) error {
	if _, err := q.Exec(ctx, "COMMIT"); err != nil {
		_, _ = q.Exec(ctx, "ROLLBACK") // fails if the failed commit already rolled back
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// inSavepoint runs one write so that its failure rolls back only that write.
func inSavepoint(ctx context.Context, q *statements, w *pending) error {
	if _, err := q.Exec(ctx, "SAVEPOINT w"); err != nil {
		return err
	}
	err := w.run(ctx, q)
	if err != nil {
		if _, e := q.Exec(ctx, "ROLLBACK TO w"); e != nil {
			err = errors.Join(err, e)
		}
	}
	if _, e := q.Exec(ctx, "RELEASE w"); e != nil {
		err = errors.Join(err, e)
	}
	return err
}

// tracked notes whether a write has left anything to roll back: a change, or an
// error of the database itself, which may have ended the transaction.
type tracked struct {
	*statements
	tainted bool
}

func (t *tracked) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	n, err := t.statements.Exec(ctx, query, args...)
	t.tainted = t.tainted || n > 0 || err != nil
	return n, err
}

func (t *tracked) Insert(ctx context.Context, query string, args ...any) (int64, bool, error) {
	id, inserted, err := t.statements.Insert(ctx, query, args...)
	t.tainted = t.tainted || inserted || err != nil
	return id, inserted, err
}

func (t *tracked) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := t.statements.Query(ctx, query, args...)
	t.tainted = t.tainted || err != nil
	return rows, err
}

func (d *sqliteDB) Close() error {
	d.once.Do(func() { close(d.quit) })
	<-d.stopped
	d.read.close()
	return errors.Join(d.reads.Close(), d.writes.Close())
}
