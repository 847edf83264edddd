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
		{name: "good", bend: func(*mail.Message) {}},
		{name: "50 recipients", bend: func(m *mail.Message) { m.To = recipients(50) }},
		{name: "1,000 recipients", bend: func(m *mail.Message) { m.To = recipients(1000) }, why: "1000 recipients"},
		{name: "nobody", bend: func(m *mail.Message) { m.To = nil }, why: "no recipient"},
		{name: "an address with a line break", bend: func(m *mail.Message) { m.To[0].Email = "ada@example.com\r\nBcc: b@example.com" }, why: "recipient 1"},
		{name: "a list as an address", bend: func(m *mail.Message) { m.To[0].Email = "a@b.example, c@d.example" }, why: "recipient 1"},
		{name: "not normalised", bend: func(m *mail.Message) { m.To[0].Email = "Ada@Example.com" }, why: "recipient 1"},
		{name: "a name with a line break", bend: func(m *mail.Message) { m.To[0].Name = "Ada\nBcc: b@example.com" }, why: "name of recipient 1"},
		{name: "a name without an end", bend: func(m *mail.Message) { m.To[0].Name = strings.Repeat("ö", 201) }, why: "name of recipient 1"},
		{name: "a subject without an end", bend: func(m *mail.Message) { m.Content.Subject = strings.Repeat("z", 901) }, why: "subject"},
		{name: "a subject with a line break", bend: func(m *mail.Message) { m.Content.Subject = "Hi\r\nBcc: b@example.com" }, why: "subject"},
		{name: "a subject with another break", bend: func(m *mail.Message) { m.Content.Subject = "Hi\u2028you" }, why: "subject"},
		{name: "no subject", bend: func(m *mail.Message) { m.Content.Subject = " " }, why: "no subject"},
		{name: "nothing to say", bend: func(m *mail.Message) { m.Content.Text = "" }, why: "says nothing"},
		{name: "an id with a space", bend: func(m *mail.Message) { m.ID = "ord 1" }, why: "id"},
		{name: "an id with a dot", bend: func(m *mail.Message) { m.ID = "ord.1" }, why: "id"},
		{name: "no id", bend: func(m *mail.Message) { m.ID = "" }, why: "id"},
		{name: "no stream", bend: func(m *mail.Message) { m.Stream = "" }, why: "stream"},
		{name: "marketing", bend: marketing},
		{name: "marketing without a way out", bend: func(m *mail.Message) { m.Stream = mail.Marketing }, why: "unsubscribe"},
		{name: "marketing with a broken way out", bend: func(m *mail.Message) { marketing(m); m.Unsubscribe = "https://a.example/>\r\nX: y" }, why: "unsubscribe"},
		{name: "marketing to two", bend: func(m *mail.Message) { marketing(m); m.To = recipients(2) }, why: "2 recipients"},
		{name: "an order's mail with a way out", bend: func(m *mail.Message) { m.Unsubscribe = "https://a.example/u" }, why: "unsubscribe"},
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
