//go:build !lean

package engine

import (
	"database/sql"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// failing returns a database on a simulated disk, and its connector.
func failing(t *testing.T) (*simDisk, *sql.DB, *connector) {
	t.Helper()
	dir := t.TempDir()
	return reopened(t, newSimDisk(t, dir))
}

func reopened(t *testing.T, d *simDisk) (*simDisk, *sql.DB, *connector) {
	t.Helper()
	db := openSim(t, d, &sqliteStore{file: filepath.Join(d.dir, "test.db")})
	return d, db, connectorOf(t, db)
}

func connectorOf(t *testing.T, db *sql.DB) (c *connector) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(s any) error { c = s.(*seat).c; return nil }); err != nil {
		t.Fatal(err)
	}
	return c
}

// lost returns an error if the worst power cut at this moment loses one of the
// transactions that were promised.
func lost(t *testing.T, d *simDisk, tx ...int) error {
	t.Helper()
	p := promises{whole: map[int]bool{}}
	for _, tx := range tx {
		p.whole[tx] = true
	}
	m := &model{disk: d, promised: &p}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		if err := m.capture(r).check(filepath.Join(t.TempDir(), "cut")); err != nil {
			return err
		}
	}
	return nil
}

// A process killed between a commit and its sync leaves the commit in the
// system's memory. Once the next process has shown it to a reader, it must not
// get lost.
func TestKilledBeforeTheSync(t *testing.T) {
	t.Parallel()
	d, db, c := failing(t)
	<-c.token
	if _, err := c.exec(t.Context(), "insert into t values (1, 0, 1, 'x')", nil); err != nil {
		t.Fatal(err)
	}
	d = d.reboot(t)
	c.token <- struct{}{}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := openConnector(filepath.Join(d.dir, "test.db"), d.dsn(&sqliteStore{file: filepath.Join(d.dir, "test.db")}), d.open)
	if err != nil {
		t.Fatal(err)
	}
	db = sql.OpenDB(c)
	defer db.Close()
	seen, err := transactions(t.Context(), db)
	if err != nil || len(seen) != 1 {
		t.Fatalf("seen: %v %v", seen, err)
	}
	if err := lost(t, d, seen...); err != nil {
		t.Error(err)
	}
}

// failedSync returns a database with one transaction that is on disk, and another
// whose sync has failed.
func failedSync(t *testing.T) (*simDisk, *sql.DB) {
	t.Helper()
	d, db, _ := failing(t)
	if _, err := db.Exec("insert into t values (1, 0, 1, 'x')"); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.broken = errors.New("no disk")
	d.mu.Unlock()
	if _, err := db.Exec("insert into t values (2, 0, 1, 'x')"); !errors.Is(err, d.broken) {
		t.Fatal(err)
	}
	return d, db
}

