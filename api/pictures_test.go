package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/api"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

// desk stands in for the store's signatures and for the workflow.
type desk struct {
	fake.Objects
	started   []string
	discarded []string
	fail      error
	expires   time.Time
}

func (d *desk) SignPost(_ context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	return catalog.SignedUpload{Method: "POST", URL: "https://store.example/", Fields: map[string]string{"key": o.Key, "Content-Type": o.Type}, Expires: time.Now().Add(within)}, d.fail
}

func (d *desk) SignPut(_ context.Context, o catalog.Object, within time.Duration) (catalog.SignedUpload, error) {
	return catalog.SignedUpload{Method: "PUT", URL: "https://store.example/" + o.Key, Headers: map[string]string{"Content-Type": o.Type}, Expires: time.Now().Add(within)}, d.fail
}

func (d *desk) ShowObject(_ context.Context, key string) (catalog.Link, error) {
	return catalog.Link{URL: "https://cdn.example/" + key, Expires: d.expires}, d.fail
}

func (d *desk) ShowPrivate(_ context.Context, key string, within time.Duration) (catalog.Link, error) {
	return catalog.Link{URL: "https://private.example/" + key, Expires: time.Now().Add(within)}, d.fail
}

func (d *desk) StartPicture(_ context.Context, id, _ string) error {
	d.started = append(d.started, id)
	return d.fail
}

func (d *desk) DeletePicture(_ context.Context, id, _ string) error {
	d.discarded = append(d.discarded, id)
	return d.fail
}

func setUpPictures(t *testing.T) (*shop, *desk) {
	t.Helper()
	d := &desk{}
	others, err := httpkit.ParseKeys("other:shop:other-secret-0123456789")
	if err != nil {
		t.Fatal(err)
	}
	return setUp(t, func(c *api.Config, store *records.Store) {
		c.Keys = append(c.Keys, others...)
		c.Images = &images.Service{Records: store, Store: d, Links: d, Workflows: d}
	}), d
}

type pictureBody struct {
	catalog.Upload
	Renditions []struct {
		Name, URL, Address string
	} `json:"renditions"`
}

