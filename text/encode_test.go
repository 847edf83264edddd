package text_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"purser/text"
)

var encodings = map[string]struct {
	text.Encoding
	allowed string // beside letters and digits
}{
	"printable": {text.Printable, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
	"word":      {text.Word, "-_"},
	"token":     {text.Token, "!#$&+-.^_`|~%"},
}

// TestEncode: plain texts stay readable.
func TestEncode(t *testing.T) {
	for _, c := range []struct{ encoding, in, want string }{
		{encoding: "printable", in: "MUG-blue/1_(2).a", want: "MUG-blue/1_(2).a"},
		{encoding: "printable", in: "café-1", want: "caf%C3%A9-1"},
		{encoding: "printable", in: "zzé", want: "zz%C3%A9"},
		{encoding: "printable", in: "50%", want: "50%25"},
		{encoding: "printable", in: "a b\n", want: "a%20b%0A"},
		{encoding: "word", in: "MUG-1", want: "MUG-1"},
		{encoding: "word", in: "a_b/é", want: "a_5Fb_2F_C3_A9"},
		{encoding: "token", in: "zoë*", want: "zo%C3%AB%2A"},
	} {
		if got := encodings[c.encoding].Encode(c.in); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.encoding, c.in, got, c.want)
		}
	}
}

// TestDecodeRefuses: no two texts decode to the same text.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ encoding, in string }{
		{encoding: "printable", in: "é"},
		{encoding: "printable", in: "a b"},
		{encoding: "printable", in: "%"},
		{encoding: "printable", in: "%4"},
		{encoding: "printable", in: "%41"}, // a letter is not escaped
		{encoding: "printable", in: "%c3"},
		{encoding: "printable", in: "%ZZ"},
		{encoding: "word", in: "a.b"},
		{encoding: "word", in: "_2D"},
	} {
		if got, ok := encodings[c.encoding].Decode(c.in); ok {
			t.Errorf("%s: %q decodes to %q", c.encoding, c.in, got)
		}
	}
}

// FuzzEncode: every text can be encoded in the allowed characters and read back, and
// what can be decoded is encoded to the same form.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"mug", "café-1", "%41", "_", "\xff\x00", "%C3%A9", "UTF-8''x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, e := range encodings {
			form := e.Encode(s)
			if rest := strings.Trim(strings.Map(func(r rune) rune {
				if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"+e.allowed, r) {
					return -1
				}
				return r
			}, form), ""); rest != "" {
				t.Errorf("%s: %q holds %q", name, form, rest)
			}
			if back, ok := e.Decode(form); !ok || back != s {
				t.Errorf("%s: %q became %q and then %q", name, s, form, back)
			}
			if plain, ok := e.Decode(s); ok && e.Encode(plain) != s {
				t.Errorf("%s: %q decodes to %q, which is encoded as %q", name, s, plain, e.Encode(plain))
			}
		}
		if back, ok := text.FromHeader(text.Header(s)); !ok || back != s {
			t.Errorf("header of %q: %q, read as %q", s, text.Header(s), back)
		}
	})
}

// TestHeader: any text survives a real HTTP header.
func TestHeader(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Purser-Customer") }))
	defer server.Close()
	send := func(value string) {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Purser-Customer", value)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringN(1, 20, -1).Draw(rt, "customer")
		send(text.Header(s))
		if back, ok := text.FromHeader(got); !ok || back != s {
			rt.Errorf("%q was sent as %q, and read as %q", s, got, back)
		}
	})
	for value, want := range map[string]string{"c-1": "c-1", "UTF-8''zo%C3%AB": "zoë", "utf-8''zo%c3%ab": "zoë", "50%": "50%"} {
		if back, ok := text.FromHeader(value); !ok || back != want {
			t.Errorf("%s: %q %t", value, back, ok)
		}
	}
	for _, value := range []string{"zoë", "a b", "UTF-8''%", "UTF-8''%zz"} {
		if back, ok := text.FromHeader(value); ok && utf8.ValidString(back) {
			t.Errorf("%s is read as %q", value, back)
		}
	}
}
