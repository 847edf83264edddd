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

// newShort returns a campaign each of whose runs ends after one step, if it can.
func newShort(t *testing.T, c mail.Campaign, recipients int) *campaignFixture {
	t.Helper()
	w := newCampaign(t, c, recipients)
	w.short = true
	w.env.SetContinueAsNewSuggested(true)
	return w
}

// TestCampaignInShortRuns (EML-7): a campaign loses nothing when each of its steps is a
// run of its own, and the last step does not begin another run.
func TestCampaignInShortRuns(t *testing.T) {
	w := newShort(t, mail.Campaign{ID: "spring", Template: "campaign", Words: spring.Words, PerMinute: 60_000}, 3)
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 3 || w.runs != 4 { // begin, look up, send, end
		t.Errorf("%s %+v after %d runs", st.State, st.Counts, w.runs)
	}
	w.checkOnce()
}

// TestCampaignBeginsItsRoundOnce (EML-7): a round that has begun is forgotten. Neither the
// run nor the next one begins it a second time, but sends the round's mails.
func TestCampaignBeginsItsRoundOnce(t *testing.T) {
	retried(t, newCampaign(t, spring, 2))
	retried(t, newShort(t, spring, 2))
}

// retried runs the second round of a campaign with two recipients, for the second one.
func retried(t *testing.T, w *campaignFixture) {
	t.Helper()
	for _, err := range []error{
		w.record.SetCampaignState(bare{}, spring.ID, 3, mail.CampaignRunning, ""),
		w.record.RecordRecipients(bare{}, spring.ID, []mail.Recipient{{N: 1, State: mail.StateSent}, {N: 2, State: mail.StateUnknown}}),
		w.record.SetCampaignState(bare{}, spring.ID, 4, mail.CampaignDone, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	begun := 0
	w.record.Before = func(op, _ string) error {
		if op == "RetryCampaign" {
			begun++
		}
		return nil
	}
	w.run = campaigns.CampaignRetryOf(w.status(), mail.Retry{Round: 1, ResolvedBefore: time.Now().Add(time.Hour)})
	w.play()
	if sent := w.mailer.Sent(); len(sent) != 1 || sent[0].To[0].Email != "r2@example.com" || begun != 1 {
		t.Errorf("the round began %d times and sent %+v", begun, sent)
	}
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 2 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
}

// TestCampaignContinuesAfterItsResults (EML-7): a run does not end while an operator
// waits for the result of a request.
func TestCampaignContinuesAfterItsResults(t *testing.T) {
	w := newCampaign(t, slow, 3)
	w.at[1] = func() {
		w.env.SetContinueAsNewSuggested(true)
		w.steer(campaigns.PauseCampaign, "wait")
	}
	w.env.RegisterDelayedCallback(func() { w.steer(campaigns.ResumeCampaign, "go on") }, time.Hour)
	w.env.ExecuteWorkflow(campaigns.CampaignWorkflow, w.run)
	if diff := cmp.Diff([]string{"PauseCampaign: paused", "ResumeCampaign: running"}, w.results); diff != "" {
		t.Error(diff)
	}
	if next, again := w.continued(); !again || next.Snapshot.Progress.State != mail.CampaignRunning || next.Snapshot.Began.IsZero() || next.Snapshot.NotBefore.IsZero() {
		t.Errorf("continued %t, the next run begins with %+v", again, next.Snapshot)
	}
}

// TestCampaignStaysPausedInTheNextRun (EML-7, F46): a campaign that paused itself in the
// last step of a run stays paused, even if nothing stands against it any more.
func TestCampaignStaysPausedInTheNextRun(t *testing.T) {
	w := newShort(t, spring, 3)
	w.marketing.SetPaused("complaints are above the limit")
	for w.run.Snapshot == nil || w.run.Snapshot.Paused == nil {
		if w.runs++; w.runs > 5 {
			t.Fatalf("after %d runs it is not paused: %+v", w.runs, w.run.Snapshot)
		}
		w.env.ExecuteWorkflow(campaigns.CampaignWorkflow, w.run)
		w.run, _ = w.continued()
		w.env = w.newEnv(w.env.Now())
	}
	w.short = false
	w.env = w.newEnv(w.env.Now())
	w.marketing.SetPaused("")
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignPaused || st.Why != "purser: complaints are above the limit" || len(w.mailer.Sent()) > 0 {
			t.Errorf("%s %q, %d sent", st.State, st.Why, len(w.mailer.Sent()))
		}
		w.steer(campaigns.ResumeCampaign, "mended")
	}, time.Hour)
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 3 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
}

// slow is a campaign whose second mail waits for a second, so that something happens
// before it.
var slow = mail.Campaign{ID: "slow", Template: "campaign", Words: spring.Words, PerMinute: 60}

// TestCampaignCancelledInTemporal (EML-7): a cancellation in the Temporal UI counts like
// an operator's, and does not get lost between two runs.
func TestCampaignCancelledInTemporal(t *testing.T) {
	w := newCampaign(t, slow, 3)
	w.at[1] = func() {
		w.env.SetContinueAsNewSuggested(true)
		w.env.RegisterDelayedCallback(w.env.CancelWorkflow, 0)
	}
	w.play()
	if st := w.status(); st.State != mail.CampaignCancelled || st.Why != "temporal" || st.Counts.Sent > 1 || w.runs != 1 {
		t.Errorf("%s %q, %+v after %d runs", st.State, st.Why, st.Counts, w.runs)
	}
	w.checkOnce()
}
