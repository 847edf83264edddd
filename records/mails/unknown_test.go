package mails_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records"
	"purser/records/mails"
	"purser/records/recordstest"
)

// quiet is a record with a clock that the test sets, and a mail provider that is
// quiet about a mail.
type quiet struct {
	*testing.T
	*records.Store
	now      *atomic.Int64 // since the epoch
	provider string
}

// onClock runs a test on both databases, with a clock that begins at noon.
func onClock(t *testing.T, test func(q *quiet)) {
	recordstest.EachDatabase(t, func(t *testing.T, url func(t testing.TB) string) {
		q := &quiet{T: t, now: new(atomic.Int64), provider: "ses"}
		q.now.Store(recordstest.Noon.UnixNano())
		q.Store = recordstest.OpenWith(t, url(t), records.Options{Now: func() time.Time { return time.Unix(0, q.now.Load()).UTC() }})
		test(q)
	})
}

// each runs a case on the same record: with a provider of its own, and so much later
// that the cases before do not matter.
func (q *quiet) each(name string, test func(q *quiet)) {
	q.Run(name, func(t *testing.T) {
		q.pass(30 * 24 * time.Hour)
		test(&quiet{T: t, Store: q.Store, now: q.now, provider: "p-" + fmt.Sprint(q.now.Load())})
	})
}

func (q *quiet) pass(d time.Duration) { q.now.Add(int64(d)) }

// hand records a mail as handed to a provider, with the outcome.
func (q *quiet) hand(m mail.Message, provider string, st mail.State) {
	q.Helper()
	before, err := q.ClaimMail(q.Context(), m, provider)
	if err != nil || before.State != mail.StateDue {
		q.Fatalf("claim: %+v %v", before, err)
	}
	if err := q.RecordMailOutcome(q.Context(), m, mail.Outcome{State: st, Receipt: mail.Receipt{Provider: provider, ProviderID: "id-" + m.ID}, Why: "no answer"}); err != nil {
		q.Fatal(err)
	}
}

// lost records a mail about a new order as handed to the provider without an answer.
func (q *quiet) lost(n order.Notification) mail.Message {
	q.Helper()
	m := porttest.MessageOf(order.NewID(), n)
	q.hand(m, q.provider, mail.StateUnknown)
	return m
}

// reported records another mail as sent by a provider, and the provider's report of
// it under our id.
func (q *quiet) reported(provider string, kind mail.Kind) {
	q.Helper()
	m := porttest.MessageOf(order.NewID(), order.MailShipped)
	q.hand(m, provider, mail.StateSent)
	report(q.T, q.Store, named(m.ID, provider, kind))
}

// named is feedback that names the mail by our id.
func named(id, provider string, kind mail.Kind) mail.Feedback {
	f := feedback("id-"+id, "ada@example.com", kind, "")
	f.Provider, f.MessageID = provider, id
	return f
}

// wantResent checks how many mails the rule sends once more.
func (q *quiet) wantResent(want int, rule mail.Silence) {
	q.Helper()
	if n, err := q.ResendUnknown(q.Context(), rule); err != nil || n != want {
		q.Errorf("%d sent once more, %v; want %d", n, err, want)
	}
}

// entry returns a mail's entry in the ledger.
func (q *quiet) entry(id string) mails.Entry {
	q.Helper()
	e, err := q.Mail(q.Context(), id)
	if err != nil {
		q.Fatal(err)
	}
	return e
}

var (
	never = mail.Silence{Within: 15 * time.Minute}
	twice = mail.Silence{Within: 15 * time.Minute, Twice: true}
)

