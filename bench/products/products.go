// Package products generates products and words to search for.
package products

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"purser/catalog"
)

// Maker generates products whose words have natural frequencies (Zipf), with a few
// hundred brands and tags, and prices over three orders of magnitude.
type Maker struct {
	Rand  *rand.Rand
	zipf  *rand.Zipf
	words []string
	made  int
}

// vocabulary is the number of different words.
const vocabulary = 20_000

// New returns a maker that makes the same products for the same seed.
func New(seed uint64) *Maker {
	r := rand.New(rand.NewPCG(seed, 0x2545f4914f6cdd1d))
	m := &Maker{Rand: r, zipf: rand.NewZipf(r, 1.1, 3, vocabulary-1)}
	seen := map[string]bool{}
	for len(m.words) < vocabulary {
		if w := m.invent(); !seen[w] {
			seen[w] = true
			m.words = append(m.words, w)
		}
	}
	return m
}

// invent returns a made-up word of two to four syllables.
func (m *Maker) invent() string {
	const onsets, vowels, codas = "b bl br c ch d dr f fl g gl h j k kl l m n p pl pr qu r s sh st t tr v w z", "a e i o u ai ea oo", "  l m n r s t ck nd rt"
	one := func(of string) string {
		list := strings.Split(of, " ")
		return list[m.Rand.IntN(len(list))]
	}
	var b strings.Builder
	for range 2 + m.Rand.IntN(3) {
		b.WriteString(one(onsets) + one(vowels) + one(codas))
	}
	return b.String()
}

// Word returns a random word, according to the words' frequencies.
func (m *Maker) Word() string { return m.words[m.zipf.Uint64()] }

func (m *Maker) text(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(m.Word() + " ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

// named returns one of n names of a kind, low numbers more often.
func (m *Maker) named(kind string, n int) string {
	i := min(m.Rand.IntN(n), m.Rand.IntN(n))
	return kind + " " + m.words[(len(kind)*977+i)%vocabulary]
}

// LongWord returns a word that is long enough for search engines to allow a
// typo in it.
func (m *Maker) LongWord() string {
	for {
		if w := m.Word(); len(w) >= 5 {
			return w
		}
	}
}

// Category returns the name of a category that products have.
func (m *Maker) Category() string { return m.named("Fine", 60) }

func (m *Maker) brand() string { return m.named("House", 300) }
func (m *Maker) tag() string   { return m.words[m.Rand.IntN(400)] }

// Make returns the next n products.
func (m *Maker) Make(n int) []catalog.Document {
	docs := make([]catalog.Document, n)
	for k := range docs {
		i := m.made
		m.made++
		d := catalog.Document{
			SKU: fmt.Sprintf("sku-%07d", i), Version: 1, Name: m.text(3 + m.Rand.IntN(4)), Description: m.text(20),
			Brand: m.brand(), Category: m.Category(), Price: int64(100+m.Rand.IntN(900)) * []int64{1, 10, 100}[m.Rand.IntN(3)],
			Currency: []string{"EUR", "EUR", "EUR", "USD"}[m.Rand.IntN(4)], Available: int64(max(0, m.Rand.IntN(50)-5)),
			Rating: int64(m.Rand.IntN(501)), Added: 1_600_000_000 + int64(m.Rand.IntN(100_000_000)),
			Group: fmt.Sprintf("group-%d", i/3), Thumbnail: fmt.Sprintf("https://cdn.example/%d/150.jpg", i),
			Images: []string{fmt.Sprintf("https://cdn.example/%d/1600.jpg", i)},
		}
		for range 1 + m.Rand.IntN(3) {
			d.Tags = append(d.Tags, m.tag())
		}
		docs[k] = d.Complete()
	}
	return docs
}

// Mistyped returns the word with one letter changed, dropped or swapped; the first
// letter stays.
func (m *Maker) Mistyped(word string) string {
	i := 1 + m.Rand.IntN(len(word)-2)
	switch m.Rand.IntN(3) {
	case 0:
		return word[:i] + string(rune('a'+m.Rand.IntN(26))) + word[i+1:]
	case 1:
		return word[:i] + word[i+1:]
	}
	return word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:]
}
