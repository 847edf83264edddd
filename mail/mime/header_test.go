package mime_test

import (
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"

	"purser/mail"
	providermime "purser/mail/mime"
)

// names are names and subjects that readers must show as they are.
var names = map[string]string{
	"plain":                           "Ada Lovelace",
	"not ASCII":                       "Zoë Ångström",
	"an encoded word":                 "=?utf-8?q?x?=",
	"an encoded word among others":    "Ada =?iso-8859-1?Q?L=F6we?= Lovelace",
	"an encoded word in base64":       "=?UTF-8?B?QWRh?=",
	"half an encoded word":            "=?utf-8?q?x",
	"an encoded word that is not":     "a=?b",
	"an encoded word and an umlaut":   "=?utf-8?q?x?= Löwe",
	"a header in an encoded word":     "=?utf-8?q?a=0D=0ABcc:_b@example.com?=",
	"two encoded words":               "=?utf-8?q?a?= =?utf-8?q?b?=",
	"quotes":                          `Ada "the Countess" Lovelace`,
	"a single quote":                  `Ada"`,
	"a comma":                         "Lovelace, Ada",
	"an address":                      "ada@example.com",
	"an address in brackets":          "Ada <a@b.example>, Bob",
	"a backslash":                     `Ada \ Bob\`,
	"a backslash before a quote":      `a\"b`,
	"a backslash and an umlaut":       `Zoë \ "Å"`,
	"brackets and a comment":          "Shop (Berlin) [a;b:c]",
	"two spaces":                      "Ada  Lovelace",
	"long, with two spaces":           strings.TrimSpace(strings.Repeat("Ada  Lovelace  of ", 10)),
	"spaces around it":                " Ada ",
	"long, in one word":               strings.Repeat("z", 150),
	"long, in Chinese":                strings.Repeat("漢字", 100),
	"long, in emoji":                  strings.Repeat("👩🏽‍🔧", 40),
	"long, of encoded words":          strings.TrimSpace(strings.Repeat("=?utf-8?q?x?= ", 14)),
	"long, in English":                strings.TrimSpace(strings.Repeat("the Countess of ", 12)),
	"an equals sign and a question":   "Why = ?",
	"a tilde, a percent sign, a hash": "~50% off # 1",
}

// TestNames proves EML-9 and EML-11: readers show the names of
// From, Reply-To and To and the subject as they were given.
func TestNames(t *testing.T) {
	for what, name := range names {
		t.Run(what, func(t *testing.T) {
			sender := &netmail.Address{Name: strings.TrimSpace(name), Address: "orders@shop.example"}
			configured := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(sender.Name) + `" <orders@shop.example>`
			w, err := providermime.New(configured, strings.Replace(configured, "orders@", "help@", 1))
			if err != nil {
				t.Fatal(err)
			}
			m := newMessage()
			m.To, m.Content.Subject = []mail.Address{{Name: name, Email: "a@example.com"}, {Name: name, Email: "b@example.com"}}, name
			own := m
			own.From = mail.Address{Name: name, Email: "disputes@shop.example"}
			for _, tt := range []struct {
				m         mail.Message
				from, who string
			}{
				{m: m, from: sender.Name, who: "orders@shop.example"},
				{m: own, from: name, who: "disputes@shop.example"},
			} {
				raw, err := w.Write(tt.m)
				if err != nil {
					t.Fatal(err)
				}
				h := read(t, raw).Header
				wantNames(t, h, "From", netmail.Address{Name: tt.from, Address: tt.who})
				wantNames(t, h, "Reply-To", netmail.Address{Name: sender.Name, Address: "help@shop.example"})
				wantNames(t, h, "To", netmail.Address{Name: name, Address: "a@example.com"}, netmail.Address{Name: name, Address: "b@example.com"})
				if got := decoded(t, h.Get("Subject")); got != name {
					t.Errorf("subject %q, want %q", got, name)
				}
				if from, err := netmail.ParseAddress(w.SenderHeader(tt.m)); err != nil || from.Name != tt.from || from.Address != tt.who || strings.ContainsAny(w.SenderHeader(tt.m), "\r\n") {
					t.Errorf("the sender is %q, %v", w.SenderHeader(tt.m), err)
				}
				wantShortWords(t, string(raw))
			}
		})
	}
}

