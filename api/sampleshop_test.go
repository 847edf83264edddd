package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api"
	"purser/records"
)

// from is a GET by somebody, at an address.
func (s *shop) from(remote, url string, headers ...string) *answer {
	r := httptest.NewRequest("GET", url, nil)
	r.RemoteAddr = remote
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return &answer{w.Code, w.Header(), w.Body.Bytes()}
}

// through10 is a GET as nginx passes it on by itself.
func (s *shop) through10(remote, url string) *answer {
	r := httptest.NewRequest("GET", url, nil)
	r.RemoteAddr, r.Proto, r.ProtoMinor = remote, "HTTP/1.0", 0
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return &answer{w.Code, w.Header(), w.Body.Bytes()}
}

// TestSampleShop (SRCH-6, SRCH-9): who sits at this machine sees the page and
// may search without a key; nobody else may, neither through a proxy nor under
// another name, and nothing else is open to them.
func TestSampleShop(t *testing.T) {
	t.Parallel()
	const here, there, home = "127.0.0.1:5000", "192.0.2.7:5000", "http://127.0.0.1:8080"
	s, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.SampleShop = true })
	page := s.from(here, home+"/shop")
	if page.status != http.StatusOK || !strings.Contains(string(page.body), "/shop/shop.js") ||
		!strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
		t.Errorf("%d %v %s", page.status, page.header, page.body)
	}
	for file, contentType := range map[string]string{"shop.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8"} {
		if a := s.from(here, home+"/shop/"+file); a.status != http.StatusOK || a.header.Get("Content-Type") != contentType || len(a.body) == 0 {
			t.Errorf("%s: %d %v", file, a.status, a.header)
		}
	}
	for _, url := range []string{"http://0.0.0.0:8080/shop", "http://[::]:8080/shop", "http://[::1]:8080/shop"} {
		if a := s.from(here, url); a.status != http.StatusOK {
			t.Errorf("%s: %d", url, a.status)
		}
	}
	if a := s.from(here, home+"/v1/search?q=mug"); a.status != http.StatusOK || !strings.Contains(string(a.body), "mug-blue") {
		t.Errorf("search: %d %s", a.status, a.body)
	}
	for name, a := range map[string]*answer{
		"from elsewhere":           s.from(there, home+"/v1/search?q=mug"),
		"under another name":       s.from(here, "http://evil.example/v1/search?q=mug"),
		"through a proxy":          s.from(here, home+"/v1/search?q=mug", "X-Forwarded-For", "192.0.2.7"),
		"through another proxy":    s.from(here, home+"/v1/search?q=mug", "Via", "1.1 proxy"),
		"through a silent proxy":   s.through10(here, home+"/v1/search?q=mug"),
		"with a wrong key":         s.from(here, home+"/v1/search?q=mug", "Authorization", "Bearer wrong-secret-0123456789"),
		"the orders' search":       s.from(here, home+"/v1/search/orders?q=mug"),
		"the products":             s.from(here, home+"/v1/products"),
		"the pictures' deletion":   s.ask("DELETE", home+"/v1/pictures/pic_none", "", ""),
		"the page, from elsewhere": s.from(there, home+"/shop"),
	} {
		if a.status != http.StatusUnauthorized && a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	closed, _ := goods(t)
	if a := closed.from(here, home+"/shop"); a.status != http.StatusNotFound {
		t.Errorf("where there is no sample shop: %d", a.status)
	}
	if a := closed.from(here, home+"/v1/search?q=mug"); a.status != http.StatusUnauthorized {
		t.Errorf("search where there is none: %d", a.status)
	}
	public, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.Public = true })
	if a := public.from(there, "https://shop.example/shop"); a.status != http.StatusOK {
		t.Errorf("where the search is public: %d", a.status)
	}
}
