package mail_test

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"purser/mail"
)

// TestParseLocale (EML-11): a locale is understood as systems write it, and a text that
// names no language is no locale.
func TestParseLocale(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ locale, want string }{
		{locale: "en_US.UTF-8", want: "en-US"},
		{locale: "sr@latin", want: "sr-Latn"},
		{locale: "ca@valencia", want: "ca-valencia"},
		{locale: "ca_ES.UTF-8@valencia", want: "ca-ES-valencia"},
		{locale: "uz_UZ.UTF-8@cyrillic", want: "uz-Cyrl-UZ"},
		{locale: "de_DE@euro", want: "de-DE"},
		{locale: "zh_CN.GB18030", want: "zh-CN"},
		{locale: "C"},
		{locale: "C.UTF-8"},
		{locale: "POSIX"},
		{locale: ""},
		{locale: "de-AT", want: "de-AT"},
		{locale: "zh-Hant-TW", want: "zh-Hant-TW"},
		{locale: "de-AT,de;q=0.9,en;q=0.8", want: "de-AT"}, // Accept-Language
		{locale: "de_AT:de:en", want: "de-AT"},             // the variable LANGUAGE
		{locale: "sr_RS_#Latn", want: "sr-Latn-RS"},        // Java
		{locale: "no_NO_NY", want: "no-NO"},
		{locale: "en_US_POSIX", want: "en-US"}, // Apple
		{locale: "en@calendar=gregorian", want: "en"},
		{locale: "de-DE_phoneb", want: "de-DE"}, // Windows
		{locale: "de-DE-u-co-phonebk", want: "de-DE"},
		{locale: "iw_IL", want: "he-IL"},
		{locale: "de-", want: "de"},
		{locale: " fr ", want: "fr"},
		{locale: strings.Repeat("en-", 1000), want: "en"},
		{locale: strings.Repeat("x", 5000)},
		{locale: "zz-ZZ"},
		{locale: "x-klingon"},
		{locale: "german"},
		{locale: "not a locale"},
		{locale: "en\r\nBcc: x"},
		{locale: "é"},
		{locale: "*"},
		{locale: "null"},
		{locale: "1031"},
		{locale: "\xff\x00"},
	} {
		if got := mail.ParseLocale(tc.locale); got != tc.want {
			t.Errorf("%.40q: got %q, want %q", tc.locale, got, tc.want)
		}
	}
}

// TestIsLocale: a list of recipients with another text in its column of locales
// has its columns mixed up, while an unknown language is only unknown.
func TestIsLocale(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"", "de-AT", "en_US.UTF-8", "sr@latin", "C", "POSIX", "C.UTF-8", "zz-ZZ", "tlh", "x-klingon"} {
		if !mail.IsLocale(locale) {
			t.Errorf("%q is not a locale", locale)
		}
	}
	for _, text := range []string{"not a locale", "Ada Löwe", "é", "10115", "en\r\nBcc: x"} {
		if mail.IsLocale(text) {
			t.Errorf("%q is a locale", text)
		}
	}
}

// FuzzParseLocale: whatever text comes in, a short tag that is its own tag comes out.
func FuzzParseLocale(f *testing.F) {
	for _, seed := range []string{"en_US.UTF-8", "sr@latin", "ca@valencia", "C", "de-AT,de;q=0.9", "sr_RS_#Latn", "\xff", "sl-rozaj-biske-1994@latin"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := mail.ParseLocale(s)
		if got == "" {
			return
		}
		if _, err := language.Parse(got); err != nil {
			if _, unknown := err.(language.ValueError); !unknown {
				t.Fatalf("%q became %q, which is not a tag: %v", s, got, err)
			}
		}
		if again := mail.ParseLocale(got); again != got || len(got) > 80 || strings.Trim(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Fatalf("%q became %q, which becomes %q", s, got, again)
		}
	})
}
