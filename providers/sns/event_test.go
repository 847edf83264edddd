package sns_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/providers/sns"
)

const (
	orderID = "ord_0123456789abcdefghjkmnpqrs"
	mailID  = "0100017c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000"
)

// event writes what SES says, in one of its shapes.
func event(shape, kind, part string) string {
	tags := ""
	if shape == "eventType" {
		tags = `,"tags":{"ses:configuration-set":["shop"],"order":["` + orderID + `"],"message":["m-1"]}`
	}
	return fmt.Sprintf(`{%q:%q,"mail":{"timestamp":"2026-03-01T11:50:00.012Z","source":"shop@shop.example","messageId":%q,
		"destination":["Ada@example.com","bob@example.com"]%s}%s}`, shape, kind, mailID, tags, part)
}

const (
	bounced = `,"bounce":{"bounceType":%q,"bounceSubType":"General","timestamp":"2026-03-01T11:55:00.669Z","feedbackId":"x",
		"bouncedRecipients":[{"emailAddress":"Ada@Example.com","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user\r\nunknown"},
		{"emailAddress":"Bob <bob@example.com>","status":"5.2.2"}]}`
	complained = `,"complaint":{"complainedRecipients":[{"emailAddress":"ada@example.com"}],"timestamp":"2026-03-01T11:56:00Z","complaintFeedbackType":%q}`
	delivered  = `,"delivery":{"timestamp":"2026-03-01T11:51:00Z","recipients":["ada@example.com"],"smtpResponse":"250 ok"}`
	delayed    = `,"deliveryDelay":{"delayType":"MailboxFull","timestamp":"2026-03-01T11:52:00Z","delayedRecipients":[{"emailAddress":"ada@example.com","diagnosticCode":"452 4.2.2 full"}]}`
)

// TestEvents (BNC-1, BNC-2, BNC-3, BNC-5, EML-2) covers both shapes and every
// kind.
func TestEvents(t *testing.T) {
	at := func(s string) time.Time { v, _ := time.Parse(time.RFC3339, s); return v.UTC() }
	sent := at("2026-03-01T11:50:00.012Z")
	about := func(to string, k mail.Kind, b mail.Bounce, diagnostic string, when time.Time) mail.Feedback {
		return mail.Feedback{Provider: "ses", ProviderID: mailID, Recipient: to, Kind: k, Bounce: b, Diagnostic: diagnostic, At: when}
	}
	const ada, bob = "ada@example.com", "bob@example.com"
	bounces := func(b mail.Bounce, word string) []mail.Feedback {
		when := at("2026-03-01T11:55:00.669Z")
		return []mail.Feedback{
			about(ada, mail.Bounced, b, word+"/General: smtp; 550 5.1.1 user  unknown", when),
			about(bob, mail.Bounced, b, word+"/General: 5.2.2", when),
		}
	}
	for _, tt := range []struct {
		name, kind, part string
		want             []mail.Feedback
		problem          bool
	}{
		{name: "F43 permanent bounce", kind: "Bounce", part: fmt.Sprintf(bounced, "Permanent"), want: bounces(mail.Permanent, "Permanent")},
		{name: "F44 mailbox full", kind: "Bounce", part: fmt.Sprintf(bounced, "Transient"), want: bounces(mail.Transient, "Transient")},
		{name: "undetermined", kind: "Bounce", part: fmt.Sprintf(bounced, "Undetermined"), want: bounces(mail.Undetermined, "Undetermined")},
		{name: "a type SES does not have yet", kind: "Bounce", part: fmt.Sprintf(bounced, "Quantum"), want: bounces(mail.Undetermined, "Quantum")},
		{name: "F45 complaint", kind: "Complaint", part: fmt.Sprintf(complained, "abuse"), want: []mail.Feedback{about(ada, mail.Complained, "", "abuse", at("2026-03-01T11:56:00Z"))}},
		{name: "not spam", kind: "Complaint", part: fmt.Sprintf(complained, "not-spam")},
		{name: "delivery", kind: "Delivery", part: delivered, want: []mail.Feedback{about(ada, mail.Delivered, "", "250 ok", at("2026-03-01T11:51:00Z"))}},
		{name: "delay", kind: "DeliveryDelay", part: delayed, want: []mail.Feedback{about(ada, mail.Delayed, "", "MailboxFull: 452 4.2.2 full", at("2026-03-01T11:52:00Z"))}},
		{name: "send", kind: "Send", part: `,"send":{}`, want: []mail.Feedback{about(ada, mail.Accepted, "", "", sent), about(bob, mail.Accepted, "", "", sent)}},
		{name: "reject", kind: "Reject", part: `,"reject":{"reason":"Bad content"}`, want: []mail.Feedback{about(ada, mail.Refused, "", "Bad content", sent), about(bob, mail.Refused, "", "Bad content", sent)}},
		{name: "rendering", kind: "Rendering Failure", part: `,"failure":{"errorMessage":"no name"}`, want: []mail.Feedback{about(ada, mail.Refused, "", "no name", sent), about(bob, mail.Refused, "", "no name", sent)}},
		{name: "open", kind: "Open", part: `,"open":{"ipAddress":"192.0.2.1"}`},
		{name: "click", kind: "Click", part: `,"click":{"link":"x"}`},
		{name: "a kind SES does not have yet", kind: "Telepathy"},
		{name: "a bounce without recipients", kind: "Bounce", part: `,"bounce":{"bounceType":"Permanent"}`, problem: true},
		{name: "a bounce without an address", kind: "Bounce", part: `,"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"nobody"}]}`, problem: true},
		{name: "unreadable", kind: "Bounce", part: `,"bounce":7`, problem: true},
	} {
		for _, shape := range []string{"eventType", "notificationType"} {
			d, err := build(t, amazon()).Parse([]byte(notice(event(shape, tt.kind, tt.part)).json(t)))
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			if (d.Problem != "") != tt.problem || d.Type != "ses."+tt.kind || d.Provider != "ses" || d.Event != nil {
				t.Errorf("%s (%s): %+v", tt.name, shape, d)
			}
			var want []mail.Feedback
			for _, f := range tt.want {
				if shape == "eventType" {
					f.MessageID = "m-1"
				}
				want = append(want, f)
			}
			var got []mail.Feedback
			if d.Mail != nil {
				got = d.Mail.Feedback
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (%s): %s", tt.name, shape, diff)
			}
			if named := d.OrderID == orderID; named != (shape == "eventType") && tt.name != "unreadable" {
				t.Errorf("%s (%s): order %q", tt.name, shape, d.OrderID)
			}
		}
	}
}

