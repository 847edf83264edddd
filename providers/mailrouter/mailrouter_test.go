package mailrouter_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/providers/guard"
	"purser/providers/mailrouter"
)

func TestConformance(t *testing.T) {
	porttest.Mailer(t, func(t *testing.T) porttest.MailBench {
		o := open(t, guard.Config{})
		var mu sync.Mutex
		var before, after error
		fire := func(err *error) func(mail.Message) error {
			return func(mail.Message) error {
				mu.Lock()
				defer mu.Unlock()
				if *err == nil {
					return nil
				}
				e := &order.ProviderError{Provider: "ses", Op: "send mail", Kind: *err}
				if errors.Is(*err, order.ErrRejected) || errors.Is(*err, order.ErrUnknownOutcome) {
					*err = nil // ends the search at once
				}
				return e
			}
		}
		heal := func() {
			mu.Lock()
			defer mu.Unlock()
			before, after = nil, nil
		}
		for _, p := range []*provider{o.ses, o.smtp} {
			p.Before, p.After = fire(&before), fire(&after)
		}
		return porttest.MailBench{
			Mailer: healing{one{o}, heal},
			Counts: func() map[string]int {
				counts := o.ses.Counts()
				for id, n := range o.smtp.Counts() {
					counts[id] += n
				}
				return counts
			},
			FailNext: func(_ *testing.T, kind error) { // at every provider
				mu.Lock()
				defer mu.Unlock()
				if kind == order.ErrUnknownOutcome {
					after = kind
					return
				}
				before = kind
			},
		}
	})
}

// TestLimitsStay (EML-6) checks that known limits stay when a provider does not
// respond.
func TestLimitsStay(t *testing.T) {
	o := open(t, guard.Config{})
	now := time.Now()
	o.ses.limits = mail.Limits{Rate: 14, PerDay: 50_000, Sent: 7, Enabled: true, At: now}
	o.smtp.limits = mail.Limits{Rate: 1_000_000, PerDay: mail.Unlimited, Enabled: true, At: now}
	if err := o.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.ses.limits, o.ses.asked = mail.Limits{}, &order.ProviderError{Provider: "ses", Kind: order.ErrUnavailable, Code: "test"}
	if err := o.Ask(t.Context()); err == nil {
		t.Error("the provider does not respond")
	}
	if l := o.pace.set["ses"]; l.Rate != 14 || l.Sent != 7 {
		t.Errorf("the record says %+v", l)
	}
	if s := o.Status(); s[0].Limits.Rate != 14 || s[0].AskFailed == "" || s[1].AskFailed != "" {
		t.Errorf("%+v", s)
	}
	// The backup's account is boundless, so the record is not asked.
	o.ses.set(order.ErrUnavailable)
	o.pace.take = func(account string, _ int, _ mail.Stream) (mail.SendGrant, error) {
		if account == "smtp" {
			t.Error("asked for a slot at a boundless account")
		}
		return mail.SendGrant{Slot: "s"}, nil
	}
	if r, err := o.Send(t.Context(), newMessage(), time.Second, always); err != nil || r.Provider != "smtp" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestNewRefuses(t *testing.T) {
	two := []mailrouter.Route{{Name: "ses"}, {Name: "ses"}}
	for name, c := range map[string]mailrouter.Config{
		"nobody":                  {Pace: new(pace)},
		"no pace":                 {Routes: two[:1]},
		"two routes of one name":  {Routes: two, Pace: new(pace)},
		"calls that are too long": {Routes: two[:1], Pace: new(pace), CallWithin: time.Hour},
	} {
		if _, err := mailrouter.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