// TestSilenceProves (EML-14): a mail without an answer is sent once more if its
// provider has reported about later mails and not about it.
func TestSilenceProves(t *testing.T) {
	const within = 15 * time.Minute
	onClock(t, func(q *quiet) {
		for _, tt := range []struct {
			name string
			// when happens between the hand-over and the sweep.
			when func(q *quiet, lost mail.Message)
			want int
		}{
			{name: "others were heard", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within)
			}, want: 1},
			{name: "another was only accepted", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Accepted)
				q.pass(within)
			}, want: 1},
			{name: "not long enough ago", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Second)
				q.reported(q.provider, mail.Delivered)
				q.pass(within - time.Second - time.Microsecond)
			}},
			{name: "only one that was handed over before was heard", when: func(q *quiet, lost mail.Message) {
				q.pass(-time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within + time.Minute)
			}},
			{name: "another provider was heard", when: func(q *quiet, _ mail.Message) {
				q.pass(-time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(2 * time.Minute)
				q.reported("smtp", mail.Delivered)
				q.pass(within)
			}},
			{name: "others were heard only now, as after an outage of the webhook", when: func(q *quiet, _ mail.Message) {
				q.pass(-time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within + 2*time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within/3 - time.Microsecond)
			}},
			{name: "others were heard a while ago, after an outage", when: func(q *quiet, _ mail.Message) {
				q.pass(within + time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within / 3)
			}, want: 1},
			{name: "it was heard itself", when: func(q *quiet, lost mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Delivered)
				report(q.T, q.Store, named(lost.ID, q.provider, mail.Delayed))
				q.pass(within)
			}},
			{name: "it was heard to be refused", when: func(q *quiet, lost mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Delivered)
				report(q.T, q.Store, named(lost.ID, q.provider, mail.Refused))
				q.pass(within)
			}},
			{name: "only refusals were heard", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Refused)
				q.pass(within)
			}},
			{name: "only bounces were heard, as where nothing else is subscribed", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Bounced)
				q.pass(within)
			}},
			{name: "only complaints were heard", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Complained)
				q.pass(within)
			}},
			{name: "only delays were heard", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Delayed)
				q.pass(within)
			}},
			{name: "a bounce was heard later than a delivery", when: func(q *quiet, _ mail.Message) {
				q.pass(-time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(2 * time.Minute)
				q.reported(q.provider, mail.Bounced)
				q.pass(within)
			}},
			{name: "the reports do not name our ids, so it may be among them", when: func(q *quiet, _ mail.Message) {
				q.pass(time.Minute)
				other := porttest.MessageOf(order.NewID(), order.MailShipped)
				q.hand(other, q.provider, mail.StateSent)
				f := named(other.ID, q.provider, mail.Delivered)
				f.MessageID = ""
				report(q.T, q.Store, f)
				if list, err := q.FeedbackOf(q.Context(), order.ID(other.About)); err != nil || len(list) != 1 || list[0].MessageID != other.ID {
					q.Errorf("the report was not about the other mail: %+v %v", list, err)
				}
				q.pass(within)
			}},
			{name: "a person has had it sent again", when: func(q *quiet, lost mail.Message) {
				q.pass(time.Minute)
				q.reported(q.provider, mail.Delivered)
				q.pass(within)
				if _, err := q.OpenResend(q.Context(), order.Resend{OrderID: order.ID(lost.About), Notification: order.MailShipped, Key: "k", Actor: "key:ops"}); err != nil {
					q.Fatal(err)
				}
			}},
			{name: "it is no news any more", when: func(q *quiet, _ mail.Message) {
				q.pass(3 * 24 * time.Hour)
				q.reported(q.provider, mail.Delivered)
				q.pass(within)
			}},
		} {
			q.each(tt.name, func(q *quiet) {
				lost := q.lost(order.MailShipped)
				tt.when(q, lost)
				q.wantResent(tt.want, never)
				q.wantResent(0, never)
				due, err := q.DueResends(q.Context())
				if err != nil || len(due) != tt.want {
					q.Fatalf("due: %+v %v", due, err)
				}
				if tt.want == 0 {
					return
				}
				if e := q.entry(lost.ID); e.State != mail.StateResent || e.Why != "no answer; sent once more" || e.Resent {
					q.Errorf("the first copy: %+v", e)
				}
				again := q.entry(order.Mail{OrderID: order.ID(lost.About), Notification: order.MailShipped, Generation: 2}.Key())
				if again.State != mail.StateDue || !again.Resent || again.AskedBy != "purser" || again.Generation != 2 ||
					!strings.Contains(again.AskedWhy, q.provider+" reported about later mails") {
					q.Errorf("the second copy: %+v", again)
				}
				if m, err := q.OpenResend(q.Context(), due[0]); err != nil || m.Key() != again.ID {
					q.Errorf("the decision is about %q, %v; want %q", m.Key(), err, again.ID)
				}
			})
		}
	})
}

// TestSilenceOfAll (EML-14): where nobody reports back, the setting decides.
func TestSilenceOfAll(t *testing.T) {
	onClock(t, func(q *quiet) {
		for _, tt := range []struct {
			name     string
			rule     mail.Silence
			reported mail.Kind     // what the provider was heard to report before; "": nothing
			after    time.Duration // the hand-over
			want     int
		}{
			{name: "twice", rule: twice, after: 15 * time.Minute, want: 1},
			{name: "twice, not long enough ago", rule: twice, after: 15*time.Minute - time.Microsecond},
			{name: "never", rule: never, after: time.Hour},
			{name: "twice, but the provider was heard today", rule: twice, reported: mail.Delivered, after: 23 * time.Hour},
			{name: "twice, and the provider has not been heard since yesterday", rule: twice, reported: mail.Delivered, after: 25 * time.Hour, want: 1},
			{name: "twice, and the provider was heard about a bounce today", rule: twice, reported: mail.Bounced, after: 15 * time.Minute, want: 1},
			{name: "never, and the provider has not been heard since yesterday", rule: never, reported: mail.Delivered, after: 25 * time.Hour},
		} {
			q.each(tt.name, func(q *quiet) {
				if tt.reported != "" {
					q.reported(q.provider, tt.reported)
					q.pass(time.Second)
				}
				q.lost(order.MailShipped)
				q.pass(tt.after)
				q.wantResent(tt.want, tt.rule)
			})
		}
	})
}

