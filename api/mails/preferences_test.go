package mails_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"purser/api/apitest"
	"purser/mail"
)

const formType = "application/x-www-form-urlencoded"

// reader is a shopper who uses the page of preferences.
type reader struct {
	*apitest.Shop
	path string
}

func newReader(t testing.TB) *reader {
	token := apitest.Links().Token(mail.Subscription{Email: "ada@example.com", List: mail.Campaigns})
	return &reader{Shop: mailShop(t), path: mail.PreferencesPath + token}
}

// subscriptions returns the lists whose mails the shopper gets.
func (r *reader) subscriptions(t *testing.T) (on []mail.Scope) {
	t.Helper()
	for _, list := range mail.Lists {
		why, err := r.Store.BlockedList(t.Context(), "ada@example.com", list)
		if err != nil {
			t.Fatal(err)
		}
		if why == "" {
			on = append(on, list)
		}
	}
	return on
}

// choose posts a body; with the length -1, its length is not announced.
func (r *reader) choose(contentType string, body io.Reader, length int64) int {
	req := httptest.NewRequest(http.MethodPost, r.path, body)
	req.ContentLength = length
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Code
}

// cutOff returns a body that breaks off after s.
func cutOff(s string) io.Reader {
	return io.MultiReader(strings.NewReader(s), errReader{})
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestIncompletePreferences proves BNC-6: only a complete form of the page
// changes anything. A form that is cut off or has another format does not say
// which lists are wanted.
func TestIncompletePreferences(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	const multipart = "--x\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\nreminders\r\n--x\r\nContent-Disposition: form-data; name=\"whole\"\r\n\r\nyes\r\n--x--\r\n"
	for _, tt := range []struct {
		name, contentType string
		body              io.Reader
	}{
		{name: "no body", body: strings.NewReader("")},
		{name: "an empty form", contentType: formType, body: strings.NewReader("")},
		{name: "cut off in the transfer", contentType: formType, body: cutOff("list=campaigns&list=remi")},
		{name: "cut off in a value", contentType: formType, body: strings.NewReader("list=campaigns&list=remi")},
		{name: "cut off in a name", contentType: formType, body: strings.NewReader("list=campaigns&li")},
		{name: "cut off between two fields", contentType: formType, body: strings.NewReader("list=campaigns")},
		{name: "cut off at the very end", contentType: formType, body: strings.NewReader("list=campaigns&whole=ye")},
		{name: "complete, but cut off after it", contentType: formType, body: cutOff("list=campaigns&whole=yes")},
		{name: "an unknown list", contentType: formType, body: strings.NewReader("list=campaigns&list=everything&whole=yes")},
		{name: "badly escaped", contentType: formType, body: strings.NewReader("list=%zz&whole=yes")},
		{name: "multipart", contentType: "multipart/form-data; boundary=x", body: strings.NewReader(multipart)},
		{name: "JSON", contentType: "application/json", body: strings.NewReader(`{"list":["reminders"],"whole":"yes"}`)},
		{name: "without a type", body: strings.NewReader("list=reminders&whole=yes")},
	} {
		if code := r.choose(tt.contentType, tt.body, -1); code != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", tt.name, code)
		}
		if on := r.subscriptions(t); !slices.Equal(on, mail.Lists) {
			t.Fatalf("%s: gets %v now", tt.name, on)
		}
	}
	if a := r.Ask("GET", "/v1/mail/marketing", apitest.ViewerKey, ""); !strings.Contains(string(a.Body), `"badLinks":13`) {
		t.Errorf("want 13 counted: %s", a.Body)
	}
	if w := page(r.Shop, r.path); !strings.Contains(w.Body.String(), `<input type="hidden" name="whole" value="yes">`+"\n<button>") {
		t.Errorf("the page's form does not end with its last field: %s", w.Body)
	}
	if code := r.choose(formType, strings.NewReader("whole=yes"), 9); code != http.StatusOK || len(r.subscriptions(t)) > 0 {
		t.Errorf("nothing ticked: %d, gets %v", code, r.subscriptions(t))
	}
}

// FuzzPreferences proves BNC-6: a request is either a complete form, and then
// the shopper gets the lists that it names, or it changes nothing.
func FuzzPreferences(f *testing.F) {
	for _, body := range []string{"list=reminders&whole=yes", "whole=yes", "list=reminders&list=campaigns&whole=yes&x=%20", "list=a%00&whole=yes", "a;b&whole=yes", "--x\r\n"} {
		f.Add(formType, body)
	}
	f.Add("multipart/form-data; boundary=x", "--x--")
	r := newReader(f)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		before := r.subscriptions(t)
		code := r.choose(contentType, strings.NewReader(body), int64(len(body)))
		after := r.subscriptions(t)
		if code != http.StatusOK {
			if code != http.StatusBadRequest && code != http.StatusRequestEntityTooLarge || !slices.Equal(before, after) {
				t.Errorf("%d: got %v, gets %v", code, before, after)
			}
			return
		}
		form, err := url.ParseQuery(body)
		if err != nil || form.Get("whole") != "yes" {
			t.Errorf("taken for a complete form: %v", err)
		}
		for _, list := range mail.Lists {
			if slices.Contains(form["list"], string(list)) != slices.Contains(after, list) {
				t.Errorf("%q: gets %v", body, after)
			}
		}
	})
}
