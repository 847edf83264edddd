// Package journal keeps the state of a stand-in in one file, so that a
// restart finds it. The file holds one JSON object per line, the latest line
// for an id counts, and lines are only appended; compacting leaves out those
// that count no more.
//
// A document is safe against a crash of the process as soon as Put returns.
// Power loss is not guarded against: the journal stands for a service that
// runs elsewhere.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Journal is an open journal. It may be used from several goroutines.
type Journal struct {
	path       string // "": memory only, nothing survives
	rename     func(from, to string) error
	compacting sync.Mutex

	mu    sync.Mutex
	file  *os.File
	size  int64   // bytes that are whole lines
	found []entry // what the file held at opening, until Loaded
}

// entry is one document found at opening; one without raw was deleted.
type entry struct {
	kind, id string
	raw      json.RawMessage
}

// Open opens the journal at path, making it if there is none, and compacts
// it. With an empty path nothing is kept. It fails with ErrDamaged if a line
// cannot be read.
func Open(path string) (*Journal, error) { return load(path, false) }

// Salvage opens a damaged journal with the lines that can be read, after the
// file was put aside, and answers where to. A document whose latest line is
// damaged is as the line before says, or missing.
func Salvage(path string, now time.Time) (j *Journal, aside string, err error) {
	aside = path + ".unreadable-" + now.UTC().Format("20060102T150405.000Z")
	if err := os.Link(path, aside); err != nil { // a second name: a crash leaves both
		return nil, "", fmt.Errorf("journal %s: put aside: %w", path, err)
	}
	j, err = load(path, true)
	return j, aside, err
}

func load(path string, salvage bool) (*Journal, error) {
	if path == "" {
		return &Journal{}, nil
	}
	found, stale, err := readFile(path, salvage)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	j := &Journal{path: path, rename: os.Rename, found: found}
	if stale {
		if j.file, j.size, err = rewrite(path, found, nil, j.rename); err != nil {
			return nil, fmt.Errorf("journal %s: compact: %w", path, err)
		}
		return j, nil
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	info, err := j.file.Stat()
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	j.size = info.Size()
	return j, nil
}

// Compact leaves out the lines that count no more. What is put meanwhile waits
// while the others are written, but not while they are read.
func (j *Journal) Compact() error {
	if j.path == "" {
		return nil
	}
	j.compacting.Lock()
	defer j.compacting.Unlock()
	j.mu.Lock()
	size := j.size
	j.mu.Unlock()
	old, err := os.Open(j.path)
	if err != nil {
		return fmt.Errorf("journal: compact: %w", err)
	}
	defer old.Close()
	found, _, err := read(io.LimitReader(old, size), false)
	if err != nil {
		return fmt.Errorf("journal %s: compact: %w", j.path, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f, written, err := rewrite(j.path, found, io.NewSectionReader(old, size, j.size-size), j.rename)
	if err != nil {
		return fmt.Errorf("journal %s: compact: %w", j.path, err)
	}
	gone := j.file
	j.file, j.size = f, written
	return gone.Close()
}

// Put writes a document under its kind and id, over the one there may be.
func (j *Journal) Put(kind, id string, doc any) error {
	if j.path == "" {
		return nil
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("journal: %s %s: %w", kind, id, err)
	}
	return j.append(line(kind, id, raw))
}

// Delete forgets a document. One that is not there is a success.
func (j *Journal) Delete(kind, id string) error {
	if j.path == "" {
		return nil
	}
	return j.append(line(kind, id, nil))
}

// Each shows the documents of a kind that were found at opening, in the order
// in which their ids were first put. What was put since is not among them.
func (j *Journal) Each(kind string, fn func(id string, raw json.RawMessage) error) error {
	j.mu.Lock()
	found := j.found
	j.mu.Unlock()
	for _, e := range found {
		if e.kind != kind || e.raw == nil {
			continue
		}
		if err := fn(e.id, e.raw); err != nil {
			return fmt.Errorf("journal: %s %s: %w", kind, e.id, err)
		}
	}
	return nil
}

// Loaded says that everybody has seen Each and the copies can go.
func (j *Journal) Loaded() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.found = nil
}

// Close closes the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// append writes one line in one system call. A line that did not fit is cut
// off again, so that the next one starts where it should.
func (j *Journal) append(b []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.file.Write(b)
	if err == nil {
		j.size += int64(n)
		return nil
	}
	if n > 0 {
		if terr := j.file.Truncate(j.size); terr != nil {
			return fmt.Errorf("journal: %w (and could not cut off the torn line: %w)", err, terr)
		}
	}
	return fmt.Errorf("journal: %w", err)
}
