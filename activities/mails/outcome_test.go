package mails_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// TestRecordFails (EML-1, EML-14): a provider's answer is recorded although the
// record is away for some seconds, as when its database restarts.
func TestRecordFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer error         // of the provider
		away   time.Duration // the record, from the answer on
		first  mail.State    // "": a failure
		then   mail.State
	}{
		{name: "sent, away for a moment", away: 50 * time.Millisecond, first: mail.StateSent, then: mail.StateSent},
		{name: "sent, away for seconds", away: 7 * time.Second, first: mail.StateSent, then: mail.StateSent},
		{name: "rejected, away for seconds", answer: order.ErrRejected, away: 3 * time.Second, first: mail.StateRejected, then: mail.StateRejected},
		{name: "no answer, away for seconds", answer: order.ErrUnknownOutcome, away: 3 * time.Second, first: mail.StateUnknown, then: mail.StateUnknown},
		{name: "sent, away for longer", away: 20 * time.Second, then: mail.StateUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var back time.Time
				ledger := &fake.Ledger{Before: func(op string, _ mail.Message) error {
					if op == "RecordMailOutcome" && time.Now().Before(back) {
						return errors.New("the database restarts")
					}
					return nil
				}}
				mailer := &fake.Mailer{After: func(mail.Message) error {
					back = time.Now().Add(tt.away)
					if tt.answer == nil {
						return nil
					}
					return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: tt.answer}
				}}
				a := &mails.Activities{MailRouter: mailer, Templates: fake.MailTemplates{}, Ledger: ledger}
				out, err := a.SendMail(t.Context(), confirmation)
				if out.State != tt.first || (err != nil) != (tt.first == "") {
					t.Errorf("%+v, %v; want %q", out, err, tt.first)
				}
				time.Sleep(time.Minute)
				out, err = a.SendMail(t.Context(), confirmation)
				if err != nil || out.State != tt.then {
					t.Errorf("later: %+v, %v; want %q", out, err, tt.then)
				}
				if n := len(mailer.Sent()); n != 1 {
					t.Errorf("it went out %d times", n)
				}
			})
		})
	}
}

// TestReasons (EML-14): a reason says what is known of a mail without an answer,
// and which provider may have it.
func TestReasons(t *testing.T) {
	noAnswer := &order.ProviderError{Provider: "fake", Op: "send mail", Kind: order.ErrUnknownOutcome, Code: "no_answer"}
	for _, tt := range []struct {
		name    string
		answer  error
		claimed bool // by an attempt of which nothing was heard
		want    string
	}{
		{name: "no answer", answer: noAnswer, want: "handed over; no certain answer: fake: send mail: outcome unknown: no_answer"},
		{name: "an error of no kind", answer: errors.New("?"), want: "handed over; no certain answer: ?"},
		{name: "no outcome recorded", claimed: true, want: "handed over; no answer: the sender stopped, or the record could not be written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ledger := &fake.Ledger{}
			a := &mails.Activities{
				MailRouter: &fake.Mailer{After: func(mail.Message) error { return tt.answer }}, Templates: fake.MailTemplates{}, Ledger: ledger,
			}
			if tt.claimed {
				if _, err := ledger.ClaimMail(t.Context(), mail.Message{ID: confirmation.Key()}, "fake"); err != nil {
					t.Fatal(err)
				}
			}
			out, err := a.SendMail(t.Context(), confirmation)
			if err != nil || out.State != mail.StateUnknown || out.Why != tt.want || out.Provider != "fake" {
				t.Errorf("%+v, %v; want %q", out, err, tt.want)
			}
			if o, err := ledger.FindMail(t.Context(), confirmation.Key()); err != nil || o.Why != tt.want || o.Receipt.Provider != "fake" {
				t.Errorf("the ledger: %+v, %v", o, err)
			}
		})
	}
}

// twoProviders is a mail router whose first provider is down.
type twoProviders struct{ second fake.Mailer }

func (p *twoProviders) Send(ctx context.Context, m mail.Message, _ time.Duration, ready func(context.Context, string) error) (mail.Receipt, error) {
	for _, provider := range []string{"first", "second"} {
		if err := ready(ctx, provider); err != nil {
			return mail.Receipt{}, err
		}
	}
	id, err := p.second.SendMail(ctx, m)
	return mail.Receipt{Provider: "second", ProviderID: id}, err
}

// TestPassedOn (EML-3, EML-14): the ledger knows which provider may have a mail at
// every moment; a mail goes to no provider that it does not know.
func TestPassedOn(t *testing.T) {
	router, broken := &twoProviders{}, errors.New("disk on fire")
	ledger := &fake.Ledger{}
	ledger.Before = func(op string, _ mail.Message) error {
		if op == "PassMail" {
			return broken
		}
		return nil
	}
	a := &mails.Activities{MailRouter: router, Templates: fake.MailTemplates{}, Ledger: ledger}
	if out, err := a.SendMail(t.Context(), confirmation); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("%+v, %v", out, err)
	}
	if s := ledger.States()[confirmation.Key()]; s != mail.StateDue || len(router.second.Sent()) != 0 {
		t.Errorf("a mail that was not passed on is %s, and went out %d times", s, len(router.second.Sent()))
	}
	broken = nil
	router.second.Before = func(m mail.Message) error {
		if o, err := ledger.FindMail(t.Context(), m.ID); err != nil || o.State != mail.StateSending || o.Receipt.Provider != "second" {
			t.Errorf("when it is handed over, the ledger says %+v, %v", o, err)
		}
		return nil
	}
	if out, err := a.SendMail(t.Context(), confirmation); err != nil || out.State != mail.StateSent || out.Provider != "second" {
		t.Errorf("%+v, %v", out, err)
	}
}
