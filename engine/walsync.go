//go:build !lean

package engine

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// walSync flushes a write-ahead log to disk, with one sync for all callers that
// wait. A sync through our own descriptor includes what SQLite wrote through
// its descriptor, because the system keeps one copy of the file's pages. The
// system also reports a failed write to every descriptor, so a failure that
// SQLite met in a checkpoint, and did not report, fails our next sync too.
type walSync struct {
	file   logFile
	failed func(error) // called once, when a sync has failed

	mu      sync.Mutex
	changed sync.Cond // on mu: synced, syncing or err
	written int       // writes so far
	synced  int       // how many of them are on disk
	syncing bool
	err     error // the first failed sync; every later call fails with it
}

// logFile is our own descriptor of the log.
type logFile interface {
	io.ReaderAt
	io.WriterAt
	datasync() error
	io.Closer
}

type osLog struct{ *os.File }

func (l osLog) datasync() error { return datasync(l.File) }

func openLog(name string) (logFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return osLog{f}, nil
}

func newWALSync(f logFile) *walSync {
	w := &walSync{file: f, failed: func(error) {}}
	w.changed.L = &w.mu
	return w
}

// recoverLog flushes to disk what an earlier process may have left in the
// system's memory, because it will be read as if it were on disk. A sync is not
// enough: a system that once failed to write a page may keep its new content
// and count it as written. So every page is written once more. No other
// writer may use the log at the same time.
func (w *walSync) recoverLog() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = w.rewrite()
	return w.err
}

func (w *walSync) rewrite() error {
	buf := make([]byte, 1<<20)
	for at := int64(0); ; {
		n, err := w.file.ReadAt(buf, at)
		if n > 0 {
			if _, err := w.file.WriteAt(buf[:n], at); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return w.file.datasync()
		}
		if err != nil {
			return err
		}
		at += int64(n)
	}
}

// broken returns the error of the first failed sync, or nil.
func (w *walSync) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// wrote counts a write to the log.
func (w *walSync) wrote() {
	w.mu.Lock()
	w.written++
	w.mu.Unlock()
}

// mark returns the number of writes so far, to be passed to await.
func (w *walSync) mark() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// await returns when all writes up to the mark are on disk. A caller that finds
// the disk idle syncs for all that wait.
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
		err := w.file.datasync()
		w.mu.Lock()
		w.syncing = false
		if err != nil {
			w.err = fmt.Errorf("sync write-ahead log, no further writes are accepted: %w", err)
			go w.failed(w.err)
		} else {
			w.synced = upTo
		}
		w.changed.Broadcast()
	}
	return w.err
}

func (w *walSync) close() error { return w.file.Close() }
