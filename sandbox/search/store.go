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

// replaceStore makes an empty Bleve index, after it has put aside what is at
// its path; with an empty path it is in memory.
func replaceStore(path, quarantined string) (bleve.Index, error) {
	if err := os.Rename(path, quarantined); path != "" && err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("put aside: %w", err)
	}
	return bleve.NewUsing(path, bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
}

// openStore opens the index at a path and reads its state; if there is no
// index, it makes one. It opens an index only if the files are whole: Bleve
// trusts them, and a fault in them would end the process later, or lose
// documents without a word.
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

// checksums is the file in which a stop leaves the checksum of every other file
// of an index, by its path.
const checksums = "checksums.json"

// seal writes the checksums of an index that was closed.
func seal(dir string) error {
	sums, err := sumFiles(dir)
	if err != nil {
		return err
	}
	b, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checksums), b, 0o600)
}

// unseal compares the files of an index with the checksums that the last stop
// left, and removes these. After a crash there are none: Bolt's file, in which
// Bleve lists its segments, is then as the last sync left it.
func unseal(dir string) error {
	path := filepath.Join(dir, checksums)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var want map[string]uint32
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		return err
	}
	got, err := sumFiles(dir)
	if err == nil && !maps.Equal(got, want) {
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

// check reads the state.
func check(store bleve.Index, st *state) error {
	advanced, err := store.Advanced()
	if err != nil {
		return err
	}
	reader, err := advanced.Reader()
	if err != nil {
		return err
	}
	raw, err := reader.GetInternal([]byte(stateKey))
	if raw != nil { // nothing was ever written to a new one
		err = errors.Join(err, json.Unmarshal(raw, st))
	}
	for _, x := range st.Indexes {
		var rerr error
		x.rules, rerr = rulesOf(x.Settings)
		err = errors.Join(err, rerr)
	}
	for _, t := range st.Swaps { // they were written together with what they did
		t.Status = "succeeded"
	}
	return errors.Join(err, reader.Close())
}

// key returns the key of a document in the store.
func (x *index) key(id string) string { return x.Folder + "/" + id }

// named is a query for documents by their ids.
func (x *index) named(ids ...string) query.Query {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = x.key(id)
	}
	return query.NewDocIDQuery(keys)
}

// in limits a query to the documents of an index. Nil stands for all.
func (x *index) in(q query.Query) query.Query {
	all := query.NewTermQuery(x.Folder)
	all.SetField(folderField)
	if q == nil {
		return all
	}
	return query.NewConjunctionQuery([]query.Query{all, q})
}

// maxDocuments is more than there are.
const maxDocuments = 1 << 30

// list returns documents in the order of their ids.
func (s *Server) list(x *index, q query.Query, offset, limit int) (*bleve.SearchResult, error) {
	n, err := s.store.DocCount()
	if err != nil {
		return nil, err
	}
	req := bleve.NewSearchRequestOptions(x.in(q), min(limit, int(n)), offset, false)
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
