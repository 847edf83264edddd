package porttest

import (
	"testing"

	"purser/activities"
	"purser/order"
)

// MailBench is a mailer on the test bench.
type MailBench struct {
	Mailer activities.Mailer
	// Counts says how often each mail went out, by its key.
	Counts func() map[string]int
	// FailNext makes the next call fail: with ErrUnknownOutcome after the
	// mail went out, with ErrThrottled, ErrRejected or ErrDenied before.
	FailNext func(t *testing.T, kind error)
}

// Mailer checks a Mailer. setup makes one that has sent nothing.
func Mailer(t *testing.T, setup func(t *testing.T) MailBench) {
	for name, check := range map[string]func(*testing.T, MailBench){
		"EML-1 every milestone":                sendsMilestones,
		"EML-4 errors say what they are":       mailErrors,
		"EML-11 recipients are checked":        checksRecipients,
		"EML-11 hostile text goes out as text": sendsHostileText,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, setup(t))
		})
	}
}

// MailOf is a mail of a new order.
func MailOf(id order.ID, m order.Milestone) order.Mail {
	return order.Mail{
		OrderID: id, Milestone: m, To: "ada@example.com", Name: "Ada Löwe", Locale: "de",
		Lines:    []order.Line{{SKU: "mug", Name: "Mug, blue", Quantity: 2, Price: 1250, Subtotal: 2500}},
		Total:    order.Money{Amount: 2500, Currency: "EUR"},
		Tracking: "TRACK-1", Reason: "sold out",
	}
}

func sendsMilestones(t *testing.T, b MailBench) {
	id := order.NewID()
	ids := map[string]bool{}
	for _, m := range []order.Milestone{
		order.MailConfirmation, order.MailShipped, order.MailDelivered, order.MailCancelled, order.MailExpired,
	} {
		mail := MailOf(id, m)
		messageID, err := b.Mailer.SendMail(t.Context(), mail)
		if err != nil {
			t.Errorf("%s: %v", m, err)
			continue
		}
		if messageID == "" || ids[messageID] {
			t.Errorf("%s: message id %q is empty or was given before", m, messageID)
		}
		ids[messageID] = true
		if n := b.Counts()[mail.Key()]; n != 1 {
			t.Errorf("%s went out %d times", m, n)
		}
	}
}

func mailErrors(t *testing.T, b MailBench) {
	for _, tt := range []struct {
		kind error
		sent int
	}{
		{order.ErrUnknownOutcome, 1}, {order.ErrThrottled, 0}, {order.ErrRejected, 0}, {order.ErrDenied, 0},
	} {
		m := MailOf(order.NewID(), order.MailShipped)
		b.FailNext(t, tt.kind)
		_, err := b.Mailer.SendMail(t.Context(), m)
		wantKind(t, err, tt.kind)
		if n := b.Counts()[m.Key()]; n != tt.sent {
			t.Errorf("%v: went out %d times, want %d", tt.kind, n, tt.sent)
		}
	}
}

func checksRecipients(t *testing.T, b MailBench) {
	for _, to := range []string{"", "nobody", "a@b, c@d", "a@example.com\r\nBcc: b@example.com", "Ada <ada@example.com>"} {
		m := MailOf(order.NewID(), order.MailShipped)
		m.To = to
		_, err := b.Mailer.SendMail(t.Context(), m)
		wantKind(t, err, order.ErrRejected)
		if n := b.Counts()[m.Key()]; n != 0 {
			t.Errorf("to %q: went out %d times", to, n)
		}
	}
}

func sendsHostileText(t *testing.T, b MailBench) {
	m := MailOf(order.NewID(), order.MailCancelled)
	m.Name = "Eve\r\nBcc: everyone@example.com <script>"
	m.Reason = "$& </td><script>alert(1)</script>"
	m.Lines[0].Name = "<img src=x onerror=alert(1)>"
	if _, err := b.Mailer.SendMail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if n := b.Counts()[m.Key()]; n != 1 {
		t.Errorf("went out %d times", n)
	}
}
