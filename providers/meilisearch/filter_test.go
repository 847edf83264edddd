package meilisearch_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"purser/catalog"
	"purser/sandbox/search"
	"purser/text"
)

// filterable serves the stand-in over HTTP and returns a client of it, and a search
// for SKUs.
func filterable(tb testing.TB) (put func(...catalog.Document) error, find func(catalog.Query) ([]string, error)) {
	s, err := search.New(search.Config{MasterKey: master})
	if err != nil {
		tb.Fatal(err)
	}
	at := httptest.NewServer(s.Handler())
	tb.Cleanup(func() {
		at.Close()
		_ = s.Close()
	})
	c := newClient(tb, at.URL, "filters", server{admin: search.AdminKey(master), search: search.SearchKey(master)})
	if _, err := c.ApplySettings(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return func(docs ...catalog.Document) error { return c.PutDocuments(context.Background(), docs) }, func(q catalog.Query) ([]string, error) {
		r, err := c.Search(context.Background(), q)
		var skus []string
		for _, h := range r.Hits {
			skus = append(skus, h.SKU)
		}
		slices.Sort(skus)
		return skus, err
	}
}

// hardValues are values of products that are hard to write in a filter.
var hardValues = []string{
	"Levi's", `5" pipe`, `back\slash`, `ends with \`, `\`, `\\`, `\"`, `\'`, `both \" and \'`, `it's 5"`, `'"`, `"'`, `"quoted"`, `'quoted'`,
	" leading", "trailing ", "  both  ", "\u00a0no-break\u00a0", "a, b", ",", "x,y,", `x" OR price > 0 OR brand = "x`, `"] OR values IN ["`,
	"NOT", "[a, b]", "price 1 TO 2", "brand=Kiln", "100%", "%22", "%5C", "%", "007", "7", "07", "1e3", "1000", "true", "null", "*", "_geoRadius(1,2,3)",
	"ü", "İstanbul", "straße", "茶器", "👩‍🔧",
}

// longValues are the longest values of a category: in bytes, decomposed, and when they
// are written in a filter. They differ at their ends only.
var longValues = []string{
	strings.Repeat("茶", 199) + "器", strings.Repeat("茶", 200), strings.Repeat("한", 199) + "국", strings.Repeat("한", 200),
	strings.Repeat("\U0001f375", 199) + "!", strings.Repeat("\U0001f375", 200), strings.Repeat(`"`, 199) + `\`, strings.Repeat(`"`, 200),
	strings.Repeat("\ufdfa", 199) + "a", strings.Repeat("\ufdfa", 199) + "b", strings.Repeat("Ä", 199) + "x", strings.Repeat("Ä", 199) + "y",
}

// TestFilterValues (SRCH-7, F57) checks that products can be filtered by any value
// that they may have, and by no other.
func TestFilterValues(t *testing.T) {
	put, find := filterable(t)
	var docs []catalog.Document
	for i, v := range hardValues {
		docs = append(docs, catalog.Document{
			SKU: fmt.Sprint("p", i), Name: "thing", Brand: v, Category: v, Tags: []string{"common", v}, Group: v, Price: 1, Currency: "EUR", Version: 1,
		})
		if p := (catalog.Product{SKU: "p", Name: "thing", Brand: v, Category: v, Tags: []string{v}, Price: 1, Currency: "EUR"}); p.Validate() != nil {
			t.Fatalf("no product has %q: %v", v, p.Validate())
		}
	}
	if err := put(docs...); err != nil {
		t.Fatal(err)
	}
	for i, v := range hardValues {
		for field, q := range map[string]catalog.Query{"brand": {Brands: []string{v}}, "category": {Categories: []string{v}}, "tag": {Tags: []string{v}}, "group": {Groups: []string{v}}} {
			if got, err := find(q); err != nil || !slices.Equal(got, []string{fmt.Sprint("p", i)}) {
				t.Errorf("%s %q finds %v, %v; want p%d", field, v, got, err, i)
			}
		}
	}
	for i, v := range longValues {
		d := catalog.Document{SKU: fmt.Sprint("long", i), Name: "thing", Category: v, Price: 1, Currency: "EUR", Version: 1}
		if p := (catalog.Product{SKU: "p", Name: "thing", Category: v, Price: 1, Currency: "EUR"}); p.Validate() != nil {
			t.Fatalf("no product has %q: %v", v, p.Validate())
		}
		if err := put(d); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range longValues {
		for _, as := range []string{v, " " + strings.ToUpper(v), norm.NFD.String(v)} {
			if got, err := find(catalog.Query{Categories: []string{as}}); err != nil || !slices.Equal(got, []string{fmt.Sprint("long", i)}) {
				t.Errorf("category %.10q… finds %v, %v; want long%d", as, got, err, i)
			}
		}
	}
	two := catalog.Query{Brands: []string{hardValues[3], hardValues[8]}, Tags: []string{"common"}, PerPage: 100}
	if got, err := find(two); err != nil || !slices.Equal(got, []string{"p3", "p8"}) {
		t.Errorf("two values find %v, %v", got, err)
	}
}

// TestFilterProperty (SRCH-7, F57) checks with random values that a filter finds the
// products that have the value, and no others, whatever the values are.
func TestFilterProperty(t *testing.T) {
	put, find := filterable(t)
	plain := rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs, unicode.M)
	hard := rapid.RuneFrom([]rune("\\\"'%,[]= \t"))
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOfN(rapid.OneOf(plain, hard, hard), 1, 30, -1).Filter(func(s string) bool {
			return (catalog.Product{SKU: "p", Name: "n", Tags: []string{s}, Price: 1, Currency: "EUR"}).Validate() == nil
		})
		made++
		name := func(kind string) string { return fmt.Sprint(kind, made) }
		v, other := value.Draw(t, "value"), value.Draw(t, "other")
		d := catalog.Document{Name: "thing", Price: 1, Currency: "EUR", Version: 1}
		has, lacks := d, d
		has.SKU, has.Brand, has.Tags, has.Group = name("has"), v, []string{"x", v}, name("group")
		lacks.SKU, lacks.Brand, lacks.Tags, lacks.Group = name("lacks"), other, []string{other}, name("group")
		if err := put(has, lacks); err != nil {
			t.Fatal(err)
		}
		want := []string{has.SKU}
		if catalog.SameValue(v, other) {
			want = append(want, lacks.SKU)
		}
		for _, q := range []catalog.Query{{Brands: []string{v}}, {Tags: []string{v}}, {Tags: []string{"none of them", v}}} {
			q.Groups = []string{name("group")}
			if got, err := find(q); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%q beside %q: %+v finds %v, %v; want %v", v, other, q, got, err, want)
			}
		}
	})
}

// FuzzFilter (SRCH-7, F57) checks that a shopper's value finds the product that has
// it, and never becomes a condition.
func FuzzFilter(f *testing.F) {
	for _, v := range hardValues {
		f.Add(v)
	}
	put, find := filterable(f)
	f.Fuzz(func(t *testing.T, v string) {
		q, err := catalog.Query{Brands: []string{v}}.Checked()
		if err != nil || catalog.SameValue(v, "another brand altogether") || text.Clean(v) != v {
			return // refused before, or of no product
		}
		it := catalog.Document{SKU: "it", Name: "thing", Brand: v, Price: 1, Currency: "EUR", Version: 1}
		other := it
		other.SKU, other.Brand = "other", "another brand altogether"
		if err := put(it, other); err != nil {
			t.Fatal(err)
		}
		if got, err := find(q); err != nil || strings.Join(got, " ") != "it" {
			t.Fatalf("%q finds %v, %v", v, got, err)
		}
	})
}
