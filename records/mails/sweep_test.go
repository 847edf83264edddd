package mails_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/recordstest"
)

// mailWorker carries out decisions as the workflow does, but may be killed before it
// begins one.
type mailWorker struct {
	steps *mails.Activities
	dies  func() bool
	begun *sync.Map // by order and key: as the engine starts a workflow, once
}

var errDied = errors.New("the process was killed")

func (w *mailWorker) StartResend(ctx context.Context, r order.Resend) error {
	if w.dies() {
		return errDied
	}
	if _, known := w.begun.LoadOrStore(string(r.OrderID)+r.Key, true); known {
		return nil
	}
	for range 2 { // a workflow may try its steps again
		m, err := w.steps.PrepareResend(ctx, r)
		if err != nil {
			return err
		}
		if _, err := w.steps.SendMail(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (*mailWorker) RetryCampaign(context.Context, mail.CampaignStatus, mail.Retry) error {
	return errors.New("no campaign is to be retried")
}

// oneOrder is a shop with one order.
type oneOrder order.Order

func (o oneOrder) Order(context.Context, order.ID) (order.Order, error) { return order.Order(o), nil }

// TestSweepSendsOnce (EML-14, IDEM-8): a mail without an answer is sent once more,
// once, by several processes that sweep at once and are killed in between, whether
// or not the second copy gets an answer.
func TestSweepSendsOnce(t *testing.T) {
	for _, tt := range []struct {
		name        string
		taken       bool // whether the provider took the first copy
		second      error
		first, then mail.State
	}{
		{name: "the first was lost", first: mail.StateResent, then: mail.StateSent},
		{name: "the first went out", taken: true, first: mail.StateResent, then: mail.StateSent},
		{name: "the second has no answer, either", second: order.ErrUnknownOutcome, first: mail.StateResent, then: mail.StateUnknown},
		{name: "the second is rejected", second: order.ErrRejected, first: mail.StateResent, then: mail.StateRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fleet(t, func(t *testing.T, stores []*records.Store) {
				o := order.Order{ID: order.NewID(), Email: "ada@example.com", ShipTo: order.Address{Name: "Ada"}, Status: order.Delivered}
				confirmation := o.MailFor(order.MailConfirmation)
				noAnswer := func(kind error) error {
					return &order.ProviderError{Provider: "fake", Op: "send mail", Kind: kind}
				}
				mailer := &fake.Mailer{}
				if tt.taken {
					mailer.After = func(mail.Message) error { return noAnswer(order.ErrUnknownOutcome) }
				} else {
					mailer.Before = func(mail.Message) error { return noAnswer(order.ErrUnknownOutcome) }
				}
				var mu sync.Mutex
				var begun sync.Map
				kills := 3
				worker := func(s *records.Store) *mailWorker {
					return &mailWorker{
						steps: &mails.Activities{MailRouter: mailer, Templates: fake.MailTemplates{}, Ledger: s, Resends: s, Orders: oneOrder(o)},
						begun: &begun,
						dies: func() bool {
							mu.Lock()
							defer mu.Unlock()
							kills--
							return kills >= 0
						},
					}
				}
				if out, err := worker(stores[0]).steps.SendMail(t.Context(), confirmation); err != nil || out.State != mail.StateUnknown {
					t.Fatalf("%+v %v", out, err)
				}
				mailer.After, mailer.Before = nil, func(m mail.Message) error {
					if m.Generation == 2 && tt.second != nil {
						return noAnswer(tt.second)
					}
					return nil
				}
				for range 5 {
					var all sync.WaitGroup
					for _, s := range stores {
						sweeper := &mails.Sweeper{Ledger: s, Resender: worker(s), Rule: mail.Silence{Within: time.Microsecond, Twice: true}, Log: slog.New(slog.DiscardHandler)}
						all.Go(func() {
							if err := sweeper.Sweep(t.Context()); err != nil && !errors.Is(err, errDied) {
								t.Error(err)
							}
						})
					}
					all.Wait()
				}
				first, second := confirmation, confirmation
				second.Generation = 2
				for key, want := range map[string]mail.State{first.Key(): tt.first, second.Key(): tt.then} {
					if e, err := stores[0].Mail(t.Context(), key); err != nil || e.State != want {
						t.Errorf("%s is %s, %v; want %s", key, e.State, err, want)
					}
				}
				counts := mailer.Counts()
				if n := counts[second.Key()]; n != 1 && tt.second == nil || n > 1 {
					t.Errorf("the second copy went out %d times", n)
				}
				if list, err := stores[0].Mails(t.Context(), string(o.ID)); err != nil || len(list) != 2 {
					t.Errorf("%d copies, %v", len(list), err)
				}
			})
		})
	}
}

// TestUnknownCampaigns (EML-7): only a campaign that is done, in its first round,
// and left outcomes unknown is one that the settings may send once more.
func TestUnknownCampaigns(t *testing.T) {
	onClock(t, func(q *quiet) {
		end := func(id string, st mail.CampaignState, recipient mail.State) {
			q.Helper()
			sentTo(q.T, q.Store, id, 1)
			recordAs(q.T, q.Store, id, recipient, 1)
			if err := q.SetCampaignState(q.Context(), id, 1, st, ""); err != nil {
				q.Fatal(err)
			}
		}
		end("done", mail.CampaignDone, mail.StateUnknown)
		end("sent", mail.CampaignDone, mail.StateSent)
		end("cancelled", mail.CampaignCancelled, mail.StateUnknown)
		end("second-round", mail.CampaignDone, mail.StateUnknown)
		retry := mail.Retry{Round: 1, ResolvedBefore: recordstest.Noon, Actor: "key:ops", Reason: "late"}
		if err := q.RetryCampaign(q.Context(), "second-round", 2, retry); err != nil {
			q.Fatal(err)
		}
		recordAs(q.T, q.Store, "second-round", mail.StateUnknown, 1)
		if err := q.SetCampaignState(q.Context(), "second-round", 3, mail.CampaignDone, ""); err != nil {
			q.Fatal(err)
		}
		for _, tt := range []struct {
			from, to time.Duration // after noon
			want     int
		}{{from: -time.Hour, to: 0, want: 1}, {from: -time.Hour, to: -time.Second}, {from: time.Second, to: time.Hour}} {
			list, err := q.UnknownCampaigns(q.Context(), recordstest.Noon.Add(tt.from), recordstest.Noon.Add(tt.to))
			if err != nil || len(list) != tt.want || tt.want == 1 && (list[0].ID != "done" || list[0].Round != 1) {
				q.Errorf("from %s to %s: %+v %v", tt.from, tt.to, list, err)
			}
		}
	})
}
