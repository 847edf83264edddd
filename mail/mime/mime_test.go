package mime_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"strings"
	"testing"
	"unicode/utf8"

	"purser/mail"
	providermime "purser/mail/mime"
)

func writer(t testing.TB) *providermime.Writer {
	t.Helper()
	w, err := providermime.New("Mugs & More <orders@shop.example>", "help@shop.example")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newMessage() mail.Message {
	return mail.Message{
		ID: "ord_1:mail-shipped:1", Stream: mail.Transactional, To: []mail.Address{{Name: "Ada Löwe", Email: "ada@xn--bcher-kva.example"}},
		Content: mail.Content{Subject: "Ihre Tasse ist unterwegs – hübsch", Text: "Guten Tag", HTML: "<p>Guten Tag</p>"},
	}
}

func read(t testing.TB, raw []byte) *netmail.Message {
	t.Helper()
	msg, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return msg
}

// TestWrite proves EML-9 and EML-10: it checks the headers of a mail about an
// order.
func TestWrite(t *testing.T) {
	raw, err := writer(t).Write(newMessage())
	if err != nil {
		t.Fatal(err)
	}
	msg := read(t, raw)
	for name, want := range map[string]string{
		"From": `"Mugs & More" <orders@shop.example>`, "Reply-To": "<help@shop.example>", "Auto-Submitted": "auto-generated",
		"Message-Id": "<ord_1.mail-shipped.1@shop.example>", "List-Unsubscribe": "", "List-Unsubscribe-Post": "", "Precedence": "",
	} {
		if got := msg.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); got != newMessage().Content.Subject || err != nil {
		t.Errorf("subject %q %v", got, err)
	}
	if to, err := msg.Header.AddressList("To"); err != nil || len(to) != 1 || *to[0] != (netmail.Address{Name: "Ada Löwe", Address: "ada@xn--bcher-kva.example"}) {
		t.Errorf("to %v %v", to, err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s %v", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for _, want := range []string{"Guten Tag", "<p>Guten Tag</p>"} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(p); err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("part %q %v, want %q", b, err, want)
		}
	}
}

// TestMarketing proves BNC-6 and EML-10: marketing has an unsubscribe link that
// mail programs understand, however long it is.
func TestMarketing(t *testing.T) {
	m := newMessage()
	m.Stream, m.Unsubscribe = mail.Marketing, "https://shop.example/unsubscribe/"+strings.Repeat("a1B2_-", 50)+"."+strings.Repeat("x", 43)
	raw, err := writer(t).Write(m)
	if err != nil {
		t.Fatal(err)
	}
	h := read(t, raw).Header
	if got := h.Get("List-Unsubscribe"); got != "<"+m.Unsubscribe+">" {
		t.Errorf("List-Unsubscribe: %q", got)
	}
	if got := h.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post: %q", got)
	}
}

// TestSingleBody checks that a mail with one body is not a multipart.
func TestSingleBody(t *testing.T) {
	for want, c := range map[string]mail.Content{
		"text/plain": {Subject: "s", Text: "x"},
		"text/html":  {Subject: "s", HTML: "<p>x</p>"},
	} {
		m := newMessage()
		m.Content = c
		raw, err := writer(t).Write(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, raw).Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestInvalid checks that invalid mails and senders are refused.
func TestInvalid(t *testing.T) {
	m := newMessage()
	m.Content.Text = "a\x00b"
	for _, m := range []mail.Message{{}, m} {
		if _, err := writer(t).Write(m); !errors.Is(err, mail.ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
	for _, from := range []string{"", "nobody", "a@b.example\r\nBcc: c@d.example"} {
		if _, err := providermime.New(from, ""); err == nil {
			t.Errorf("sender %q was accepted", from)
		}
	}
}

// FuzzWrite proves EML-11: no text becomes a header or a recipient.
func FuzzWrite(f *testing.F) {
	f.Add("Ada\r\nBcc: b@example.com", "Hi\r\n\r\n<script>", "\r\n.\r\nMAIL FROM:<x@y.example>", "https://a.example/u")
	f.Add("=?utf-8?q?Ada=0D=0ABcc:_b@example.com?=", "=?utf-8?B?DQpCY2M6IGI=?=", ".", "https://a.example/>\r\nBcc: x")
	f.Add(`Zoë \ Ångström`, "s", "t", "https://a.example/u")
	f.Add(strings.Repeat(`"`, 200), strings.Repeat("z", 900), "", "")
	f.Add(strings.Repeat("z", 1000), strings.Repeat("z", 1000), "", "")
	f.Add(strings.Repeat("ö", 200), strings.Repeat("ö", 450), "", "")
	f.Add(strings.Repeat("ä", 200), strings.Repeat("long words ", 30), "", "https://a.example/"+strings.Repeat("u", 900))
	w := writer(f)
	plain := map[string]bool{
		"From": true, "Reply-To": true, "To": true, "Subject": true, "Message-Id": true, "Date": true, "Auto-Submitted": true,
		"Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true,
		"List-Unsubscribe": true, "List-Unsubscribe-Post": true, "Precedence": true,
	}
	f.Fuzz(func(t *testing.T, name, subject, text, unsubscribe string) {
		m := newMessage()
		m.To[0].Name, m.Content.Subject, m.Content.Text, m.Content.HTML = name, subject, text, text
		if unsubscribe != "" {
			m.Stream, m.Unsubscribe = mail.Marketing, unsubscribe
		}
		raw, err := w.Write(m)
		if err != nil {
			if !errors.Is(err, mail.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		msg := read(t, raw)
		for field, values := range msg.Header {
			if !plain[field] || len(values) != 1 {
				t.Fatalf("header %s %q in\n%s", field, values, raw)
			}
		}
		if to, err := msg.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != m.To[0].Email {
			t.Fatalf("to %v %v in\n%s", to, err, raw)
		} else if to[0].Name != name && utf8.ValidString(name) {
			t.Fatalf("name %q, want %q in\n%s", to[0].Name, name, raw)
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil || got != subject && utf8.ValidString(subject) {
			t.Fatalf("subject %q %v, want %q in\n%s", got, err, subject, raw)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
				t.Fatalf("line %q", line)
			}
		}
	})
}

// TestSender proves EML-11: a mail can have its own sender, but not two of
// them.
func TestSender(t *testing.T) {
	w, m := writer(t), newMessage()
	m.From = mail.Address{Name: "Disputes", Email: "disputes@shop.example"}
	raw, err := w.Write(m)
	if err != nil {
		t.Fatal(err)
	}
	if from := read(t, raw).Header.Get("From"); from != `"Disputes" <disputes@shop.example>` || w.Sender(m).Address != "disputes@shop.example" || w.Sender(newMessage()) != w.From() {
		t.Errorf("from %s", from)
	}
	for _, from := range []mail.Address{{Email: "a@b.example\r\nBcc: c@d.example"}, {Email: "a@b.example, c@d.example"}, {Name: "A\r\nBcc: b@c.example", Email: "a@b.example"}, {Name: "Nobody"}} {
		m.From = from
		if _, err := w.Write(m); !errors.Is(err, mail.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", from, err)
		}
	}
}
