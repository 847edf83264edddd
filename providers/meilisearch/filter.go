package meilisearch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"purser/catalog"
)

// valuesField is the attribute with a document's values for filters, in a form that
// can be written in a filter. Meilisearch's quotes cannot hold every text: a
// backslash before a quote, or at the end, has no spelling.
const valuesField = "values"

// codeField is the attribute with a word that only a product with this SKU has. A
// query for it and for the words of the SKU finds this product first, because it
// alone has all the words.
const codeField = "code"

// document is a product as the index holds it.
type document struct {
	catalog.Document
	Values []string `json:"values"`
	Code   string   `json:"code"`
}

func documentOf(d catalog.Document) document {
	var values []string
	add := func(field string, of ...string) {
		for _, v := range of {
			if v != "" {
				values = append(values, valueOf(field, v))
			}
		}
	}
	add("brand", d.Brand)
	add("category", d.Category)
	add("tags", d.Tags...)
	add("group", d.Group)
	add("sku", skuKey(d.SKU))
	return document{d, values, codeOf(d.SKU)}
}

// skuKey returns a SKU without what people leave out or change when they type it:
// case, and the signs between its letters and digits.
func skuKey(text string) string {
	return cmp.Or(strings.Join(catalog.SearchWords(norm.NFKC.String(text)), ""), text)
}

// codeOf returns the word of codeField: letters, so that no search engine splits it.
func codeOf(sku string) string {
	sum := sha256.Sum256([]byte(skuKey(sku)))
	for i, b := range sum {
		sum[i] = 'a' + b%26
	}
	return string(sum[:24])
}

var plainValue = strings.NewReplacer("%", "%25", `"`, "%22", `\`, "%5C")

// longestValue is the most bytes of a value in valuesField. Meilisearch cuts values off
// at 468 bytes, in lower case and decomposed, but not those of a filter.
const longestValue = 400

// valueOf returns a value as valuesField holds it: a long one as its digest. Spaces
// around it do not count, because facets do not count them either.
func valueOf(field, v string) string {
	v = strings.TrimSpace(v)
	key := strings.ToLower(norm.NFKD.String(v))
	if of := field + "=" + plainValue.Replace(v); len(of)+len(key)-len(v) <= longestValue {
		return of
	}
	sum := sha256.Sum256([]byte(key))
	return field + "#" + hex.EncodeToString(sum[:])
}

// oneOf returns the condition that a field has one of the values.
func oneOf(field string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + valueOf(field, v) + `"`
	}
	return valuesField + " IN [" + strings.Join(quoted, ", ") + "]"
}

// filters are the conditions of a query, which are joined by AND. Their names are
// ours; their values come from shoppers.
func filters(q catalog.Query) []string {
	var all []string
	for _, f := range []struct {
		field  string
		values []string
	}{{"brand", q.Brands}, {"category", q.Categories}, {"tags", q.Tags}, {"group", q.Groups}} {
		if len(f.values) > 0 {
			all = append(all, oneOf(f.field, f.values))
		}
	}
	if q.Currency != "" { // three letters, as Checked has seen
		all = append(all, `currency IN ["`+q.Currency+`"]`)
	}
	atLeast := func(name, op string, n int64) {
		if n > 0 {
			all = append(all, name+" "+op+" "+strconv.FormatInt(n, 10))
		}
	}
	atLeast("price", ">=", q.PriceFrom)
	atLeast("price", "<=", q.PriceTo)
	atLeast("rating", ">=", q.MinRating)
	if q.InStock {
		all = append(all, "inStock = true")
	}
	return all
}
