package ses_test

import (
	"testing"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	standin "purser/sandbox/ses"
)

// TestBehindProxy (RES-1, EML-4) checks that only a response of SES itself
// refuses a mail. A proxy's response spoils no mail: it waits, or goes by
// another provider.
func TestBehindProxy(t *testing.T) {
	s, err := standin.New(standin.Config{AccessKey: "AKIATEST", SecretKey: "secret-key"})
	if err != nil {
		t.Fatal(err)
	}
	proxy := porttest.NewProxy(t, s.Handler())
	m, msg := newMailer(t, proxy.URL, nil), porttest.MessageOf(order.NewID(), order.MailShipped)
	proxy.Check(t, map[string]func() error{
		"send": func() error {
			_, err := m.SendMail(t.Context(), msg)
			return err
		},
		"account": func() error {
			_, err := m.Limits(t.Context())
			return err
		},
		"identity": func() error {
			_, _, err := m.Verified(t.Context())
			return err
		},
	}, order.ErrUnavailable, order.ErrDenied)
	sent := 0
	for _, a := range s.Accepted() {
		if mail.FromWireTag(a.Tags["message"]) == msg.ID {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d mails arrived, want 1", sent)
	}
}
