package activities_test

import (
	"context"
	"errors"
	"testing"

	"purser/activities"
	"purser/activities/fake"
	"purser/order"
)

// TestSendMail is one mail with each accident (EML-1, IDEM-8): after the
// first try and after it is tried again.
func TestSendMail(t *testing.T) {
	letter := order.Mail{OrderID: "ord_1", Milestone: order.MailConfirmation, Generation: 1, To: "ada@example.com"}
	fails := func(kind error) func(order.Mail) error {
		return func(order.Mail) error { return &order.ProviderError{Kind: kind} }
	}
	for _, c := range []struct {
		name          string
		before, after func(order.Mail) error // of the mailer, the first time
		settle        error                  // of the ledger, the first time
		first, then   activities.MailState   // "": a failure
		sent          int
	}{
		{"sent", nil, nil, nil, activities.MailSent, activities.MailSent, 1},
		{"unavailable, then sent", fails(order.ErrUnavailable), nil, nil, "", activities.MailSent, 1},
		{"throttled, then sent", fails(order.ErrThrottled), nil, nil, "", activities.MailSent, 1},
		{"denied, then sent", fails(order.ErrDenied), nil, nil, "", activities.MailSent, 1},
		{"rejected for good", fails(order.ErrRejected), nil, nil, activities.MailRejected, activities.MailRejected, 0},
		{"sent, the answer lost: not again", nil, fails(order.ErrUnknownOutcome), nil, activities.MailUnknown, activities.MailUnknown, 1},
		{"not known whether sent: not again", fails(order.ErrUnknownOutcome), nil, nil, activities.MailUnknown, activities.MailUnknown, 0},
		{"an error of no kind is unknown", func(order.Mail) error { return errors.New("?") }, nil, nil, activities.MailUnknown, activities.MailUnknown, 0},
		{"sent, the ledger lost it: not again", nil, nil, errors.New("disk on fire"), "", activities.MailUnknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			mailer, ledger := &fake.Mailer{Before: c.before, After: c.after}, &fake.Ledger{}
			ledger.Before = func(op string, _ order.Mail) error {
				if op == "SettleMail" {
					return c.settle
				}
				return nil
			}
			a := &activities.Activities{Mailer: mailer, Ledger: ledger}
			for n, want := range []activities.MailState{c.first, c.then} {
				out, err := a.SendMail(t.Context(), letter)
				if out.State != want || (err != nil) != (want == "") {
					t.Errorf("try %d: %q, %v; want %q", n+1, out.State, err, want)
				}
				mailer.Before, mailer.After, c.settle = nil, nil, nil
			}
			if n := mailer.Counts()[letter.Key()]; n != c.sent {
				t.Errorf("it went out %d times, want %d", n, c.sent)
			}
		})
	}
}

// TestSendMailOutOfTime is a step that runs out of time once the mail is
// out: that it went out is written down all the same.
func TestSendMailOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ledger := &fake.Ledger{}
	a := &activities.Activities{Ledger: ledger, Mailer: &fake.Mailer{After: func(order.Mail) error { cancel(); return nil }}}
	letter := order.Mail{OrderID: "ord_1", Milestone: order.MailShipped, Generation: 1, To: "ada@example.com"}
	if _, err := a.SendMail(ctx, letter); err != nil {
		t.Fatal(err)
	}
	if s := ledger.States()[letter.Key()]; s != activities.MailSent {
		t.Errorf("the ledger says %q", s)
	}
}
