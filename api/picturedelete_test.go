package api_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"purser/catalog"
)

// ready is a picture that is published, and the key of one of its sizes.
func (s *shop) ready(t *testing.T, d *desk) (p pictureBody, key string) {
	t.Helper()
	p, u := askPicture(t, s)
	d.Send(u.Fields["key"], "image/jpeg", []byte("jpeg"))
	if a := s.ask("POST", "/v1/pictures/"+p.ID+"/complete", shopKey, ""); a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.body)
	}
	keys := s.make(t, p.ID)
	if _, err := s.store.PublishUpload(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	return p, keys[0]
}

// TestDeletePicture (IMG-3, IMG-9, API-2): whoever sent a picture, or an
// operator, has it deleted, however often they ask; until its product lets go
// of it, its address works, and then it does not.
func TestDeletePicture(t *testing.T) {
	t.Parallel()
	s, d := setUpPictures(t)
	p, key := s.ready(t, d)
	path := "/v1/pictures/" + p.ID
	for name, tt := range map[string]struct {
		key, path string
		status    int
		code      string
	}{
		"nobody":      {"", path, 401, "unauthorized"},
		"a viewer":    {viewerKey, path, 403, "forbidden"},
		"another key": {"other-secret-0123456789", path, 403, "forbidden"},
		"no picture":  {shopKey, "/v1/pictures/pic_none", 404, "not_found"},
	} {
		if pr := s.ask("DELETE", tt.path, tt.key, "").problem(t); pr.Status != tt.status || pr.Code != tt.code {
			t.Errorf("%s: %+v", name, pr)
		}
	}
	if len(d.discarded) != 0 {
		t.Errorf("deleted: %v", d.discarded)
	}
	for _, key := range []string{shopKey, operatorKey} {
		a := s.ask("DELETE", path, key, "")
		var got pictureBody
		a.into(t, &got)
		if a.status != http.StatusAccepted || got.Status != catalog.Deleting || a.header.Get("Retry-After") != "1" || len(got.Renditions) != 0 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if !slices.Equal(d.discarded, []string{p.ID, p.ID}) {
		t.Errorf("deleted: %v", d.discarded)
	}
	if a := s.ask("GET", "/"+key, "", ""); a.status != http.StatusFound {
		t.Errorf("while its product shows it: %d", a.status)
	}
	if pr := s.ask("GET", path+"/original", operatorKey, "").problem(t); pr.Code != "not_found" {
		t.Errorf("its original: %+v", pr)
	}
	if pr := s.ask("POST", path+"/complete", shopKey, "").problem(t); pr.Code != "upload_over" {
		t.Errorf("completed again: %+v", pr)
	}
	if err := s.store.HideUpload(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if a := s.ask("GET", "/"+key, "", ""); a.status != http.StatusNotFound || a.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("hidden: %d %v", a.status, a.header)
	}
	if err := s.store.UploadDeleted(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	a := s.ask("DELETE", path, shopKey, "")
	var got pictureBody
	a.into(t, &got)
	if a.status != http.StatusOK || got.Status != catalog.Deleted || len(d.discarded) != 2 {
		t.Errorf("once it is gone: %d %s", a.status, a.body)
	}
	var list struct{ Pictures []pictureBody }
	s.ask("GET", "/v1/products/mug-blue/pictures", viewerKey, "").into(t, &list)
	if len(list.Pictures) != 0 {
		t.Errorf("listed: %+v", list)
	}
}

// TestDeletePicture_engine_away: the record has it, whatever the caller is
// told; asking again, or the sweep, starts it.
func TestDeletePicture_engine_away(t *testing.T) {
	t.Parallel()
	s, d := setUpPictures(t)
	p, _ := s.ready(t, d)
	d.fail = errors.New("secret details")
	if pr := s.ask("DELETE", "/v1/pictures/"+p.ID, shopKey, "").problem(t); pr.Status != http.StatusInternalServerError {
		t.Errorf("%+v", pr)
	}
	if u, err := s.store.Upload(t.Context(), p.ID); err != nil || u.Status != catalog.Deleting {
		t.Errorf("%+v, %v", u, err)
	}
	d.fail = nil
	if a := s.ask("DELETE", "/v1/pictures/"+p.ID, shopKey, ""); a.status != http.StatusAccepted {
		t.Errorf("again: %d %s", a.status, a.body)
	}
}
