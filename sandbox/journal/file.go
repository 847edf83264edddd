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

// readFile reads a file, if there is one.
func readFile(path string) (found []entry, stale bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	return read(f)
}

// read folds a file into its latest documents. stale reports whether it
// holds more lines than that. A last line without an end was being written
// when the process died; it was never promised to anyone.
func read(f io.Reader) (found []entry, stale bool, err error) {
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
			return nil, false, fmt.Errorf("line %d: %w", n, err)
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
// there are any, further lines, and answers it open for appending.
func rewrite(path string, found []entry, further io.Reader) (*os.File, error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
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
	if err = errors.Join(err, out.Flush(), f.Sync()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
