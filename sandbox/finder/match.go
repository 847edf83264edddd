package finder

import (
	"cmp"
	"slices"
)

// hit is a document found: its place, and how far it is from what was asked,
// 0 being nearest. How far is packed in the order of the ranking rules.
type hit struct {
	place uint32
	far   uint32
}

// A document's nearness to one typed word is a byte: 0 if it does not hold
// it; else one more than typos, importance and inexactness, packed so that
// less is nearer.
func nearness(typos, importance uint8, exact bool) uint8 {
	n := typos<<3 | importance<<1
	if !exact {
		n |= 1
	}
	return n + 1
}

// matching adds the documents that hold the typed words, of those in sifted.
func (x *Index) matching(into []hit, all []typed, sifted bits, q Query) []hit {
	if q.Strategy == "frequency" {
		all = x.rareFirst(all)
	}
	near := make([]*[]uint8, len(all))
	for i, t := range all {
		near[i] = x.borrow()
		x.note(*near[i], t)
	}
	x.noteJoined(near, all)
	x.noteSynonyms(near, x.synonyms(all))
	hits := x.collect(into, all, near, sifted, q.Strategy == "all")
	for _, b := range near {
		x.scratch.Put(b)
	}
	return hits
}

// note writes down how near each document is to a typed word.
func (x *Index) note(near []uint8, t typed) {
	if t.phrase != nil {
		x.notePhrase(near, t.phrase, 0)
		return
	}
	if halves := x.divided(t); halves != nil {
		x.notePhrase(near, halves, 1)
	}
	for _, m := range x.meanings(t) {
		for class, places := range x.words.places[m.word] {
			if m.typos > 0 && class == classExact {
				continue
			}
			n := nearness(m.typos, importance[class], m.exact)
			for _, p := range places {
				if near[p] == 0 || n < near[p] {
					near[p] = n
				}
			}
		}
	}
}

// noteSynonyms lets the documents that hold all words of a synonym pass for
// the words it stands for.
func (x *Index) noteSynonyms(near []*[]uint8, all []synonym) {
	for _, s := range all {
		held := x.borrow()
		for i, text := range s.words {
			id, ok := x.words.idOf[text]
			if !ok {
				break
			}
			for _, places := range x.words.places[id] {
				for _, p := range places {
					if (*held)[p] == uint8(i) {
						(*held)[p]++
					}
				}
			}
		}
		n := nearness(0, importance[classMiddle], false)
		for p, count := range *held {
			if int(count) != len(s.words) {
				continue
			}
			for i := s.first; i <= s.last; i++ {
				if old := (*near[i])[p]; old == 0 || n < old {
					(*near[i])[p] = n
				}
			}
		}
		x.scratch.Put(held)
	}
}

// collect adds up. A document needs all phrases, or, where there are none, the
// first word; each further word in a row brings it nearer, or is needed too if
// all are.
func (x *Index) collect(hits []hit, all []typed, near []*[]uint8, sifted bits, needAll bool) []hit {
	shift := x.shifts()
	phrases := uint32(0) // a bit for each
	for i, t := range all {
		if t.phrase != nil {
			phrases |= 1 << i
		}
	}
	sifted.each(func(p uint32) {
		var typos, place, inexact, held uint32
		row := true
		for i, n := range near {
			b := (*n)[p]
			phrase := phrases>>i&1 == 1
			switch {
			case b == 0 && phrase:
				return
			case b == 0:
				row = false
			}
			if !row && !phrase {
				continue
			}
			b--
			held, typos, place, inexact = held+1, typos+uint32(b>>3), place+uint32(b>>1&3), inexact+uint32(b&1)
		}
		if held == 0 || needAll && int(held) < len(near) {
			return
		}
		missing := uint32(len(near)) - held
		hits = append(hits, hit{p, missing<<shift.words | typos<<shift.typo | place<<shift.attribute | inexact<<shift.exactness})
	})
	return hits
}

// shifts says where each rule's part of far lies: the earlier rule higher. A
// rule that is not set counts least.
type shifts struct{ words, typo, attribute, exactness uint8 }

func (x *Index) shifts() shifts {
	var s shifts
	at := uint8(24)
	for _, rule := range append(slices.Clone(x.set.Rules), DefaultRules...) {
		part := s.part(rule)
		if part != nil && *part == 0 && at > 0 {
			*part = at
			at -= 8
		}
	}
	return s
}

func (s *shifts) part(rule string) *uint8 {
	switch rule {
	case "words":
		return &s.words
	case "typo":
		return &s.typo
	case "attribute":
		return &s.attribute
	case "exactness":
		return &s.exactness
	}
	return nil
}

// rareFirst puts the words that fewer documents hold first, so that the
// common ones are given up first.
func (x *Index) rareFirst(all []typed) []typed {
	all = slices.Clone(all)
	count := func(t typed) int {
		if id, ok := x.words.idOf[t.text]; ok {
			return x.words.holders(id)
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b typed) int { return cmp.Compare(count(a), count(b)) })
	return all
}
