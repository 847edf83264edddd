// Package journal keeps the state of a stand-in across restarts, in one SQLite
// file of JSON documents, each with a kind and an id.
//
// A document survives a crash of the process as soon as Put has returned. It may
// not survive a power cut: the file stands for a service that runs elsewhere.
package journal

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDamaged is the error for a file that is not a journal or is corrupt.
var ErrDamaged = errors.New("damaged")

// Journal is an open journal. It may be used from several goroutines, but only
// by one process.
type Journal struct {
	db          *sql.DB // nil if nothing is kept
	put, remove *sql.Stmt

	mu   sync.Mutex
	rows map[key]int64 // kept in memory, because an index in the file would double the writes of a Put
	last int64
}

type key struct{ kind, id string }

// Rows are numbered in the order in which their ids were first put.
const schema = `CREATE TABLE IF NOT EXISTS documents (
	n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL)`

// Open opens the journal at path, which it creates if needed. With an empty path
// nothing is kept. It fails with ErrDamaged if the file cannot be read.
func Open(path string) (*Journal, error) {
	if path == "" {
		return &Journal{}, nil
	}
	// Writes to the log survive a crash of the process; only a power cut would
	// need the syncs that are omitted here. No other process uses the file, so
	// its locks are taken only once.
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String() +
		"?_pragma=locking_mode(EXCLUSIVE)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // the exclusive lock excludes a second connection
	j := &Journal{db: db, rows: make(map[key]int64)}
	if err := j.setUp(); err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, errors.Join(damage(err), db.Close()))
	}
	return j, nil
}

// setUp checks the whole file. An unreadable page would otherwise be noticed
// only when it is needed.
func (j *Journal) setUp() (err error) {
	if _, err = j.db.Exec(schema); err != nil {
		return err
	}
	var found string
	if err = j.db.QueryRow("PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, found)
	}
	if j.put, err = j.db.Prepare("REPLACE INTO documents (n, kind, id, document) VALUES (?, ?, ?, ?)"); err != nil {
		return err
	}
	if j.remove, err = j.db.Prepare("DELETE FROM documents WHERE n = ?"); err != nil {
		return err
	}
	return j.loadRows()
}

// loadRows reads the numbers of all rows.
func (j *Journal) loadRows() error {
	rows, err := j.db.Query("SELECT n, kind, id FROM documents ORDER BY n")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		if err := rows.Scan(&j.last, &k.kind, &k.id); err != nil {
			return err
		}
		j.rows[k] = j.last
	}
	return rows.Err()
}

// damage wraps an error of SQLite about the file's content as ErrDamaged.
func damage(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Put writes a document with a kind and an id. It replaces an existing one.
func (j *Journal) Put(kind, id string, doc any) error {
	if j.db == nil {
		return nil
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("journal: %s %s: %w", kind, id, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	k := key{kind, id}
	n, known := j.rows[k]
	if !known {
		n = j.last + 1
	}
	if _, err := j.put.Exec(n, kind, id, string(raw)); err != nil {
		return fmt.Errorf("journal: %s %s: %w", kind, id, err)
	}
	j.rows[k], j.last = n, max(n, j.last)
	return nil
}

// Delete deletes a document. It succeeds if the document does not exist.
func (j *Journal) Delete(kind, id string) error {
	if j.db == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	k := key{kind, id}
	n, known := j.rows[k]
	if !known {
		return nil
	}
	if _, err := j.remove.Exec(n); err != nil {
		return fmt.Errorf("journal: %s %s: %w", kind, id, err)
	}
	delete(j.rows, k)
	return nil
}

// Each calls fn for each document of a kind, in the order in which their ids
// were first put. It stops at fn's first error. fn may write to the journal.
func (j *Journal) Each(kind string, fn func(id string, raw json.RawMessage) error) error {
	if j.db == nil {
		return nil
	}
	docs, err := j.list(kind)
	if err != nil {
		return fmt.Errorf("journal: %s: %w", kind, err)
	}
	for _, d := range docs {
		if err := fn(d.id, d.raw); err != nil {
			return fmt.Errorf("journal: %s %s: %w", kind, d.id, err)
		}
	}
	return nil
}

type document struct {
	id  string
	raw []byte
}

func (j *Journal) list(kind string) (docs []document, err error) {
	rows, err := j.db.Query("SELECT id, document FROM documents WHERE kind = ? ORDER BY n", kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d document
		if err := rows.Scan(&d.id, &d.raw); err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, rows.Err()
}

// Close closes the file.
func (j *Journal) Close() error {
	if j.db == nil {
		return nil
	}
	return j.db.Close()
}
