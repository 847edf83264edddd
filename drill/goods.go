package drill

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"purser/catalog"
)

// Goods makes up products: words that are used as words are (Zipf), a few
// hundred brands and tags, prices over three decades.
type Goods struct {
	rand  *rand.Rand
	zipf  *rand.Zipf
	words []string
	made  int
}

// vocabulary is how many different words there are.
const vocabulary = 20_000

// NewGoods makes the same goods for the same seed.
func NewGoods(seed uint64) *Goods {
	r := rand.New(rand.NewPCG(seed, 0x2545f4914f6cdd1d))
	g := &Goods{rand: r, zipf: rand.NewZipf(r, 1.1, 3, vocabulary-1)}
	seen := map[string]bool{}
	for len(g.words) < vocabulary {
		if w := g.invent(); !seen[w] {
			seen[w] = true
			g.words = append(g.words, w)
		}
	}
	return g
}

// invent makes a word of two to four syllables.
func (g *Goods) invent() string {
	const onsets, vowels, codas = "b bl br c ch d dr f fl g gl h j k kl l m n p pl pr qu r s sh st t tr v w z", "a e i o u ai ea oo", "  l m n r s t ck nd rt"
	one := func(of string) string {
		list := strings.Split(of, " ")
		return list[g.rand.IntN(len(list))]
	}
	var b strings.Builder
	for range 2 + g.rand.IntN(3) {
		b.WriteString(one(onsets) + one(vowels) + one(codas))
	}
	return b.String()
}

// Word is one as often as it is used.
func (g *Goods) Word() string { return g.words[g.zipf.Uint64()] }

func (g *Goods) text(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(g.Word() + " ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

// named is one of n names of a kind, the first ones more often.
func (g *Goods) named(kind string, n int) string {
	i := min(g.rand.IntN(n), g.rand.IntN(n))
	return kind + " " + g.words[(len(kind)*977+i)%vocabulary]
}

func (g *Goods) brand() string    { return g.named("House", 300) }
func (g *Goods) category() string { return g.named("Fine", 60) }
func (g *Goods) tag() string      { return g.words[g.rand.IntN(400)] }

// Make makes the next n products.
func (g *Goods) Make(n int) []catalog.Document {
	docs := make([]catalog.Document, n)
	for place := range docs {
		i := g.made
		g.made++
		d := catalog.Document{
			SKU: fmt.Sprintf("sku-%07d", i), Version: 1, Name: g.text(3 + g.rand.IntN(4)), Description: g.text(20),
			Brand: g.brand(), Category: g.category(), Price: int64(100+g.rand.IntN(900)) * []int64{1, 10, 100}[g.rand.IntN(3)],
			Currency: []string{"EUR", "EUR", "EUR", "USD"}[g.rand.IntN(4)], Available: int64(max(0, g.rand.IntN(50)-5)),
			Rating: int64(g.rand.IntN(501)), Added: 1_600_000_000 + int64(g.rand.IntN(100_000_000)),
			Group: fmt.Sprintf("group-%d", i/3), Thumbnail: fmt.Sprintf("https://cdn.example/%d/150.jpg", i),
			Pictures: []string{fmt.Sprintf("https://cdn.example/%d/1600.jpg", i)},
		}
		for range 1 + g.rand.IntN(3) {
			d.Tags = append(d.Tags, g.tag())
		}
		docs[place] = d.Complete()
	}
	return docs
}

// Mistyped changes, drops or swaps a letter of a word, not the first one.
func (g *Goods) Mistyped(word string) string {
	i := 1 + g.rand.IntN(len(word)-2)
	switch g.rand.IntN(3) {
	case 0:
		return word[:i] + string(rune('a'+g.rand.IntN(26))) + word[i+1:]
	case 1:
		return word[:i] + word[i+1:]
	}
	return word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:]
}
