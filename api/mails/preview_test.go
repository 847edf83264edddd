package mails_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/api"
	"purser/api/apitest"
	"purser/api/mails"
	"purser/mail/templates"
	"purser/records"
)

func withPreview(t testing.TB, open bool) func(*api.Config, *records.Store) {
	t.Helper()
	w, err := templates.New(templates.SampleShop())
	if err != nil {
		t.Fatal(err)
	}
	return func(c *api.Config, _ *records.Store) { c.Preview = &mails.Preview{Templates: w, Open: open} }
}

// look requests a page as a browser with this address would.
func look(s *apitest.Shop, path, from, host, password string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr, r.Host = from, host
	if password != "" {
		r.SetBasicAuth("anyone", password)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const thisMachine, elsewhere = "127.0.0.1:5555", "192.0.2.7:5555"

// TestPreview proves EML-11: there is a preview of every mail in every
// language.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := apitest.New(t, withPreview(t, true))
	list := look(s, "/mail/preview", thisMachine, "localhost:8080", "").Body.String()
	for _, name := range templates.Templates() {
		for _, locale := range []string{"en", "de", "fr", "es", "ja", "de-AT", "en-GB"} {
			path := "/mail/preview/" + string(name) + "/" + locale
			if !strings.Contains(list, `href="`+path+`"`) {
				t.Errorf("the list lacks %s", path)
			}
			page := look(s, path+"?look=narrow+dark", thisMachine, "127.0.0.1:8080", "")
			if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `<iframe class="narrow dark" sandbox src="`+path+`/html"`) {
				t.Errorf("%s: %d\n%s", path, page.Code, page.Body)
			}
			html := look(s, path+"/html", thisMachine, "[::1]:8080", "")
			if policy := html.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox; default-src 'none'") || !strings.Contains(html.Body.String(), "<html lang=") {
				t.Errorf("%s: policy %q\n%s", path, policy, html.Body)
			}
			if text := look(s, path+"/text", thisMachine, "localhost", ""); !strings.HasPrefix(text.Header().Get("Content-Type"), "text/plain") || text.Body.Len() < 100 {
				t.Errorf("%s: text %q", path, text.Body)
			}
		}
	}
	for _, path := range []string{"/mail/preview/birthday/en", "/mail/preview/shipped/not%20a%20locale", "/mail/preview/shipped/en/pdf"} {
		if w := look(s, path, thisMachine, "localhost", ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if css := look(s, "/mail/preview/style.css", elsewhere, "shop.example", ""); css.Code != http.StatusOK || css.Body.Len() == 0 {
		t.Errorf("style: %d", css.Code)
	}
}

// TestPreviewAccess checks that without an operator's key a preview is open
// only to this machine, and only if it is configured so.
func TestPreviewAccess(t *testing.T) {
	t.Parallel()
	open, closed := apitest.New(t, withPreview(t, true)), apitest.New(t, withPreview(t, false))
	for _, tt := range []struct {
		name             string
		shop             *apitest.Shop
		from, host, pass string
		header           []string
		want             int
	}{
		{name: "from this machine", shop: open, from: thisMachine, host: "localhost:8080", want: 200},
		{name: "from this machine, closed", shop: closed, from: thisMachine, host: "localhost:8080", want: 401},
		{name: "from elsewhere", shop: open, from: elsewhere, host: "localhost:8080", want: 401},
		{name: "through a proxy", shop: open, from: thisMachine, host: "localhost:8080", header: []string{"X-Forwarded-For", "192.0.2.7"}, want: 401},
		{name: "by DNS rebinding", shop: open, from: thisMachine, host: "evil.example:8080", want: 401},
		{name: "an operator", shop: closed, from: elsewhere, host: "shop.example", pass: apitest.OperatorKey, want: 200},
		{name: "a shop", shop: closed, from: elsewhere, host: "shop.example", pass: apitest.ShopKey, want: 401},
		{name: "a guess", shop: closed, from: elsewhere, host: "shop.example", pass: "guess", want: 401},
	} {
		for _, path := range []string{"/mail/preview", "/mail/preview/shipped/en", "/mail/preview/shipped/en/html"} {
			w := look(tt.shop, path, tt.from, tt.host, tt.pass, tt.header...)
			if w.Code != tt.want || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") != "") {
				t.Errorf("%s: %s: %d, want %d", tt.name, path, w.Code, tt.want)
			}
		}
	}
	if w := look(apitest.New(t), "/mail/preview", thisMachine, "localhost", apitest.OperatorKey); w.Code != http.StatusNotFound {
		t.Errorf("without previews: %d", w.Code)
	}
}