// TestSilenceSparesOthers (EML-14): only mail that is still news to a shopper is
// sent once more; marketing and mail to the shop never is.
func TestSilenceSparesOthers(t *testing.T) {
	onClock(t, func(q *quiet) {
		if err := q.CreateCampaign(q.Context(), mail.Campaign{ID: "spring"}, "key:test"); err != nil {
			q.Fatal(err)
		}
		unknownTo(q.T, q.Store, "spring", "ada@example.com")
		shop := recordstest.Shop(q.T, func(*testing.T) *records.Store { return q.Store })
		o := recordstest.PlaceOrder(q.T, shop, "ada", recordstest.Noon)
		move := func(to order.Status) {
			c := recordstest.Next(o, to, order.StockStays)
			if err := q.SaveOrder(q.Context(), c); err != nil {
				q.Fatal(err)
			}
			o = c.Order
		}
		move(order.AwaitingPayment)
		for _, n := range []order.Notification{order.MailReceived, order.MailPaymentProblem} {
			q.hand(porttest.MessageOf(o.ID, n), "ses", mail.StateUnknown)
		}
		rejected := porttest.MessageOf(o.ID, order.MailCancelled)
		q.hand(rejected, "ses", mail.StateRejected)
		q.hand(mail.Message{ID: "case-1-opened", About: string(o.ID), Stream: mail.Transactional, Template: "case"}, "ses", mail.StateUnknown)
		q.pass(time.Hour)
		q.wantResent(1, twice) // to pay is still possible
		move(order.Authorized)
		q.wantResent(1, twice) // and now the money is held
		if list, err := q.OpenMails(q.Context(), mail.StateUnknown, 9); err != nil || len(list) != 2 || list[0].Stream != mail.Marketing || list[1].Template != "case" {
			q.Errorf("still unknown: %+v %v", list, err)
		}
	})
}

// TestSilenceOnce (EML-14, IDEM-8): of many sweeps in several processes one
// decides, and the second copy, if its outcome is unknown too, is the last.
func TestSilenceOnce(t *testing.T) {
	fleet(t, func(t *testing.T, stores []*records.Store) {
		s := stores[0]
		const lost = 20
		for range lost {
			m := porttest.MessageOf(order.NewID(), order.MailShipped)
			if _, err := s.ClaimMail(t.Context(), m, "smtp"); err != nil {
				t.Fatal(err)
			}
			if err := s.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateUnknown, Receipt: mail.Receipt{Provider: "smtp"}}); err != nil {
				t.Fatal(err)
			}
		}
		rule := mail.Silence{Within: time.Microsecond, Twice: true}
		var decided atomic.Int64
		sweep := func() {
			var all sync.WaitGroup
			for _, s := range stores {
				all.Go(func() {
					n, err := s.ResendUnknown(t.Context(), rule)
					if err != nil {
						t.Error(err)
					}
					decided.Add(int64(n))
				})
			}
			all.Wait()
		}
		sweep()
		if decided.Load() != lost {
			t.Errorf("%d decisions about %d mails", decided.Load(), lost)
		}
		due, err := s.DueResends(t.Context())
		if err != nil || len(due) != lost {
			t.Fatalf("%d due, %v", len(due), err)
		}
		for _, r := range due { // the second copies have no answer, either
			m := porttest.MessageOf(r.OrderID, r.Notification)
			m.ID, m.Generation = r.Mail(2).Key(), 2
			if before, err := s.ClaimMail(t.Context(), m, "smtp"); err != nil || before.State != mail.StateDue {
				t.Fatalf("%+v %v", before, err)
			}
			if err := s.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateUnknown}); err != nil {
				t.Fatal(err)
			}
		}
		sweep()
		if due, err := s.DueResends(t.Context()); decided.Load() != lost || err != nil || len(due) != 0 {
			t.Errorf("%d decisions; due %+v %v", decided.Load(), due, err)
		}
	})
}
