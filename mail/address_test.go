package mail_test

import (
	"errors"
	netmail "net/mail"
	"strings"
	"testing"

	"purser/mail"
)

// TestNormalise proves BNC-1: all spellings of a mailbox become the same
// address, and what is not one is refused with the reason.
func TestNormalise(t *testing.T) {
	const composed, decomposed = "jos\u00e9@example.com", "jose\u0301@example.com"
	for _, tt := range []struct {
		in     string
		want   string // "": refused
		reason string
	}{
		{in: "ada@example.com", want: "ada@example.com"},
		{in: " Ada@Example.COM ", want: "ada@example.com"},
		{in: "Ada Lovelace <ADA@example.com>", want: "ada@example.com"},
		{in: "ada+mugs@example.com", want: "ada+mugs@example.com"},
		{in: "ada@example.com。", want: "ada@example.com"},
		{in: "o'hara{1}@sub.example.com", want: "o'hara{1}@sub.example.com"},

		{in: "ada@bücher.example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@XN--BCHER-KVA.example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@BÜCHER.example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@bu\u0308cher.example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@bücher。example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@ｂücher.example", want: "ada@xn--bcher-kva.example"},
		{in: "ada@例子.xn--fsqu00a", want: "ada@xn--fsqu00a.xn--fsqu00a"},

		{in: "aaa..bbb@docomo.example", want: "aaa..bbb@docomo.example"},
		{in: "ccc.@docomo.example", want: "ccc.@docomo.example"},
		{in: ".ddd@docomo.example", want: ".ddd@docomo.example"},
		{in: "Aaa...-@docomo.example", want: "aaa...-@docomo.example"},
		{in: `"aaa..bbb"@docomo.example`, want: "aaa..bbb@docomo.example"},
		{in: `"ada"@example.com`, want: "ada@example.com"},
		{in: "Ada <aaa..bbb@docomo.example>", want: "aaa..bbb@docomo.example"},
		{in: `Ada <"ccc."@docomo.example>`, want: "ccc.@docomo.example"},
		{in: "..@docomo.example", want: "..@docomo.example"},

		{in: "Ädа@example.com", want: "ädа@example.com"},
		{in: "用户@例子.example", want: "用户@xn--fsqu00a.example"},
		{in: decomposed, want: composed},
		{in: "я..б@docomo.example", want: "я..б@docomo.example"},

		{in: strings.Repeat("a", 64) + "@b.example", want: strings.Repeat("a", 64) + "@b.example"},
		{in: strings.Repeat("a", 65) + "@b.example", reason: "more than 64 bytes"},
		{in: strings.Repeat("я", 33) + "@b.example", reason: "more than 64 bytes"},
		{in: strings.Repeat("a", 60) + "..a@b.example", reason: "more than 64 bytes"}, // with its quotes
		{in: "a@" + strings.Repeat("b.", 126) + "ex", reason: "more than 254 bytes"},
		{in: "a@" + strings.Repeat("b", 64) + ".example", reason: "longer than 63 bytes"},

		{in: "a@[127.0.0.1]", reason: "IP address"},
		{in: "a@[IPv6:::1]"},
		{in: "a@127.0.0.1", reason: "IP address"},
		{in: "a@localhost", reason: "own machine"},
		{in: "a@LocalHost。", reason: "own machine"},
		{in: "a@shop.localhost", reason: "own machine"},
		{in: "a@mailserver", reason: "no dot"},
		{in: "a@-b.example", reason: "hyphen"},
		{in: "a@b-.example", reason: "hyphen"},
		{in: "a@b.-example", reason: "hyphen"},
		{in: "a@bücher-.example", reason: "hyphen"},
		{in: "a@b!c.example", reason: "a character that domains cannot have"},

		{in: ""},
		{in: "ada"},
		{in: "ada@"},
		{in: "@example.com"},
		{in: `""@example.com`},
		{in: "a@b..example"},
		{in: "a@b.example, c@d.example"},
		{in: "a..b@b.example, c@d.example"},
		{in: "ada@example.com\r\nBcc: x@y.z"},
		{in: "a..b@example.com\r\nBcc: x@y.z"},
		{in: "ada@exa mple.com"},
		{in: "a b@example.com"},
		{in: `"a b"@example.com`, reason: "must not stand"},
		{in: `"a@b"@example.com`, reason: "must not stand"},
		{in: `"a\\"b"@example.com`},
		{in: "a\u200bb@example.com", reason: "must not stand"},
		{in: "a\u202eb@example.com", reason: "must not stand"},
		{in: "a\u00a0b@example.com", reason: "must not stand"},
		{in: "a\xffb@example.com"},
	} {
		got, err := mail.Normalise(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") || err != nil && (!errors.Is(err, mail.ErrAddress) || !strings.Contains(err.Error(), tt.reason)) {
			t.Errorf("%q: got %q, %v; want %q, %s", tt.in, got, err, tt.want, tt.reason)
		}
		if err == nil {
			if again, err := mail.Normalise(mail.Wire(got)); again != got || err != nil {
				t.Errorf("%q in SMTP is read as %q, %v", mail.Wire(got), again, err)
			}
		}
	}
}

