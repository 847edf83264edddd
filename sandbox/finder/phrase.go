package finder

import "slices"

// phrase is what stood in quotes: words that follow each other in a document,
// in one attribute, without typos. It must be there.
type phrase []string

// anyWord stands for a stop word in a phrase: something is there.
const anyWord = ""

// trimmed leaves off any words at both ends.
func (ph phrase) trimmed() phrase {
	for len(ph) > 0 && ph[0] == anyWord {
		ph = ph[1:]
	}
	for len(ph) > 0 && ph[len(ph)-1] == anyWord {
		ph = ph[:len(ph)-1]
	}
	return slices.Clone(ph)
}

// notePhrase writes down how near each document is that holds a phrase. Those
// that hold its rarest word are looked into. It counts as so many typos.
func (x *Index) notePhrase(near []uint8, ph phrase, typos uint8) {
	ids := make([]uint32, len(ph))
	rarest := -1
	for i, w := range ph {
		if w == anyWord {
			ids[i] = none
			continue
		}
		id, known := x.words.idOf[w]
		if !known {
			return
		}
		if ids[i] = id; rarest < 0 || x.words.holders(id) < x.words.holders(ids[rarest]) {
			rarest = i
		}
	}
	for _, places := range x.words.places[ids[rarest]] {
		for _, p := range places {
			if n := nearestPhrase(x.terms[p], ids, typos); near[p] == 0 || n > 0 && n < near[p] {
				near[p] = n
			}
		}
	}
}

// nearestPhrase is how near a document is whose words follow each other like
// this; 0: it does not hold the phrase.
func nearestPhrase(words []posting, ids []uint32, typos uint8) (nearest uint8) {
	for i := range len(words) - len(ids) + 1 {
		if !follows(words[i:], ids) {
			continue
		}
		if n := nearness(typos, importance[words[i].class()], typos == 0); nearest == 0 || n < nearest {
			nearest = n
		}
	}
	return nearest
}

func follows(words []posting, ids []uint32) bool {
	for i, id := range ids {
		if words[i] == gap || id != none && words[i].word() != id {
			return false
		}
	}
	return true
}

// at reports whether a text, taken apart, holds the phrase where it begins.
func (ph phrase) at(words []span) bool {
	if len(words) < len(ph) {
		return false
	}
	for i, w := range ph {
		if i > 0 && words[i].apart || w != anyWord && words[i].text != w {
			return false
		}
	}
	return true
}
