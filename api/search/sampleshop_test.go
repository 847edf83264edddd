package search_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/records"
)

// from sends a GET from a network address.
func from(s *apitest.Shop, remote, url string, headers ...string) *apitest.Answer {
	r := httptest.NewRequest("GET", url, nil)
	r.RemoteAddr = remote
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return apitest.NewAnswer(w)
}

// through10 sends a GET as nginx passes it on by default.
func through10(s *apitest.Shop, remote, url string) *apitest.Answer {
	r := httptest.NewRequest("GET", url, nil)
	r.RemoteAddr, r.Proto, r.ProtoMinor = remote, "HTTP/1.0", 0
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return apitest.NewAnswer(w)
}

// TestSampleShop proves SRCH-6 and SRCH-9: a browser on this machine gets the
// page and can search without a key. Nobody else can, neither through a proxy
// nor under another host name, and nothing else is open.
func TestSampleShop(t *testing.T) {
	t.Parallel()
	const thisMachine, elsewhere, home = "127.0.0.1:5000", "192.0.2.7:5000", "http://127.0.0.1:8080"
	s, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.SampleShop = true })
	page := from(s, thisMachine, home+"/shop")
	if page.Status != http.StatusOK || !strings.Contains(string(page.Body), "/shop/shop.js") ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
		t.Errorf("%d %v %s", page.Status, page.Header, page.Body)
	}
	for file, contentType := range map[string]string{"shop.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8"} {
		if a := from(s, thisMachine, home+"/shop/"+file); a.Status != http.StatusOK || a.Header.Get("Content-Type") != contentType || len(a.Body) == 0 {
			t.Errorf("%s: %d %v", file, a.Status, a.Header)
		}
	}
	for _, url := range []string{"http://0.0.0.0:8080/shop", "http://[::]:8080/shop", "http://[::1]:8080/shop"} {
		if a := from(s, thisMachine, url); a.Status != http.StatusOK {
			t.Errorf("%s: %d", url, a.Status)
		}
	}
	if a := from(s, thisMachine, home+"/v1/search?q=mug"); a.Status != http.StatusOK || !strings.Contains(string(a.Body), "mug-blue") {
		t.Errorf("search: %d %s", a.Status, a.Body)
	}
	for name, a := range map[string]*apitest.Answer{
		"from elsewhere":          from(s, elsewhere, home+"/v1/search?q=mug"),
		"under another host name": from(s, thisMachine, "http://evil.example/v1/search?q=mug"),
		"through a proxy":         from(s, thisMachine, home+"/v1/search?q=mug", "X-Forwarded-For", "192.0.2.7"),
		"through another proxy":   from(s, thisMachine, home+"/v1/search?q=mug", "Via", "1.1 proxy"),
		"through a silent proxy":  through10(s, thisMachine, home+"/v1/search?q=mug"),
		"with a wrong key":        from(s, thisMachine, home+"/v1/search?q=mug", "Authorization", "Bearer wrong-secret-0123456789"),
		"the orders' search":      from(s, thisMachine, home+"/v1/search/orders?q=mug"),
		"the products":            from(s, thisMachine, home+"/v1/products"),
		"the images' deletion":    s.Ask("DELETE", home+"/v1/images/img_none", "", ""),
		"the page from elsewhere": from(s, elsewhere, home+"/shop"),
	} {
		if a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	closed, _ := goods(t)
	if a := from(closed, thisMachine, home+"/shop"); a.Status != http.StatusNotFound {
		t.Errorf("without a sample shop: %d", a.Status)
	}
	if a := from(closed, thisMachine, home+"/v1/search?q=mug"); a.Status != http.StatusUnauthorized {
		t.Errorf("search without a sample shop: %d", a.Status)
	}
	public, _ := goods(t, func(c *api.Config, _ *records.Store) { c.Search.Public = true })
	if a := from(public, elsewhere, "https://shop.example/shop"); a.Status != http.StatusOK {
		t.Errorf("with a public search: %d", a.Status)
	}
}
