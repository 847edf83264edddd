//go:build !lean

package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"purser/soak"
)

// act is one operation of a caller in TestPowerCut.
type act struct {
	kind string
	rows int
	size int // of each row
}

var actKinds = []string{"alone", "tx", "tx", "rollback", "history", "history", "read", "checkpoint"}

var acts = rapid.Custom(func(t *rapid.T) act {
	return act{
		kind: rapid.SampledFrom(actKinds).Draw(t, "kind"),
		rows: rapid.IntRange(1, 12).Draw(t, "rows"),
		size: rapid.SampledFrom([]int{1, 300, 9000}).Draw(t, "size"),
	}
})

// promises are the transactions that have been acknowledged or seen. They change
// under the disk's mu, so that each image of the disk has the promises of its
// moment.
type promises struct {
	whole map[int]bool // transactions that must be there
	gone  map[int]bool // transactions that were rolled back
}

func (p *promises) clone() *promises {
	return &promises{maps.Clone(p.whole), maps.Clone(p.gone)}
}

// diskState is an image of the disk after a power cut at one moment, and the
// promises of that moment.
type diskState struct {
	files map[string][]byte
	*promises
}

// TestPowerCut cuts the power at any moment, with any part of the unsynced writes
// on disk, in any order and torn. Every transaction that was acknowledged or seen
// must be there, every transaction must be there completely or not at all, and
// none without the batch of events that it refers to. The log restarts often, and
// transactions are larger than the cache.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	if err := soak.Checks(100); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		callers := rapid.SliceOfN(rapid.SliceOfN(acts, 1, 10), 1, 5).Draw(rt, "callers")
		pragmas := []string{
			fmt.Sprint("wal_autocheckpoint=", rapid.SampledFrom([]int{1, 3, 10, 50, 1000}).Draw(rt, "autocheckpoint")),
			fmt.Sprint("cache_size=", rapid.SampledFrom([]int{5, 2000}).Draw(rt, "cache")),
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		s := &sqliteStore{file: filepath.Join(dir, "test.db")}
		d := newSimDisk(t, dir)
		db := openSim(rt, d, s, pragmas...)
		m := &model{disk: d, db: db, promised: &promises{map[int]bool{}, map[int]bool{}}}
		snapshots := m.photograph(r, 6)
		var all sync.WaitGroup
		for _, c := range callers {
			all.Go(func() {
				for _, a := range c {
					if err := m.do(a); err != nil {
						t.Error(a, err)
					}
				}
			})
		}
		all.Wait()
		if err := db.Close(); err != nil {
			rt.Fatal(err)
		}
		for i, p := range append(*snapshots, m.capture(r)) {
			if err := p.check(filepath.Join(dir, fmt.Sprint("cut", i))); err != nil {
				rt.Fatalf("power cut %d: %v", i, err)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			rt.Fatal(err)
		}
	})
}

type fataler interface{ Fatal(...any) }

