package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

// shopDocs are products of the sample shop, and some whose names are hard to spell.
var shopDocs = map[string]string{
	"mug-blue":        `{"sku":"mug-blue","name":"Blue enamel mug","brand":"Harbour Works","category":"Kitchen","tags":["enamel","camping","dishwasher-safe"],"description":"A mug of steel, enamelled in the blue of the harbour's fishing boats. Holds 350 ml and outlives its owner."}`,
	"mug-red":         `{"sku":"mug-red","name":"Red enamel mug","brand":"Harbour Works","category":"Kitchen","tags":["enamel","camping","dishwasher-safe"],"description":"The same mug in the red of a buoy. Holds 350 ml; chips, if ever, with dignity."}`,
	"tea-assam":       `{"sku":"tea-assam","name":"Assam tea, 250 g","brand":"Lantern Tea","category":"Tea","tags":["black tea","loose leaf","breakfast"],"description":"Second flush, malty and strong enough for milk."}`,
	"kettle-steel":    `{"sku":"kettle-steel","name":"Steel kettle, 1.5 l","brand":"Harbour Works","category":"Kitchen","tags":["kettle","stove","stainless steel"],"description":"For gas, electric and induction stoves."}`,
	"shirt-striped-s": `{"sku":"shirt-striped-s","name":"Striped fisherman's shirt, S","brand":"Nordkai","category":"Clothing","tags":["cotton","striped","long sleeve"],"description":"Heavy cotton, striped in navy and white."}`,
	"poster-harbour":  `{"sku":"poster-harbour","name":"Harbour poster, 50 × 70 cm","brand":"Pier Nine Press","category":"Prints","tags":["poster","harbour","screen print"],"description":"A screen print in four colours."}`,
	"bowl-hagi":       `{"sku":"bowl-hagi","name":"Hagi tea bowl","brand":"Kiln of the Tide","category":"Tea","tags":["ceramics","handmade"],"description":"Thrown by hand and fired in a climbing kiln."}`,
	"oud-oil":         `{"sku":"oud-oil","name":"Oud oil, 12 ml","brand":"Dhow & Sons","category":"Fragrance","tags":["oud","oil","gift"],"description":"Distilled from agarwood."}`,
	"last-lamp":       `{"sku":"last-lamp","name":"Ship's lamp, the last one","brand":"Harbour Works","category":"Lighting","tags":["brass","lamp"],"description":"Brass and thick glass."}`,
	"yunomi":          `{"sku":"yunomi-01","name":"湯呑み 青","brand":"美濃焼","category":"Tea","tags":["ゆのみ"],"description":"Grüne Teeschale, für Gäste. Crème brûlée."}`,
	"teapot":          `{"sku":"TP-4711","name":"Cast iron teapot","brand":"Müller & Söhne","category":"Tea","tags":["iron"],"description":"With a sieve."}`,
}

