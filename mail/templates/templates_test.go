package templates

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/mail"
	"purser/order"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func newWriter(t testing.TB) *Writer {
	t.Helper()
	w, err := New(SampleShop())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// languages are the languages that have all texts.
var languages = []string{"en", "de", "fr", "es", "ja"}

// TestGolden proves EML-11: it compares every mail in every language with its
// golden file.
func TestGolden(t *testing.T) {
	w := newWriter(t)
	for _, name := range Templates() {
		for _, locale := range languages {
			t.Run(string(name)+"/"+locale, func(t *testing.T) {
				golden(t, w, name, locale, Sample(name, locale), string(name))
			})
		}
	}
}

// golden compares a mail with its golden file.
func golden(t *testing.T, w *Writer, name Template, locale string, d Data, file string) {
	t.Helper()
	c, err := w.WriteTemplate(name, locale, d)
	if err != nil {
		t.Fatal(err)
	}
	got := []byte("-- subject --\n" + c.Subject + "\n-- text --\n" + c.Text + "-- html --\n" + c.HTML)
	path := filepath.Join("testdata", "golden", file+"."+locale)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the mail differs from %s (go test ./mail/templates -update, if that is intended):\n%s", path, cmp.Diff(string(want), string(got)))
	}
}

// TestNothingDropped checks that the text and the page of a mail contain all of
// the template's data, and the shop's name, imprint and support, in every
// language.
func TestNothingDropped(t *testing.T) {
	w := newWriter(t)
	for _, name := range Templates() {
		for _, locale := range w.Locales() {
			d := Sample(name, locale)
			d.Reason, d.Reference = "reason-of-it", "reference-of-it"
			p := plans[name]
			in := w.words.in(locale)
			want := []string{"Harbour & Sons", "1 Quay Street, 10115 Harbourtown"}
			for _, f := range append(p.facts, p.needs...) {
				switch v := w.values(p, in, d)[string(f)]; {
				case v != "":
					want = append(want, v)
				case f == fieldLines:
					want = append(want, "Mug, harbour blue", in.money(d.Total), in.money(order.Money{Amount: d.Lines[0].Subtotal, Currency: d.Total.Currency}))
				case f == fieldDelivered:
					want = append(want, d.Delivered[0].Name, "https://shop.example/downloads/twelve-knots", "The file opens with any e-book reader.")
				case f == fieldUnsubscribe:
					want = append(want, d.Unsubscribe)
				case f == fieldWords:
					want = append(want, "SPRING-ADA")
				default:
					t.Errorf("%s: the sample has no value for %s", name, f)
				}
			}
			if !p.staff {
				want = append(want, "Ada Löwe", "help@shop.example")
			}
			if link := w.link(p, d); link != "" {
				want = append(want, link)
			}
			c, err := w.WriteTemplate(name, locale, d)
			if err != nil {
				t.Fatalf("%s in %s: %v", name, locale, err)
			}
			page := unescape(c.HTML)
			for _, s := range want {
				if !strings.Contains(c.Text, s) || !strings.Contains(page, s) {
					t.Errorf("%s in %s: %q is in the text: %t, on the page: %t", name, locale, s, strings.Contains(c.Text, s), strings.Contains(page, s))
				}
			}
			if c.Subject == "" || strings.ContainsAny(c.Subject+c.Text, "{}") {
				t.Errorf("%s in %s: a placeholder has no value:\n%s\n%s", name, locale, c.Subject, c.Text)
			}
		}
	}
}

func unescape(page string) string {
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&#43;", "+").Replace(page)
}

// TestLanguagesComplete checks that each language has all of the English texts,
// with the same placeholders, and no others; a regional variant may have some
// of them only.
func TestLanguagesComplete(t *testing.T) {
	w := newWriter(t)
	placeholders := func(p phrase) map[string]bool {
		keys := map[string]bool{}
		for _, piece := range p {
			if piece.key != "" {
				keys[piece.key] = true
			}
		}
		return keys
	}
	english := w.words.texts[chain(mustParse(t, "en"))[0]]
	for tag, texts := range w.words.texts {
		regional := len(chain(tag)) > 1
		for key, p := range english {
			if q, ok := texts[key]; !ok && !regional {
				t.Errorf("%s lacks %s", tag, key)
			} else if ok && !strings.HasSuffix(key, ".subject") && !cmp.Equal(placeholders(p), placeholders(q)) {
				t.Errorf("%s: %s has the placeholders %v, in English %v", tag, key, placeholders(q), placeholders(p))
			}
		}
		for key := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: there is no English text %s", tag, key)
			}
		}
	}
	for _, name := range Templates() {
		for _, part := range []string{".subject", ".preview", ".heading", ".body.0", ".button"} {
			if _, ok := english[string(name)+part]; !ok && name != Campaign {
				t.Errorf("English lacks %s", string(name)+part)
			}
		}
	}
}

