package images_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"purser/api"
	"purser/api/apitest"
	"purser/api/httpkit"
	"purser/api/images"
	"purser/catalog"
	"purser/order"
	"purser/records"
)

func setUpImages(t *testing.T) (*apitest.Shop, *apitest.ImageStore) {
	t.Helper()
	d := &apitest.ImageStore{}
	others, err := httpkit.ParseKeys("other:shop:other-secret-0123456789")
	if err != nil {
		t.Fatal(err)
	}
	return apitest.New(t, func(c *api.Config, store *records.Store) {
		c.Keys = append(c.Keys, others...)
		c.Images = &images.Service{Records: store, Store: d, Links: d, Workflows: d}
	}), d
}

type imageBody struct {
	catalog.Upload
	Renditions []struct {
		Name, URL, Address string
	} `json:"renditions"`
}

// beginUpload requests an upload.
func beginUpload(t *testing.T, s *apitest.Shop) (p imageBody, u catalog.SignedUpload) {
	t.Helper()
	a := s.Ask("POST", "/v1/products/mug-blue/images", apitest.ShopKey, `{"contentType":"image/jpeg","size":4,"alt":"a mug"}`)
	if a.Status != http.StatusCreated {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	var b struct {
		Image  imageBody            `json:"image"`
		Upload catalog.SignedUpload `json:"upload"`
	}
	a.Into(t, &b)
	if a.Header.Get("Location") != "/v1/images/"+b.Image.ID || !catalog.IsUploadID(b.Image.ID) {
		t.Errorf("%v %+v", a.Header, b)
	}
	return b.Image, b.Upload
}

// TestImageUpload proves IMG-1, IMG-3, IMG-4, IMG-9 and IMG-12: it takes an
// image from the request to its publication; no rendition is visible before all
// of them are.
func TestImageUpload(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	p, u := beginUpload(t, s)
	if u.Method != "POST" || u.Fields["Content-Type"] != "image/jpeg" || time.Until(u.Expires) > 15*time.Minute || p.Status != catalog.AwaitingUpload {
		t.Errorf("%+v %+v", p, u)
	}
	key := u.Fields["key"]
	if strings.Contains(key, "mug") || len(key) < len("uploads/2026/11/24/")+20 {
		t.Errorf("the key %q can be guessed", key)
	}
	complete := "/v1/images/" + p.ID + "/complete"
	if pr := s.Ask("POST", complete, apitest.ShopKey, "").Problem(t); pr.Code != "not_uploaded" {
		t.Errorf("before the file was sent: %+v", pr)
	}
	d.Send(key, "image/jpeg", []byte("jpeg"))
	if pr := s.Ask("POST", complete, "other-secret-0123456789", "").Problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("by another key: %+v", pr)
	}
	if pr := s.Ask("POST", complete, apitest.ViewerKey, "").Problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("by a viewer: %+v", pr)
	}
	if len(d.Started) != 0 {
		t.Errorf("started: %v", d.Started)
	}
	for _, key := range []string{apitest.ShopKey, apitest.OperatorKey} {
		a := s.Ask("POST", complete, key, "")
		var got imageBody
		a.Into(t, &got)
		if a.Status != http.StatusAccepted || got.Status != catalog.Processing || a.Header.Get("Retry-After") != "1" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if !slices.Equal(d.Started, []string{p.ID, p.ID}) {
		t.Errorf("started: %v", d.Started)
	}
	made := recordRenditions(t, s, p.ID)
	read := func() (got imageBody) {
		s.Ask("GET", "/v1/images/"+p.ID, apitest.ViewerKey, "").Into(t, &got)
		return got
	}
	show := func(path string) *apitest.Answer { return s.Ask("GET", path, "", "") }
	if got := read(); len(got.Renditions) != 0 {
		t.Errorf("visible before it is ready: %+v", got)
	}
	if a := show("/" + made[0]); a.Status != http.StatusNotFound || a.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("shown before it is ready: %d %v", a.Status, a.Header)
	}
	if _, err := s.Store.PublishUpload(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	got := read()
	if got.Status != catalog.Ready || len(got.Renditions) != 2 || got.Renditions[0].URL != "https://cdn.example/"+made[0] || got.Renditions[0].Address != "/"+made[0] {
		t.Errorf("ready: %+v", got)
	}
	// F65: the address is permanent; the address that it redirects to may
	// expire.
	d.Expires = time.Now().Add(time.Hour)
	if a := show("/" + made[0]); a.Status != http.StatusFound || a.Header.Get("Location") != "https://cdn.example/"+made[0] ||
		(a.Header.Get("Cache-Control") != "public, max-age=1800" && a.Header.Get("Cache-Control") != "public, max-age=1799") {
		t.Errorf("shown: %d %v", a.Status, a.Header)
	}
	for _, path := range []string{"/images/" + p.ID + "/none.jpg", "/images/img_none/large.jpg", "/images/..%2f/x"} {
		if a := show(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	var list struct{ Images []imageBody }
	s.Ask("GET", "/v1/products/mug-blue/images", apitest.ViewerKey, "").Into(t, &list)
	if len(list.Images) != 1 || list.Images[0].ID != p.ID {
		t.Errorf("list: %+v", list)
	}
	a := s.Ask("GET", "/v1/images/"+p.ID+"/original", apitest.OperatorKey, "")
	if a.Status != http.StatusOK || !strings.Contains(string(a.Body), "https://private.example/originals/"+p.ID) {
		t.Errorf("original: %d %s", a.Status, a.Body)
	}
	if pr := s.Ask("GET", "/v1/images/"+p.ID+"/original", apitest.ShopKey, "").Problem(t); pr.Status != http.StatusForbidden {
		t.Errorf("the original, with a shop's key: %+v", pr)
	}
}

// recordRenditions records two renditions, as the workflow would, and returns
// their keys.
func recordRenditions(t *testing.T, s *apitest.Shop, id string) (keys []string) {
	t.Helper()
	for i, name := range []string{"large", "thumbnail"} {
		r := catalog.Rendition{Name: name, Key: catalog.RenditionKey(id, name, strings.Repeat("ab", 32), ".jpg"), Type: "image/jpeg", Width: 100 - i, Height: 50, Bytes: 5}
		if err := s.Store.NoteRendition(t.Context(), id, 1, 1, r); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, r.Key)
	}
	return keys
}

// TestImageRefused checks that the caller gets the reason why an image was
// refused.
func TestImageRefused(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	p, u := beginUpload(t, s)
	d.Send(u.Fields["key"], "image/jpeg", []byte("jpeg"))
	s.Ask("POST", "/v1/images/"+p.ID+"/complete", apitest.ShopKey, "")
	if _, err := s.Store.RefuseUpload(t.Context(), p.ID, "truncated", "it ends too early"); err != nil {
		t.Fatal(err)
	}
	var got imageBody
	s.Ask("GET", "/v1/images/"+p.ID, apitest.ShopKey, "").Into(t, &got)
	if got.Status != catalog.Refused || got.Reason != "truncated" || got.Detail == "" {
		t.Errorf("%+v", got)
	}
	if a := s.Ask("GET", "/v1/images/"+p.ID+"/original", apitest.OperatorKey, ""); !strings.Contains(string(a.Body), "private.example/quarantine/") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// TestImageTypes proves IMG-1: a declared type is taken for what it means, and
// the upload is signed for its registered name.
func TestImageTypes(t *testing.T) {
	t.Parallel()
	s, _ := setUpImages(t)
	for _, tt := range []struct {
		declared, method string
		want             string // "": refused
	}{
		{declared: "image/jpg", want: "image/jpeg"},
		{declared: "image/jpg", method: "PUT", want: "image/jpeg"},
		{declared: "image/pjpeg", want: "image/jpeg"},
		{declared: "IMAGE/JPEG", want: "image/jpeg"},
		{declared: "Image/PJPEG", method: "PUT", want: "image/jpeg"},
		{declared: "image/jpeg; charset=binary", want: "image/jpeg"},
		{declared: " image/png ", want: "image/png"},
		{declared: "image/x-png", want: "image/png"},
		{declared: "image/GIF", want: "image/gif"},
		{declared: "image/webp", method: "PUT", want: "image/webp"},
		{declared: "image/heic"},
		{declared: "image/"},
		{declared: "jpg"},
		{declared: "image/jpeg, image/png"},
		{declared: ""},
		{declared: "application/octet-stream"},
	} {
		body, err := json.Marshal(map[string]any{"contentType": tt.declared, "size": 4, "method": cmp.Or(tt.method, "POST")})
		if err != nil {
			t.Fatal(err)
		}
		a := s.Ask("POST", "/v1/products/mug-blue/images", apitest.ShopKey, string(body))
		if tt.want == "" {
			if p := a.Problem(t); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Detail, "want one of image/jpeg") {
				t.Errorf("%q: %+v", tt.declared, p)
			}
			continue
		}
		var got struct {
			Image  imageBody            `json:"image"`
			Upload catalog.SignedUpload `json:"upload"`
		}
		a.Into(t, &got)
		signed := got.Upload.Fields["Content-Type"]
		if tt.method == "PUT" {
			signed = got.Upload.Headers["Content-Type"]
		}
		if a.Status != http.StatusCreated || got.Image.Type != tt.want || signed != tt.want {
			t.Errorf("%q: %d, stored as %q, signed for %q, want %q", tt.declared, a.Status, got.Image.Type, signed, tt.want)
		}
	}
}

// TestImageBadRequests proves IMG-1, IMG-2, F60, F61 and N25 at the API.
func TestImageBadRequests(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	for name, tt := range map[string]struct {
		path, key, body string
		status          int
		code            string
	}{
		"too large":                        {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/jpeg","size":10485761}`, status: 422, code: "invalid"},
		"nothing":                          {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/jpeg","size":0}`, status: 422, code: "invalid"},
		"a page":                           {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"text/html","size":5}`, status: 422, code: "invalid"},
		"SVG":                              {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/svg+xml","size":5}`, status: 422, code: "invalid"},
		"DELETE":                           {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/png","size":5,"method":"DELETE"}`, status: 422, code: "invalid"},
		"an alternative text of two lines": {path: "/v1/products/mug-blue/images", key: apitest.ShopKey, body: `{"contentType":"image/png","size":5,"alt":"a\nb"}`, status: 422, code: "invalid"},
		"an unknown product":               {path: "/v1/products/none/images", key: apitest.ShopKey, body: `{"contentType":"image/png","size":5}`, status: 404, code: "not_found"},
		"a viewer":                         {path: "/v1/products/mug-blue/images", key: apitest.ViewerKey, body: `{"contentType":"image/png","size":5}`, status: 403, code: "forbidden"},
		"nobody":                           {path: "/v1/products/mug-blue/images", body: `{"contentType":"image/png","size":5}`, status: 401, code: "unauthorized"},
		"an unknown image":                 {path: "/v1/images/img_none/complete", key: apitest.ShopKey, status: 404, code: "not_found"},
	} {
		if p := s.Ask("POST", tt.path, tt.key, tt.body).Problem(t); p.Status != tt.status || p.Code != tt.code {
			t.Errorf("%s: %+v", name, p)
		}
	}
	d.Fail = &order.ProviderError{Provider: "s3", Op: "sign", Kind: order.ErrDenied, Err: errors.New("secret details")}
	a := s.Ask("POST", "/v1/products/mug-blue/images", apitest.ShopKey, `{"contentType":"image/png","size":5}`)
	if p := a.Problem(t); p.Code != "store_unavailable" || a.Header.Get("Retry-After") == "" || strings.Contains(string(a.Body), "secret") {
		t.Errorf("the image store is down: %+v", p)
	}
}

// TestImageOfAnyScript: a product whose SKU is not ASCII gets images, which its list
// shows, under keys that do not hold the SKU (SEC-7, IMG-9).
func TestImageOfAnyScript(t *testing.T) {
	t.Parallel()
	s, d := setUpImages(t)
	for _, sku := range []string{"caf\u00e9-1", "zz\u00e9", "ばら/2"} {
		if err := s.Store.PutProducts(t.Context(), []catalog.Product{{SKU: sku, Name: "Thing", Price: 1000, Currency: "EUR"}}); err != nil {
			t.Fatal(err)
		}
		at := "/v1/products/" + url.PathEscape(norm.NFD.String(sku)) + "/images"
		a := s.Ask("POST", at, apitest.ShopKey, `{"contentType":"image/jpeg","size":4,"alt":"a\u2028"}`)
		var b struct {
			Image  imageBody            `json:"image"`
			Upload catalog.SignedUpload `json:"upload"`
		}
		a.Into(t, &b)
		if a.Status != http.StatusCreated || b.Image.SKU != sku || b.Image.Alt != "a" {
			t.Fatalf("%s: %d %s", sku, a.Status, a.Body)
		}
		key := b.Upload.Fields["key"]
		if strings.ContainsFunc(key, func(r rune) bool { return r > '~' }) {
			t.Errorf("%s: the object key %q is not ASCII", sku, key)
		}
		d.Send(key, "image/jpeg", []byte("jpeg"))
		if a := s.Ask("POST", "/v1/images/"+b.Image.ID+"/complete", apitest.ShopKey, ""); a.Status != http.StatusAccepted {
			t.Errorf("%s: completed: %d %s", sku, a.Status, a.Body)
		}
		if a := s.Ask("GET", at, apitest.ViewerKey, ""); !strings.Contains(string(a.Body), b.Image.ID) {
			t.Errorf("%s: listed: %d %s", sku, a.Status, a.Body)
		}
	}
}
