package ses_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http/httptest"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/mail/templates"
	"purser/order"
	"purser/providers/ses"
	standin "purser/sandbox/ses"
)

// TestAttachments (EML-10) checks that SES takes a mail with as large files as a mail may
// carry.
func TestAttachments(t *testing.T) {
	b := buildWith(t, standin.Config{}, func(c *ses.Config) { c.Timeout = time.Minute })
	m := porttest.MessageOf("ord_0123456789abcdefghjkmnpqrs", order.MailShipped)
	data := append([]byte("%PDF-1.4 label"), bytes.Repeat([]byte{7}, mail.MaxAttached-14)...)
	m.Attachments = []mail.Attachment{{Name: "label.pdf", Type: "application/pdf", Data: data}}
	id, err := b.mailer.SendMail(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.ses.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", "/"+id+"/raw", nil))
	if got := w.Body.String(); !strings.Contains(got, `filename="label.pdf"`) || !strings.Contains(got, base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 label\a"))) {
		t.Errorf("%d bytes arrived without the label: %.500s", len(got), got)
	}
}

// labelFile is a label of the carrier's.
type labelFile []byte

func (f labelFile) Label(context.Context, order.ID, string, order.LabelFormat) ([]byte, error) {
	return f, nil
}

// TestReturnLabelArrives (EML-10, REF-9) reads the mail about an approved return in the stand-in's
// mailbox: its text says that the label is attached, and the file is the carrier's.
func TestReturnLabelArrives(t *testing.T) {
	b := build(t, standin.Config{})
	words, err := templates.New(templates.SampleShop())
	if err != nil {
		t.Fatal(err)
	}
	file := labelFile("%PDF-1.4\n% RR 1 \x00\xff\n%%EOF\n")
	mailer := new(fake.Mailer)
	steps := &mails.Activities{MailRouter: mailer, Templates: words, Ledger: new(fake.Ledger), Labels: file}
	o := order.Order{ID: "ord_0123456789abcdefghjkmnpqrs", Email: "ada@example.com", Locale: "en", Returns: []order.Return{{
		ID: "rt-1", Status: order.ReturnApproved, Due: time.Now().Add(time.Hour),
		Label: order.ReturnLabel{Status: order.ReturnLabelMade, LabelID: "lbl_1"},
	}}}
	if out, err := steps.SendMail(t.Context(), o.MailAbout(order.MailReturnApproved, "rt-1")); err != nil || out.State != mail.StateSent {
		t.Fatalf("%+v, %v", out, err)
	}
	id, err := b.mailer.SendMail(t.Context(), mailer.Sent()[0])
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	b.ses.Mailbox().ServeHTTP(w, httptest.NewRequest("GET", "/"+id+"/raw", nil))
	parts := partsOf(t, w.Body.Bytes())
	if got := parts["return-rt-1.pdf"]; !bytes.Equal(got, file) {
		t.Errorf("the attachment has %q, want %q", got, file)
	}
	if text := string(parts["text/plain"]); !strings.Contains(text, "return-rt-1.pdf") || !strings.Contains(text, "attached") {
		t.Errorf("the text is %s", text)
	}
}

// partsOf returns the parts of a message: files by their names, and the others by their types.
func partsOf(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	var read func(header textproto.MIMEHeader, body io.Reader)
	read = func(header textproto.MIMEHeader, body io.Reader) {
		kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			for r := multipart.NewReader(body, params["boundary"]); ; {
				p, err := r.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				read(p.Header, p)
			}
		}
		switch header.Get("Content-Transfer-Encoding") {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, file, err := mime.ParseMediaType(header.Get("Content-Disposition")); err == nil && file["filename"] != "" {
			kind = file["filename"]
		}
		all[kind] = b
	}
	read(textproto.MIMEHeader(m.Header), m.Body)
	return all
}
