package orders_test

import (
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
	mailworkflows "purser/workflows/mails"
	"purser/workflows/workflowtest"
)

// TestResendWorkflow (EML-1): an operator's request sends one more mail, however often it
// is carried out, and whatever fails at the provider.
func TestResendWorkflow(t *testing.T) {
	w := newFixture(t)
	w.at(time.Minute, w.pay)
	w.arrive(0)
	w.fail("SendMail", 1, order.ErrUnknownOutcome) // the confirmation's
	w.run().ended(order.Delivered)
	r := order.Resend{OrderID: id, Notification: order.MailConfirmation, Key: "k1", Actor: "key:ops", Why: "never arrived"}
	fails := 3
	w.mailer.Before = func(mail.Message) error {
		if fails--; fails >= 0 {
			return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: order.ErrUnavailable}
		}
		return nil
	}
	w.mailer.After = nil
	for range 2 {
		out, err := w.resend(t, r)
		if err != nil || out.State != mail.StateSent || out.Provider != "fake" {
			t.Errorf("%+v %v", out, err)
		}
	}
	want := map[string]int{
		order.Mail{OrderID: id, Notification: order.MailConfirmation, Generation: 1}.Key(): 1, // its response was lost
		order.Mail{OrderID: id, Notification: order.MailConfirmation, Generation: 2}.Key(): 1,
	}
	for key, n := range want {
		if got := w.mailer.Counts()[key]; got != n {
			t.Errorf("%s went out %d times, want %d", key, got, n)
		}
	}
	r.Notification, r.Key, r.Until = order.MailReturnInstructions, "k2", workflowtest.Start.AddDate(0, 1, 0)
	for range 2 { // it was never sent before
		if out, err := w.resend(t, r); err != nil || out.State != mail.StateSent {
			t.Errorf("return instructions: %+v %v", out, err)
		}
	}
	if n := w.mailer.Counts()[order.Mail{OrderID: id, Notification: r.Notification, Generation: 1}.Key()]; n != 1 {
		t.Errorf("return instructions went out %d times", n)
	}
	r.Notification = order.MailCancelled
	if out, err := w.resend(t, r); err == nil {
		t.Errorf("a mail that was never due went out: %+v", out)
	}
}

// TestResendUnknown (EML-14): the decision to send a mail of unknown outcome once
// more is carried out after the order has ended: one mail, however often it is
// begun, also if the provider is down at first and if there is no answer again.
func TestResendUnknown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		down  int   // how often the provider is down
		then  error // of the second copy
		state mail.State
	}{
		{name: "sent", state: mail.StateSent},
		{name: "sent when the provider is back", down: 3, state: mail.StateSent},
		{name: "no answer again", then: order.ErrUnknownOutcome, state: mail.StateUnknown},
		{name: "no answer again when the provider is back", down: 2, then: order.ErrUnknownOutcome, state: mail.StateUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFixture(t)
			w.at(time.Minute, w.pay)
			w.arrive(0)
			w.fail("SendMail", 1, order.ErrUnknownOutcome) // the confirmation's
			w.run().ended(order.Delivered)
			down := tt.down
			w.mailer.Before = func(mail.Message) error {
				if down--; down >= 0 {
					return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: order.ErrUnavailable}
				}
				return nil
			}
			w.mailer.After = func(mail.Message) error {
				if tt.then == nil {
					return nil
				}
				return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: tt.then}
			}
			first := order.Mail{OrderID: id, Notification: order.MailConfirmation, Generation: 1}
			second := first
			second.Generation = 2
			r := order.Resend{OrderID: id, Notification: order.MailConfirmation, Key: "unknown:" + first.Key(), Actor: "purser", Why: "no answer"}
			for range 3 {
				if out, err := w.resend(t, r); err != nil || out.State != tt.state {
					t.Errorf("%+v %v, want %s", out, err, tt.state)
				}
			}
			if n := w.mailer.Counts(); n[first.Key()] != 1 || n[second.Key()] != 1 {
				t.Errorf("went out: %v", n)
			}
		})
	}
}

func (w *fixture) resend(t *testing.T, r order.Resend) (out mails.MailOutcome, err error) {
	t.Helper()
	env := workflowtest.NewEnv()
	env.RegisterActivity(&mails.Activities{Orders: &w.record, MailRouter: &w.mailer, Templates: fake.MailTemplates{}, Ledger: &w.ledger, Resends: &w.ledger})
	env.ExecuteWorkflow(mailworkflows.ResendWorkflow, r)
	if err := env.GetWorkflowError(); err != nil {
		return out, err
	}
	return out, env.GetWorkflowResult(&out)
}
