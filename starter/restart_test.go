//go:build !lean

package starter_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
)

// oneOrder returns any order, whose parcel is on its way, after so many failures.
type oneOrder struct{ fails, asked atomic.Int64 }

func (o *oneOrder) Order(_ context.Context, id order.ID) (order.Order, error) {
	if o.asked.Add(1) <= o.fails.Load() {
		return order.Order{}, away
	}
	shipped := []order.Shipment{{Number: 1, Reference: string(id) + "-1", Tracking: "TRACK-1", Status: order.ParcelInTransit}}
	return order.Order{ID: id, Email: "ada@example.com", ShipTo: order.Address{Name: "Ada"}, Shipments: shipped}, nil
}

var away = &order.ProviderError{Provider: "record", Op: "write", Kind: order.ErrUnavailable}

// broken returns a campaign, partly sent, whose workflow has failed because the record
// reported for a while that there is no such campaign.
func (b *bulk) broken(recipients int) mail.Campaign {
	b.Helper()
	b.permits, b.reached = make(chan struct{}), make(chan struct{}, recipients)
	var gone atomic.Bool
	b.record.Before = func(op, _ string) error {
		if op == "SetCampaignState" && gone.Load() {
			return mail.ErrNoCampaign
		}
		return nil
	}
	c := b.begin("again", recipients)
	<-b.reached
	if err := b.record.SetCampaignState(b.Context(), c.ID, 40, mail.CampaignRunning, ""); err != nil { // a later version than the workflow's
		b.Fatal(err)
	}
	b.let(recipients / 4)
	gone.Store(true)
	ctx := context.WithoutCancel(b.Context())
	ended, paused := make(chan error, 1), make(chan error, 1)
	go func() { ended <- b.temporal.GetWorkflow(ctx, c.WorkflowID(), "").Get(ctx, nil) }()
	go func() { paused <- b.starter.PauseCampaign(ctx, c.ID, "key:ops", "look") }()
	if err := b.drain(ended); err == nil {
		b.Fatal("the campaign did not fail")
	}
	if err := <-paused; err == nil {
		b.Error("it was paused all the same")
	}
	gone.Store(false)
	return c
}

// TestCampaignStartedAgain (EML-7, F41): a campaign whose workflow failed goes on when it
// is started again, nobody gets the mail twice, and the record follows it to its end,
// after which it cannot be started.
func TestCampaignStartedAgain(t *testing.T) {
	b := newBulk(t)
	const recipients = 400 // enough that some are still due when the pause takes effect
	c := b.broken(recipients)
	was := b.status(c)
	if was.State != mail.CampaignRunning || was.Counts.Sent < recipients/4 || was.Counts.Due == 0 {
		t.Errorf("left behind as %s, %+v", was.State, was.Counts)
	}
	if err := b.starter.ResumeCampaign(t.Context(), c.ID, "key:ops", "?"); !errors.Is(err, mail.ErrCampaignIdle) {
		t.Errorf("resuming it: %v", err)
	}
	for range 2 {
		if err := b.starter.StartCampaign(t.Context(), was); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	ctx := context.WithoutCancel(t.Context())
	go func() { ended <- b.temporal.GetWorkflow(ctx, c.WorkflowID(), "").Get(ctx, nil) }()
	if err := b.drain(ended); err != nil {
		t.Fatal(err)
	}
	end, st := b.end(c), b.status(c)
	want := mail.CampaignCounts{Total: recipients, Sent: recipients}
	if diff := cmp.Diff(want, st.Counts); diff != "" || end.State != mail.CampaignDone || st.State != mail.CampaignDone || b.sent.Load() != recipients {
		t.Errorf("ended as %s, the record says %s after %d mails %s", end.State, st.State, b.sent.Load(), diff)
	}
	if !st.StartedAt.Equal(was.StartedAt) {
		t.Errorf("began at %s, then at %s", was.StartedAt, st.StartedAt)
	}
	for _, st := range []mail.CampaignStatus{was, st} { // an outdated status and the current one
		if err := b.starter.StartCampaign(t.Context(), st); err != nil {
			t.Error(err)
		}
		if err := b.starter.CancelCampaign(t.Context(), st, "key:ops", "late"); !errors.Is(err, mail.ErrCampaignOver) {
			t.Errorf("cancelling what is done: %v", err)
		}
	}
	if err := b.starter.PauseCampaign(t.Context(), c.ID, "key:ops", "?"); !errors.Is(err, mail.ErrCampaignIdle) {
		t.Errorf("it runs again: %v", err)
	}
}

// TestCampaignCancelled (EML-7): a draft can be cancelled, and so can the rest of a campaign
// whose workflow failed; cancelling sends no mail.
func TestCampaignCancelled(t *testing.T) {
	b := newBulk(t)
	failed := b.broken(400)
	for _, c := range []mail.Campaign{b.draft("draft", 10), failed} {
		was, sent := b.status(c), b.sent.Load()
		for range 2 {
			if err := b.starter.CancelCampaign(t.Context(), b.status(c), "key:ops", "enough"); err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
		}
		st := b.status(c)
		if st.State != mail.CampaignCancelled || st.Why != "key:ops: enough" || st.Counts != was.Counts || st.EndedAt.IsZero() || b.sent.Load() != sent {
			t.Errorf("%s: %s %q %+v, ended %s, %d mails since", c.ID, st.State, st.Why, st.Counts, st.EndedAt, b.sent.Load()-sent)
		}
		if err := b.starter.StartCampaign(t.Context(), was); err != nil {
			t.Error(err)
		}
		if p := b.end(c); p.State != mail.CampaignCancelled {
			t.Errorf("%s: started after it was cancelled: %s", c.ID, p.State)
		}
	}
}

// TestRecordAway (F37, EML-7): while the record cannot be written, a campaign and a mail
// that is sent again wait on the record's queue, and succeed afterwards.
func TestRecordAway(t *testing.T) {
	b := newBulk(t)
	const fails = 2 // once locally and once on the queue
	var marks atomic.Int64
	b.record.Before = func(op, _ string) error {
		if op == "SetCampaignState" && marks.Add(1) <= fails {
			return away
		}
		return nil
	}
	c := b.begin("patient", 20)
	if p := b.end(c); p.State != mail.CampaignDone || p.Counts.Sent != 20 || marks.Load() != fails+2 {
		t.Errorf("ended %+v after %d marks", p, marks.Load())
	}
	b.orders.fails.Store(fails)
	m := porttest.MessageOf(id, order.MailShipped)
	_, err := b.ledger.ClaimMail(t.Context(), m, "ses")
	if err == nil {
		err = b.ledger.RecordMailOutcome(t.Context(), m, mail.Outcome{State: mail.StateUnknown})
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.starter.ResendMail(t.Context(), order.Resend{OrderID: id, Notification: order.MailShipped, Key: "k1", Actor: "key:ops", Why: "never arrived"})
	if err != nil || out.State != mail.StateSent || b.orders.asked.Load() != fails+1 {
		t.Errorf("%+v %v, asked %d times", out, err, b.orders.asked.Load())
	}
	key := order.Mail{OrderID: id, Notification: order.MailShipped, Generation: 2}.Key()
	if n := b.mailer.Counts()[key]; n != 1 {
		t.Errorf("sent %d times", n)
	}
}
