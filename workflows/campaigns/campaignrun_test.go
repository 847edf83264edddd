package campaigns_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/order"
	"purser/workflows/campaigns"
	"purser/workflows/workflowtest"
)

// TestCampaignGoesOn (EML-7): a campaign that is started again after its workflow failed
// keeps the audience of its beginning, and nobody gets the mail again.
func TestCampaignGoesOn(t *testing.T) {
	c := mail.Campaign{ID: "rem", Template: "reminder", Audience: &mail.Audience{Kind: mail.AudienceUnpaid, OlderThanHours: 4}}
	w := newCampaign(t, c, 2)
	began := workflowtest.Start.Add(-6 * time.Hour)
	w.record.Now = func() time.Time { return began }
	err := w.record.SetCampaignState(bare{}, c.ID, 3, mail.CampaignRunning, "")
	if err == nil {
		err = w.record.RecordRecipients(bare{}, c.ID, []mail.Recipient{{N: 1, State: mail.StateSent}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, placed := range map[string]time.Time{"then@example.com": began.Add(-5 * time.Hour), "since@example.com": began.Add(time.Hour)} {
		w.marketing.Orders = append(w.marketing.Orders, order.Order{ID: order.ID(name), Status: order.Expired, Customer: name, Email: name, ShipTo: order.Address{Name: "C"}, PlacedAt: placed})
	}
	w.run = campaigns.CampaignRunOf(w.status())
	w.play()
	want := map[string]int{"r2@example.com": 1, "then@example.com": 1}
	got := map[string]int{}
	for _, m := range w.mailer.Sent() {
		got[m.To[0].Email]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 3 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
}

// TestCampaignGoesOnInItsRound (EML-7): a campaign that is started again in a later round
// is only for the recipients whose outcome stayed unknown, even if its audience would be
// larger by now.
func TestCampaignGoesOnInItsRound(t *testing.T) {
	c := mail.Campaign{ID: "thanks", Template: "reminder", Audience: &mail.Audience{Kind: mail.AudienceUnpaid, OlderThanHours: 4}}
	w := newCampaign(t, c, 2)
	began := workflowtest.Start.Add(-6 * time.Hour)
	w.record.Now = func() time.Time { return began }
	for _, err := range []error{
		w.record.SetCampaignState(bare{}, c.ID, 3, mail.CampaignRunning, ""),
		w.record.RecordRecipients(bare{}, c.ID, []mail.Recipient{{N: 1, State: mail.StateSent}, {N: 2, State: mail.StateUnknown}}),
		w.record.SetCampaignState(bare{}, c.ID, 4, mail.CampaignDone, ""),
		w.record.RetryCampaign(bare{}, c.ID, 5, mail.Retry{Round: 1, ResolvedBefore: workflowtest.Start}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.marketing.Orders = append(w.marketing.Orders, order.Order{
		ID: "late", Status: order.Expired, Customer: "late", Email: "late@example.com", ShipTo: order.Address{Name: "C"}, PlacedAt: began.Add(-5 * time.Hour),
	})
	w.run = campaigns.CampaignRunOf(w.status())
	w.play()
	if sent := w.mailer.Sent(); len(sent) != 1 || sent[0].To[0].Email != "r2@example.com" {
		t.Errorf("sent %+v", sent)
	}
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 2 || st.Counts.Total != 2 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
}
