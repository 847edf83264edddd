//go:build !lean

package engine

import (
	"fmt"
	"os"
	"sync"
)

// walSync brings a write-ahead log to disk, once for all who wait. Syncing a
// file through a descriptor of our own reaches what SQLite wrote through its
// own: the system keeps one copy of the file's pages.
type walSync struct {
	file *os.File
	sync func(*os.File) error

	mu      sync.Mutex
	changed sync.Cond // on mu: synced, syncing or err
	written int       // writes so far
	synced  int       // how many of them are on disk
	syncing bool
	err     error // once a sync has failed nothing can be promised any more
}

func openWAL(name string) (*walSync, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("open write-ahead log: %w", err)
	}
	return newWALSync(f, datasync), nil
}

func newWALSync(f *os.File, sync func(*os.File) error) *walSync {
	w := &walSync{file: f, sync: sync}
	w.changed.L = &w.mu
	return w
}

// wrote notes that there is something new in the log.
func (w *walSync) wrote() {
	w.mu.Lock()
	w.written++
	w.mu.Unlock()
}

// mark stands for all that has been written by now.
func (w *walSync) mark() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// await returns when all up to the mark is on disk. Whoever finds the disk
// idle syncs for everyone.
func (w *walSync) await(mark int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.synced < mark && w.err == nil {
		if w.syncing {
			w.changed.Wait()
			continue
		}
		w.syncing = true
		upTo := w.written
		w.mu.Unlock()
		err := w.sync(w.file)
		w.mu.Lock()
		w.syncing = false
		if err != nil {
			w.err = fmt.Errorf("sync write-ahead log, nothing more is accepted: %w", err)
		} else {
			w.synced = upTo
		}
		w.changed.Broadcast()
	}
	return w.err
}

func (w *walSync) close() error { return w.file.Close() }
