package e2e_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"purser/catalog"
)

// TestShopPage opens the sample shop in a browser: it shows products with their
// images, finds them as a shopper types, and no longer shows an image that was
// deleted (SRCH-6, IMG-9, IMG-10).
func TestShopPage(t *testing.T) {
	t.Parallel()
	s := newStack(t, []string{"PURSER_SAMPLE_IMAGES=true"})
	all := len(catalog.Sample())
	err := retry(within(t), func() error {
		r, err := s.shop.Search(t.Context(), url.Values{"perPage": {"48"}})
		with := 0
		for _, h := range r.Hits {
			with += len(h.Images)
		}
		if err == nil && with != all {
			err = fmt.Errorf("%d images are indexed", with)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b := browse(t)
	b.open(s.at.API+"/shop", "Blue enamel mug")
	b.imaged(all)
	b.shoot("shop")
	if shown := b.press("Nordkai (2)", "\n2 products in "); !strings.Contains(shown, "fisherman's shirt") || strings.Contains(shown, "Assam") {
		t.Errorf("of one brand:\n%s", shown)
	}
	b.press("Nordkai (2)", fmt.Sprint("\n", all, " products in "))
	b.enter("keetle") // mistyped
	shown := b.await("the search", "1 product in ")
	if !strings.Contains(shown, "Steel kettle") || !strings.Contains(shown, "€59.00") || strings.Contains(shown, "Assam") {
		t.Errorf("found:\n%s", shown)
	}
	b.imaged(1)
	b.shoot("shop-found")
	b.enter("zeppelin")
	b.await("the search", "0 products in ")
	vanilla := catalog.Product{SKU: "vanilla", Name: "Madagascar vanilla", Price: 4900, Currency: "MGA", OnHand: 5}
	if _, err := s.shop.PutProduct(within(t), vanilla, 0, ""); err != nil {
		t.Fatal(err)
	}
	s.finds(t, "madagascar", isThere)
	b.enter("madagascar")
	if shown := b.await("the search", "1 product in "); !strings.Contains(shown, "4,900") { // browsers would take the amount to have two decimals
		t.Errorf("the price in ariary:\n%s", shown)
	}
	b.enter("zeppelin")
	b.await("the search", "0 products in ")

	images, err := s.shop.Images(within(t), "kettle-steel")
	if err != nil || len(images) != 1 {
		t.Fatalf("%+v, %v", images, err)
	}
	if code, stdout, stderr := run(t, []string{"PURSER_DATA=" + s.dir}, "image", "delete", images[0].ID); code != 0 || !strings.Contains(stdout, "deleted of kettle-steel") {
		t.Fatalf("delete: %d %s %s", code, stdout, stderr)
	}
	b.enter("kettle")
	b.await("the search", "1 product in ")
	b.imaged(0)
	b.clean(s.at.API, s.at.Sandbox)
}

// enter puts text into the page's search box, as if a shopper had typed it.
func (b *tab) enter(text string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
		`(() => { const i = document.querySelector("input"); i.value = `+strconv.Quote(text)+`; i.dispatchEvent(new Event("input")); return true })()`)); err != nil {
		b.t.Fatal(err)
	}
}

// imaged waits until the page shows n images, all of them loaded.
func (b *tab) imaged(n int) {
	b.t.Helper()
	loaded, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`(async () => {
		const all = [...document.querySelectorAll("img")];
		for (const i of all) { i.loading = "eager"; await i.decode(); }
		return all.filter(i => i.naturalWidth > 0).length;
	})()`, chromedp.EvalAwaitPromise))
	if err != nil || loaded != n {
		b.t.Errorf("the page shows %d images, %v; want %d", loaded, err, n)
	}
}
