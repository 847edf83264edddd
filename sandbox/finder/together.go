package finder

// Who searches does not know what the shop writes in one word: "tea pot" finds
// a teapot, "350ml" finds 350 ml. As in Meilisearch, each further word, and
// each division, counts as a typo.

// joined is a row of typed words taken for one.
type joined struct {
	first, last int
	text        string
	prefix      bool
}

// mostJoined words are taken for one; a word of fewer letters than
// shortestJoined begins too many.
const (
	mostJoined     = 3
	shortestJoined = 3
)

// joinings are the rows of typed words that, taken for one, may be found.
func joinings(all []typed) []joined {
	var found []joined
	for first := range all {
		if all[first].phrase != nil {
			continue
		}
		text := all[first].text
		for last := first + 1; last < min(first+mostJoined, len(all)) && all[last].phrase == nil; last++ {
			if text += all[last].text; len(text) >= shortestJoined {
				found = append(found, joined{first, last, text, all[last].prefix})
			}
		}
	}
	return found
}

// noteJoined lets the documents that hold several typed words as one pass for
// each of them.
func (x *Index) noteJoined(near []*[]uint8, all []typed) {
	for _, j := range joinings(all) {
		note := func(id uint32, exact bool) {
			for class, places := range x.words.places[id] {
				for i := j.first; i <= j.last; i++ {
					n := nearness(uint8(min(i-j.first, 1)), importance[class], exact)
					for _, p := range places {
						if old := (*near[i])[p]; old == 0 || n < old {
							(*near[i])[p] = n
						}
					}
				}
			}
		}
		if id, known := x.words.idOf[j.text]; known {
			note(id, true)
		}
		if j.prefix {
			x.words.beginning(j.text, func(id uint32) { note(id, false) })
		}
	}
}

// mostDivided documents are looked into for the two halves of a word.
const mostDivided = 5_000

// divided is a typed word taken for two that follow each other: where it can
// be divided at several places, the two that most documents hold; nil if it
// cannot.
func (x *Index) divided(t typed) phrase {
	if t.phrase != nil || t.allowed == 0 {
		return nil
	}
	var best phrase
	most := 0
	for i := range t.text {
		if i == 0 {
			continue
		}
		a, known := x.words.idOf[t.text[:i]]
		if !known {
			continue
		}
		b, known := x.words.idOf[t.text[i:]]
		if !known {
			continue
		}
		if n := min(x.words.holders(a), x.words.holders(b)); n > most {
			best, most = phrase{t.text[:i], t.text[i:]}, n
		}
	}
	if most > mostDivided {
		return nil
	}
	return best
}
