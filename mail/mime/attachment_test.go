package mime_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"testing"

	"purser/mail"
)

// TestAttachments (EML-10) checks that files arrive as they were, beside both forms of the
// text.
func TestAttachments(t *testing.T) {
	label := bytes.Repeat([]byte("%PDF-1.4\r\n.\r\n\x00\xff"), 1000)
	m := newMessage()
	m.Attachments = []mail.Attachment{
		{Name: "Rücksendeetikett.pdf", Type: "application/pdf", Data: label},
		{Name: "a.txt", Type: "text/plain; charset=utf-8", Data: []byte("ü")},
	}
	raw, err := writer(t).Write(m)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		if len(bytes.TrimRight(line, "\r\n")) > 998 {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
	msg := read(t, raw)
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s %v", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	text, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if kind, _, _ := mime.ParseMediaType(text.Header.Get("Content-Type")); kind != "multipart/alternative" {
		t.Errorf("the text is %s", kind)
	}
	for _, want := range m.Attachments {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		wantKind, _, _ := mime.ParseMediaType(want.Type)
		how, where, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		name, derr := new(mime.WordDecoder).DecodeHeader(where["filename"])
		if kind != wantKind || how != "attachment" || name != want.Name || err != nil || derr != nil {
			t.Errorf("%s: %s %s %q %v %v", want.Name, kind, how, name, err, derr)
		}
		got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		if err != nil || !bytes.Equal(got, want.Data) {
			t.Errorf("%s arrived with %d bytes, want %d: %v", want.Name, len(got), len(want.Data), err)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("more parts: %v", err)
	}
}
