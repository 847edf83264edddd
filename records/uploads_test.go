package records_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/records"
)

func TestUploads(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		porttest.Uploads(t, func(t *testing.T) porttest.UploadBench {
			s := open(t)
			products := []catalog.Product{
				{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR", OnHand: 100},
				{SKU: "tea", Name: "Tea", Price: 890, Currency: "EUR", OnHand: 100},
			}
			if err := s.PutProducts(t.Context(), products); err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
}

// TestPublishedKey is what the CDN is asked for: something it should show.
func TestPublishedKey(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := shop(t, open)
		u, err := catalog.NewUpload("mug", "", "image/png", 9, "k", noon)
		if err != nil {
			t.Fatal(err)
		}
		begin := func() error { _, err := s.BeginUpload(t.Context(), u.ID); return err }
		u.UploadBy = u.UploadBy.AddDate(100, 0, 0) // noon is long past
		for _, step := range []func() error{
			func() error { return s.CreateUpload(t.Context(), u) },
			begin,
			func() error {
				return s.NoteRendition(t.Context(), u.ID, 1, 1, catalog.Rendition{Name: "large", Key: "pictures/x"})
			},
		} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
			if key, err := s.PublishedKey(t.Context()); err != nil || key != "" {
				t.Fatalf("published before it is: %q, %v", key, err)
			}
		}
		if _, err := s.PublishUpload(t.Context(), u.ID, []string{"large"}); err != nil {
			t.Fatal(err)
		}
		if key, err := s.PublishedKey(t.Context()); err != nil || key != "pictures/x" {
			t.Errorf("%q, %v", key, err)
		}
	})
}
