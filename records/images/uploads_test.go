package images_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/catalog"
	"purser/records"
	"purser/records/recordstest"
)

func TestUploads(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
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

// TestPublishedKey checks the key that the CDN check requests: an image that it
// should serve.
func TestPublishedKey(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		u, err := catalog.NewUpload("mug", "", "image/png", 9, "k", recordstest.Noon)
		if err != nil {
			t.Fatal(err)
		}
		begin := func() error { _, err := s.BeginUpload(t.Context(), u.ID); return err }
		u.UploadBy = u.UploadBy.AddDate(100, 0, 0) // noon is long past
		for _, step := range []func() error{
			func() error { return s.CreateUpload(t.Context(), u) },
			begin,
			func() error {
				return s.NoteRendition(t.Context(), u.ID, 1, 1, catalog.Rendition{Name: "large", Key: "images/x"})
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
		if key, err := s.PublishedKey(t.Context()); err != nil || key != "images/x" {
			t.Errorf("%q, %v", key, err)
		}
	})
}

// readyImage is a published image that the mug shows.
func readyImage(t *testing.T, s *records.Store) catalog.Upload {
	t.Helper()
	u := beganImage(t, s)
	if err := s.NoteRendition(t.Context(), u.ID, 1, 1, catalog.Rendition{Name: "large", Key: "images/" + u.ID}); err != nil {
		t.Fatal(err)
	}
	u, err := s.PublishUpload(t.Context(), u.ID, []string{"large"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func beganImage(t *testing.T, s *records.Store) catalog.Upload {
	t.Helper()
	u, err := catalog.NewUpload("mug", "", "image/png", 9, "k", time.Now())
	if err == nil {
		err = s.CreateUpload(t.Context(), u)
	}
	if err == nil {
		u, err = s.BeginUpload(t.Context(), u.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// changeMug makes one change of the mug.
func changeMug(t *testing.T, s *records.Store, c catalog.Change) catalog.Changed {
	t.Helper()
	all, err := s.ChangeProduct(t.Context(), "mug", []catalog.Change{c})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// TestImageNeverReturns (IMG-9) checks that a delayed message does not restore
// a deleted image to its product, and that an unpublished image is not shown.
func TestImageNeverReturns(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		ready, working := readyImage(t, s), beganImage(t, s)
		add := func(id string, u catalog.Upload) catalog.Changed {
			p := u.Published()
			return changeMug(t, s, catalog.Change{ID: id, AddImage: &p})
		}
		if c := add("1", ready); c.Err != nil || !c.Product.Shows(ready.ID) {
			t.Fatalf("published: %+v", c)
		}
		if c := add("2", working); !errors.Is(c.Err, catalog.ErrInvalid) {
			t.Errorf("not published: %+v", c)
		}
		if _, err := s.DeleteUpload(t.Context(), ready.ID); err != nil {
			t.Fatal(err)
		}
		if c := changeMug(t, s, catalog.Change{ID: "3", DropImage: ready.ID}); c.Err != nil || c.Product.Shows(ready.ID) {
			t.Errorf("dropped: %+v", c)
		}
		if c := add("4", ready); !errors.Is(c.Err, catalog.ErrInvalid) {
			t.Errorf("after it was dropped: %+v", c)
		}
	})
}

// TestDeletedProductsImages (IMG-4) checks that no image of a deleted product
// stays public, whatever was being done to it, and that another product's image
// stays.
func TestDeletedProductsImages(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := recordstest.Shop(t, open)
		ready, working := readyImage(t, s), beganImage(t, s)
		if err := s.NoteRendition(t.Context(), working.ID, 1, 1, catalog.Rendition{Name: "large", Key: "images/" + working.ID}); err != nil {
			t.Fatal(err)
		}
		if c := changeMug(t, s, catalog.Change{ID: "none", Delete: true, IfVersion: new(int64)}); !errors.Is(c.Err, catalog.ErrVersion) {
			t.Fatalf("refused: %+v", c)
		}
		if ids, err := s.DeletingUploads(t.Context(), "mug", 10); err != nil || len(ids) != 0 {
			t.Errorf("after a change that was refused: %v, %v", ids, err)
		}
		never, err := catalog.NewUpload("mug", "", "image/gif", 1, "shop", time.Now().Add(-24*time.Hour))
		if err == nil {
			err = s.CreateUpload(t.Context(), never)
		}
		if err == nil {
			err = s.ExpireUploads(t.Context(), time.Now().Add(-time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
		if c := changeMug(t, s, catalog.Change{ID: "delete", Delete: true}); c.Err != nil {
			t.Fatal(c.Err)
		}
		ids, err := s.DeletingUploads(t.Context(), "mug", 10) // there is nothing of what was never sent
		if want := []string{ready.ID, working.ID}; err != nil || !slices.Equal(ids, want) {
			t.Errorf("to be deleted: %v, %v, want %v", ids, err, want)
		}
		for id, shown := range map[string]bool{ready.ID: true, working.ID: false} {
			if u, err := s.Upload(t.Context(), id); err != nil || u.Status != catalog.Deleting || u.Shown() != shown {
				t.Errorf("%+v, %v, want it shown: %t", u, err, shown)
			}
		}
		// The product comes back without its images.
		mug := catalog.Product{SKU: "mug", Name: "Mug", Price: 1450, Currency: "EUR"}
		if c := changeMug(t, s, catalog.Change{ID: "put", Put: &mug}); c.Err != nil || len(c.Product.Images) != 0 {
			t.Errorf("put again: %+v", c)
		}
	})
}
