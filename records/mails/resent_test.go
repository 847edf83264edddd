package mails_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/records/mails"
	"purser/records/recordstest"
)

// TestLateReport (EML-14, EML-9): a report about the first copy that comes after
// the decision is recorded. The second copy is not sent if it was not handed over
// yet, and otherwise stays as it is.
func TestLateReport(t *testing.T) {
	onClock(t, func(q *quiet) {
		for _, tt := range []struct {
			name   string
			second mail.State // when the report comes
			want   mail.State
		}{
			{name: "before the second was handed over", second: mail.StateDue, want: mail.StateSkipped},
			{name: "while the second is sent", second: mail.StateSending, want: mail.StateSending},
			{name: "after the second was sent", second: mail.StateSent, want: mail.StateSent},
		} {
			q.each(tt.name, func(q *quiet) {
				lost := q.lost(order.MailShipped)
				q.pass(time.Hour)
				q.wantResent(1, twice)
				second := lost
				second.ID, second.Generation = order.Mail{OrderID: order.ID(lost.About), Notification: order.MailShipped, Generation: 2}.Key(), 2
				switch tt.second {
				case mail.StateSent:
					q.hand(second, q.provider, mail.StateSent)
				case mail.StateSending:
					if _, err := q.ClaimMail(q.Context(), second, "ses"); err != nil {
						q.Fatal(err)
					}
				}
				for range 2 {
					report(q.T, q.Store, named(lost.ID, q.provider, mail.Delivered))
				}
				if e := q.entry(lost.ID); e.State != mail.StateSent || e.Why != q.provider+" reports: delivered" {
					q.Errorf("the first copy: %+v", e)
				}
				if e := q.entry(second.ID); e.State != tt.want || !e.Resent {
					q.Errorf("the second copy is %s, want %s", e.State, tt.want)
				}
				q.wantResent(0, twice)
				if due, err := q.DueResends(q.Context()); err != nil || len(due) != 0 {
					q.Errorf("due: %+v %v", due, err)
				}
			})
		}
	})
}

// TestResentFigures (EML-14): mails that were sent because the outcome of their
// first copy was unknown are counted apart.
func TestResentFigures(t *testing.T) {
	onClock(t, func(q *quiet) {
		var seconds []mail.Message
		for range 2 {
			lost := q.lost(order.MailShipped)
			lost.ID, lost.Generation = order.Mail{OrderID: order.ID(lost.About), Notification: order.MailShipped, Generation: 2}.Key(), 2
			seconds = append(seconds, lost)
		}
		q.reported(q.provider, mail.Delivered)
		q.pass(time.Hour)
		q.wantResent(0, never) // they were handed over at the same moment as the mail that was heard
		q.reported(q.provider, mail.Delivered)
		q.pass(time.Hour)
		q.wantResent(2, never)
		q.hand(seconds[0], "ses", mail.StateSent)
		q.hand(seconds[1], "ses", mail.StateUnknown)
		got, err := q.MailStats(q.Context(), recordstest.Noon.Add(-time.Hour), recordstest.Noon.Add(4*time.Hour))
		want := []mails.Figures{{Day: "2026-03-01", Provider: "ses", Template: "shipped", Sent: 3, Resent: 1, Delivered: 2}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			q.Error(err, diff)
		}
	})
}

// TestResendKeepsRequest (EML-1): return instructions that are sent once more have
// the link and the day that were asked for.
func TestResendKeepsRequest(t *testing.T) {
	onClock(t, func(q *quiet) {
		r := order.Resend{
			OrderID: order.NewID(), Notification: order.MailReturnInstructions, Key: "k", Actor: "key:shop", Why: "asked",
			Link: "https://shop.example/label", Until: recordstest.Noon.AddDate(0, 0, 30),
		}
		m, err := q.OpenResend(q.Context(), r)
		if err != nil {
			q.Fatal(err)
		}
		message := porttest.MessageOf(r.OrderID, r.Notification)
		message.ID = m.Key()
		q.hand(message, "ses", mail.StateUnknown)
		q.pass(time.Hour)
		q.wantResent(1, twice)
		due, err := q.DueResends(q.Context())
		if err != nil || len(due) != 1 || due[0].Link != r.Link || !due[0].Until.Equal(r.Until) || due[0].Key != "unknown:"+m.Key() {
			q.Errorf("%+v %v", due, err)
		}
	})
}

// TestManyLost (EML-14): mails that cannot be decided about do not keep the sweep
// from those that can.
func TestManyLost(t *testing.T) {
	onClock(t, func(q *quiet) {
		campaign := mail.Campaign{ID: "c"}
		if err := q.CreateCampaign(q.Context(), campaign, "key:test"); err != nil {
			q.Fatal(err)
		}
		for n := range 120 {
			unknownTo(q.T, q.Store, "c", fmt.Sprintf("r%d@example.com", n))
		}
		for range 110 {
			m := q.lost(order.MailShipped)
			if _, err := q.OpenResend(q.Context(), order.Resend{OrderID: order.ID(m.About), Notification: order.MailShipped, Key: "k", Actor: "key:ops"}); err != nil {
				q.Fatal(err)
			}
		}
		q.pass(time.Minute)
		q.lost(order.MailShipped)
		q.pass(time.Hour)
		q.wantResent(1, twice)
	})
}