// TestWire proves EML-11: an address whose dots require quotes has them in SMTP.
func TestWire(t *testing.T) {
	for _, tt := range []struct {
		email, want string
		utf8        bool
	}{
		{email: "ada@example.com", want: "ada@example.com"},
		{email: "a.b.c@example.com", want: "a.b.c@example.com"},
		{email: "aaa..bbb@docomo.example", want: `"aaa..bbb"@docomo.example`},
		{email: "ccc.@docomo.example", want: `"ccc."@docomo.example`},
		{email: ".ddd@docomo.example", want: `".ddd"@docomo.example`},
		{email: "用户@xn--fsqu00a.example", want: "用户@xn--fsqu00a.example", utf8: true},
	} {
		got := mail.Wire(tt.email)
		if got != tt.want || mail.NeedsUTF8(tt.email) != tt.utf8 {
			t.Errorf("%s: %s, needs UTF-8: %t; want %s, %t", tt.email, got, mail.NeedsUTF8(tt.email), tt.want, tt.utf8)
		}
		if a, err := netmail.ParseAddress(got); err != nil || a.Address != tt.email {
			t.Errorf("%s: a mail program reads it as %v, %v", got, a, err)
		}
	}
}

// TestSpellings proves BNC-1, BNC-6 and EML-7: a list and an unsubscribe link hold
// an address in the same form, however it was spelled.
func TestSpellings(t *testing.T) {
	links := mail.Links{Key: []byte("key"), Base: "https://shop.example"}
	for want, spellings := range map[string][]string{
		"ada@xn--bcher-kva.example": {"ada@xn--bcher-kva.example", "ada@bücher.example", "Ada@BÜCHER.example", "ada@XN--BCHER-KVA.example"},
		"aaa..bbb@docomo.example":   {"aaa..bbb@docomo.example", `"aaa..bbb"@docomo.example`, `Ada <"AAA..bbb"@Docomo.example>`},
		"用户@xn--fsqu00a.example":    {"用户@例子.example", "用户@xn--fsqu00a.example"},
	} {
		for _, spelling := range spellings {
			m := mail.Message{ID: "camp_1:x", Stream: mail.Marketing, To: []mail.Address{{Email: spelling}}}
			sub, err := links.Read(strings.TrimPrefix(links.Unsubscribe(m), "https://shop.example"+mail.UnsubscribePath))
			if err != nil || sub.Email != want {
				t.Errorf("%q: the link is of %q, %v, want %q", spelling, sub.Email, err, want)
			}
			good, bad, err := read(t, "address,name\n\""+strings.ReplaceAll(spelling, `"`, `""`)+"\",Ada\n", mail.CSV)
			if err != nil || len(good) != 1 || good[0].Address != want {
				t.Errorf("%q: the list has %+v, %v, %v, want %q", spelling, good, bad, err, want)
			}
		}
	}
}