// openSim opens a file on a simulated disk, with the model's tables in it.
func openSim(t fataler, d *simDisk, s *sqliteStore, pragmas ...string) *sql.DB {
	c, err := openConnector(s.file, d.dsn(s, pragmas...), d.open)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(sqliteSeats)
	for _, stmt := range []string{
		"create table if not exists t (tx integer, n integer, of integer, data blob, primary key (tx, n)) without rowid",
		"create table if not exists history_node (tx integer primary key, data blob)",
	} {
		if _, err := db.Exec(stmt); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// model runs acts and records the promises that they were given.
type model struct {
	disk *simDisk
	db   *sql.DB

	// Under disk.mu.
	promised *promises
	last     int
}

// photograph captures the disk at each change and keeps a random n of the images.
func (m *model) photograph(r *rand.Rand, n int) *[]diskState {
	var snapshots []diskState
	changes := 0
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.disk.each = func() {
		changes++
		if len(snapshots) < n {
			snapshots = append(snapshots, diskState{m.disk.cut(r), m.promised.clone()})
		} else if i := r.IntN(changes); i < n {
			snapshots[i] = diskState{m.disk.cut(r), m.promised.clone()}
		}
	}
	return &snapshots
}

// capture returns an image of the disk at this moment.
func (m *model) capture(r *rand.Rand) diskState {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return diskState{m.disk.cut(r), m.promised.clone()}
}

func (m *model) promise(f func(*promises)) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	f(m.promised)
	m.disk.each()
}

func (m *model) next() (tx int) {
	m.promise(func(*promises) { m.last++; tx = m.last })
	return tx
}

const insertRow = "insert into t values (?, ?, ?, ?)"

func (m *model) do(a act) error {
	ctx := context.Background()
	tx := m.next()
	switch a.kind {
	case "alone":
		if _, err := m.db.ExecContext(ctx, insertRow, tx, 0, 1, make([]byte, a.size)); err != nil {
			return err
		}
	case "tx", "rollback", "history":
		if a.kind == "history" {
			if _, err := m.db.ExecContext(ctx, historyNode+"values (?, ?)", tx, make([]byte, a.size)); err != nil {
				return err
			}
		}
		t, err := m.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for n := range a.rows {
			if _, err := t.ExecContext(ctx, insertRow, tx, n, a.rows, make([]byte, a.size)); err != nil {
				return errors.Join(err, t.Rollback())
			}
		}
		if a.kind == "rollback" {
			m.promise(func(p *promises) { p.gone[tx] = true })
			return t.Rollback()
		}
		if a.kind == "history" {
			// check detects a row that refers to missing events.
			if _, err := t.ExecContext(ctx, insertRow, tx, -1, a.rows, "refers"); err != nil {
				return errors.Join(err, t.Rollback())
			}
		}
		if err := t.Commit(); err != nil {
			return err
		}
	case "read":
		return m.read(ctx)
	case "checkpoint":
		_, err := m.db.ExecContext(ctx, "pragma wal_checkpoint("+[]string{"passive", "restart", "truncate"}[a.rows%3]+")")
		return err
	}
	m.promise(func(p *promises) { p.whole[tx] = true })
	return nil
}

// read reads all transactions, its own and those of other callers.
func (m *model) read(ctx context.Context) error {
	seen, err := transactions(ctx, m.db)
	if err != nil {
		return err
	}
	m.promise(func(p *promises) {
		for _, tx := range seen {
			p.whole[tx] = true
		}
	})
	return nil
}

func transactions(ctx context.Context, db *sql.DB) (seen []int, err error) {
	rows, err := db.QueryContext(ctx, "select distinct tx from t")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var tx int
		if err := rows.Scan(&tx); err != nil {
			return nil, err
		}
		seen = append(seen, tx)
	}
	return seen, rows.Err()
}

// check opens the image as the next start would.
func (p diskState) check(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, b := range p.files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "test.db")+"?_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	defer db.Close()
	var whole string
	if err := db.QueryRow("pragma integrity_check").Scan(&whole); err != nil || whole != "ok" {
		return fmt.Errorf("the file is damaged: %s %w", whole, err)
	}
	var tables int
	if err := db.QueryRow("select count(*) from sqlite_master where type = 'table'").Scan(&tables); err != nil || tables < 2 && len(p.whole) == 0 {
		return err // the power was cut before the tables existed
	}
	left, err := transactions(context.Background(), db)
	if err != nil {
		return err
	}
	for tx := range p.whole {
		if !slices.Contains(left, tx) {
			return fmt.Errorf("transaction %d of %d was promised and is lost", tx, len(p.whole))
		}
	}
	for _, tx := range left {
		if p.gone[tx] {
			return fmt.Errorf("transaction %d was rolled back and is there", tx)
		}
	}
	var broken int
	err = db.QueryRow(`select count(*) from (select tx from t where n >= 0 group by tx having count(*) <> max(of))`).Scan(&broken)
	if err != nil || broken > 0 {
		return fmt.Errorf("%d transactions are there in part: %w", broken, err)
	}
	err = db.QueryRow(`select count(*) from t where n = -1 and not exists (select 1 from history_node h where h.tx = t.tx)`).Scan(&broken)
	if err != nil || broken > 0 {
		return fmt.Errorf("%d transactions lack their events: %w", broken, err)
	}
	return nil
}