// After a failed sync the system may count pages as written that are not on disk.
// Neither the running process nor the next start may rely on them.
func TestStartAfterAFailedSync(t *testing.T) {
	t.Parallel()
	d, db := failedSync(t)
	d = d.reboot(t)
	d, db, _ = reopened(t, d)
	defer db.Close()
	if _, err := db.Exec("insert into t values (3, 0, 1, 'x')"); err != nil {
		t.Fatal(err)
	}
	seen, err := transactions(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if err := lost(t, d, append(seen, 1, 3)...); err != nil {
		t.Error(err)
	}
}

// Once a sync has failed, every call fails and the file is left alone: later
// writes of SQLite might refer to data that the log has lost.
func TestNoAnswersAfterAFailedSync(t *testing.T) {
	t.Parallel()
	d, db := failedSync(t)
	d.mu.Lock()
	broken, written := d.broken, len(d.file("test.db-wal").pending)+len(d.file("test.db").pending)
	d.broken = nil
	d.mu.Unlock()
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"a query", func() error { _, err := transactions(t.Context(), db); return err }},
		{"a statement", func() error { _, err := db.Exec("insert into t values (3, 0, 1, 'x')"); return err }},
		{"a batch of events", func() error { _, err := db.Exec(historyNode + "values (1, 'x')"); return err }},
		{"a transaction", func() error { _, err := db.Begin(); return err }},
		{"closing", db.Close},
	} {
		if err := c.ask(); !errors.Is(err, broken) {
			t.Errorf("%s: error = %v", c.name, err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now := len(d.file("test.db-wal").pending) + len(d.file("test.db").pending); now != written {
		t.Errorf("%d changes were made to the files", now-written)
	}
}

// A transaction that was under way when a sync failed may have read data that is
// lost. The server ignores the error of a rollback, so the rollback must wait.
func TestRollbackDoesNotReturnAfterAFailedSync(t *testing.T) {
	t.Parallel()
	d, db, c := failing(t)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("insert into t values (1, 0, 1, 'x')"); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.broken = errors.New("no disk")
	d.mu.Unlock()
	c.wal.wrote() // by another before
	if err := c.wal.await(c.wal.mark()); !errors.Is(err, d.broken) {
		t.Fatal(err)
	}
	returned := make(chan error)
	go func() { returned <- tx.Rollback() }()
	if err := db.Close(); !errors.Is(err, d.broken) {
		t.Errorf("close: %v", err)
	}
	select {
	case <-c.closed:
	default:
		t.Error("rolled back before the file was closed")
	}
	if err := <-returned; !errors.Is(err, d.broken) {
		t.Errorf("rollback: %v", err)
	}
}

// A transaction that was under way when a sync failed is not committed.
func TestNoCommitAfterAFailedSync(t *testing.T) {
	t.Parallel()
	d, db, c := failing(t)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("insert into t values (1, 0, 1, 'x')"); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.broken = errors.New("no disk")
	d.mu.Unlock()
	c.wal.wrote() // by another before
	if err := c.wal.await(c.wal.mark()); !errors.Is(err, d.broken) {
		t.Fatal(err)
	}
	if err := tx.Commit(); !errors.Is(err, d.broken) {
		t.Errorf("commit: %v", err)
	}
	<-c.token
	defer func() { c.token <- struct{}{} }()
	left, err := c.query(t.Context(), "select * from t", nil)
	if err != nil || len(left.(*rows).values) > 0 {
		t.Errorf("the transaction was committed: %v %v", left, err)
	}
}

// A statement that returns rows may write, too.
func TestRowsOfAWriteAreOnDisk(t *testing.T) {
	t.Parallel()
	d, db, _ := failing(t)
	var tx int
	if err := db.QueryRow("insert into t values (1, 0, 1, 'x') returning tx").Scan(&tx); err != nil {
		t.Fatal(err)
	}
	if err := lost(t, d, tx); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// SQLite responds to a pragma that it cannot apply with the value that it uses
// instead. (The driver runs the pragmas in the order of their names.)
func TestOpenWantsItsPragmas(t *testing.T) {
	t.Parallel()
	for _, pragma := range []string{"main.journal_mode=delete", "synchronous=off"} {
		s := &sqliteStore{file: filepath.Join(t.TempDir(), "test.db")}
		if c, err := openConnector(s.file, s.dsn()+"&_pragma="+pragma, openLog); err == nil {
			t.Errorf("opened with %s", pragma)
			_ = c.Close()
		}
	}
}

// brokenLog is a log on a disk that has failed.
type brokenLog struct{ logFile }

var errDisk = errors.New("no disk")

func (brokenLog) datasync() error { return errDisk }

func dial(t *testing.T, e *Engine) workflowservice.WorkflowServiceClient {
	t.Helper()
	conn, err := grpc.NewClient(e.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return workflowservice.NewWorkflowServiceClient(conn)
}

// An engine whose disk fails rejects every call, reports the failure once and can
// be stopped. The next engine on the file has every acknowledged write.
func TestEngineOnAFailingDisk(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 2)
	c := Config{DataDir: t.TempDir(), UIPort: -1, Failed: func(err error) { failed <- err }, Logger: slog.New(slog.DiscardHandler)}
	e, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	workflows := dial(t, e)
	begin := func(id string) error {
		_, err := workflows.StartWorkflowExecution(t.Context(), &workflowservice.StartWorkflowExecutionRequest{
			Namespace: "default", WorkflowId: id, RequestId: id,
			WorkflowType: &commonpb.WorkflowType{Name: "any"}, TaskQueue: &taskqueuepb.TaskQueue{Name: "any"},
		})
		return err
	}
	if err := begin("acknowledged"); err != nil {
		t.Fatal(err)
	}
	w := e.store.(*sqliteStore).conn.wal
	w.mu.Lock()
	for w.syncing {
		w.changed.Wait()
	}
	w.file = brokenLog{w.file}
	w.mu.Unlock()
	if err := begin("refused"); err == nil {
		t.Error("accepted without a disk")
	}
	if err := <-failed; !errors.Is(err, errDisk) {
		t.Errorf("Failed was called with %v", err)
	}
	e.Stop()
	if len(failed) > 0 {
		t.Error("Failed was called twice")
	}
	if e, err = Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	_, err = dial(t, e).DescribeWorkflowExecution(t.Context(), &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: "default", Execution: &commonpb.WorkflowExecution{WorkflowId: "acknowledged"},
	})
	if err != nil {
		t.Errorf("after the next start: %v", err)
	}
}
