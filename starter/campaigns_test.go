//go:build !lean

package starter_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	campaignactivities "purser/activities/campaigns"
	"purser/activities/fake"
	mailactivities "purser/activities/mails"
	temporalserver "purser/engine"
	"purser/mail"
	"purser/starter"
	"purser/workers"
	"purser/workflows"
	"purser/workflows/campaigns"
)

// bulk runs campaigns on a real engine, over ports in memory.
type bulk struct {
	*testing.T
	temporal  client.Client
	starter   *starter.Client
	record    fake.Campaigns
	marketing fake.Marketing
	mailer    fake.Mailer
	ledger    fake.Ledger
	orders    oneOrder
	sent      atomic.Int64
	permits   chan struct{} // each mail takes one, if set
	reached   chan struct{} // gets a value as each mail is sent, if set
}

func newBulk(t *testing.T) *bulk {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	e, err := temporalserver.Start(t.Context(), temporalserver.Config{
		DataDir: t.TempDir(), UIPort: -1, Logger: quiet, SearchAttributes: workflows.SearchAttributes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	b := &bulk{T: t}
	if b.temporal, err = client.Dial(client.Options{HostPort: e.Address(), Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.temporal.Close)
	b.starter = &starter.Client{Temporal: b.temporal}
	b.mailer.Before = func(mail.Message) error {
		b.sent.Add(1)
		if b.reached != nil {
			b.reached <- struct{}{}
			<-b.permits
		}
		return nil
	}
	mails := &mailactivities.Activities{
		MailRouter: &b.mailer, Ledger: &b.ledger, Orders: &b.orders, Resends: &b.ledger, Templates: fake.MailTemplates{},
	}
	set := workers.New(b.temporal, workers.Activities{Mails: mails, Campaigns: &campaignactivities.Activities{
		Mails: mails, Record: &b.record, Recipients: &b.record, Audience: &b.marketing, Templates: &b.marketing, Leaving: &b.marketing, Reputation: &b.marketing,
	}}, workers.Limits{})
	if err := set.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Stop)
	return b
}

// draft creates a campaign with so many recipients.
func (b *bulk) draft(id string, recipients int) mail.Campaign {
	b.Helper()
	c := mail.Campaign{ID: id, Template: "campaign", Words: map[string]mail.Words{"en": {Subject: "Hello"}}}
	var all []mail.Recipient
	for i := range recipients {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%d@example.com", i+1), Name: "R"})
	}
	err := b.record.CreateCampaign(b.Context(), c, "key:test")
	if err == nil {
		_, err = b.record.AddRecipients(b.Context(), id, mail.CampaignDraft, all, 0)
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// begin starts a campaign with so many recipients.
func (b *bulk) begin(id string, recipients int) mail.Campaign {
	b.Helper()
	c := b.draft(id, recipients)
	for range 2 { // starting it again changes nothing
		if err := b.starter.StartCampaign(b.Context(), b.status(c)); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

func (b *bulk) status(c mail.Campaign) mail.CampaignStatus {
	b.Helper()
	st, err := b.record.Campaign(b.Context(), c.ID)
	if err != nil {
		b.Fatal(err)
	}
	return st
}

// let lets so many mails be sent.
func (b *bulk) let(n int) {
	for range n {
		b.permits <- struct{}{}
		<-b.reached
	}
}

func (b *bulk) end(c mail.Campaign) campaigns.CampaignProgress {
	b.Helper()
	var p campaigns.CampaignProgress
	if err := b.temporal.GetWorkflow(b.Context(), c.WorkflowID(), "").Get(b.Context(), &p); err != nil {
		b.Fatal(err)
	}
	for id, n := range b.mailer.Counts() {
		if n != 1 {
			b.Errorf("%s was sent %d times", id, n)
		}
	}
	return p
}

// TestCampaignOfFiftyThousand (F41): a campaign of this size fits into one short history.
func TestCampaignOfFiftyThousand(t *testing.T) {
	b := newBulk(t)
	const recipients = 50_000
	c := b.begin("big", recipients)
	p := b.end(c)
	if p.State != mail.CampaignDone || p.Counts.Sent != recipients || len(b.mailer.Counts()) != recipients {
		t.Errorf("ended %+v, %d got the mail", p, len(b.mailer.Counts()))
	}
	d, err := b.temporal.DescribeWorkflowExecution(t.Context(), c.WorkflowID(), "")
	if err != nil {
		t.Fatal(err)
	}
	events, bytes := d.WorkflowExecutionInfo.HistoryLength, d.WorkflowExecutionInfo.HistorySizeBytes
	t.Logf("%d recipients: %d events, %d bytes of history", recipients, events, bytes)
	if events > 2_000 || bytes > 1<<20 {
		t.Errorf("the history has %d events and %d bytes", events, bytes)
	}
}

// TestCampaignSteered (EML-7) pauses, resumes and cancels a campaign in the middle of a
// chunk, on a real engine.
func TestCampaignSteered(t *testing.T) {
	b := newBulk(t)
	b.permits, b.reached = make(chan struct{}), make(chan struct{}, 1_000)
	c := b.begin("steered", 1_000)
	<-b.reached
	b.let(40)
	paused := make(chan error, 1)
	go func() { paused <- b.starter.PauseCampaign(context.WithoutCancel(t.Context()), c.ID, "key:ops", "look") }()
	err := b.drain(paused)
	if err != nil {
		t.Fatal(err)
	}
	st, err := b.record.Campaign(t.Context(), c.ID)
	if err != nil || st.State != mail.CampaignPaused || st.Why != "key:ops: look" || st.Counts.Sent != b.sent.Load() || st.Counts.Due == 0 {
		t.Errorf("paused: %s %q %+v after %d mails, %v", st.State, st.Why, st.Counts, b.sent.Load(), err)
	}
	was := b.sent.Load()
	p, err := campaigns.GetCampaign.Ask(t.Context(), b.temporal, c.WorkflowID())
	if err != nil || p.State != mail.CampaignPaused || b.sent.Load() != was {
		t.Errorf("%+v, %v; %d mails since it was paused", p, err, b.sent.Load()-was)
	}
	if err := b.starter.ResumeCampaign(t.Context(), c.ID, "key:ops", "fine"); err != nil {
		t.Fatal(err)
	}
	<-b.reached
	cancelled := make(chan error, 1)
	go func() {
		cancelled <- b.starter.CancelCampaign(context.WithoutCancel(t.Context()), st, "key:ops", "enough")
	}()
	if err := b.drain(cancelled); err != nil {
		t.Fatal(err)
	}
	end := b.end(c)
	st, _ = b.record.Campaign(t.Context(), c.ID)
	if end.State != mail.CampaignCancelled || st.State != mail.CampaignCancelled || st.Counts.Sent != b.sent.Load() || st.Counts.Due == 0 || st.Counts.Unknown > 0 {
		t.Errorf("cancelled: %+v, %+v after %d mails", end, st.Counts, b.sent.Load())
	}
	if err := b.starter.PauseCampaign(t.Context(), c.ID, "key:ops", "late"); !errors.Is(err, mail.ErrCampaignIdle) && !errors.Is(err, mail.ErrCampaignOver) {
		t.Errorf("pausing a campaign that has ended: %v", err)
	}
	if err := b.starter.PauseCampaign(t.Context(), "none", "key:ops", "?"); !errors.Is(err, mail.ErrCampaignIdle) {
		t.Errorf("pausing a campaign that does not exist: %v", err)
	}
}

// drain lets mails be sent, forty a second, until result has a value: a chunk notices its
// cancellation with a heartbeat.
func (b *bulk) drain(result <-chan error) error {
	tick := time.NewTicker(time.Second / 40)
	defer tick.Stop()
	for {
		select {
		case err := <-result:
			return err
		case <-b.reached:
		case <-tick.C:
			select {
			case b.permits <- struct{}{}:
			default: // no mail waits for a permit
			}
		}
	}
}
