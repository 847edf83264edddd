//go:build !lean

package engine

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// walSync brings a write-ahead log to disk, once for all who wait. Syncing a
// file through a descriptor of our own reaches what SQLite wrote through its
// own: the system keeps one copy of the file's pages. And it tells each
// descriptor of a failed write, so that one which SQLite's syncs met, and a
// checkpoint kept to itself, fails ours too.
type walSync struct {
	file   logFile
	failed func(error) // told once that there will be no more answers

	mu      sync.Mutex
	changed sync.Cond // on mu: synced, syncing or err
	written int       // writes so far
	synced  int       // how many of them are on disk
	syncing bool
	err     error // once a sync has failed nothing can be promised any more
}

// logFile is the log as a file of ours.
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

// recoverLog brings to disk what an earlier process may have left in the system's
// memory, for it will be read as if it were there. Syncing is not enough: of
// pages that it once failed to write, a system may keep the new content and
// call them written. So each is written once more. Nobody else may be writing
// to the log.
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

// broken is why nobody is answered any more, or nil.
func (w *walSync) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
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
		err := w.file.datasync()
		w.mu.Lock()
		w.syncing = false
		if err != nil {
			w.err = fmt.Errorf("sync write-ahead log, nothing more is accepted: %w", err)
			go w.failed(w.err)
		} else {
			w.synced = upTo
		}
		w.changed.Broadcast()
	}
	return w.err
}

func (w *walSync) close() error { return w.file.Close() }
