package e2e_test

import (
	"testing"

	"purser/catalog"
	"purser/images"
)

// TestKeysInAnyScript: a product is changed, shown, searched and deleted, and its images
// are published, in whatever script its SKU is (SEC-7, SRCH-3, IMG-9).
func TestKeysInAnyScript(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	ctx := within(t)
	for i, sku := range []string{"café-1", "zzé", "ばら/2", "50%-Ёж", "\U0001f375"} {
		words := []string{"kestrel", "osprey", "merlin", "harrier", "goshawk"}[i]
		p := catalog.Product{SKU: sku, Name: words, Price: 4200, Currency: "EUR", OnHand: 5}
		put, err := s.shop.PutProduct(ctx, p, 0, "")
		if err != nil || put.SKU != sku {
			t.Fatalf("%s: put: %+v %v", sku, put, err)
		}
		if p, err := s.shop.PatchProduct(ctx, sku, map[string]any{"price": 4300}, put.Version, ""); err != nil || p.Price != 4300 {
			t.Errorf("%s: patched: %+v %v", sku, p, err)
		}
		image, err := s.shop.AddImage(ctx, sku, "", "image/jpeg", images.Sample("mug-blue"))
		if err != nil || image.Status != catalog.Ready {
			t.Fatalf("%s: image %+v %v", sku, image, err)
		}
		s.shows(t, image)
		s.finds(t, words, func(d *catalog.Document) bool {
			return d != nil && d.SKU == sku && d.Price == 4300 && len(d.Images) == 1 && d.Thumbnail != ""
		})
		if _, err := s.shop.Place(ctx, wish(sku, 1, "EUR"), ""); err != nil {
			t.Errorf("%s: ordered: %v", sku, err)
		}
	}
	if err := s.shop.DeleteProduct(ctx, "\u007a\u007ae\u0301", -1, ""); err != nil { // decomposed
		t.Errorf("deleted: %v", err)
	}
	if _, err := s.shop.Product(ctx, "zz\u00e9"); problem(t, err).Code != "not_found" {
		t.Errorf("the product after that: %v", err)
	}
	s.agrees(t)
}