// TestShopper (SRCH-6, SRCH-7) searches as shoppers do: with typos, in the plural, in
// any order, half typed, in one word or two. It checks that the first hit is the one
// that Meilisearch's rules put first.
func TestShopper(t *testing.T) {
	w := inMemory(t)
	w.holds(t, shopSettings(), shopDocs)
	for q, want := range map[string]string{
		"mug blue": "mug-blue", "blue mug": "mug-blue", "bleu mug": "mug-blue", "mugs": "mug-blue", "cup": "mug-blue", "red cup": "mug-red",
		"enam": "mug-blue", "enamle mug red": "mug-red", "enamell": "mug-blue", "red enamelled": "mug-red",
		"kettel": "kettle-steel", "kettles": "kettle-steel", "stel kettle": "kettle-steel", "KETTLE": "kettle-steel",
		"assam": "tea-assam", "asam tea": "tea-assam", "black tea": "tea-assam", "tea 250": "tea-assam",
		"fisherman's shirt": "shirt-striped-s", "fishermans shirt": "shirt-striped-s", "fisherman’s": "shirt-striped-s", "stripped shirt": "shirt-striped-s", "shirts": "shirt-striped-s",
		"ship's lamp": "last-lamp", "ships lamp": "last-lamp", "lamps": "last-lamp", "brass": "last-lamp",
		"harbour poster": "poster-harbour", "harbor poster": "poster-harbour", "poster 50x70": "poster-harbour", "50 70": "poster-harbour",
		"hagi bowl": "bowl-hagi", "tea bowls": "bowl-hagi", "handmade": "bowl-hagi", "hand made": "bowl-hagi", "teabowl": "bowl-hagi",
		"oud": "oud-oil", "dhow & sons": "oud-oil", "12ml": "oud-oil", "350ml": "mug-blue", "350 ml": "mug-blue", "1.5l kettle": "kettle-steel",
		"dish washer": "mug-blue", "dishwasher safe": "mug-blue", "dishwasher-safe mug": "mug-blue", "stainlesssteel": "kettle-steel",
		"tea pot": "teapot", "teapots": "teapot", "cast-iron": "teapot", "muller": "teapot", "Müller": "teapot", "sohne": "teapot", "tp-4711": "teapot", "4711": "teapot", "TP4711": "teapot",
		"mug-b": "mug-blue", "kettle-st": "kettle-steel",
		"湯呑み": "yunomi", "美濃焼": "yunomi", "ゆのみ": "yunomi", "青": "yunomi", "grune teeschale": "yunomi", "gruene": "yunomi", "creme brulee": "yunomi", "CRÈME": "yunomi",
	} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %s first", q, got, want)
		}
	}
	for _, q := range []string{"zeppelin", "mgu", "xettle", "bluemug", "ml350", "ou doil "} { // joined words must follow each other, in this order
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); len(got) > 0 {
			t.Errorf("%q finds %v", q, got)
		}
	}
}

// TestExactSKU checks that of the products with the same words the one whose SKU was
// typed comes first.
func TestExactSKU(t *testing.T) {
	w := inMemory(t)
	w.holds(t, shopSettings(), map[string]string{
		"a": `{"sku":"KB-1001","name":"Kettle","description":"Fits KB-100"}`, "b": `{"sku":"KB-100","name":"Kettle"}`, "c": `{"sku":"KB-10","name":"Kettle","description":"See KB-1001 and KB-100"}`,
	})
	for q, want := range map[string]string{"KB-1001": "a", "kb-100": "b", "KB-10": "c"} {
		if _, got := w.find(t, q, &meilisearch.SearchRequest{}); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %v, want %s first", q, got, want)
		}
	}
}

// TestTogetherMarked checks the marks of words that were typed as one, or as two.
func TestTogetherMarked(t *testing.T) {
	w := inMemory(t)
	set := shopSettings()
	set.SearchableAttributes = []string{"text", "always"}
	w.holds(t, set, nil)
	for _, tt := range []struct{ q, text, want string }{
		{q: "350ml", text: "Holds 350 ml and", want: "Holds [350 ml] and"},
		{q: "tea pot", text: "Cast iron teapot", want: "Cast iron [teapot]"},
		{q: "tea p", text: "Cast iron teapots", want: "Cast iron [teap]ots"},
		{q: "dish washer", text: "dishwasher-safe", want: "[dishwasher]-safe"},
	} {
		if got := marked(t, w, tt.q, tt.text, &meilisearch.SearchRequest{}); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.q, got, tt.want)
		}
	}
}

// TestFinds checks that mistyped words find their product.
func TestFinds(t *testing.T) {
	w := inMemory(t)
	w.holds(t, shopSettings(), nil)
	g := newGoods()
	var docs []map[string]any
	for i := range 300 {
		docs = append(docs, g.product(i))
	}
	w.puts(t, docs)
	for _, d := range docs[:100] {
		typed := g.mistype(slices.MaxFunc(strings.Fields(d["name"].(string)), func(a, b string) int { return len(a) - len(b) })) + " "
		_, got := w.find(t, typed, &meilisearch.SearchRequest{Filter: []string{fmt.Sprintf("brand IN [%q]", d["brand"]), fmt.Sprintf("category IN [%q]", d["category"])}})
		if !slices.Contains(got, d["id"].(string)) {
			t.Errorf("%q finds %v, not %q", typed, got, d["name"])
		}
	}
}
