package search

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search/query"
)

// replaceStore makes an empty Bleve index, after it has moved what is at its path
// to quarantine. With an empty path the index is in memory.
func replaceStore(path, quarantined string) (bleve.Index, error) {
	if err := os.Rename(path, quarantined); path != "" && err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	return bleve.NewUsing(path, bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
}

// openStore opens the index at a path and reads its state; if there is no index,
// it makes one. It opens an index only if the files are whole: Bleve trusts them,
// and damage would end the process later, or lose documents without an error.
func openStore(path string, st *state) (store bleve.Index, err error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return replaceStore(path, path)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a mapped file may be shorter than it was
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	if err := unseal(path); err != nil {
		return nil, err
	}
	if err := dropDamaged(filepath.Join(path, "store")); err != nil {
		return nil, err
	}
	trial, err := bleve.OpenUsing(path, map[string]any{"read_only": true})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(check(trial, st), trial.Close()); err != nil {
		return nil, err
	}
	return bleve.Open(path)
}

// dropDamaged removes the segments that differ from the checksum at their end,
// before Bleve maps them: its own goroutines cannot recover from a fault in a
// mapped file. If the index needs a removed segment, it does not open.
func dropDamaged(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.zap"))
	for _, path := range paths {
		file, rerr := os.ReadFile(path)
		if n := len(file) - 4; n < 0 || crc32.ChecksumIEEE(file[:n]) != binary.BigEndian.Uint32(file[n:]) {
			err = errors.Join(err, rerr, os.Remove(path))
		}
	}
	return err
}

// checksums is the file that a stop writes, with the checksum of every other file
// of an index by its path.
const checksums = "checksums.json"

// seal writes the checksums of an index that was closed.
func seal(dir string) error {
	sums, err := sumFiles(dir)
	b, merr := json.Marshal(sums)
	if err = errors.Join(err, merr); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checksums), b, 0o600)
}

// unseal compares the files of an index with the checksums of the last stop, and
// removes the checksums. After a crash there are none: Bolt's file, in which Bleve
// lists its segments, is then as the last sync left it.
func unseal(dir string) error {
	path := filepath.Join(dir, checksums)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var want map[string]uint32
	got, serr := sumFiles(dir)
	if err = errors.Join(err, serr, json.Unmarshal(b, &want)); err == nil && !maps.Equal(got, want) {
		err = errors.New("the files are not those of the last stop")
	}
	return errors.Join(err, os.Remove(path))
}

func sumFiles(dir string) (map[string]uint32, error) {
	sums := map[string]uint32{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == checksums {
			return err
		}
		file, err := os.ReadFile(filepath.Join(dir, path))
		sums[path] = crc32.ChecksumIEEE(file)
		return err
	})
	return sums, err
}

// check reads the state of a store and checks it.
func check(store bleve.Index, st *state) error {
	raw, err := store.GetInternal([]byte(stateKey))
	if raw != nil { // nothing was ever written to a new store
		err = errors.Join(err, json.Unmarshal(raw, st))
	}
	for _, x := range st.Indexes {
		err = errors.Join(err, x.Settings.check())
	}
	return err
}

// key returns the key of a document in the store.
func (x *index) key(id string) string { return x.Folder + "/" + id }

// in limits a query to the documents of an index; nil finds all of them.
func (x *index) in(q query.Query) query.Query {
	all := query.NewTermQuery(x.Folder)
	all.SetField(folderField)
	if q == nil {
		return all
	}
	return query.NewConjunctionQuery([]query.Query{all, q})
}

// maxDocuments is more than an index holds.
const maxDocuments = 1 << 30

// list returns documents in the order of their ids.
func (s *Server) list(x *index, q query.Query, offset, limit int) (*bleve.SearchResult, error) {
	req := bleve.NewSearchRequestOptions(x.in(q), limit, offset, false)
	req.Score, req.Fields = "none", []string{sourceField}
	req.SortBy([]string{"_id"})
	return s.store.Search(req)
}

// sources returns the documents that were found.
func sources(found *bleve.SearchResult, err error) ([]map[string]any, error) {
	if err != nil {
		return nil, err
	}
	docs := make([]map[string]any, len(found.Hits))
	for i, hit := range found.Hits {
		text, _ := hit.Fields[sourceField].(string)
		if err := readJSON(strings.NewReader(text), &docs[i]); err != nil {
			return nil, err
		}
	}
	return docs, nil
}
