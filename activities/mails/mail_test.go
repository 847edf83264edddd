package mails_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

var confirmation = order.Mail{OrderID: "ord_1", Notification: order.MailConfirmation, Generation: 1, To: "ada@example.com"}

// TestSendMail is one mail with each accident (EML-1, IDEM-5, IDEM-8, F50): after the
// first try and after it is tried again.
func TestSendMail(t *testing.T) {
	fails := func(kind error) func(mail.Message) error {
		return func(mail.Message) error { return &order.ProviderError{Kind: kind} }
	}
	for _, c := range []struct {
		name          string
		before, after func(mail.Message) error // of the mailer, the first time
		record        error                    // of the ledger, the first time
		first, then   mail.State               // "": a failure
		sent          int
	}{
		{"sent", nil, nil, nil, mail.StateSent, mail.StateSent, 1},
		{"unavailable, then sent", fails(order.ErrUnavailable), nil, nil, "", mail.StateSent, 1},
		{"throttled, then sent", fails(order.ErrThrottled), nil, nil, "", mail.StateSent, 1},
		{"denied, then sent", fails(order.ErrDenied), nil, nil, "", mail.StateSent, 1},
		{"rejected for good", fails(order.ErrRejected), nil, nil, mail.StateRejected, mail.StateRejected, 0},
		{"sent, the answer lost: not again", nil, fails(order.ErrUnknownOutcome), nil, mail.StateUnknown, mail.StateUnknown, 1},
		{"not known whether sent: not again", fails(order.ErrUnknownOutcome), nil, nil, mail.StateUnknown, mail.StateUnknown, 0},
		{"an error of no kind is unknown", func(mail.Message) error { return errors.New("?") }, nil, nil, mail.StateUnknown, mail.StateUnknown, 0},
		{"sent, the ledger lost it: not again", nil, nil, errors.New("disk on fire"), "", mail.StateUnknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mailer, ledger := &fake.Mailer{Before: c.before, After: c.after}, &fake.Ledger{}
				ledger.Before = func(op string, _ mail.Message) error {
					if op == "RecordMailOutcome" {
						return c.record
					}
					return nil
				}
				a := &mails.Activities{MailRouter: mailer, Templates: fake.MailTemplates{}, Ledger: ledger}
				for n, want := range []mail.State{c.first, c.then} {
					out, err := a.SendMail(t.Context(), confirmation)
					if out.State != want || (err != nil) != (want == "") {
						t.Errorf("try %d: %q, %v; want %q", n+1, out.State, err, want)
					}
					mailer.Before, mailer.After, c.record = nil, nil, nil
				}
				if n := mailer.Counts()[confirmation.Key()]; n != c.sent {
					t.Errorf("it went out %d times, want %d", n, c.sent)
				}
			})
		})
	}
}

// TestSendMailOutOfTime is a step that runs out of time once the mail is
// out: that it went out is written down all the same.
func TestSendMailOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ledger := &fake.Ledger{}
	a := &mails.Activities{Ledger: ledger, Templates: fake.MailTemplates{}, MailRouter: &fake.Mailer{After: func(mail.Message) error { cancel(); return nil }}}
	if _, err := a.SendMail(ctx, confirmation); err != nil {
		t.Fatal(err)
	}
	if s := ledger.States()[confirmation.Key()]; s != mail.StateSent {
		t.Errorf("the ledger says %q", s)
	}
}

// labels has one file, or fails.
type labels struct {
	file []byte
	err  error
}

func (l *labels) Label(context.Context, order.ID, string, order.LabelFormat) ([]byte, error) {
	return l.file, l.err
}

