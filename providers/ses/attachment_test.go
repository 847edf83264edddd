package ses_test

import (
	"bytes"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	standin "purser/sandbox/ses"
)

// TestAttachments (EML-10) checks that SES takes a mail with as large files as a mail may
// carry.
func TestAttachments(t *testing.T) {
	b := build(t, standin.Config{})
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
