package templates

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"purser/mail"
	"purser/order"
)

func mustParse(t *testing.T, s string) language.Tag {
	t.Helper()
	tag, err := parseLocale(s)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

// TestMoney proves EML-11: amounts with no, two and three decimals are
// formatted as in the locale.
func TestMoney(t *testing.T) {
	w := newWriter(t)
	for _, tt := range []struct {
		locale   string
		amount   int64
		currency string
		want     string
	}{
		{locale: "en", amount: 123456789, currency: "USD", want: "$1,234,567.89"},
		{locale: "en", amount: 5, currency: "USD", want: "$0.05"},
		{locale: "en", amount: -1250, currency: "EUR", want: "-€12.50"},
		{locale: "en", amount: 12500, currency: "KWD", want: "KWD 12.500"},
		{locale: "en-GB", amount: 1250, currency: "GBP", want: "£12.50"},
		{locale: "de", amount: 123456, currency: "EUR", want: "1.234,56 €"},
		{locale: "de", amount: 1800, currency: "JPY", want: "1.800 ¥"},
		{locale: "de-AT", amount: 123456, currency: "EUR", want: "1 234,56 €"},
		{locale: "de-CH", amount: 123456, currency: "CHF", want: "1’234.56 CHF"},
		{locale: "fr", amount: 123456, currency: "EUR", want: "1 234,56 €"},
		{locale: "fr", amount: 12345678, currency: "KWD", want: "12 345,678 KWD"},
		{locale: "es", amount: 123456, currency: "EUR", want: "1.234,56 €"},
		{locale: "ja", amount: 123456, currency: "JPY", want: "￥123,456"},
		{locale: "ja", currency: "JPY", want: "￥0"},
		{locale: "ja", amount: 1250, currency: "EUR", want: "€12.50"},
		{locale: "nl", amount: 1250, currency: "EUR", want: "€12.50"}, // no texts in Dutch: English
		{locale: "en", amount: -1 << 63, currency: "USD", want: "-$92,233,720,368,547,758.08"},
	} {
		in := w.words.in(tt.locale)
		got := strings.ReplaceAll(in.money(order.Money{Amount: tt.amount, Currency: tt.currency}), "\u00a0", " ")
		if got != tt.want {
			t.Errorf("%s: %d %s is %q, want %q", tt.locale, tt.amount, tt.currency, got, tt.want)
		}
	}
}

// TestMoneyDigits checks that a formatted amount has the digits of the amount,
// in any language and currency.
func TestMoneyDigits(t *testing.T) {
	w := newWriter(t)
	rapid.Check(t, func(t *rapid.T) {
		in := w.words.in(rapid.SampledFrom(append(w.Locales(), "de-CH", "es-MX", "fr-CA")).Draw(t, "locale"))
		m := order.Money{Amount: rapid.Int64Min(0).Draw(t, "amount"), Currency: rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "USD", "ISK"}).Draw(t, "currency")}
		digits := func(s string) string {
			s = strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, s)
			return strings.TrimLeft(s, "0")
		}
		if got := in.money(m); digits(got) != digits(m.String()) {
			t.Fatalf("%s is %q", m, got)
		}
	})
}

