//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	commonpb "go.temporal.io/api/common/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// disk records which part of the log its syncs have brought to disk.
type disk struct {
	mu      sync.Mutex
	durable []byte
	syncs   int
}

func (d *disk) sync(f io.ReaderAt) error {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = b
	d.syncs++
	return nil
}

// open opens the log so that its syncs go to d.
func (d *disk) open(name string) (logFile, error) {
	f, err := openLog(name)
	return recordedLog{f, d}, err
}

type recordedLog struct {
	logFile
	disk *disk
}

func (l recordedLog) datasync() error { return l.disk.sync(l.logFile) }

// survivors returns how many rows a power cut at this moment would leave.
func (d *disk) survivors(t *testing.T, file string) int {
	t.Helper()
	cut := filepath.Join(t.TempDir(), "cut.db")
	main, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	wal := d.durable
	d.mu.Unlock()
	if err := errors.Join(os.WriteFile(cut, main, 0o600), os.WriteFile(cut+"-wal", wal, 0o600)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", cut)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("select count(*) from t").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// openTest opens a file with one table, and directs the syncs of its log to d.
func openTest(t *testing.T, d *disk) (file string, db *sql.DB) {
	t.Helper()
	s := &sqliteStore{file: filepath.Join(t.TempDir(), "test.db")}
	c, err := openConnector(s.file, s.dsn(), d.open)
	if err != nil {
		t.Fatal(err)
	}
	db = sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.Exec("create table t (id text primary key)"); err != nil {
		t.Fatal(err)
	}
	// The table moves into the file itself, so that only the log decides what
	// survives.
	if _, err := db.Exec("pragma wal_checkpoint(truncate)"); err != nil {
		t.Fatal(err)
	}
	return s.file, db
}

// Every acknowledged write, alone or in a transaction, survives a power cut, also
// with many writers at once. Rolled back writes are gone.
func TestAcknowledgedIsOnDisk(t *testing.T) {
	t.Parallel()
	d := &disk{}
	file, db := openTest(t, d)
	ctx := context.Background()

	var acknowledged atomic.Int64
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 5 {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = tx.Exec("insert into t values (?)", fmt.Sprint("in a transaction ", w, i))
				if err = errors.Join(err, tx.Commit()); err != nil {
					t.Error(err)
				}
				if _, err := db.Exec("insert into t values (?)", fmt.Sprint("alone ", w, i)); err != nil {
					t.Error(err)
				}
				n := acknowledged.Add(2)
				if got := d.survivors(t, file); int64(got) < n {
					t.Errorf("%d rows survive, %d were acknowledged", got, n)
				}
				tx, err = db.BeginTx(ctx, nil)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = tx.Exec("insert into t values (?)", fmt.Sprint("rolled back ", w, i))
				if err = errors.Join(err, tx.Rollback()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if got := d.survivors(t, file); got != 80 {
		t.Errorf("%d rows survive, want 80", got)
	}
}

// A reader waits until the rows that it read are on disk, even if another caller
// wrote them.
func TestReadersSeeOnlyWhatStays(t *testing.T) {
	t.Parallel()
	d := &disk{}
	file, db := openTest(t, d)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			if _, err := db.Exec("insert into t values (?)", i); err != nil {
				t.Error(err)
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		var seen int
		if err := db.QueryRow("select count(*) from t").Scan(&seen); err != nil {
			t.Fatal(err)
		}
		if got := d.survivors(t, file); got < seen {
			t.Fatalf("%d rows survive, %d were seen", got, seen)
		}
	}
}

// The server still writes events by the statement that historyNode matches.
func TestHistoryNodeIsKnown(t *testing.T) {
	t.Parallel()
	e, err := Start(t.Context(), Config{DataDir: t.TempDir(), UIPort: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	conn, err := grpc.NewClient(e.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	workflows := workflowservice.NewWorkflowServiceClient(conn)
	_, err = workflows.StartWorkflowExecution(t.Context(), &workflowservice.StartWorkflowExecutionRequest{
		Namespace: "default", WorkflowId: "one", RequestId: "one",
		WorkflowType: &commonpb.WorkflowType{Name: "any"}, TaskQueue: &taskqueuepb.TaskQueue{Name: "any"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = workflows.SignalWorkflowExecution(t.Context(), &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: "default", WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "one"}, SignalName: "any", RequestId: "two",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := e.store.(*sqliteStore).conn
	<-c.token
	defer func() { c.token <- struct{}{} }()
	for query := range c.compiled {
		if strings.HasPrefix(query, historyNode) {
			return
		}
	}
	t.Errorf("no statement begins with %q", historyNode)
}

// syncFunc is a log that can only be synced.
type syncFunc func() error

func (f syncFunc) datasync() error                  { return f() }
func (syncFunc) ReadAt([]byte, int64) (int, error)  { return 0, io.EOF }
func (syncFunc) WriteAt([]byte, int64) (int, error) { return 0, io.ErrShortWrite }
func (syncFunc) Close() error                       { return nil }

// Writers that arrive while the disk is busy share the next sync.
func TestSyncsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := make(chan struct{})
		syncs := 0
		w := newWALSync(syncFunc(func() error {
			syncs++
			<-busy
			return nil
		}))
		var waiters sync.WaitGroup
		write := func() {
			waiters.Go(func() {
				w.wrote()
				if err := w.await(w.mark()); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		write() // this one syncs alone
		for range 10 {
			write() // these wait
		}
		close(busy)
		waiters.Wait()
		if syncs != 2 {
			t.Errorf("%d syncs for 11 writers, want 2", syncs)
		}
	})
}

// Rows that are still being read block neither the same statement nor another
// writer.
func TestRowsAreIndependent(t *testing.T) {
	t.Parallel()
	_, db := openTest(t, &disk{})
	if _, err := db.Exec("insert into t values ('a'), ('b')"); err != nil {
		t.Fatal(err)
	}
	const query = "select id from t order by id"
	outer, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	var pairs []string
	for outer.Next() {
		var a, b string
		if err := outer.Scan(&a); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("update t set id = id"); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(query).Scan(&b); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, a+b)
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(pairs); got != "[aa ba]" {
		t.Errorf("pairs = %s", got)
	}
}

// A caller can cancel its wait for the connection.
func TestWaitCanBeCancelled(t *testing.T) {
	t.Parallel()
	_, db := openTest(t, &disk{})
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error)
	go func() {
		_, err := db.ExecContext(ctx, "insert into t values ('one')")
		cancelled <- err
	}()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("insert into t values ('two')"); err != nil {
		t.Error(err)
	}
}
