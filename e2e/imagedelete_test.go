package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"purser/catalog"
	"purser/images"
	"purser/shop"
)

// TestImagesDeletedUnderKills (IMG-4, IMG-9, RES-13): deleted images, and the images
// of a deleted product, disappear with all their files although the program is
// killed in the meantime; no link ever leads to a file that is gone.
func TestImagesDeletedUnderKills(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	skus := []string{"mug-blue", "tea-assam", "kettle-steel", "last-lamp"}
	var all []shop.Image
	for _, sku := range append(skus, "bowl-hagi") {
		p, err := s.shop.AddImage(within(t), sku, "", "image/jpeg", images.Sample(sku))
		if err != nil {
			t.Fatal(err)
		}
		s.shows(t, p)
		all = append(all, p)
	}
	err := retry(within(t), func() error {
		if n := len(s.listed(t)); n != len(all) {
			return fmt.Errorf("%d images are indexed", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kept, all := all[len(all)-1], all[:len(all)-1]
	for _, p := range all[:3] {
		if d, err := s.shop.DeleteImage(within(t), p.ID); err != nil || d.Status != catalog.Deleting {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	if err := s.shop.DeleteProduct(within(t), "last-lamp", -1, ""); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
	}
	deleted := func(p shop.Image) bool {
		s.leadsSomewhere(t)
		return p.Status == catalog.Deleted
	}
	for range 2 {
		s.kill()
		s.start()
		s.awaitImages(t, ids, deleted, 1)
	}
	s.awaitImages(t, ids, deleted, len(ids))
	for _, p := range all {
		if resp, err := http.Get(s.at.API + p.Renditions[0].Address); err != nil || resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v, %v", p.Renditions[0].Address, resp, err)
		}
		if left := s.filesOf(t, p.ID); len(left) > 0 {
			t.Errorf("left of %s: %v", p.ID, left)
		}
		if d, err := s.shop.DeleteImage(within(t), p.ID); err != nil || d.Status != catalog.Deleted {
			t.Errorf("deleted twice: %+v, %v", d, err)
		}
	}
	for _, sku := range skus[:3] {
		if p, err := s.shop.Product(within(t), sku); err != nil || len(p.Images) != 0 {
			t.Errorf("%s shows %+v, %v", sku, p.Images, err)
		}
	}
	s.shows(t, kept)
	if left := s.filesOf(t, kept.ID); len(left) != len(images.Sizes())+1 {
		t.Errorf("kept of %s: %v", kept.ID, left)
	}
	s.agrees(t)
	if listed := s.listed(t); len(listed) != 1 || !listed["/"+catalog.RenditionPrefix+kept.ID] {
		t.Errorf("the search shows %v", listed)
	}
	if _, err := s.shop.DeleteImage(within(t), "img_none"); problem(t, err).Code != "not_found" {
		t.Errorf("an unknown image: %v", err)
	}
}

// listed returns the images that the search shows, each by the folder of its
// sizes.
func (s *stack) listed(t *testing.T) map[string]bool {
	t.Helper()
	folders := map[string]bool{}
	for _, address := range s.addresses(t) {
		folders[address[:strings.LastIndexByte(address, '/')]] = true
	}
	return folders
}

// addresses returns the paths of all images that the search shows, below the API.
func (s *stack) addresses(t *testing.T) (all []string) {
	t.Helper()
	var r catalog.Results
	err := retry(within(t), func() (err error) {
		r, err = s.shop.Search(t.Context(), url.Values{"perPage": {"48"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range r.Hits {
		for _, address := range append(h.Images, h.Thumbnail) {
			if u, err := url.Parse(address); err == nil && address != "" {
				all = append(all, u.Path)
			}
		}
	}
	return all
}

// leadsSomewhere checks that every image that the search shows exists, unless the
// search no longer shows it.
func (s *stack) leadsSomewhere(t *testing.T) {
	t.Helper()
	for _, address := range s.addresses(t) {
		resp, err := http.Get(s.at.API + address)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			continue
		}
		for _, still := range s.addresses(t) {
			if still == address {
				t.Errorf("the search leads to %s: HTTP %d", address, resp.StatusCode)
			}
		}
	}
}

// filesOf returns the files of an image in the embedded store.
func (s *stack) filesOf(t *testing.T, id string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.dir, "sandbox", "objects"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was deleted during the walk
		}
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