func TestDates(t *testing.T) {
	vienna := time.FixedZone("CET", 3600)
	at := time.Date(2026, time.January, 24, 9, 41, 0, 0, vienna)
	w := newWriter(t)
	french := w.words.in("fr")
	if got := french.day(time.Date(2026, time.November, 1, 9, 41, 0, 0, vienna)); got != "1er novembre 2026" {
		t.Errorf("the first of the month in French: %q", got)
	}
	for locale, want := range map[string]string{
		"en": "January 24, 2026, 09:41 CET", "en-GB": "24 January 2026, 09:41 CET", "en-AU": "January 24, 2026, 09:41 CET",
		"de": "24. Januar 2026, 09:41 Uhr CET", "de-AT": "24. Jänner 2026, 09:41 Uhr CET", "fr": "24 janvier 2026 à 09:41 CET",
		"es": "24 de enero de 2026, 09:41 CET", "ja": "2026年1月24日 09:41 CET",
	} {
		in := w.words.in(locale)
		if got := strings.ReplaceAll(in.moment(at), "\u00a0", " "); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

// TestFallback checks that a locale, as systems write it, falls back from the more to
// the less specific, to the nearest language and then to the shop's, and that digits and
// dates use the language of the texts.
func TestFallback(t *testing.T) {
	german, err := New(Shop{Name: "Mugs", Locale: "de"})
	if err != nil {
		t.Fatal(err)
	}
	for locale, lang := range map[string]string{
		"": "en", "en": "en", "de-AT": "de-AT", "de_DE": "de-DE", "DE-at": "de-AT", "de-XX": "de-XX", "nl": "en", "nl-BE": "en",
		"zz-ZZ": "en", "tlh": "en", "und": "en", "ja-JP-u-ca-japanese": "ja-JP", "en-US-u-nu-arab": "en-US", "sr-Latn": "en",
	} {
		c, err := newWriter(t).WriteTemplate(Delivered, locale, Sample(Delivered, "en"))
		if err != nil || !strings.Contains(c.HTML, `<html lang="`+lang+`">`) {
			t.Errorf("%q: want %s, got %v\n%s", locale, lang, err, c.HTML)
		}
	}
	for locale, lang := range map[string]string{
		"en_US.UTF-8": "en-US", "de_AT@euro": "de-AT", "fr_CA.ISO-8859-1": "fr-CA", "gsw_CH": "de", "lb": "de", "sr@latin": "de", "ca@valencia": "de", "br-FR": "fr",
		"C": "de", "POSIX": "de", "": "de", "not a locale": "de", "en\r\nBcc: x": "de", strings.Repeat("en-", 1000): "en", strings.Repeat("x", 1000): "de",
	} {
		c, err := german.WriteTemplate(Delivered, locale, Sample(Delivered, "en"))
		if err != nil || !strings.Contains(c.HTML, `<html lang="`+lang+`">`) {
			t.Errorf("a German shop's mail for %.20q: want %s, got %v", locale, lang, err)
		}
	}
	c, err := german.WriteTemplate(Delivered, "nl", Sample(Delivered, "en"))
	if err != nil || c.Subject != "Ihre Bestellung von Mugs ist angekommen" {
		t.Errorf("a German shop's mail for a Dutch reader: %q, %v", c.Subject, err)
	}
	c, err = german.WriteTemplate(Shipped, "en-GB", Sample(Shipped, "en"))
	if err != nil || c.Subject != "Your order from Mugs is on its way" {
		t.Errorf("a German shop's mail for a Briton: %q, %v", c.Subject, err)
	}
}

// TestCampaignLanguage checks that the campaign's words and the rest of the
// mail are in one language, also if there are no words in the reader's.
func TestCampaignLanguage(t *testing.T) {
	w := newWriter(t)
	words := func(locales ...string) map[string]mail.Words {
		all := map[string]mail.Words{}
		for _, l := range locales {
			all[l] = mail.Words{Subject: "words in " + l, Heading: "h", Body: []string{"b"}}
		}
		return all
	}
	for _, tt := range []struct {
		reader      string
		words       []string
		want        string
		unsubscribe string
	}{
		{reader: "de-AT", words: []string{"de", "en"}, want: "de", unsubscribe: "Abbestellen"},
		{reader: "de-AT", words: []string{"de-AT", "de"}, want: "de-AT", unsubscribe: "Abbestellen"},
		{reader: "de", words: []string{"de-AT", "en"}, want: "en", unsubscribe: "Unsubscribe"},
		{reader: "ja", words: []string{"de", "en"}, want: "en", unsubscribe: "Unsubscribe"},
		{reader: "ja", words: []string{"fr", "de"}, want: "de", unsubscribe: "Abbestellen"},
		{words: []string{"ja"}, want: "ja", unsubscribe: "配信を停止する"},
		{reader: "de", words: []string{"nl"}, want: "nl", unsubscribe: "Unsubscribe"},
	} {
		d := Data{Unsubscribe: "https://a.example/u", Words: words(tt.words...)}
		c, err := w.WriteTemplate(Campaign, tt.reader, d)
		if err != nil || c.Subject != "words in "+tt.want || !strings.Contains(c.Text, tt.unsubscribe) {
			t.Errorf("%q of %v: %q, %v\n%s", tt.reader, tt.words, c.Subject, err, c.Text)
		}
	}
}

func TestCheckWords(t *testing.T) {
	ok := mail.Words{Subject: "{{s}} {code}", Heading: "h", Body: []string{"b"}}
	change := func(f func(*mail.Words)) map[string]mail.Words {
		w := ok
		f(&w)
		return map[string]mail.Words{"en": w}
	}
	if err := CheckWords(map[string]mail.Words{"en": ok, "de-AT": ok}); err != nil {
		t.Error(err)
	}
	for name, words := range map[string]map[string]mail.Words{
		"no words": nil, "no locale": {"": ok}, "a bad locale": {"not a locale": ok},
		"no subject":                change(func(w *mail.Words) { w.Subject = " \n" }),
		"no body":                   change(func(w *mail.Words) { w.Body = nil }),
		"an open brace":             change(func(w *mail.Words) { w.Body = []string{"{"} }),
		"a closing brace":           change(func(w *mail.Words) { w.Heading = "a } b" }),
		"an invalid placeholder":    change(func(w *mail.Words) { w.Subject = "{a b}" }),
		"a link that runs a script": change(func(w *mail.Words) { w.Link = "javascript:x" }),
		"a text that is too long":   change(func(w *mail.Words) { w.Body = []string{strings.Repeat("x", longestText+1)} }),
		"too many paragraphs":       change(func(w *mail.Words) { w.Body = make([]string, maxTexts) }),
	} {
		if err := CheckWords(words); !errors.Is(err, order.ErrInvalid) {
			t.Errorf("%s: got %v, want order.ErrInvalid", name, err)
		}
	}
}

// FuzzPhrase checks that a value never becomes a placeholder.
func FuzzPhrase(f *testing.F) {
	f.Add("Hello {name}, {{x}}", "{shop}")
	f.Add("}{", "}")
	f.Fuzz(func(t *testing.T, s, value string) {
		p, err := parsePhrase(s)
		if err != nil {
			return
		}
		got, missing := p.fill(map[string]string{"name": value})
		if missing == "" && value != "" && strings.Count(got, value) < strings.Count(strings.ReplaceAll(s, "{{", ""), "{name}") {
			t.Fatalf("%q with %q: %q", s, value, got)
		}
	})
}
