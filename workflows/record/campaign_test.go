//go:build !lean

package record_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	campaignactivities "purser/activities/campaigns"
	"purser/activities/fake"
	mailactivities "purser/activities/mails"
	"purser/activities/porttest"
	"purser/mail"
	"purser/order"
	"purser/starter"
	"purser/workers"
	"purser/workflows/campaigns"
	"purser/workflows/mails"
)

// mailBench runs campaigns, and mails that are sent again, on a real engine with their
// record in memory.
type mailBench struct {
	*bench
	t         *testing.T
	campaigns fake.Campaigns
	marketing fake.Marketing
	away      atomic.Int64 // how many times a write of the record, or a mail, fails
	starter   *starter.Client
}

// recordMails runs campaigns and a mail that is sent again, and saves their
// histories.
func recordMails(t *testing.T, label string) {
	for name, live := range map[string]func(*mailBench) string{
		"campaign": (*mailBench).campaign, "campaign-cancelled": (*mailBench).campaignCancelled, "resend": (*mailBench).resent,
	} {
		t.Run(name, func(t *testing.T) {
			d := newMailBench(t)
			id := live(d)
			save(t, filepath.Join("..", "testdata", "histories", label+"-"+name+".json"), historyOf(t, d.client, id))
		})
	}
}

func newMailBench(t *testing.T) *mailBench {
	t.Helper()
	d := &mailBench{bench: &bench{client: newClient(t)}, t: t}
	down := func() error {
		if d.away.Add(-1) >= 0 {
			return &order.ProviderError{Provider: "record", Op: "write", Kind: order.ErrUnavailable}
		}
		return nil
	}
	d.campaigns.Before = func(op, _ string) error {
		if op == "SetCampaignState" {
			return down()
		}
		return nil
	}
	d.mailer.Before = func(mail.Message) error { return down() }
	mails := &mailactivities.Activities{
		Orders: anyOrder{}, MailRouter: &d.mailer, Templates: fake.MailTemplates{}, Ledger: &d.ledger, Resends: &d.ledger,
	}
	run(t, workers.New(d.client, workers.Activities{Mails: mails, Campaigns: &campaignactivities.Activities{
		Mails: mails, Record: &d.campaigns, Recipients: &d.campaigns, Audience: &d.marketing, Templates: &d.marketing, Leaving: &d.marketing, Reputation: &d.marketing,
	}}, workers.Limits{}))
	d.starter = &starter.Client{Temporal: d.client}
	return d
}

// start starts a campaign that takes some seconds.
func (d *mailBench) start(id string, at time.Time) mail.Campaign {
	d.t.Helper()
	c := mail.Campaign{ID: id, Template: "campaign", Words: map[string]mail.Words{"en": {Subject: "Hello"}}, StartAt: at, PerMinute: 3_000}
	var all []mail.Recipient
	for i := range 100 {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%d@example.com", i+1), Name: "R"})
	}
	err := d.campaigns.CreateCampaign(d.t.Context(), c, "key:ops")
	if err == nil {
		_, err = d.campaigns.AddRecipients(d.t.Context(), id, mail.CampaignDraft, all, 0)
	}
	if err == nil {
		err = d.starter.StartCampaign(d.t.Context(), mail.CampaignStatus{Campaign: c})
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// under waits until a campaign has begun.
func (d *mailBench) under(c mail.Campaign) {
	d.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if len(d.mailer.Sent()) > 10 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			d.t.Fatalf("%s does not begin", c.ID)
		}
	}
}

func (d *mailBench) ended(c mail.Campaign, as mail.CampaignState) string {
	d.t.Helper()
	var p campaigns.CampaignProgress
	if err := d.client.GetWorkflow(d.t.Context(), c.WorkflowID(), "").Get(d.t.Context(), &p); err != nil || p.State != as {
		d.t.Fatalf("ended %+v, %v; want %s", p, err, as)
	}
	return c.WorkflowID()
}

// campaign runs a campaign that waits for its time, is paused and resumed, and ends.
func (d *mailBench) campaign() string {
	c := d.start("spring", time.Now().Add(2*time.Second))
	d.under(c)
	if err := d.starter.PauseCampaign(d.t.Context(), c.ID, "key:ops", "look"); err != nil {
		d.t.Fatal(err)
	}
	if err := d.starter.ResumeCampaign(d.t.Context(), c.ID, "key:ops", "fine"); err != nil {
		d.t.Fatal(err)
	}
	return d.ended(c, mail.CampaignDone)
}

// campaignCancelled runs a campaign that begins while the record is down, and is
// cancelled.
func (d *mailBench) campaignCancelled() string {
	d.away.Store(3)
	c := d.start("autumn", time.Time{})
	d.under(c)
	st := mail.CampaignStatus{Campaign: c, State: mail.CampaignRunning}
	if err := d.starter.CancelCampaign(d.t.Context(), st, "key:ops", "enough"); err != nil {
		d.t.Fatal(err)
	}
	return d.ended(c, mail.CampaignCancelled)
}

// resent sends a mail again whose provider is down at first.
func (d *mailBench) resent() string {
	id := order.IDForKey("histories", "resent")
	m := porttest.MessageOf(id, order.MailShipped)
	_, err := d.ledger.ClaimMail(d.t.Context(), m, "ses")
	if err == nil {
		err = d.ledger.RecordMailOutcome(d.t.Context(), m, mail.Outcome{State: mail.StateUnknown})
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.away.Store(2)
	r := order.Resend{OrderID: id, Notification: order.MailShipped, Key: "k1", Actor: "key:ops", Why: "never arrived"}
	if out, err := d.starter.ResendMail(d.t.Context(), r); err != nil || out.State != mail.StateSent {
		d.t.Fatalf("%+v %v", out, err)
	}
	return mails.ResendWorkflowID(r)
}

// anyOrder is a record that has every order.
type anyOrder struct{}

func (anyOrder) Order(_ context.Context, id order.ID) (order.Order, error) {
	return order.Order{
		ID: id, Email: "ada@example.com", Locale: "en", ShipTo: order.Address{Name: "Ada"},
		Shipments: []order.Shipment{{Number: 1, Reference: string(id) + "-1", Tracking: "PX 1", Status: order.ParcelInTransit}},
	}, nil
}
