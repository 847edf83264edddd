package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	words "purser/mail"
	"purser/order"
	"purser/shop"
	"purser/vault"
)

// unsubscribeLink returns the unsubscribe link in a marketing mail to an address.
func (s *stack) unsubscribeLink(email string) string {
	s.t.Helper()
	v, err := vault.Open(filepath.Join(s.dir, "vault.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	links := words.Links{Key: []byte(v.Derive("unsubscribe links")), Base: s.at.API}
	return links.Unsubscribe(words.Message{ID: "camp_1:1", Stream: words.Marketing, To: []words.Address{{Email: email}}})
}

// answer makes the sandbox report an outcome of a mail, as the mailbox's buttons
// do.
func (s *stack) answer(mailID, how string) {
	s.t.Helper()
	resp, err := http.PostForm(s.at.Sandbox+"/mail/"+mailID+"/answer", url.Values{"how": {how}})
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK { // the status of the page that it redirects to
		s.t.Fatalf("answer %s: %d", how, resp.StatusCode)
	}
}

// suppressed waits until an address is suppressed for a reason.
func (s *stack) suppressed(email, reason string) shop.Suppression {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout / 4); ; {
		page, err := s.shop.Suppressions(within(s.t), email, reason, "")
		if err == nil && len(page.Suppressions) == 1 {
			return page.Suppressions[0]
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s is not suppressed as %s: %+v %v", email, reason, page, err)
		}
		pause(s.t, 20*time.Millisecond)
	}
}

// awaitFeedback waits until n of an order's mails have feedback of a kind.
func (s *stack) awaitFeedback(id order.ID, kind words.Kind, n int) []shop.Mail {
	s.t.Helper()
	for deadline := time.Now().Add(testTimeout / 4); ; {
		mails, err := s.shop.Mails(within(s.t), id)
		found := 0
		for _, m := range mails {
			for _, f := range m.Feedback {
				if f.Kind == kind {
					found++
				}
			}
		}
		if err == nil && found == n {
			return mails
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d times %s, want %d: %+v %v", found, kind, n, mails, err)
		}
		pause(s.t, 20*time.Millisecond)
	}
}

// TestFeedback (BNC-1, BNC-3, BNC-5, EML-9, F43, F45): signed feedback over HTTP
// suppresses an address, so that the next order's mail to it is not sent, also
// after the program was killed.
func TestFeedback(t *testing.T) {
	t.Parallel()
	onOneEngine(t, func(t *testing.T, env []string) {
		s := newStack(t, env, "--sandbox-mail-pace=10ms", "--sandbox-pace=300ms")
		buy := func(email string) shop.Order {
			w := wish("mug-blue", 1, "EUR")
			w.Email = email
			o, err := s.buy(within(t), w, "")
			if err != nil || o.Status != order.Delivered {
				t.Fatalf("%s: %v", o.Status, err)
			}
			return o
		}
		first := buy("ada@example.com")
		for _, m := range s.awaitFeedback(first.ID, words.Delivered, 3) {
			if m.State != words.StateSent || m.Provider != "ses" {
				t.Errorf("%+v", m)
			}
		}
		inbox := s.mailsOf(first.ID)
		s.answer(inbox[0].ID, "complain")
		if sup := s.suppressed("ada@example.com", "complained"); sup.Scope != words.ScopeMarketing {
			t.Errorf("a complaint blocks %s", sup.Scope)
		}
		s.awaitFeedback(buy("ada@example.com").ID, words.Delivered, 3) // a complaint does not stop mail about orders (EML-13)

		s.answer(inbox[1].ID, "bounce")
		if sup := s.suppressed("ada@example.com", "bounced"); sup.Scope != words.ScopeAll || !strings.Contains(sup.Diagnostic, "550 5.1.1") || sup.InboxID == 0 {
			t.Errorf("%+v", sup)
		}
		s.kill()
		s.start()
		silent := buy("Ada@Example.com")
		mails, err := s.shop.Mails(within(t), silent.ID)
		if err != nil || len(mails) != 3 {
			t.Fatalf("%+v %v", mails, err)
		}
		for _, m := range mails {
			if m.State != words.StateSuppressed || !strings.HasPrefix(m.Why, "bounced") {
				t.Errorf("%+v", m)
			}
		}
		if n := len(s.mailsOf(silent.ID)); n != 0 {
			t.Errorf("%d mails went to a suppressed address", n)
		}
		if err := s.shop.Unsuppress(within(t), "ada@example.com", "bounced", "repaired"); err != nil {
			t.Fatal(err)
		}
		s.awaitFeedback(buy("ada@example.com").ID, words.Delivered, 3)
		stats, err := s.shop.MailStats(within(t), "", "")
		if err != nil || stats.Total.Sent != 9 || stats.Total.Delivered != 9 || stats.Total.Bounced != 1 || stats.Total.Complained != 1 {
			t.Errorf("%+v %v", stats.Total, err)
		}
	})
}

// TestForgedFeedback (WHK-18, F51): a message that is not from SNS is refused and
// counted, and the process calls no URL that it names.
func TestForgedFeedback(t *testing.T) {
	t.Parallel()
	s := newStack(t, nil)
	called := make(chan string, 10)
	trapped := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.String() }))
	defer trapped.Close()
	trap := trapped.URL
	note := func(changes ...string) string {
		n := map[string]string{
			"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-central-1:000000000000:purser-sandbox", "Message": bounce,
			"Timestamp": time.Now().UTC().Format(time.RFC3339), "SignatureVersion": "1", "Signature": "c2lnbmVk", "SigningCertURL": trap + "/a.pem",
		}
		for i := 0; i+1 < len(changes); i += 2 {
			n[changes[i]] = changes[i+1]
		}
		b, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, body := range map[string]string{
		"a foreign certificate":        note(),
		"a certificate in a file":      note("SigningCertURL", "file:///etc/passwd"),
		"a certificate in the cloud":   note("SigningCertURL", "http://169.254.169.254/latest/meta-data/a.pem"),
		"Amazon's certificate":         note("SigningCertURL", "https://sns.eu-central-1.amazonaws.com/a.pem"),
		"another stand-in certificate": note("SigningCertURL", s.at.Sandbox+"/ses/sns/a.pem"),
		"another topic":                note("TopicArn", "arn:aws:sns:eu-central-1:000000000000:other"),
		"a foreign subscription":       note("Type", "SubscriptionConfirmation", "Token", "t", "SubscribeURL", trap+"/?Action=ConfirmSubscription"),
		"no JSON":                      "hello",
	} {
		if status := s.hook("ses", body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := s.hook("mail", `{"id":"1","provider":"x","feedback":[]}`); status != http.StatusBadRequest {
		t.Errorf("unsigned: %d", status)
	}
	if status := s.hook("ses", strings.Repeat("x", 2<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("huge: %d", status)
	}
	if page, err := s.shop.Suppressions(within(t), "", "", ""); err != nil || len(page.Suppressions) != 0 {
		t.Errorf("a forged message was accepted: %+v %v", page, err)
	}
	select {
	case url := <-called:
		t.Errorf("the process called %s", url)
	default:
	}
}

const bounce = `{"eventType":"Bounce","mail":{"messageId":"m"},"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ada@example.com"}]}}`

// hook posts a webhook and returns the HTTP status.
func (s *stack) hook(provider, body string) int {
	s.t.Helper()
	resp, err := http.Post(s.at.API+"/webhooks/"+provider, "text/plain", bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