func TestWriteNotifications(t *testing.T) {
	w := newWriter(t)
	for _, m := range []order.Notification{
		order.MailReceived, order.MailConfirmation, order.MailShipped, order.MailDelivered, order.MailCancelled, order.MailExpired,
	} {
		subject, text, page, err := w.Write(mailOf(m))
		if err != nil || subject == "" {
			t.Errorf("%s: %q, %v", m, subject, err)
		}
		for _, s := range []string{"Ada <Löwe>", `2 x Mug "A&B": KWD` + "\u00a0" + `2.500`, "https://shop.example/orders/ord_1"} {
			if !strings.Contains(text, s) && m != order.MailShipped {
				t.Errorf("%s: the text lacks %q:\n%s", m, s, text)
			}
		}
		if !strings.Contains(page, "Ada &lt;Löwe&gt;") || !strings.Contains(page, "Mug &#34;A&amp;B&#34;") {
			t.Errorf("%s: the page is not escaped:\n%s", m, page)
		}
	}
}

func mailOf(m order.Notification) order.Mail {
	return order.Mail{
		OrderID: "ord_1", Notification: m, To: "ada@example.com", Name: "Ada <Löwe>",
		Lines:    []order.Line{{SKU: "mug", Name: "Mug \"A&B\"", Quantity: 2, Subtotal: 2500}},
		Total:    order.Money{Amount: 2500, Currency: "KWD"},
		Tracking: "PX1", Reason: "sold out",
	}
}

