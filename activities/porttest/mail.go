package porttest

import (
	"strings"
	"testing"

	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// MailBench is the mailer under test.
type MailBench struct {
	Mailer mails.Mailer
	// Counts returns how often each mail was sent, by its id.
	Counts func() map[string]int
	// FailNext makes the next call fail: with ErrUnknownOutcome after the
	// mail was sent, with the other kinds before.
	FailNext func(t *testing.T, kind error)
}

// Mailer checks a Mailer. setup returns one that has sent nothing.
func Mailer(t *testing.T, setup func(t *testing.T) MailBench) {
	for name, check := range map[string]func(*testing.T, MailBench){
		"EML-1 each mail is sent":                        sendsMails,
		"EML-4 errors have the right kind":               mailErrors,
		"EML-11 an invalid mail is refused":              refusesMails,
		"EML-13 both streams are sent":                   sendsStreams,
		"EML-4 the mail after a failure is sent":         sendsAfterFailure,
		"EML-11 malicious text is sent as text":          sendsMaliciousText,
		"EML-5 a mail to several recipients is one mail": sendsToMany,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

// MessageOf returns a mail about an order.
func MessageOf(id order.ID, m order.Notification) mail.Message {
	return mail.Message{
		ID: order.Mail{OrderID: id, Notification: m, Generation: 1}.Key(), About: string(id), Generation: 1,
		Stream: mail.Transactional, Template: string(m), To: []mail.Address{{Name: "Ada Löwe", Email: "ada@example.com"}},
		Content: mail.Content{Subject: "Ihre Bestellung", Text: "Guten Tag", HTML: "<p>Guten Tag</p>"},
		Tags:    map[string]string{"order": string(id), "milestone": string(m), "generation": "1"},
	}
}

func (b MailBench) send(t *testing.T, m mail.Message) string {
	t.Helper()
	id, err := b.Mailer.SendMail(t.Context(), m)
	if err != nil {
		t.Fatalf("%s: %v", m.Template, err)
	}
	if n := b.Counts()[m.ID]; n != 1 {
		t.Errorf("%s was sent %d times", m.Template, n)
	}
	return id
}

func sendsMails(t *testing.T, b MailBench) {
	id := order.NewID()
	ids := map[string]bool{}
	for _, m := range []order.Notification{order.MailConfirmation, order.MailShipped, order.MailDelivered} {
		providerID := b.send(t, MessageOf(id, m))
		if providerID == "" || ids[providerID] {
			t.Errorf("%s: the provider's id %q is empty or was used before", m, providerID)
		}
		ids[providerID] = true
	}
}

func mailErrors(t *testing.T, b MailBench) {
	for _, tt := range []struct {
		kind error
		sent int
	}{
		{kind: order.ErrUnknownOutcome, sent: 1}, {kind: order.ErrThrottled}, {kind: order.ErrRejected}, {kind: order.ErrDenied},
	} {
		m := MessageOf(order.NewID(), order.MailShipped)
		b.FailNext(t, tt.kind)
		_, err := b.Mailer.SendMail(t.Context(), m)
		wantKind(t, err, tt.kind)
		if n := b.Counts()[m.ID]; n != tt.sent {
			t.Errorf("%v: sent %d times, want %d", tt.kind, n, tt.sent)
		}
		if err != nil && (strings.Contains(err.Error(), "ada@") || strings.Contains(err.Error(), "Löwe")) {
			t.Errorf("the error holds personal data: %v", err)
		}
	}
}

func sendsAfterFailure(t *testing.T, b MailBench) {
	for _, kind := range []error{order.ErrThrottled, order.ErrRejected, order.ErrUnknownOutcome} {
		b.FailNext(t, kind)
		_, err := b.Mailer.SendMail(t.Context(), MessageOf(order.NewID(), order.MailShipped))
		wantKind(t, err, kind)
		b.send(t, MessageOf(order.NewID(), order.MailShipped))
	}
}

func refusesMails(t *testing.T, b MailBench) {
	for name, change := range map[string]func(*mail.Message){
		"no address":              func(m *mail.Message) { m.To[0].Email = "" },
		"no domain":               func(m *mail.Message) { m.To[0].Email = "nobody" },
		"a list of addresses":     func(m *mail.Message) { m.To[0].Email = "a@b.example, c@d.example" },
		"a line break":            func(m *mail.Message) { m.To[0].Email = "a@example.com\r\nBcc: b@example.com" },
		"an address with a name":  func(m *mail.Message) { m.To[0].Email = "Ada <ada@example.com>" },
		"1,000 recipients":        func(m *mail.Message) { m.To = make([]mail.Address, 1000) },
		"a header in the subject": func(m *mail.Message) { m.Content.Subject = "Hi\r\nBcc: b@example.com" },
		"no content":              func(m *mail.Message) { m.Content = mail.Content{} },
	} {
		m := MessageOf(order.NewID(), order.MailShipped)
		change(&m)
		_, err := b.Mailer.SendMail(t.Context(), m)
		wantKind(t, err, order.ErrRejected)
		if n := b.Counts()[m.ID]; n != 0 {
			t.Errorf("%s: sent %d times", name, n)
		}
	}
}

func sendsStreams(t *testing.T, b MailBench) {
	m := MessageOf(order.NewID(), order.MailShipped)
	m.Stream, m.Unsubscribe = mail.Marketing, "https://shop.example/unsubscribe/token"
	b.send(t, m)
	b.send(t, MessageOf(order.NewID(), order.MailShipped))
}

func sendsMaliciousText(t *testing.T, b MailBench) {
	m := MessageOf(order.NewID(), order.MailCancelled)
	m.To[0].Name = "Eve, everyone@example.com <script>"
	m.Content.Text = "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n..\n.\r"
	m.Tags["note"] = "a\r\nb: ü"
	b.send(t, m)
}

func sendsToMany(t *testing.T, b MailBench) {
	m := MessageOf(order.NewID(), order.MailShipped)
	m.To = append(m.To, mail.Address{Email: "bob@example.com"}, mail.Address{Email: "eve@example.com"})
	b.send(t, m)
}
