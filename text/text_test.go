package text_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"purser/text"
)

// TestClean: what a text loses is what nobody sees, and only at its ends.
func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{name: "plain", in: "Mug", want: "Mug"},
		{name: "spaces of a spreadsheet", in: "\u00a0Mug \u2009", want: "Mug"},
		{name: "a second byte order mark", in: "\ufeffMug", want: "Mug"},
		{name: "zero-width spaces", in: "\u200bMug\u200b", want: "Mug"},
		{name: "line separators", in: "Mug\u2028\u2029", want: "Mug"},
		{name: "an override", in: "\u202eMug\u202c", want: "Mug"},
		{name: "inside it stays", in: "M\u200bug", want: "M\u200bug"},
		{name: "CR LF", in: "a\r\nb", want: "a\nb"},
		{name: "a lone CR", in: "a\rb\r", want: "a\nb"},
		{name: "CR and LF mixed", in: "a\r\r\nb\n\rc", want: "a\n\nb\n\nc"},
		{name: "decomposed", in: "cafe\u0301-1", want: "caf\u00e9-1"},
		{name: "a joiner at the end of a word", in: "می\u200c", want: "می\u200c"},
		{name: "invalid UTF-8 is left to be refused", in: "a\xff", want: "a\xff"},
		{name: "a control character is left to be refused", in: "Mug\x00", want: "Mug\x00"},
		{name: "nothing else", in: "\u200b \ufeff", want: ""},
	} {
		if got := text.Clean(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestFaults: a refusal says which character is wrong and where (SEC-7).
func TestFaults(t *testing.T) {
	line := func(s string) string { return text.Line(s, 10) }
	lines := func(s string) string { return text.Lines(s, 10) }
	key := func(s string) string { return text.Key(s, 10) }
	for _, c := range []struct {
		name  string
		check func(string) string
		in    string
		want  string // part of the fault; "" for none
	}{
		{name: "a line", check: line, in: "Mug, blau"},
		{name: "ten characters of two bytes", check: line, in: strings.Repeat("é", 10)},
		{name: "a long line", check: line, in: strings.Repeat("é", 11), want: "longer than 10 characters"},
		{name: "a line break", check: line, in: "a\nb", want: "its character 2 is a line break (U+000A)"},
		{name: "a tab", check: line, in: "a\tb", want: "a tab (U+0009)"},
		{name: "a zero byte", check: line, in: "éa\x00b", want: "its character 3 is a control character (U+0000)"},
		{name: "an override", check: line, in: "a\u202eb", want: "changes the writing direction (U+202E)"},
		{name: "a zero-width space", check: line, in: "a\u200bb", want: "an invisible character (U+200B)"},
		{name: "Persian", check: line, in: "می\u200cخواهم"},
		{name: "two lines with a tab", check: lines, in: "a\n\tb"},
		{name: "a CR", check: lines, in: "a\rb", want: "its character 2 is a line break (U+000D)"},
		{name: "a line separator", check: lines, in: "a\u2028b", want: "a line break (U+2028)"},
		{name: "a key", check: key, in: "café-1"},
		{name: "no key", check: key, in: "", want: "missing"},
		{name: "a long key", check: key, in: strings.Repeat("é", 6), want: "longer than 10 bytes"},
		{name: "a dot", check: key, in: "..", want: "part of an address"},
		{name: "a slash alone", check: key, in: "/", want: "part of an address"},
		{name: "a decomposed key", check: key, in: "cafe\u0301", want: "NFC"},
		{name: "a space in a key", check: key, in: "a b", want: "a space (U+0020)"},
		{name: "a no-break space in a key", check: key, in: "a\u00a0b", want: "a space (U+00A0)"},
		{name: "a joiner in a key", check: key, in: "a\u200db", want: "an invisible character (U+200D)"},
		{name: "a byte order mark in a key", check: key, in: "a\ufeffb", want: "a byte order mark (U+FEFF)"},
		{name: "a Hangul filler in a key", check: key, in: "a\u3164b", want: "an invisible character (U+3164)"},
		{name: "a variation selector in a key", check: key, in: "a\ufe0f", want: "an invisible character (U+FE0F)"},
		{name: "a Braille blank in a key", check: key, in: "a\u2800b", want: "a space (U+2800)"},
		{name: "a lost letter in a key", check: key, in: "caf\ufffd", want: "its character 4 is the mark of a letter that a program has lost (U+FFFD)"},
		{name: "a noncharacter in a key", check: key, in: "a\uffff", want: "an invisible character (U+FFFF)"},
		{name: "invalid UTF-8 in a key", check: key, in: "a\xff", want: "not valid UTF-8"},
	} {
		if got := c.check(c.in); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestKeysAreVisible: whatever passes as a key is what a person sees, and stays as it
// is when it is cleaned.
func TestKeysAreVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := norm.NFC.String(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom(nil, unicode.Cf, unicode.Zs, unicode.Zl, unicode.Mn, unicode.Lo))).Draw(t, "key"))
		if text.Key(s, 1000) != "" {
			return
		}
		if strings.ContainsFunc(s, func(r rune) bool {
			return !unicode.IsPrint(r) && unicode.In(r, unicode.C, unicode.Z) && !unicode.Is(unicode.Co, r)
		}) {
			t.Errorf("%q passes", s)
		}
		if got := text.Clean(s); got != s {
			t.Errorf("cleaned to %q", got)
		}
		if text.Line(s, 1000) != "" {
			t.Errorf("%q passes as a key, but not as a text", s)
		}
	})
}

