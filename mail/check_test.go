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

// TestCheck proves EML-11 and EML-13: a message that cannot be sent is refused
// with a reason.
func TestCheck(t *testing.T) {
	marketing := func(m *mail.Message) { m.Stream, m.Unsubscribe = mail.Marketing, "https://shop.example/unsubscribe/t" }
	for _, tt := range []struct {
		name   string
		change func(*mail.Message)
		want   string // in the error; "": no error
	}{
		{name: "good", change: func(*mail.Message) {}},
		{name: "50 recipients", change: func(m *mail.Message) { m.To = recipients(50) }},
		{name: "1,000 recipients", change: func(m *mail.Message) { m.To = recipients(1000) }, want: "1000 recipients"},
		{name: "no recipients", change: func(m *mail.Message) { m.To = nil }, want: "no recipient"},
		{name: "an address with a line break", change: func(m *mail.Message) { m.To[0].Email = "ada@example.com\r\nBcc: b@example.com" }, want: "recipient 1"},
		{name: "a list as an address", change: func(m *mail.Message) { m.To[0].Email = "a@b.example, c@d.example" }, want: "recipient 1"},
		{name: "not normalised", change: func(m *mail.Message) { m.To[0].Email = "Ada@Example.com" }, want: "recipient 1"},
		{name: "a name with a line break", change: func(m *mail.Message) { m.To[0].Name = "Ada\nBcc: b@example.com" }, want: "name of recipient 1"},
		{name: "a name that is too long", change: func(m *mail.Message) { m.To[0].Name = strings.Repeat("ö", 201) }, want: "name of recipient 1"},
		{name: "a subject that is too long", change: func(m *mail.Message) { m.Content.Subject = strings.Repeat("z", 901) }, want: "subject"},
		{name: "a subject with a line break", change: func(m *mail.Message) { m.Content.Subject = "Hi\r\nBcc: b@example.com" }, want: "subject"},
		{name: "a subject with a line separator", change: func(m *mail.Message) { m.Content.Subject = "Hi\u2028you" }, want: "subject"},
		{name: "no subject", change: func(m *mail.Message) { m.Content.Subject = " " }, want: "no subject"},
		{name: "no content", change: func(m *mail.Message) { m.Content.Text = "" }, want: "says nothing"},
		{name: "an id with a space", change: func(m *mail.Message) { m.ID = "ord 1" }, want: "id"},
		{name: "an id with a dot", change: func(m *mail.Message) { m.ID = "ord.1" }, want: "id"},
		{name: "no id", change: func(m *mail.Message) { m.ID = "" }, want: "id"},
		{name: "no stream", change: func(m *mail.Message) { m.Stream = "" }, want: "stream"},
		{name: "marketing", change: marketing},
		{name: "marketing without an unsubscribe link", change: func(m *mail.Message) { m.Stream = mail.Marketing }, want: "unsubscribe"},
		{name: "marketing with a broken unsubscribe link", change: func(m *mail.Message) { marketing(m); m.Unsubscribe = "https://a.example/>\r\nX: y" }, want: "unsubscribe"},
		{name: "marketing to two recipients", change: func(m *mail.Message) { marketing(m); m.To = recipients(2) }, want: "2 recipients"},
		{name: "an order's mail with an unsubscribe link", change: func(m *mail.Message) { m.Unsubscribe = "https://a.example/u" }, want: "unsubscribe"},
	} {
		m := good()
		tt.change(&m)
		err := m.Check()
		if (err == nil) != (tt.want == "") || err != nil && (!errors.Is(err, mail.ErrInvalid) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "example.com") {
			t.Errorf("%s: the error contains an address: %v", tt.name, err)
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

// FuzzFromWireID proves EML-9: an id that is recognised as ours is the one that
// was sent.
func FuzzFromWireID(f *testing.F) {
	f.Add("<ord_1.mail-shipped.1@shop.example>")
	f.Add("camp_1:x")
	f.Add("ord_5F1_3Amail-shipped_3A1")
	f.Add("ord_1_")
	f.Add("..@..")
	f.Fuzz(func(t *testing.T, s string) {
		if own := mail.FromWireTag(s); own != "" && mail.WireTag(own) != s {
			t.Fatalf("the tag %q comes back as %q", s, own)
		}
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
		tag := mail.WireTag(id)
		if strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || mail.FromWireTag(tag) != id {
			t.Fatalf("%q becomes the tag %q, which comes back as %q", id, tag, mail.FromWireTag(tag))
		}
	})
}
