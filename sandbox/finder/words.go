package finder

import (
	mathbits "math/bits"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// words is the inverted index: which words there are, and which documents
// hold them. What is looked at for every word when one was mistyped lies
// close together.
type words struct {
	idOf   map[string]uint32
	text   []string            // by word id
	runes  []uint8             // its length
	shape  []uint32            // which letters it has, for a quick no
	places [][classes][]uint32 // who holds it, in order

	sorted []uint32 // word ids in the order of their texts
	fresh  []uint32 // as sorted, those that came last: a few, so that adding one moves little
}

// mostFresh words wait until they are merged into the others.
const mostFresh = 512

// posting is a word of a document and its class, as they follow each other in
// it: for taking it back, and for phrases.
type posting uint32

// gap stands between words that no phrase reaches over.
const gap = ^posting(0)

func (p posting) word() uint32 { return uint32(p) / classes }
func (p posting) class() uint8 { return uint8(p % classes) }

func newWords() words { return words{idOf: make(map[string]uint32)} }

// add notes that the document at p holds these words.
func (w *words) add(p uint32, text []token) []posting {
	held := make([]posting, 0, len(text)+len(text)/4)
	for i, t := range text {
		if t.apart && i > 0 {
			held = append(held, gap)
		}
		h := posting(w.id(t.text)*classes + uint32(t.class))
		held = append(held, h)
		list := &w.places[h.word()][h.class()]
		if n := len(*list); n == 0 || (*list)[n-1] < p {
			*list = append(*list, p)
			continue
		}
		at, there := slices.BinarySearch(*list, p)
		if !there {
			*list = slices.Insert(*list, at, p)
		}
	}
	return slices.Clip(held)
}

// remove takes back what add noted.
func (w *words) remove(p uint32, held []posting) {
	for _, h := range held {
		if h == gap {
			continue
		}
		list := &w.places[h.word()][h.class()]
		if at, there := slices.BinarySearch(*list, p); there {
			*list = slices.Delete(*list, at, at+1)
		}
	}
}

func (w *words) id(text string) uint32 {
	if id, ok := w.idOf[text]; ok {
		return id
	}
	text = strings.Clone(text) // it may be part of a whole document
	id := uint32(len(w.text))
	at := w.from(w.fresh, text)
	w.text = append(w.text, text)
	w.runes = append(w.runes, uint8(utf8.RuneCountInString(text)))
	w.shape = append(w.shape, shapeOf(text))
	w.places = append(w.places, [classes][]uint32{})
	w.idOf[text] = id
	if w.fresh = slices.Insert(w.fresh, at, id); len(w.fresh) > mostFresh {
		w.merge()
	}
	return id
}

// merge puts the fresh words where they belong.
func (w *words) merge() {
	all := make([]uint32, 0, len(w.sorted)+len(w.fresh)+len(w.sorted)/8)
	rest := w.sorted
	for _, id := range w.fresh {
		n := w.from(rest, w.text[id])
		all = append(append(all, rest[:n]...), id)
		rest = rest[n:]
	}
	w.sorted, w.fresh = append(all, rest...), w.fresh[:0]
}

// from is the place in a list of the first word that is not before text.
func (w *words) from(list []uint32, text string) int {
	return sort.Search(len(list), func(i int) bool { return w.text[list[i]] >= text })
}

// beginning calls f with the words that begin with text, itself included.
func (w *words) beginning(text string, f func(id uint32)) {
	for _, list := range [][]uint32{w.sorted, w.fresh} {
		for _, id := range list[w.from(list, text):] {
			if !strings.HasPrefix(w.text[id], text) {
				break
			}
			f(id)
		}
	}
}

// holders says how many documents hold a word, those that do in several
// classes more than once.
func (w *words) holders(id uint32) int {
	n := 0
	for _, list := range w.places[id] {
		n += len(list)
	}
	return n
}

// shapeOf has a bit for each letter that occurs; characters share bits.
func shapeOf(text string) uint32 {
	var s uint32
	for _, r := range text {
		s |= 1 << (uint32(r) % 32)
	}
	return s
}

// mayBe reports whether a word of shape b can be within so many edits of one
// of shape a; with prefix, whether its beginning can.
func mayBe(a, b uint32, edits int, prefix bool) bool {
	return mathbits.OnesCount32(a&^b) <= edits && (prefix || mathbits.OnesCount32(b&^a) <= edits)
}