// TestLook: what people take for the same key has the same look, and nothing else.
func TestLook(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		same       bool
	}{
		{name: "case", a: "A-1", b: "a-1", same: true},
		{name: "a full-width letter", a: "A-1", b: "\uff21-1", same: true},
		{name: "a superscript", a: "m2", b: "m²", same: true},
		{name: "a ligature", a: "fish", b: "\ufb01sh", same: true},
		{name: "a Cyrillic letter", a: "ABC-1", b: "АВС-1", same: true},
		{name: "a small Cyrillic letter", a: "cop-1", b: "сор-1", same: true},
		{name: "a Greek letter", a: "KM-1", b: "ΚΜ-1", same: true},
		{name: "a Cyrillic letter with a mark", a: "\u00cb-1", b: "\u0401-1", same: true},
		{name: "a dash", a: "A-1", b: "A–1", same: true},
		{name: "a minus sign", a: "A-1", b: "A\u22121", same: true},
		{name: "a sharp s", a: "GROSS", b: "groß", same: true},
		{name: "a typographic apostrophe", a: "O'1", b: "O’1", same: true},
		{name: "typographic quotes", a: `5"`, b: "5”", same: true},
		{name: "a multiplication sign", a: "20x30", b: "20×30", same: true},
		{name: "a fraction", a: "1/2", b: "½", same: true},
		{name: "a division slash", a: "a/b", b: "a\u2215b", same: true},
		{name: "a Cyrillic shha", a: "hat", b: "\u04bbat", same: true},
		{name: "a phonetic g", a: "g-1", b: "\u0261-1", same: true},
		{name: "Croatian and Icelandic", a: "Đ-1", b: "Ð-1", same: true},
		{name: "a Romanian letter with a cedilla", a: "\u0219-1", b: "\u015f-1", same: true},
		{name: "a Persian yeh", a: "\u0639\u0644\u064a", b: "\u0639\u0644\u06cc", same: true},
		{name: "a Persian kaf", a: "\u0643", b: "\u06a9", same: true},
		{name: "Persian digits", a: "\u0661\u0662", b: "\u06f1\u06f2", same: true},
		{name: "katakana like hiragana", a: "ベル", b: "べル", same: true},
		{name: "katakana like a Chinese character", a: "ロ1", b: "口1", same: true},
		{name: "a long vowel like a dash", a: "コーヒ", b: "コ—ヒ", same: true},
		{name: "Thai", a: "แก้ว", b: "เเก้ว", same: true},
		{name: "an accent", a: "cafe", b: "café"},
		{name: "a cedilla or none", a: "ca", b: "ça"},
		{name: "other digits", a: "3", b: "\u0663"},
		{name: "two kana", a: "シ1", b: "ツ1"},
		{name: "a zero", a: "O-1", b: "0-1"},
		{name: "an underscore", a: "a_1", b: "a-1"},
		{name: "a leading zero", a: "007", b: "7"},
		{name: "other letters", a: "вода", b: "boda"},
	} {
		if same := text.Look(c.a) == text.Look(c.b); same != c.same {
			t.Errorf("%s: %q looks like %q and %q like %q", c.name, c.a, text.Look(c.a), c.b, text.Look(c.b))
		}
	}
}

// FuzzClean: what is cleaned is clean.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"mug", "\ufeff\u200bcafe\u0301\r\n", "a\r\rb", "\u202e\xff", "\u1160\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := text.Clean(s)
		if again := text.Clean(once); again != once {
			t.Errorf("%q is cleaned to %q and then to %q", s, once, again)
		}
		if strings.Contains(once, "\r") {
			t.Errorf("%q holds a CR", once)
		}
	})
}