// TestOtherMessages checks that other messages on the topic are stored and not
// refused, because SNS would repeat them for an hour.
func TestOtherMessages(t *testing.T) {
	for _, body := range []note{
		notice("Successfully validated SNS topic for Amazon SES event publishing."), notice(""), notice("[1]"), notice(`{"hello":"world"}`),
		question().with("Type", "UnsubscribeConfirmation"),
	} {
		if d, err := build(t, amazon()).Parse([]byte(body.json(t))); err != nil || d.Mail != nil || d.Problem != "" || d.EventID == "" {
			t.Errorf("%v: %+v %v", body, d, err)
		}
	}
	for name, body := range map[string]string{
		"not JSON": "x", "no id": notice("x").with("MessageId", "").json(t), "no time": notice("x").with("Timestamp", "soon").json(t),
		"another type": notice("x").with("Type", "Invitation").json(t), "an id that is too long": notice("x").with("MessageId", strings.Repeat("1", 200)).json(t),
	} {
		if _, err := build(t, amazon()).Parse([]byte(body)); !errors.Is(err, sns.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(notice("x").with("Signature", "AAAA").json(f))
	f.Add(question().with("Signature", "AAAA", "SignatureVersion", "2").json(f))
	s := build(f, amazon())
	f.Fuzz(func(t *testing.T, body string) {
		if err := s.Verify(nil, []byte(body), now); err == nil {
			t.Fatalf("accepted %q", body)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, m := range []string{
		event("eventType", "Bounce", fmt.Sprintf(bounced, "Permanent")), event("notificationType", "Complaint", fmt.Sprintf(complained, "abuse")),
		event("eventType", "Delivery", delivered), event("eventType", "DeliveryDelay", delayed), "hello",
	} {
		f.Add(m, "Notification", "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription")
	}
	f.Add("x", "SubscriptionConfirmation", question()["SubscribeURL"])
	s := build(f, amazon())
	f.Fuzz(func(t *testing.T, text, typ, address string) {
		n := question().with("Message", text, "Type", typ, "SubscribeURL", address)
		d, err := s.Parse([]byte(n.json(t)))
		if err != nil {
			if !errors.Is(err, sns.ErrMalformed) {
				t.Fatalf("unclassified: %v", err)
			}
			return
		}
		if d.EventID == "" || d.Type == "" || d.At.IsZero() || d.Event != nil || d.Mail != nil && d.Problem != "" {
			t.Fatalf("%+v", d)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Fatalf("cannot be stored: %v", err)
		}
		if d.Mail == nil {
			return
		}
		if c := d.Mail.Confirm; c != "" && c != question()["SubscribeURL"] && !strings.HasPrefix(c, "https://sns.") {
			t.Fatalf("would confirm at %q", c)
		}
		for _, fb := range d.Mail.Feedback {
			if again, err := mail.Normalise(fb.Recipient); err != nil || again != fb.Recipient || fb.Kind == "" || fb.ProviderID == "" {
				t.Fatalf("%+v", fb)
			}
			if strings.ContainsAny(fb.Diagnostic, "\r\n\x00") {
				t.Fatalf("%q", fb.Diagnostic)
			}
		}
	})
}
