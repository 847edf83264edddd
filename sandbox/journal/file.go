package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// record is one line of the file.
type record struct {
	Kind string          `json:"k"`
	ID   string          `json:"i"`
	Doc  json.RawMessage `json:"d,omitempty"` // absent: deleted
}

// line writes a record without encoding the document a second time.
func line(kind, id string, raw json.RawMessage) []byte {
	head, err := json.Marshal(record{Kind: kind, ID: id})
	if err != nil {
		panic(err) // two strings
	}
	b := make([]byte, 0, len(head)+len(raw)+8)
	b = append(b, head[:len(head)-1]...)
	if raw != nil {
		b = append(b, `,"d":`...)
		b = append(b, raw...)
	}
	return append(b, '}', '\n')
}

// ErrDamaged is a journal with a line that is none.
var ErrDamaged = errors.New("damaged")

// readFile reads a file, if there is one.
func readFile(path string, salvage bool) (found []entry, stale bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	return read(f, salvage)
}

// read folds a file into its latest documents. stale reports whether it
// holds more lines than that. A last line without an end was being written
// when the process died; it was never promised to anyone. Any other that is no
// line is an error, or passed over when the rest is to be salvaged.
func read(f io.Reader, salvage bool) (found []entry, stale bool, err error) {
	at := make(map[[2]string]int) // kind and id → place in found
	in := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		b, err := in.ReadBytes('\n')
		if err == io.EOF {
			return found, stale || len(b) > 0, nil
		}
		if err != nil {
			return nil, false, err
		}
		var r record
		if err := json.Unmarshal(b, &r); err != nil {
			if salvage {
				stale = true
				continue
			}
			return nil, false, fmt.Errorf("line %d: %w: %w", n, ErrDamaged, err)
		}
		key := [2]string{r.Kind, r.ID}
		i, known := at[key]
		switch {
		case known:
			stale = true
			found[i].raw = r.Doc
			if r.Doc == nil {
				delete(at, key) // a later Put is a first Put again
			}
		case r.Doc == nil:
			stale = true
		default:
			at[key] = len(found)
			found = append(found, entry{kind: r.Kind, id: r.ID, raw: bytes.Clone(r.Doc)})
		}
	}
}

// rewrite replaces the file by one that holds the latest documents and, if
// there are any, further lines, and answers it open for appending, with its
// size. Nothing can fail once it is in place, or lines would be written to a
// file that has no name any more.
func rewrite(path string, found []entry, further io.Reader, rename func(from, to string) error) (*os.File, int64, error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, 0, err
	}
	out := bufio.NewWriterSize(f, 1<<16)
	for _, e := range found {
		if e.raw != nil {
			_, _ = out.Write(line(e.kind, e.id, e.raw)) // the error sticks until Flush
		}
	}
	if further != nil {
		_, err = io.Copy(out, further)
	}
	// Synced once, or a power cut could leave the new name on an empty file.
	err = errors.Join(err, out.Flush(), f.Sync())
	var info os.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if err == nil {
		err = rename(tmp, path)
		if now, lerr := os.Lstat(path); err != nil && lerr == nil && os.SameFile(now, info) {
			err = nil // it was done all the same, as it can be where files are far away
		}
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
