package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/activities/products"
	"purser/catalog"
)

// CatalogueBench is the record of products under test.
type CatalogueBench interface {
	products.Products
	products.Listings
	products.Revisions
	products.DueProducts
}

// CatalogueTest is a bench with functions that change its stock as orders do.
type CatalogueTest struct {
	CatalogueBench
	// Reserve reserves pieces; it returns false if there are too few.
	Reserve func(t *testing.T, sku string, n int64) bool
	// Later moves the record's clock forward.
	Later func(d time.Duration)
}

// Catalogue checks a record of products. open returns an empty one.
func Catalogue(t *testing.T, open func(t *testing.T) CatalogueTest) {
	for name, check := range map[string]func(*testing.T, CatalogueTest){
		"SRCH-3 a product that was put can be read and is due":              putsProduct,
		"IDEM-1 a change is applied once":                                   changesOnce,
		"IDEM-6 a change for another version is refused":                    changesVersion,
		"ORD-7 reserved stock stays reserved":                               leavesReserved,
		"SRCH-3 F55 a deleted product is due, and its versions continue":    deletesProduct,
		"a refused change does not stop the others":                         refusesChange,
		"SEC-7 no two products look the same":                               refusesLookalike,
		"SRCH-5 a product that changes while it is indexed is reported":     reportsChanged,
		"SRCH-3 F52 a product whose stock changes is due at once, and once": stockIsDue,
		"SRCH-3 a change is due if its workflow does not index it":          changeIsDue,
		"SRCH-11 revisions are listed in pages":                             revisionPages,
		"SRCH-3 F52 the product that has waited longest is due first":       longestFirst,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

// ProductOf returns a plain product with ten pieces on hand.
func ProductOf(sku string) catalog.Product {
	return catalog.Product{SKU: sku, Name: "Thing " + sku, Price: 1000, Currency: "EUR", OnHand: 10, Tags: []string{"plain"}, Options: map[string]string{"size": "M"}}
}

// PutOf returns a change that puts a plain product.
func PutOf(id, sku string) catalog.Change {
	p := ProductOf(sku)
	return catalog.Change{ID: id, Actor: "key:ops", Put: &p}
}

// change makes changes and checks the outcome of the last one.
func (c CatalogueTest) change(t *testing.T, sku string, want error, changes ...catalog.Change) catalog.Stocked {
	t.Helper()
	all, err := c.ChangeProduct(t.Context(), sku, changes)
	if err != nil || len(all) != len(changes) {
		t.Fatalf("%d of %d changes ended: %v", len(all), len(changes), err)
	}
	last := all[len(all)-1]
	if !errors.Is(last.Err, want) {
		t.Fatalf("ended with %v, want %v", last.Err, want)
	}
	return last.Product
}

func (c CatalogueTest) now(t *testing.T, sku string) catalog.Stocked {
	t.Helper()
	all, err := c.Stocked(t.Context(), []string{sku, "never"})
	if err != nil {
		t.Fatal(err)
	}
	if _, found := all["never"]; found {
		t.Error("a product that never existed was found")
	}
	return all[sku]
}

func (c CatalogueTest) wantDue(t *testing.T, want ...string) {
	t.Helper()
	got, err := c.DueProducts(t.Context(), 30*time.Second, 100)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("due: %q, want %q", got, want)
	}
}

func putsProduct(t *testing.T, c CatalogueTest) {
	p := c.change(t, "a", nil, PutOf("1", "a"))
	if p.Version != 1 || p.Revision < 1 || p.Available != 10 || p.Added == 0 || p.Options["size"] != "M" {
		t.Errorf("put: %+v", p)
	}
	if got := c.now(t, "a"); got.Revision != p.Revision || got.Name != "Thing a" || len(got.Tags) != 1 {
		t.Errorf("read: %+v", got)
	}
	image := catalog.Image{ID: "pic-1", Renditions: []catalog.Rendition{{Name: "small", Key: "k"}}}
	p = c.change(t, "a", nil, catalog.Change{ID: "2", AddImage: &image}, PutOf("3", "a"), catalog.Change{ID: "4", Price: &catalog.Price{Amount: 900}})
	if p.Version != 4 || p.Price != 900 || p.Currency != "EUR" || len(p.Images) != 1 {
		t.Errorf("changed: %+v", p)
	}
}

func changesOnce(t *testing.T, c CatalogueTest) {
	c.change(t, "a", nil, PutOf("1", "a"))
	more := catalog.Change{ID: "2", Receive: 5}
	c.change(t, "a", nil, more)
	c.change(t, "a", nil, catalog.Change{ID: "3", Receive: 1})
	if p := c.change(t, "a", nil, more, more); p.OnHand != 16 || p.Version != 3 {
		t.Errorf("repeated: %+v", p)
	}
	c.change(t, "a", catalog.ErrOtherChange, catalog.Change{ID: "2", Receive: 7})
	if p := c.now(t, "a"); p.OnHand != 16 {
		t.Errorf("on hand: %d", p.OnHand)
	}
}

func changesVersion(t *testing.T, c CatalogueTest) {
	at := func(v int64) *int64 { return &v }
	first := PutOf("1", "a")
	first.IfVersion = at(0)
	p := c.change(t, "a", nil, first)
	again := PutOf("2", "a")
	again.IfVersion = at(0)
	c.change(t, "a", catalog.ErrVersion, again)
	c.change(t, "a", nil, catalog.Change{ID: "3", Receive: 1, IfVersion: at(1)})
	c.change(t, "a", catalog.ErrVersion, catalog.Change{ID: "4", Receive: 1, IfVersion: at(1)})
	c.change(t, "a", catalog.ErrVersion, catalog.Change{ID: "5", Receive: 1, IfVersion: at(2), IfRevision: at(p.Revision)})
	c.change(t, "a", catalog.ErrVersion, catalog.Change{ID: "4", Receive: 1, IfVersion: at(1)}) // it was refused and is refused again
	c.change(t, "b", catalog.ErrNotFound, catalog.Change{ID: "6", Receive: 1})
}

func leavesReserved(t *testing.T, c CatalogueTest) {
	c.change(t, "a", nil, PutOf("1", "a"))
	if !c.Reserve(t, "a", 6) {
		t.Fatal("6 of 10 could not be reserved")
	}
	count := func(n int64) *int64 { return &n }
	c.change(t, "a", catalog.ErrReserved, catalog.Change{ID: "2", OnHand: count(5)})
	c.change(t, "a", catalog.ErrReserved, catalog.Change{ID: "3", Receive: -5})
	if p := c.change(t, "a", nil, catalog.Change{ID: "4", OnHand: count(6)}); p.Available != 0 || p.OnHand != 6 {
		t.Errorf("counted: %+v", p)
	}
	if c.Reserve(t, "a", 1) {
		t.Error("oversold")
	}
	// An older description does not restore the stock.
	if p := c.change(t, "a", nil, PutOf("5", "a")); p.OnHand != 6 {
		t.Errorf("put: %+v", p)
	}
}

func deletesProduct(t *testing.T, c CatalogueTest) {
	was := c.change(t, "a", nil, PutOf("1", "a"))
	c.change(t, "a", nil, catalog.Change{ID: "2", Delete: true})
	gone := c.now(t, "a")
	if !gone.Deleted || gone.ForSale() || gone.Revision <= was.Revision {
		t.Errorf("deleted: %+v", gone)
	}
	c.change(t, "a", catalog.ErrNotFound, catalog.Change{ID: "3", Delete: true})
	back := c.change(t, "a", nil, PutOf("4", "a"))
	if back.Deleted || back.Version <= gone.Version-1 || back.Revision <= gone.Revision || back.OnHand != 10 {
		t.Errorf("put again: %+v", back)
	}
}

func refusesChange(t *testing.T, c CatalogueTest) {
	bad := PutOf("2", "a")
	bad.Put.Price = -1
	all, err := c.ChangeProduct(t.Context(), "a", []catalog.Change{PutOf("1", "a"), bad, {ID: "3", Receive: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, catalog.ErrInvalid, nil} {
		if !errors.Is(all[i].Err, want) || all[i].ID != fmt.Sprint(i+1) {
			t.Errorf("change %s: %v, want %v", all[i].ID, all[i].Err, want)
		}
	}
	if p := c.now(t, "a"); p.OnHand != 11 || p.Price != 1000 || p.Version != 2 {
		t.Errorf("ended as %+v", p)
	}
}

func refusesLookalike(t *testing.T, c CatalogueTest) {
	c.change(t, "A-1", nil, PutOf("1", "A-1"))
	for i, sku := range []string{"a-1", "\u0410-1", "A\u20111", "\uff21-1"} { // a small, a Cyrillic and a wide letter, another hyphen
		all, err := c.ChangeProduct(t.Context(), sku, []catalog.Change{PutOf(fmt.Sprint("new-", i), sku)})
		if err != nil || !errors.Is(all[0].Err, catalog.ErrInvalid) || !strings.Contains(all[0].Err.Error(), `looks like the product "A-1"`) {
			t.Errorf("%q: %+v %v", sku, all, err)
		}
	}
	c.change(t, "A-1", nil, PutOf("2", "A-1")) // it does not look like itself
	c.change(t, "a_1", nil, PutOf("1", "a_1"))
	// A deleted product is in nobody's way, until it comes back.
	c.change(t, "A-1", nil, catalog.Change{ID: "3", Delete: true})
	c.change(t, "a-1", nil, PutOf("2", "a-1"))
	c.change(t, "A-1", catalog.ErrInvalid, PutOf("4", "A-1"))
}

func (c CatalogueTest) markIndexed(t *testing.T, sku string, revision int64) []string {
	t.Helper()
	moved, err := c.RecordIndexed(t.Context(), map[string]int64{sku: revision})
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

func reportsChanged(t *testing.T, c CatalogueTest) {
	was := c.change(t, "a", nil, PutOf("1", "a"))
	c.Reserve(t, "a", 1)
	if moved := c.markIndexed(t, "a", was.Revision); !slices.Equal(moved, []string{"a"}) {
		t.Errorf("changed in the meantime: %q", moved)
	}
	c.wantDue(t, "a")
	if moved := c.markIndexed(t, "a", c.now(t, "a").Revision); len(moved) > 0 {
		t.Errorf("changed in the meantime: %q", moved)
	}
	c.Later(time.Hour)
	c.wantDue(t)
}

func stockIsDue(t *testing.T, c CatalogueTest) {
	p := c.change(t, "a", nil, PutOf("1", "a"))
	c.change(t, "b", nil, PutOf("1", "b"))
	c.markIndexed(t, "a", p.Revision)
	c.Reserve(t, "a", 1)
	c.Reserve(t, "a", 1)
	c.wantDue(t, "a")
	c.wantDue(t) // another sweep has taken it
	c.Reserve(t, "a", 1)
	c.wantDue(t, "a") // its stock changed again
	c.Later(31 * time.Second)
	c.wantDue(t, "a") // the sweep that had taken it died
	if p := c.now(t, "a"); p.Available != 7 || p.Version != 1 {
		t.Errorf("after the reservations: %+v", p)
	}
}

func longestFirst(t *testing.T, c CatalogueTest) {
	for _, sku := range []string{"c", "a", "b"} {
		c.change(t, sku, nil, PutOf("1", sku))
		c.Later(10 * time.Second)
	}
	c.Later(time.Hour)
	for _, want := range []string{"c", "a", "b"} {
		if got, err := c.DueProducts(t.Context(), time.Hour, 1); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("due: %q %v, want %s", got, err, want)
		}
	}
}

func changeIsDue(t *testing.T, c CatalogueTest) {
	c.change(t, "a", nil, PutOf("1", "a"))
	c.wantDue(t)
	c.Later(2 * time.Minute)
	c.wantDue(t, "a")
}

func revisionPages(t *testing.T, c CatalogueTest) {
	for i := range 5 {
		c.change(t, fmt.Sprint("s", i), nil, PutOf("1", fmt.Sprint("s", i)))
	}
	off := true
	c.change(t, "s1", nil, catalog.Change{ID: "2", Inactive: &off})
	c.change(t, "s3", nil, catalog.Change{ID: "2", Delete: true})
	var got []catalog.Revision
	for after := ""; ; after = got[len(got)-1].SKU {
		page, err := c.RevisionsAfter(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	for i, r := range got {
		if r.SKU != fmt.Sprint("s", i) || r.ForSale != (i != 1 && i != 3) || r.Revision != c.now(t, r.SKU).Revision || !r.Due {
			t.Errorf("%+v", r)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d revisions", len(got))
	}
	some, err := c.Revisions(t.Context(), []string{"s2", "never"})
	if err != nil || len(some) != 1 || !some["s2"].ForSale {
		t.Errorf("revisions: %+v %v", some, err)
	}
	changed, err := c.ChangedSince(context.Background(), time.Now().Add(-time.Hour), "s2", 10)
	if err != nil || !slices.Equal(changed, []string{"s3", "s4"}) {
		t.Errorf("changed: %q %v", changed, err)
	}
}