// TestRefusals proves EML-11: invalid data is refused with a typed error before
// a mail is sent.
func TestRefusals(t *testing.T) {
	w := newWriter(t)
	with := func(t Template, change func(*Data)) Data {
		d := Sample(t, "en")
		change(&d)
		return d
	}
	for _, tt := range []struct {
		name     string
		template Template
		locale   string
		data     Data
		field    string // of a FieldError
		want     error
	}{
		{name: "an unknown template", template: "birthday", locale: "en", data: Data{}, want: ErrTemplate},
		{name: "no template", locale: "en", data: Data{}, want: ErrTemplate},
		{name: "no order", template: Confirmation, locale: "en", data: with(Confirmation, func(d *Data) { d.OrderID = "" }), field: "order"},
		{name: "no lines", template: Confirmation, locale: "en", data: with(Confirmation, func(d *Data) { d.Lines = nil }), field: "lines"},
		{name: "no tracking number", template: Shipped, locale: "en", data: with(Shipped, func(d *Data) { d.Tracking = " \n" }), field: "tracking"},
		{name: "no amount", template: Refunded, locale: "en", data: with(Refunded, func(d *Data) { d.Amount = order.Money{} }), field: "amount"},
		{name: "no disputed amount", template: Dispute, locale: "en", data: with(Dispute, func(d *Data) { d.Amount = order.Money{} }), field: "amount"},
		{name: "an unknown currency", template: Confirmation, locale: "en", data: with(Confirmation, func(d *Data) { d.Total.Currency = "ZZZ" }), field: "lines"},
		{name: "a reminder without an unsubscribe link", template: Reminder, locale: "en", data: with(Reminder, func(d *Data) { d.Unsubscribe = "" }), field: "unsubscribe"},
		{name: "a campaign without an unsubscribe link", template: Campaign, locale: "en", data: with(Campaign, func(d *Data) { d.Unsubscribe = "" }), field: "unsubscribe"},
		{name: "a campaign without words", template: Campaign, locale: "en", data: with(Campaign, func(d *Data) { d.Words = nil }), field: "words"},
		{name: "a placeholder without a value", template: Campaign, locale: "en", data: with(Campaign, func(d *Data) { d.Values = nil }), field: "code"},
		{name: "a link that runs a script", template: Campaign, locale: "en", data: with(Campaign, func(d *Data) { d.Link = "javascript:alert(1)" }), field: "link"},
		{name: "an unsubscribe link with data", template: Reminder, locale: "en", data: with(Reminder, func(d *Data) { d.Unsubscribe = "data:text/html,x" }), field: "unsubscribe"},
		{name: "a link of two lines", template: Reminder, locale: "en", data: with(Reminder, func(d *Data) { d.Link = "https://a.example/\r\nx" }), field: "link"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := w.WriteTemplate(tt.template, tt.locale, tt.data)
			if c != (mail.Content{}) || !errors.Is(err, order.ErrInvalid) {
				t.Errorf("got %+v, %v; want order.ErrInvalid and nothing", c, err)
			}
			var field *FieldError
			if errors.As(err, &field); tt.field != "" && (field == nil || field.Field != tt.field) {
				t.Errorf("got %v, want a FieldError of %s", err, tt.field)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestShop checks that a shop's settings are checked at the start and used in
// the mails.
func TestShop(t *testing.T) {
	for name, shop := range map[string]Shop{
		"colour": {Colour: "red;}"}, "logo": {Logo: "javascript:alert(1)"}, "support": {Support: "Help <help@shop.example>"},
		"order URL": {OrderURL: "/orders/"}, "locale": {Locale: "nl"}, "sender": {Senders: map[Template]string{Shipped: "nobody"}},
		"sender's template": {Senders: map[Template]string{"birthday": "a@b.example"}},
	} {
		if _, err := New(shop); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
	w, err := New(Shop{Name: "Mugs\r\nBcc: x", Logo: "https://shop.example/logo.png", Colour: "#FFE600", Senders: map[Template]string{Dispute: "Disputes <d@shop.example>"}})
	if err != nil {
		t.Fatal(err)
	}
	subject, _, page, err := w.Write(mailOf(order.MailConfirmation))
	if err != nil || subject != "Thank you for your order at Mugs Bcc: x" {
		t.Errorf("%q, %v", subject, err)
	}
	for _, s := range []string{`src="https://shop.example/logo.png" alt="Mugs Bcc: x"`, "background:#ffe600"} {
		if !strings.Contains(page, s) {
			t.Errorf("the page lacks %s:\n%s", s, page)
		}
	}
	if w.Sender("dispute") != (mail.Address{Name: "Disputes", Email: "d@shop.example"}) || w.Sender("shipped") != (mail.Address{}) {
		t.Errorf("senders %v, %v", w.Sender("dispute"), w.Sender("shipped"))
	}
	if Reminder.Stream() != mail.Marketing || Shipped.Stream() != mail.Transactional || Template("?").Stream() != mail.Marketing {
		t.Error("EML-13: a template has the wrong stream")
	}
}

// malicious are texts that try to be more than text.
var malicious = []string{
	"\r\nBcc: x@example.com", "$& $1 ${HOME}", "{{.ID}}", "{shop}", "<script>alert(1)</script>", "\u202eevil", "\x00", "\u2028", `" onload="x`,
}

var tags = regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)

// TestMaliciousText proves EML-11: whatever a name contains, the subject is one
// line and the page has no additional element.
func TestMaliciousText(t *testing.T) {
	w := newWriter(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom(malicious))
		name := rapid.SampledFrom(Templates()).Draw(rt, "template")
		d := Sample(name, "en")
		plain, err := w.WriteTemplate(name, "en", d)
		if err != nil {
			rt.Fatal(err)
		}
		d.Name, d.Carrier = "x"+text.Draw(rt, "name"), "x"+text.Draw(rt, "carrier")
		if d.Reason != "" {
			d.Reason = "x" + text.Draw(rt, "reason")
		}
		if d.Values != nil {
			d.Values = map[string]string{"code": "x" + text.Draw(rt, "code")}
		}
		for i := range d.Lines {
			d.Lines[i].Name = text.Draw(rt, "line")
		}
		for i := range d.Delivered {
			d.Delivered[i].Name = text.Draw(rt, "product")
			d.Delivered[i].Text = "x" + strings.ReplaceAll(text.Draw(rt, "first line"), "\n", " ") + "\nx" + strings.ReplaceAll(text.Draw(rt, "second line"), "\n", " ")
			plainDelivered := Sample(name, "en")
			plainDelivered.Delivered[i].Text = "one\ntwo"
			if plain, err = w.WriteTemplate(name, "en", plainDelivered); err != nil {
				rt.Fatal(err)
			}
		}
		got, err := w.WriteTemplate(name, "en", d)
		if err != nil {
			rt.Fatal(err)
		}
		checkContent(rt, got)
		if strings.Count(got.Text, "\n") != strings.Count(plain.Text, "\n") {
			rt.Fatalf("want as many lines of text as\n%s\ngot\n%s", plain.Text, got.Text)
		}
		if a, b := len(tags.FindAllString(plain.HTML, -1)), len(tags.FindAllString(got.HTML, -1)); a != b {
			rt.Fatalf("%d tags, want %d:\n%s", b, a, got.HTML)
		}
	})
}

func checkContent(t rapid.TB, c mail.Content) {
	t.Helper()
	if strings.ContainsFunc(c.Subject, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) || c.Subject == "" {
		t.Fatalf("subject %q", c.Subject)
	}
	if strings.Contains(c.HTML, "<script") || strings.Contains(c.HTML, "ZgotmplZ") {
		t.Fatalf("page\n%s", c.HTML)
	}
}

// FuzzWrite checks that a mail is written completely or refused as invalid.
func FuzzWrite(f *testing.F) {
	f.Add("shipped", "de-AT", "Ada", "mug", "PX1", "sold out", int64(1250), "EUR")
	f.Add("confirmation", "x\r\n", "\x00", "<b>", "\u202e", "{shop}", int64(-1<<63), "JPY")
	f.Add("refunded", "ja", "{", "}", "", "", int64(0), "XXX")
	w := newWriter(f)
	f.Fuzz(func(t *testing.T, notification, locale, name, line, tracking, reason string, amount int64, currency string) {
		m := order.Mail{
			OrderID: "ord_1", Notification: order.Notification(notification), Name: name, Locale: locale, Tracking: tracking, Reason: reason,
			Lines: []order.Line{{Name: line, Quantity: 1, Subtotal: amount}}, Total: order.Money{Amount: amount, Currency: currency},
			Amount: order.Money{Amount: amount, Currency: currency},
		}
		subject, text, page, err := w.Write(m)
		if err != nil {
			if !errors.Is(err, order.ErrInvalid) || subject+text+page != "" {
				t.Fatalf("%q, %v", subject, err)
			}
			return
		}
		checkContent(t, mail.Content{Subject: subject, Text: text, HTML: page})
	})
}
