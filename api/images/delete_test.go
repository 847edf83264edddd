package images_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"purser/api/apitest"
	"purser/catalog"
)

// ready returns a published image and the key of one of its renditions.
func ready(t *testing.T, s *apitest.Shop, d *apitest.ImageStore) (p imageBody, key string) {
	t.Helper()
	p, u := beginUpload(t, s)
	d.Send(u.Fields["key"], "image/jpeg", []byte("jpeg"))
	if a := s.Ask("POST", "/v1/images/"+p.ID+"/complete", apitest.ShopKey, ""); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	keys := recordRenditions(t, s, p.ID)
	if _, err := s.Store.PublishUpload(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	return p, keys[0]
}

// TestDeleteImage proves IMG-3, IMG-9 and API-2: the key that uploaded an
// image, or an operator's, has it deleted, however often it requests that; the
// image's address works until its product no longer refers to it.
func TestDeleteImage(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	p, key := ready(t, s, d)
	path := "/v1/images/" + p.ID
	for name, tt := range map[string]struct {
		key, path string
		status    int
		code      string
	}{
		"nobody":      {path: path, status: 401, code: "unauthorized"},
		"a viewer":    {key: apitest.ViewerKey, path: path, status: 403, code: "forbidden"},
		"another key": {key: "other-secret-0123456789", path: path, status: 403, code: "forbidden"},
		"no image":    {key: apitest.ShopKey, path: "/v1/images/img_none", status: 404, code: "not_found"},
	} {
		if pr := s.Ask("DELETE", tt.path, tt.key, "").Problem(t); pr.Status != tt.status || pr.Code != tt.code {
			t.Errorf("%s: %+v", name, pr)
		}
	}
	if len(d.Deleted) != 0 {
		t.Errorf("deleted: %v", d.Deleted)
	}
	for _, key := range []string{apitest.ShopKey, apitest.OperatorKey} {
		a := s.Ask("DELETE", path, key, "")
		var got imageBody
		a.Into(t, &got)
		if a.Status != http.StatusAccepted || got.Status != catalog.Deleting || a.Header.Get("Retry-After") != "1" || len(got.Renditions) != 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if !slices.Equal(d.Deleted, []string{p.ID, p.ID}) {
		t.Errorf("deleted: %v", d.Deleted)
	}
	if a := s.Ask("GET", "/"+key, "", ""); a.Status != http.StatusFound {
		t.Errorf("while its product refers to it: %d", a.Status)
	}
	if pr := s.Ask("GET", path+"/original", apitest.OperatorKey, "").Problem(t); pr.Code != "not_found" {
		t.Errorf("link to the original: %+v", pr)
	}
	if pr := s.Ask("POST", path+"/complete", apitest.ShopKey, "").Problem(t); pr.Code != "upload_over" {
		t.Errorf("completed again: %+v", pr)
	}
	if err := s.Store.HideUpload(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if a := s.Ask("GET", "/"+key, "", ""); a.Status != http.StatusNotFound || a.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("once its product does not refer to it: %d %v", a.Status, a.Header)
	}
	if err := s.Store.UploadDeleted(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	a := s.Ask("DELETE", path, apitest.ShopKey, "")
	var got imageBody
	a.Into(t, &got)
	if a.Status != http.StatusOK || got.Status != catalog.Deleted || len(d.Deleted) != 2 {
		t.Errorf("once it is deleted: %d %s", a.Status, a.Body)
	}
	var list struct{ Images []imageBody }
	s.Ask("GET", "/v1/products/mug-blue/images", apitest.ViewerKey, "").Into(t, &list)
	if len(list.Images) != 0 {
		t.Errorf("listed: %+v", list)
	}
}

// TestDeleteImage_engine_down checks that the record has the deletion even if
// its workflow could not be started; repeating the request, or the sweep,
// starts it.
func TestDeleteImage_engine_down(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	p, _ := ready(t, s, d)
	d.Fail = errors.New("secret details")
	if pr := s.Ask("DELETE", "/v1/images/"+p.ID, apitest.ShopKey, "").Problem(t); pr.Status != http.StatusInternalServerError {
		t.Errorf("%+v", pr)
	}
	if u, err := s.Store.Upload(t.Context(), p.ID); err != nil || u.Status != catalog.Deleting {
		t.Errorf("%+v, %v", u, err)
	}
	d.Fail = nil
	if a := s.Ask("DELETE", "/v1/images/"+p.ID, apitest.ShopKey, ""); a.Status != http.StatusAccepted {
		t.Errorf("repeated: %d %s", a.Status, a.Body)
	}
}
