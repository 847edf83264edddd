package images_test

import (
	"net/http"
	"path"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/catalog"
)

// TestImageKeysAreSecret proves IMG-5 and IMG-7: nothing that the public or a
// viewer can read reveals where an original is. The id is in every address of
// the image, but a key holds 128 more random bits. The API itself serves none
// of the private folders.
func TestImageKeysAreSecret(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	p, key := ready(t, s, d)
	u, err := s.Store.Upload(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	secret := path.Base(u.OriginalKey())
	if len(secret) != 26 || strings.Contains(u.ID, secret) || u.OriginalKey() != catalog.OriginalPrefix+u.ID+"/"+secret || u.QuarantineKey() != catalog.QuarantinePrefix+u.ID+"/"+secret {
		t.Errorf("%s, %s", u.OriginalKey(), u.QuarantineKey())
	}
	other, _ := beginUpload(t, s)
	if o, err := s.Store.Upload(t.Context(), other.ID); err != nil || path.Base(o.OriginalKey()) == secret {
		t.Errorf("%+v, %v: two images have the same secret", o, err)
	}
	for _, r := range []struct{ target, key string }{
		{target: "/v1/images/" + p.ID, key: apitest.ViewerKey},
		{target: "/v1/images/" + p.ID, key: apitest.ShopKey},
		{target: "/v1/products/mug-blue/images", key: apitest.ViewerKey},
		{target: "/v1/products", key: apitest.ViewerKey},
		{target: "/" + key},
	} {
		a := s.Ask("GET", r.target, r.key, "")
		if a.Status >= 400 || strings.Contains(string(a.Body)+a.Header.Get("Location"), secret) {
			t.Errorf("%s: %d %v %s", r.target, a.Status, a.Header, a.Body)
		}
	}
	for _, private := range []string{u.OriginalKey(), u.QuarantineKey(), u.Key} {
		for _, target := range []string{"/" + private, "/images/" + u.ID + "/..%2f..%2f" + private, "/images/" + u.ID + "/" + secret} {
			if a := s.Ask("GET", target, "", ""); a.Status != http.StatusNotFound {
				t.Errorf("%s: %d %v", target, a.Status, a.Header)
			}
		}
	}
}
