package sns_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/providers/sns"
	standin "purser/sandbox/ses"
)

// TestSandboxMessages (WHK-18, BNC-5) checks that the sandbox's messages pass
// the same checks as Amazon's, from the subscription to the complaint, and that
// a message signed by another authority does not.
func TestSandboxMessages(t *testing.T) {
	s, err := standin.New(standin.Config{Secret: "one"})
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(http.StripPrefix("/ses", s.Handler()))
	defer door.Close()
	trusting := func(secret string) *sns.Source {
		roots := x509.NewCertPool()
		roots.AddCert(standin.Root(secret))
		source, err := sns.New(sns.Config{Topics: []string{standin.TopicARN}, Origin: door.URL + "/ses/sns/", Roots: roots})
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	source, stranger := trusting("one"), trusting("two")
	got := make(chan order.Delivery, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := source.Verify(r.Header, body, time.Now()); err != nil {
			t.Error(err)
		}
		if err := stranger.Verify(r.Header, body, time.Now()); err == nil {
			t.Error("another authority's message was accepted")
		}
		if err := source.Verify(r.Header, bytes.Replace(body, []byte("Complaint"), []byte("Delivery "), 1), time.Now()); err == nil && bytes.Contains(body, []byte("Complaint")) {
			t.Error("a changed message was accepted")
		}
		d, err := source.Parse(body)
		if err != nil {
			t.Error(err)
		}
		got <- d
	}))
	defer hook.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	defer func() { stop(); <-done }()
	if err := s.Subscribe(door.URL+"/ses", hook.URL); err != nil {
		t.Fatal(err)
	}
	question := <-got
	if question.Mail == nil || question.Mail.Confirm == "" {
		t.Fatalf("%+v", question)
	}
	if err := source.Confirm(t.Context(), question.Mail.Confirm); err != nil {
		t.Fatal(err)
	}
	id := send(t, s)
	if err := s.PublishFeedback(id, standin.Complain); err != nil {
		t.Fatal(err)
	}
	d := <-got
	for d.Type == "SubscriptionConfirmation" { // it may ask twice before the confirmation
		d = <-got
	}
	if d.Mail == nil || len(d.Mail.Feedback) != 1 || d.OrderID != orderID {
		t.Fatalf("%+v", d)
	}
	f := d.Mail.Feedback[0]
	if f.Kind != mail.Complained || f.Recipient != "ada@example.com" || f.ProviderID != id || f.MessageID != "ord_1:mail-shipped:1" {
		t.Errorf("%+v", f)
	}
}

// send sends a mail through the sandbox's API.
func send(t *testing.T, s *standin.Server) string {
	t.Helper()
	r := httptest.NewRequest("POST", "/v2/email/outbound-emails", strings.NewReader(`{"FromEmailAddress":"shop@shop.example",
		"Destination":{"ToAddresses":["Ada@example.com"]},"Content":{"Simple":{"Subject":{"Data":"x"},"Body":{"Text":{"Data":"x"}}}},
		"ConfigurationSetName":"shop","EmailTags":[{"Name":"order","Value":"`+orderID+`"},{"Name":"message","Value":"ord_5F1_3Amail-shipped_3A1"}]}`))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	var out struct{ MessageID string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.MessageID == "" {
		t.Fatalf("%v %s", err, w.Body)
	}
	return out.MessageID
}