// ask asks to send a picture.
func askPicture(t *testing.T, s *shop) (p pictureBody, u catalog.SignedUpload) {
	t.Helper()
	a := s.ask("POST", "/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/jpeg","size":4,"alt":"a mug"}`)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var b struct {
		Picture pictureBody          `json:"picture"`
		Upload  catalog.SignedUpload `json:"upload"`
	}
	a.into(t, &b)
	if a.header.Get("Location") != "/v1/pictures/"+b.Picture.ID || !catalog.IsUploadID(b.Picture.ID) {
		t.Errorf("%v %+v", a.header, b)
	}
	return b.Picture, b.Upload
}

// TestPictureUpload is IMG-1, IMG-3, IMG-4, IMG-9 and IMG-12: the story from
// asking to seeing, and that nothing is seen before all of it is.
func TestPictureUpload(t *testing.T) {
	t.Parallel()
	s, d := setUpPictures(t)
	p, u := askPicture(t, s)
	if u.Method != "POST" || u.Fields["Content-Type"] != "image/jpeg" || time.Until(u.Expires) > 15*time.Minute || p.Status != catalog.AwaitingUpload {
		t.Errorf("%+v %+v", p, u)
	}
	key := u.Fields["key"]
	if strings.Contains(key, "mug") || len(key) < len("uploads/2026/11/24/")+20 {
		t.Errorf("the key %q can be guessed", key)
	}
	complete := "/v1/pictures/" + p.ID + "/complete"
	if pr := s.ask("POST", complete, shopKey, "").problem(t); pr.Code != "not_uploaded" {
		t.Errorf("before it was sent: %+v", pr)
	}
	d.Send(key, "image/jpeg", []byte("jpeg"))
	if pr := s.ask("POST", complete, "other-secret-0123456789", "").problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("by another key: %+v", pr)
	}
	if pr := s.ask("POST", complete, viewerKey, "").problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("by a viewer: %+v", pr)
	}
	if len(d.started) != 0 {
		t.Errorf("started: %v", d.started)
	}
	for _, key := range []string{shopKey, operatorKey} {
		a := s.ask("POST", complete, key, "")
		var got pictureBody
		a.into(t, &got)
		if a.status != http.StatusAccepted || got.Status != catalog.Processing || a.header.Get("Retry-After") != "1" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if !slices.Equal(d.started, []string{p.ID, p.ID}) {
		t.Errorf("started: %v", d.started)
	}
	made := s.make(t, p.ID)
	read := func() (got pictureBody) {
		s.ask("GET", "/v1/pictures/"+p.ID, viewerKey, "").into(t, &got)
		return got
	}
	show := func(path string) *answer { return s.ask("GET", path, "", "") }
	if got := read(); len(got.Renditions) != 0 {
		t.Errorf("seen before it is ready: %+v", got)
	}
	if a := show("/" + made[0]); a.status != http.StatusNotFound || a.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("shown before it is ready: %d %v", a.status, a.header)
	}
	if _, err := s.store.PublishUpload(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	got := read()
	if got.Status != catalog.Ready || len(got.Renditions) != 2 || got.Renditions[0].URL != "https://cdn.example/"+made[0] || got.Renditions[0].Address != "/"+made[0] {
		t.Errorf("ready: %+v", got)
	}
	// F65: the address lasts, where it leads to may not.
	d.expires = time.Now().Add(time.Hour)
	if a := show("/" + made[0]); a.status != http.StatusFound || a.header.Get("Location") != "https://cdn.example/"+made[0] ||
		(a.header.Get("Cache-Control") != "public, max-age=1800" && a.header.Get("Cache-Control") != "public, max-age=1799") {
		t.Errorf("shown: %d %v", a.status, a.header)
	}
	for _, path := range []string{"/pictures/" + p.ID + "/none.jpg", "/pictures/pic_none/large.jpg", "/pictures/..%2f/x"} {
		if a := show(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	var list struct{ Pictures []pictureBody }
	s.ask("GET", "/v1/products/mug-blue/pictures", viewerKey, "").into(t, &list)
	if len(list.Pictures) != 1 || list.Pictures[0].ID != p.ID {
		t.Errorf("list: %+v", list)
	}
	a := s.ask("GET", "/v1/pictures/"+p.ID+"/original", operatorKey, "")
	if a.status != http.StatusOK || !strings.Contains(string(a.body), "https://private.example/originals/"+p.ID) {
		t.Errorf("original: %d %s", a.status, a.body)
	}
	if pr := s.ask("GET", "/v1/pictures/"+p.ID+"/original", shopKey, "").problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("the original, for a shop: %+v", pr)
	}
}

// make notes two sizes, as the workflow would, and answers their keys.
func (s *shop) make(t *testing.T, id string) (keys []string) {
	t.Helper()
	for i, name := range []string{"large", "thumbnail"} {
		r := catalog.Rendition{Name: name, Key: catalog.RenditionKey(id, name, strings.Repeat("ab", 32), ".jpg"), Type: "image/jpeg", Width: 100 - i, Height: 50, Bytes: 5}
		if err := s.store.NoteRendition(t.Context(), id, 1, 1, r); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, r.Key)
	}
	return keys
}

// TestPictureRefused: a caller reads why.
func TestPictureRefused(t *testing.T) {
	t.Parallel()
	s, d := setUpPictures(t)
	p, u := askPicture(t, s)
	d.Send(u.Fields["key"], "image/jpeg", []byte("jpeg"))
	s.ask("POST", "/v1/pictures/"+p.ID+"/complete", shopKey, "")
	if _, err := s.store.RefuseUpload(t.Context(), p.ID, "truncated", "it ends too early"); err != nil {
		t.Fatal(err)
	}
	var got pictureBody
	s.ask("GET", "/v1/pictures/"+p.ID, shopKey, "").into(t, &got)
	if got.Status != catalog.Refused || got.Reason != "truncated" || got.Detail == "" {
		t.Errorf("%+v", got)
	}
	if a := s.ask("GET", "/v1/pictures/"+p.ID+"/original", operatorKey, ""); !strings.Contains(string(a.body), "private.example/quarantine/") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestPictureBadRequests is IMG-1, IMG-2, F60 and F61 at the front door.
func TestPictureBadRequests(t *testing.T) {
	t.Parallel()
	s, d := setUpPictures(t)
	for name, tt := range map[string]struct {
		path, key, body string
		status          int
		code            string
	}{
		"too large":  {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/jpeg","size":10485761}`, 422, "invalid"},
		"nothing":    {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/jpeg","size":0}`, 422, "invalid"},
		"a page":     {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"text/html","size":5}`, 422, "invalid"},
		"SVG":        {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/svg+xml","size":5}`, 422, "invalid"},
		"DELETE":     {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/png","size":5,"method":"DELETE"}`, 422, "invalid"},
		"two lines":  {"/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/png","size":5,"alt":"a\nb"}`, 422, "invalid"},
		"no product": {"/v1/products/none/pictures", shopKey, `{"contentType":"image/png","size":5}`, 404, "not_found"},
		"a viewer":   {"/v1/products/mug-blue/pictures", viewerKey, `{"contentType":"image/png","size":5}`, 403, "forbidden"},
		"nobody":     {"/v1/products/mug-blue/pictures", "", `{"contentType":"image/png","size":5}`, 401, "unauthorized"},
		"no picture": {"/v1/pictures/pic_none/complete", shopKey, "", 404, "not_found"},
	} {
		if p := s.ask("POST", tt.path, tt.key, tt.body).problem(t); p.Status != tt.status || p.Code != tt.code {
			t.Errorf("%s: %+v", name, p)
		}
	}
	d.fail = &order.ProviderError{Provider: "s3", Op: "sign", Kind: order.ErrDenied, Err: errors.New("secret details")}
	a := s.ask("POST", "/v1/products/mug-blue/pictures", shopKey, `{"contentType":"image/png","size":5}`)
	if p := a.problem(t); p.Code != "store_unavailable" || a.header.Get("Retry-After") == "" || strings.Contains(string(a.body), "secret") {
		t.Errorf("store away: %+v", p)
	}
}
