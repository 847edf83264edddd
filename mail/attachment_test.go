package mail_test

import (
	"errors"
	"testing"

	"purser/mail"
)

// TestCheckAttachments (EML-10) checks which files a mail can carry.
func TestCheckAttachments(t *testing.T) {
	file := func(name, kind string, size int) mail.Attachment {
		return mail.Attachment{Name: name, Type: kind, Data: make([]byte, size)}
	}
	many := make([]mail.Attachment, mail.MaxAttachments+1)
	for i := range many {
		many[i] = file("a.pdf", "application/pdf", 1)
	}
	for _, tt := range []struct {
		name  string
		files []mail.Attachment
		good  bool
	}{
		{"none", nil, true},
		{"a label", []mail.Attachment{file("Rücksendung 1.pdf", "application/pdf", 100)}, true},
		{"as much as fits", []mail.Attachment{file("a.bin", "application/octet-stream", mail.MaxAttached)}, true},
		{"as many as fit", many[1:], true},
		{"too many", many, false},
		{"too much", []mail.Attachment{file("a.bin", "text/plain; charset=utf-8", mail.MaxAttached), file("b.bin", "text/plain", 1)}, false},
		{"empty", []mail.Attachment{file("a.pdf", "application/pdf", 0)}, false},
		{"no name", []mail.Attachment{file("", "application/pdf", 1)}, false},
		{"a folder", []mail.Attachment{file("../a.pdf", "application/pdf", 1)}, false},
		{"another folder", []mail.Attachment{file("c:\\a.pdf", "application/pdf", 1)}, false},
		{"a header", []mail.Attachment{file("a.pdf\r\nBcc: x@y.example", "application/pdf", 1)}, false},
		{"a quote", []mail.Attachment{file("a\".pdf", "application/pdf", 1)}, false},
		{"no type", []mail.Attachment{file("a.pdf", "", 1)}, false},
		{"a type without a slash", []mail.Attachment{file("a.pdf", "pdf", 1)}, false},
		{"a header in the type", []mail.Attachment{file("a.pdf", "application/pdf\r\nX: y", 1)}, false},
		{"a multipart", []mail.Attachment{file("a.pdf", "multipart/mixed; boundary=b", 1)}, false},
	} {
		m := mail.Message{
			ID: "ord_1:mail-shipped:1", Stream: mail.Transactional, To: []mail.Address{{Email: "ada@shop.example"}},
			Content: mail.Content{Subject: "s", Text: "t"}, Attachments: tt.files,
		}
		if err := m.Check(); (err == nil) != tt.good || err != nil && !errors.Is(err, mail.ErrInvalid) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
