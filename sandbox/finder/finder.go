// Package finder finds documents in memory, by the rules of Meilisearch: words
// with typos and beginnings of words, filters, sorting, facets, highlights.
// It does no I/O; whoever keeps the documents hands them in.
//
// A document has a place: a small number under which the words it holds and
// the values of its attributes are noted. Postings are lists of places,
// columns are arrays indexed by them, so that filtering, counting and ranking
// a quarter of a million documents means walking over a few arrays.
package finder

import (
	"sync"
)

// Document is one to be found.
type Document struct {
	ID     string
	Fields map[string]any // as encoding/json decodes it, numbers as json.Number
}

// Index is a set of documents that can be searched. It is safe for use by
// several goroutines.
type Index struct {
	mu  sync.RWMutex
	set Settings

	ids   []string          // by place; "" is a free one
	place map[string]uint32 // by id
	free  []uint32
	live  bits

	words   words
	terms   [][]posting // by place: the document's words, in their order
	columns map[string]*column

	scratch sync.Pool // of *[]uint8, one byte per place
	hits    sync.Pool // of *[]hit
}

// New makes an empty index.
func New(s Settings) *Index {
	x := &Index{set: s.withDefaults(), place: make(map[string]uint32), words: newWords(), columns: make(map[string]*column)}
	for _, name := range x.set.columnNames() {
		x.columns[name] = newColumn()
	}
	return x
}

// Configure changes the settings and reports whether it could: not if the
// documents would have to be taken apart again.
func (x *Index) Configure(s Settings) bool {
	s = s.withDefaults()
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.set.sameDocuments(s) {
		return false
	}
	x.set = s
	return true
}

// Len says how many documents there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.place)
}

func (x *Index) settings() Settings {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.set
}

// atOnce is how many documents are changed while searches wait.
const atOnce = 64

// Put adds documents or replaces those with the same id. Searches go on in
// between.
func (x *Index) Put(docs []Document) {
	for len(docs) > 0 {
		n := min(atOnce, len(docs))
		texts := make([][]token, n)
		set := x.settings()
		for i, d := range docs[:n] {
			texts[i] = set.tokens(d.Fields)
		}
		x.mu.Lock()
		for i, d := range docs[:n] {
			x.remove(d.ID)
			x.add(d, texts[i])
		}
		x.mu.Unlock()
		docs = docs[n:]
	}
}

// Delete removes documents and says how many were there.
func (x *Index) Delete(ids []string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, id := range ids {
		if x.remove(id) {
			n++
		}
	}
	return n
}

// IDs returns up to limit ids from offset on, in an order that holds while
// nothing changes.
func (x *Index) IDs(offset, limit int) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var page []string
	for _, id := range x.ids {
		if id == "" {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		if len(page) == limit {
			break
		}
		page = append(page, id)
	}
	return page
}

func (x *Index) add(d Document, text []token) {
	var p uint32
	if n := len(x.free); n > 0 {
		p, x.free = x.free[n-1], x.free[:n-1]
	} else {
		p = uint32(len(x.ids))
		x.ids, x.terms = append(x.ids, ""), append(x.terms, nil)
	}
	x.ids[p], x.place[d.ID] = d.ID, p
	x.live.set(p)
	x.terms[p] = x.words.add(p, text)
	for name, c := range x.columns {
		v, there := lookup(d.Fields, name)
		c.put(p, v, there)
	}
}

func (x *Index) remove(id string) bool {
	p, ok := x.place[id]
	if !ok {
		return false
	}
	delete(x.place, id)
	x.ids[p] = ""
	x.live.clear(p)
	x.words.remove(p, x.terms[p])
	x.terms[p] = nil
	for _, c := range x.columns {
		c.clear(p)
	}
	x.free = append(x.free, p)
	return true
}

// borrow lends an array of zeros, one byte per place.
func (x *Index) borrow() *[]uint8 {
	b, ok := x.scratch.Get().(*[]uint8)
	if !ok || len(*b) < len(x.ids) {
		fresh := make([]uint8, len(x.ids)+len(x.ids)/8)
		return &fresh
	}
	clear(*b)
	return b
}

func (x *Index) borrowHits() *[]hit {
	if b, ok := x.hits.Get().(*[]hit); ok {
		return b
	}
	return new([]hit)
}