// TestSendMailWithLabel (EML-10, IDEM-8): a mail about a return carries the file of its label, once;
// it waits while the file cannot be read, and does not go out if there is no such label.
func TestSendMailWithLabel(t *testing.T) {
	l := order.Mail{OrderID: "ord_1", Notification: order.MailReturnApproved, Generation: 1, Ref: "rt1", To: "ada@example.com", Label: "lbl_1"}
	a, mailer, _, _ := mailActivities()
	file := &labels{err: &order.ProviderError{Provider: "carrier", Op: "get label", Kind: order.ErrUnavailable}}
	a.Labels = file
	if out, err := a.SendMail(t.Context(), l); err == nil || len(mailer.Sent()) != 0 {
		t.Fatalf("without the file: %+v, %v", out, err)
	}
	file.file, file.err = []byte("%PDF-1.4\n%%EOF\n"), nil
	for range 2 {
		if out, err := a.SendMail(t.Context(), l); err != nil || out.State != mail.StateSent {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	sent := mailer.Sent()
	if len(sent) != 1 || len(sent[0].Attachments) != 1 || sent[0].Attachments[0].Name != "return-rt1.pdf" || sent[0].Attachments[0].Type != "application/pdf" || string(sent[0].Attachments[0].Data) != string(file.file) {
		t.Errorf("sent %+v", sent)
	}
	for name, none := range map[string]mails.Labels{"void": &labels{err: order.ErrNoLabel}, "no files": nil} {
		a, mailer, _, _ := mailActivities()
		a.Labels = none
		if out, err := a.SendMail(t.Context(), l); err != nil || out.State != mail.StateRejected || len(mailer.Sent()) != 0 {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

// mailActivities is a set of activities that only send mail.
func mailActivities() (*mails.Activities, *fake.Mailer, *fake.Ledger, *fake.Suppressions) {
	mailer, ledger, blocked := new(fake.Mailer), new(fake.Ledger), new(fake.Suppressions)
	return &mails.Activities{MailRouter: mailer, Templates: fake.MailTemplates{}, Ledger: ledger, Blocked: blocked}, mailer, ledger, blocked
}

// TestSendMailHeldBack (EML-11, EML-13, BNC-1): what cannot or must not be
// sent is an outcome with a reason, written down, and nothing goes out.
func TestSendMailHeldBack(t *testing.T) {
	with := func(bend func(*order.Mail)) order.Mail { o := confirmation; bend(&o); return o }
	for _, c := range []struct {
		name  string
		order order.Mail
		want  mail.State
	}{
		{"an unknown template", with(func(o *order.Mail) { o.Notification = "birthday" }), mail.StateRejected},
		{"an address with a line break", with(func(o *order.Mail) { o.To = "a@example.com\r\nBcc: b@example.com" }), mail.StateRejected},
		{"two addresses", with(func(o *order.Mail) { o.To = "a@example.com, b@example.com" }), mail.StateRejected},
		{"no address", with(func(o *order.Mail) { o.To = "" }), mail.StateRejected},
		{"a bounced address, spelt otherwise", with(func(o *order.Mail) { o.To = "Bounced@Example.COM" }), mail.StateSuppressed},
		{"an unsubscribed one still gets its order's mail", with(func(o *order.Mail) { o.To = "left@example.com" }), mail.StateSent},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, mailer, ledger, blocked := mailActivities()
			blocked.Block("bounced@example.com", "bounced", mail.Transactional, mail.Marketing)
			blocked.Block("left@example.com", "unsubscribed", mail.Marketing)
			for range 2 {
				out, err := a.SendMail(t.Context(), c.order)
				if err != nil || out.State != c.want || (out.Why == "") != (c.want == mail.StateSent) {
					t.Errorf("%+v %v", out, err)
				}
			}
			if s := ledger.States()[c.order.Key()]; s != c.want {
				t.Errorf("the ledger says %q", s)
			}
			if n := len(mailer.Sent()); (n == 1) != (c.want == mail.StateSent) || n > 1 {
				t.Errorf("%d went out", n)
			}
		})
	}
}

// TestSendMailBlindly: while nobody can say who is suppressed, nothing is
// sent, and nothing is lost.
func TestSendMailBlindly(t *testing.T) {
	a, mailer, ledger, _ := mailActivities()
	a.Blocked = blind{}
	if out, err := a.SendMail(t.Context(), confirmation); err == nil {
		t.Errorf("%+v", out)
	}
	if len(mailer.Sent()) != 0 || len(ledger.States()) != 0 {
		t.Errorf("sent %v, ledger %v", mailer.Sent(), ledger.States())
	}
}

type blind struct{}

func (blind) Blocked(context.Context, string, mail.Stream) (string, error) {
	return "", errors.New("no record")
}

// TestSendMessage is a campaign's mail (EML-13, F49): the same way as an
// order's, and never without its own way out.
func TestSendMessage(t *testing.T) {
	events := mail.Message{
		ID: "camp_1:ada", About: "camp_1", Stream: mail.Marketing, Template: "news",
		To: []mail.Address{{Email: "Ada@example.com"}}, Content: mail.Content{Subject: "News", Text: "Mugs!"},
		Unsubscribe: "https://shop.example/unsubscribe/t",
	}
	a, mailer, _, blocked := mailActivities()
	blocked.Block("left@example.com", "unsubscribed", mail.Marketing)
	send := func(bend func(*mail.Message)) mails.MailOutcome {
		t.Helper()
		m := events
		m.To = []mail.Address{{Email: events.To[0].Email}}
		bend(&m)
		out, err := a.SendMessage(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for range 3 {
		if out := send(func(*mail.Message) {}); out.State != mail.StateSent || out.Provider != "fake" {
			t.Errorf("%+v", out)
		}
	}
	if out := send(func(m *mail.Message) { m.ID, m.To[0].Email = "camp_1:left", "left@example.com" }); out.State != mail.StateSuppressed || out.Why != "unsubscribed" {
		t.Errorf("%+v", out)
	}
	if out := send(func(m *mail.Message) { m.ID, m.Unsubscribe = "camp_1:bob", "" }); out.State != mail.StateRejected {
		t.Errorf("%+v", out)
	}
	if out := send(func(m *mail.Message) { m.ID, m.To = "camp_1:all", make([]mail.Address, 1000) }); out.State != mail.StateRejected {
		t.Errorf("%+v", out)
	}
	if got := mailer.Sent(); len(got) != 1 || got[0].To[0].Email != "ada@example.com" {
		t.Errorf("went out: %+v", got)
	}
	if _, err := a.SendMessage(t.Context(), mail.Message{ID: "no id"}); err == nil {
		t.Error("a mail without a ledger id was taken")
	}
}

// readers lists who has left which list of marketing.
type readers map[string]mail.Scope

func (r readers) Blocked(_ context.Context, email string, s mail.Stream) (string, error) {
	if left, ok := r[email]; ok && left.Blocks(s) {
		return "unsubscribed", nil
	}
	return "", nil
}

func (r readers) BlockedList(_ context.Context, email string, list mail.Scope) (string, error) {
	if left, ok := r[email]; ok && left.BlocksList(list) {
		return "unsubscribed", nil
	}
	return "", nil
}

// TestSendMessageOfAList (BNC-6, EML-13): who has left one list gets the mails
// of another, and none of which nobody knows the list.
func TestSendMessageOfAList(t *testing.T) {
	a, _, _, _ := mailActivities()
	a.Blocked = readers{"ada@example.com": mail.Campaigns}
	for _, tt := range []struct {
		list string
		want mail.State
	}{{"reminders", mail.StateSent}, {"campaigns", mail.StateSuppressed}, {"vip", mail.StateSuppressed}, {"", mail.StateSuppressed}} {
		m := mail.Message{
			ID: "camp_1:" + tt.list + "x", Stream: mail.Marketing, To: []mail.Address{{Email: "ada@example.com"}}, Unsubscribe: "https://shop.example/u",
			Content: mail.Content{Subject: "Hello", Text: "Hello"}, Tags: map[string]string{"list": tt.list},
		}
		if out, err := a.SendMessage(t.Context(), m); err != nil || out.State != tt.want {
			t.Errorf("list %q: %+v %v, want %s", tt.list, out, err, tt.want)
		}
	}
}