// decoded returns a header as a reader shows it that decodes encoded words
// wherever they stand, as many do.
func decoded(t *testing.T, s string) string {
	t.Helper()
	got, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var brackets = regexp.MustCompile("<[^>]*>")

// wantNames compares the addresses of a header. A name in quotes must not hold an
// encoded word, which some readers decode and others do not.
func wantNames(t *testing.T, h netmail.Header, field string, want ...netmail.Address) {
	t.Helper()
	got, err := h.AddressList(field)
	if err != nil || len(got) != len(want) {
		t.Errorf("%s: %q, %v", field, h.Get(field), err)
		return
	}
	for i, a := range got {
		if *a != want[i] {
			t.Errorf("%s: %v, want %v", field, *a, want[i])
		}
	}
	if in := brackets.ReplaceAllString(h.Get(field), ""); strings.Contains(in, `"`) && strings.Contains(in, "=?") {
		t.Errorf("%s: an encoded word stands in quotes: %s", field, in)
	}
}

// wantShortWords checks the limits of RFC 2047, section 2.
func wantShortWords(t *testing.T, raw string) {
	t.Helper()
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.Contains(line, "=?") && len(line) > 76 {
			t.Errorf("a line with an encoded word has %d characters: %s", len(line), line)
		}
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "=?") && len(word) > 75 {
				t.Errorf("an encoded word has %d characters: %s", len(word), word)
			}
		}
	}
}

// TestOddAddresses proves EML-11: an address whose dots require quotes, and one
// that is not ASCII, arrive in the header as they are.
func TestOddAddresses(t *testing.T) {
	for email, want := range map[string]string{
		"aaa..bbb@docomo.example":         `"aaa..bbb"@docomo.example`,
		"ccc.@docomo.example":             `"ccc."@docomo.example`,
		"用户@xn--fsqu00a.example":          "用户@xn--fsqu00a.example",
		"ädа..@xn--bcher-kva.example":     `"ädа.."@xn--bcher-kva.example`,
		strings.Repeat("a", 64) + "@b.de": strings.Repeat("a", 64) + "@b.de",
	} {
		for _, name := range []string{"", "Ada", "Zoë"} {
			m := newMessage()
			m.To = []mail.Address{{Name: name, Email: email}}
			raw, err := writer(t).Write(m)
			if err != nil {
				t.Fatal(err)
			}
			h := read(t, raw).Header
			wantNames(t, h, "To", netmail.Address{Name: name, Address: email})
			if got := h.Get("To"); !strings.HasSuffix(got, "<"+want+">") {
				t.Errorf("%s: %s", email, got)
			}
		}
	}
}

// TestSenderDomains (EML-11): a sender's domain stands in ASCII in all headers, so that
// every provider can send the mail and the Message-ID can be read back.
func TestSenderDomains(t *testing.T) {
	for _, tt := range []struct {
		from, want string
		utf8       bool
	}{
		{from: "Müller <bestellung@müller.example>", want: "bestellung@xn--mller-kva.example"},
		{from: "bestellung@MÜLLER.example", want: "bestellung@xn--mller-kva.example"},
		{from: "orders@例え.jp", want: "orders@xn--r8jz45g.jp"},
		{from: "Orders@Shop.example", want: "Orders@Shop.example"},
		{from: "orders@localhost", want: "orders@localhost"},
		{from: "jürgen@müller.example", want: "jürgen@xn--mller-kva.example", utf8: true},
	} {
		w, err := providermime.New(tt.from, tt.from)
		if err != nil {
			t.Fatal(err)
		}
		m := newMessage()
		m.From = mail.Address{}
		raw, err := w.Write(m)
		if err != nil {
			t.Fatal(err)
		}
		h := read(t, raw).Header
		for _, name := range []string{"From", "Reply-To"} {
			if got := h.Get(name); !strings.HasSuffix(got, "<"+tt.want+">") {
				t.Errorf("%s: %s: %s", tt.from, name, got)
			}
		}
		if id := h.Get("Message-ID"); mail.FromWireID(id) != m.ID || w.NeedsUTF8(m) != tt.utf8 {
			t.Errorf("%s: Message-ID %s, needs UTF-8: %t", tt.from, id, w.NeedsUTF8(m))
		}
	}
}

// TestControlCharacters checks that a sender's name with control characters
// becomes one line.
func TestControlCharacters(t *testing.T) {
	w, err := providermime.New("=?utf-8?q?Mugs=0D=0ABcc=3A_x?= <orders@shop.example>", "=?utf-8?q?a=00b=E2=80=A8c?= <help@shop.example>")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.Write(newMessage())
	if err != nil {
		t.Fatal(err)
	}
	h := read(t, raw).Header
	wantNames(t, h, "From", netmail.Address{Name: "Mugs  Bcc: x", Address: "orders@shop.example"})
	wantNames(t, h, "Reply-To", netmail.Address{Name: "a b c", Address: "help@shop.example"})
}
