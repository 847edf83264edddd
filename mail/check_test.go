package mail_test

import (
	"errors"
	"strings"
	"testing"

	"purser/mail"
)

func good() mail.Message {
	return mail.Message{
		ID: "ord_1:mail-shipped:1", Stream: mail.Transactional, To: []mail.Address{{Name: "Ada", Email: "ada@example.com"}},
		Content: mail.Content{Subject: "Your order", Text: "It is on its way."},
	}
}

// TestCheck is bad input (EML-11, EML-13): refused with a reason.
func TestCheck(t *testing.T) {
	marketing := func(m *mail.Message) { m.Stream, m.Unsubscribe = mail.Marketing, "https://shop.example/unsubscribe/t" }
	for _, tt := range []struct {
		name string
		bend func(*mail.Message)
		why  string // "": it may be sent
	}{
		{"good", func(*mail.Message) {}, ""},
		{"50 recipients", func(m *mail.Message) { m.To = recipients(50) }, ""},
		{"1,000 recipients", func(m *mail.Message) { m.To = recipients(1000) }, "1000 recipients"},
		{"nobody", func(m *mail.Message) { m.To = nil }, "no recipient"},
		{"an address with a line break", func(m *mail.Message) { m.To[0].Email = "ada@example.com\r\nBcc: b@example.com" }, "recipient 1"},
		{"a list as an address", func(m *mail.Message) { m.To[0].Email = "a@b.example, c@d.example" }, "recipient 1"},
		{"not normalised", func(m *mail.Message) { m.To[0].Email = "Ada@Example.com" }, "recipient 1"},
		{"a name with a line break", func(m *mail.Message) { m.To[0].Name = "Ada\nBcc: b@example.com" }, "name of recipient 1"},
		{"a name without an end", func(m *mail.Message) { m.To[0].Name = strings.Repeat("ö", 201) }, "name of recipient 1"},
		{"a subject without an end", func(m *mail.Message) { m.Content.Subject = strings.Repeat("z", 901) }, "subject"},
		{"a subject with a line break", func(m *mail.Message) { m.Content.Subject = "Hi\r\nBcc: b@example.com" }, "subject"},
		{"a subject with another break", func(m *mail.Message) { m.Content.Subject = "Hi\u2028you" }, "subject"},
		{"no subject", func(m *mail.Message) { m.Content.Subject = " " }, "no subject"},
		{"nothing to say", func(m *mail.Message) { m.Content.Text = "" }, "says nothing"},
		{"an id with a space", func(m *mail.Message) { m.ID = "ord 1" }, "id"},
		{"an id with a dot", func(m *mail.Message) { m.ID = "ord.1" }, "id"},
		{"no id", func(m *mail.Message) { m.ID = "" }, "id"},
		{"no stream", func(m *mail.Message) { m.Stream = "" }, "stream"},
		{"marketing", marketing, ""},
		{"marketing without a way out", func(m *mail.Message) { m.Stream = mail.Marketing }, "unsubscribe"},
		{"marketing with a broken way out", func(m *mail.Message) { marketing(m); m.Unsubscribe = "https://a.example/>\r\nX: y" }, "unsubscribe"},
		{"marketing to two", func(m *mail.Message) { marketing(m); m.To = recipients(2) }, "2 recipients"},
		{"an order's mail with a way out", func(m *mail.Message) { m.Unsubscribe = "https://a.example/u" }, "unsubscribe"},
	} {
		m := good()
		tt.bend(&m)
		err := m.Check()
		if (err == nil) != (tt.why == "") || err != nil && (!errors.Is(err, mail.ErrInvalid) || !strings.Contains(err.Error(), tt.why)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.why)
		}
		if err != nil && strings.Contains(err.Error(), "example.com") {
			t.Errorf("%s: the reason tells an address: %v", tt.name, err)
		}
	}
}

func recipients(n int) []mail.Address {
	all := make([]mail.Address, n)
	for i := range all {
		all[i].Email = strings.Repeat("a", i%60+1) + "@example.com"
	}
	return all
}

// FuzzFromWireID (EML-9): whatever comes back as ours is what was sent.
func FuzzFromWireID(f *testing.F) {
	f.Add("<ord_1.mail-shipped.1@shop.example>")
	f.Add("camp_1:x")
	f.Add("..@..")
	f.Fuzz(func(t *testing.T, s string) {
		id := mail.FromWireID(s)
		if id == "" {
			return
		}
		m := good()
		m.ID = id
		if err := m.CheckEnvelope(); err != nil {
			t.Fatalf("%q becomes %q: %v", s, id, err)
		}
		if back := mail.FromWireID("<" + mail.WireID(id) + "@shop.example>"); back != id {
			t.Fatalf("%q comes back as %q", id, back)
		}
	})
}
