package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// store keeps the documents of one index in a Bleve index. A batch is there
// as a whole, or not at all, and on disk when put returns.
type store struct {
	dir   string // "": in memory
	bleve bleve.Index
	index index.Index

	mu     sync.RWMutex // held for reading while somebody reads
	closed bool
}

// errDropped is the answer of a store whose index was dropped meanwhile, such
// as after a swap. Whoever asks again finds the one in its place.
var errDropped = errors.New("the documents were dropped")

// sourceField holds a document as it came.
const sourceField = "source"

// newStore makes an empty store. What a crash may have left there is thrown
// away.
func newStore(dir string) (*store, error) {
	var b bleve.Index
	var err error
	if dir == "" {
		b, err = bleve.NewUsing("", bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
	} else if err = os.RemoveAll(dir); err == nil {
		b, err = bleve.NewUsing(dir, bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
	}
	return wrapStore(dir, b, err)
}

func openStore(dir string) (*store, error) {
	b, err := bleve.Open(dir)
	return wrapStore(dir, b, err)
}

func wrapStore(dir string, b bleve.Index, err error) (*store, error) {
	if err != nil {
		return nil, fmt.Errorf("documents in %s: %w", dir, err)
	}
	i, err := b.Advanced()
	return &store{dir: dir, bleve: b, index: i}, err
}

// put writes documents and removes others. A store with much to write is
// written in parts.
func (s *store) put(docs []parsed, remove []string) error {
	const part = 4000
	for len(docs)+len(remove) > 0 {
		batch := index.NewBatch()
		n := min(part, len(docs))
		for _, d := range docs[:n] {
			doc := document.NewDocument(d.id)
			doc.AddField(document.NewTextFieldWithIndexingOptions(sourceField, nil, d.source, index.StoreField))
			batch.Update(doc)
		}
		m := min(part-n, len(remove))
		for _, id := range remove[:m] {
			batch.Delete(id)
		}
		if err := s.index.Batch(batch); err != nil {
			return err
		}
		docs, remove = docs[n:], remove[m:]
	}
	return nil
}

// read answers documents as they came, by id; those not there are missing.
func (s *store) read(ids []string) (map[string][]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errDropped
	}
	r, err := s.index.Reader()
	if err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(ids))
	for _, id := range ids {
		source, err := sourceOf(r, id)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		if source != nil {
			found[id] = source
		}
	}
	return found, r.Close()
}

func sourceOf(r index.IndexReader, id string) (source []byte, err error) {
	d, err := r.Document(id)
	if err != nil || d == nil {
		return nil, err
	}
	d.VisitFields(func(f index.Field) {
		if f.Name() == sourceField {
			source = f.Value()
		}
	})
	return source, nil
}

// each calls f with every document.
func (s *store) each(ctx context.Context, f func(id string, source []byte) error) error {
	r, err := s.index.Reader()
	if err != nil {
		return err
	}
	all, err := r.DocIDReaderAll()
	if err != nil {
		return errors.Join(err, r.Close())
	}
	err = func() error {
		for ctx.Err() == nil {
			internal, err := all.Next()
			if err != nil || internal == nil {
				return err
			}
			id, err := r.ExternalID(internal)
			if err != nil {
				return err
			}
			source, err := sourceOf(r, id)
			if err != nil {
				return err
			}
			if err := f(id, source); err != nil {
				return err
			}
		}
		return ctx.Err()
	}()
	return errors.Join(err, all.Close(), r.Close())
}

// close waits for those who read.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.bleve.Close()
}

// drop closes the store and removes it.
func (s *store) drop() error {
	err := s.close()
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
