package campaigns_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	steps "purser/activities/campaigns"
	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
	"purser/workflows"
	"purser/workflows/campaigns"
	"purser/workflows/workflowtest"
)

// campaignFixture is one campaign under test: the real workflow and activities over
// ports in memory.
type campaignFixture struct {
	t         rapid.TB
	record    fake.Campaigns
	marketing fake.Marketing
	mailer    fake.Mailer
	ledger    fake.Ledger
	blocked   fake.Suppressions
	leaving   steps.Leaving // default marketing

	env    *testsuite.TestWorkflowEnvironment
	run    campaigns.CampaignRun
	result campaigns.CampaignProgress
	runs   int
	short  bool // each run ends after one step

	mu      sync.Mutex
	sent    int            // mails sent to the provider
	at      map[int]func() // what happens as this mail is sent
	results []string       // of the operators' requests
	updates int
}

var spring = mail.Campaign{ID: "spring", Template: "campaign", Words: map[string]mail.Words{"en": {Subject: "Hello"}}}

// newCampaign returns a campaign with so many recipients: r1@example.com and so on.
func newCampaign(t rapid.TB, c mail.Campaign, recipients int) *campaignFixture {
	t.Helper()
	w := &campaignFixture{t: t, at: map[int]func(){}, run: campaigns.CampaignRun{ID: c.ID, StartAt: c.StartAt}}
	ctx := bare{}
	if err := w.record.CreateCampaign(ctx, c, "key:test"); err != nil {
		t.Fatal(err)
	}
	var all []mail.Recipient
	for i := range recipients {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%d@example.com", i+1), Name: "R"})
	}
	if _, err := w.record.AddRecipients(ctx, c.ID, mail.CampaignDraft, all, 0); err != nil {
		t.Fatal(err)
	}
	w.mailer.Before = func(mail.Message) error {
		w.mu.Lock()
		w.sent++
		happens := w.at[w.sent]
		w.mu.Unlock()
		if happens != nil {
			happens()
		}
		return nil
	}
	w.env = w.newEnv(workflowtest.Start)
	return w
}

func (w *campaignFixture) newEnv(now time.Time) *testsuite.TestWorkflowEnvironment {
	env := workflowtest.NewEnv(new(workflowtest.Observer))
	env.SetStartTime(now)
	env.SetContinueAsNewSuggested(w.short)
	env.RegisterActivity(&steps.Activities{
		Mails:  &mails.Activities{MailRouter: &w.mailer, Ledger: &w.ledger, Blocked: &w.blocked},
		Record: &w.record, Recipients: &w.record, Audience: &w.marketing, Templates: &w.marketing,
		Leaving: w, Reputation: &w.marketing,
	})
	return env
}

// Unsubscribe returns the link to unsubscribe.
func (w *campaignFixture) Unsubscribe(m mail.Message) string {
	if w.leaving != nil {
		return w.leaving.Unsubscribe(m)
	}
	return w.marketing.Unsubscribe(m)
}

// steer sends an operator's request, from a callback or from an activity that sends a
// mail.
func (w *campaignFixture) steer(u workflows.Update[campaigns.SteerRequest, campaigns.CampaignProgress], why string) {
	w.mu.Lock()
	w.updates++
	id := fmt.Sprint(w.updates)
	w.mu.Unlock()
	note := func(what string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.results = append(w.results, fmt.Sprintf("%s: %s", u, what))
	}
	w.env.RegisterDelayedCallback(func() {
		w.env.UpdateWorkflow(string(u), id, &testsuite.TestUpdateCallback{
			OnAccept: func() {},
			OnReject: func(err error) { note("refused") },
			OnComplete: func(v any, err error) {
				if err != nil {
					note("refused")
					return
				}
				note(string(v.(campaigns.CampaignProgress).State))
			},
		}, campaigns.SteerRequest{Actor: "key:ops", Reason: why})
	}, 0)
}

// play runs the campaign to its end, over as many runs as it takes.
func (w *campaignFixture) play() {
	w.t.Helper()
	for {
		if w.runs++; w.runs > 100 {
			w.t.Fatalf("it begins another run for ever: %+v", w.run)
		}
		w.env.ExecuteWorkflow(campaigns.CampaignWorkflow, w.run)
		next, again := w.continued()
		if !again {
			break
		}
		w.run, w.env = next, w.newEnv(w.env.Now())
	}
	if err := w.env.GetWorkflowResult(&w.result); err != nil {
		w.t.Fatal(err)
	}
}

// continued returns the input of the next run if the run has continued as new.
func (w *campaignFixture) continued() (next campaigns.CampaignRun, ok bool) {
	w.t.Helper()
	err := w.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		if !w.env.IsWorkflowCompleted() || err != nil {
			w.t.Fatalf("the campaign failed or hangs: %v", err)
		}
		return next, false
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
		w.t.Fatalf("the next run's input: %v", err)
	}
	return next, true
}

// bare is an empty context.
type bare struct{}

func (bare) Deadline() (time.Time, bool) { return time.Time{}, false }
func (bare) Done() <-chan struct{}       { return nil }
func (bare) Err() error                  { return nil }
func (bare) Value(any) any               { return nil }

func (w *campaignFixture) status() mail.CampaignStatus {
	w.t.Helper()
	st, err := w.record.Campaign(bare{}, w.run.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return st
}

// checkOnce checks that nobody got the mail twice, and that the record has as sent only
// recipients that got it.
func (w *campaignFixture) checkOnce() {
	w.t.Helper()
	counts := w.mailer.Counts()
	for id, n := range counts {
		if n > 1 {
			w.t.Errorf("%s was sent %d times", id, n)
		}
	}
	for _, r := range w.record.All(w.run.ID) {
		if n := counts[mail.MessageID(w.run.ID, r)]; (r.State == mail.StateSent) && n != 1 || n == 1 && r.State != mail.StateSent && r.State != mail.StateUnknown && r.State != mail.StateDue {
			w.t.Errorf("%s is %s and got %d mails", r.Address, r.State, n)
		}
	}
}

// TestCampaign (EML-7, RES-15, MKT-1): each recipient has an outcome of its own, and none of
// them stops the others.
func TestCampaign(t *testing.T) {
	w := newCampaign(t, spring, 1_203)
	w.blocked.Block("r5@example.com", "unsubscribed", mail.Marketing)
	before := w.mailer.Before
	w.mailer.Before = func(m mail.Message) error {
		if err := before(m); err != nil {
			return err
		}
		switch m.To[0].Email {
		case "r7@example.com":
			return &order.ProviderError{Provider: "fake", Op: "send", Kind: order.ErrRejected, Code: "refused"}
		case "r9@example.com":
			return &order.ProviderError{Provider: "fake", Op: "send", Kind: order.ErrUnknownOutcome}
		}
		return nil
	}
	w.play()
	st := w.status()
	want := mail.CampaignCounts{Total: 1_203, Sent: 1_200, Suppressed: 1, Rejected: 1, Unknown: 1}
	if diff := cmp.Diff(want, st.Counts); diff != "" || st.State != mail.CampaignDone || w.result.State != mail.CampaignDone {
		t.Errorf("the record says %s, the workflow %+v %s", st.State, w.result, diff)
	}
	if diff := cmp.Diff(want, w.result.Counts); diff != "" {
		t.Error(diff)
	}
	w.checkOnce()
	for _, m := range w.mailer.Sent()[:5] { // EML-13, F49
		if m.Stream != mail.Marketing || m.About != "campaign/spring" || m.Unsubscribe != "https://shop.example/unsubscribe/"+m.ID || m.Tags["campaign"] != "spring" {
			t.Errorf("sent %+v", m)
		}
	}
	if all := w.record.All("spring"); all[4].Why != "unsubscribed" || all[6].Why == "" || all[0].Message == "" {
		t.Errorf("outcomes %+v", all[:9])
	}
}

// TestReminder checks that a shopper who has paid in the meantime is not reminded.
func TestReminder(t *testing.T) {
	c := mail.Campaign{ID: "rem", Template: "reminder", Audience: &mail.Audience{Kind: mail.AudienceUnpaid, OlderThanHours: 4}, Words: spring.Words}
	w := newCampaign(t, c, 0)
	for i, st := range []order.Status{order.AwaitingPayment, order.Expired, order.Paid, order.AwaitingPayment, order.Expired, order.AwaitingPayment} {
		w.marketing.Orders = append(w.marketing.Orders, order.Order{
			ID: order.ID(fmt.Sprint("ord_", i)), Status: st, Customer: fmt.Sprint("c", i), Email: fmt.Sprintf("C%d@example.com", i),
			ShipTo: order.Address{Name: "C"}, PlacedAt: workflowtest.Start.Add(-5 * time.Hour),
		})
	}
	w.marketing.Orders[4].Email = "c0@EXAMPLE.com"                          // the same shopper once more
	w.marketing.Orders[5].PlacedAt = workflowtest.Start.Add(-3 * time.Hour) // too early to remind
	w.marketing.Bought = map[string]bool{"c3": true}                        // paid for another order since
	w.mailer.After = func(mail.Message) error { return nil }
	w.play()
	got := map[string]mail.State{}
	for _, r := range w.record.All("rem") {
		got[r.Address] = r.State
	}
	if diff := cmp.Diff(map[string]mail.State{"c0@example.com": mail.StateSent, "c1@example.com": mail.StateSent, "c3@example.com": mail.StateSkipped}, got); diff != "" {
		t.Error(diff)
	}
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Duplicates != 1 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
	w.checkOnce()
}

// TestCampaignBegins (EML-8): a campaign does not begin before its time, and not at all
// if it is cancelled before.
func TestCampaignBegins(t *testing.T) {
	later := spring
	later.StartAt = workflowtest.Start.Add(48 * time.Hour)
	w := newCampaign(t, later, 3)
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignScheduled || len(w.mailer.Sent()) > 0 {
			t.Errorf("an hour before: %s, %d sent", st.State, len(w.mailer.Sent()))
		}
	}, 47*time.Hour)
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 3 || w.env.Now().Before(later.StartAt) {
		t.Errorf("%s %+v at %s", st.State, st.Counts, w.env.Now())
	}
	w = newCampaign(t, later, 3)
	w.env.RegisterDelayedCallback(func() { w.steer(campaigns.PauseCampaign, "wait") }, time.Hour)
	w.env.RegisterDelayedCallback(func() { w.steer(campaigns.CancelCampaign, "no more") }, 60*time.Hour)
	w.play()
	if st := w.status(); st.State != mail.CampaignCancelled || st.Why != "key:ops: no more" || len(w.mailer.Sent()) > 0 {
		t.Errorf("cancelled before it began: %s %q, %d sent", st.State, st.Why, len(w.mailer.Sent()))
	}
	if diff := cmp.Diff([]string{"PauseCampaign: paused", "CancelCampaign: cancelled"}, w.results); diff != "" {
		t.Error(diff)
	}
}

// TestCampaignContinuesAsNew: a campaign with a long history continues as new, where it
// was, paused or not.
func TestCampaignContinuesAsNew(t *testing.T) {
	w := newCampaign(t, spring, 1_700)
	w.env.SetContinueAsNewSuggested(true)
	suggest := func() { w.env.SetContinueAsNewSuggested(true) }
	w.at[600] = suggest
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 1_700 || w.runs < 2 {
		t.Errorf("%s %+v after %d runs", st.State, st.Counts, w.runs)
	}
	w.checkOnce()
}

// TestCampaignSteering (EML-7): whatever operators request at any time, and whatever
// fails, nobody gets the mail twice, and the campaign ends.
func TestCampaignSteering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recipients := rapid.IntRange(0, 60).Draw(t, "recipients")
		w := newCampaign(t, spring, recipients)
		var mu sync.Mutex
		kinds := rapid.SliceOfN(rapid.SampledFrom([]error{nil, nil, nil, order.ErrThrottled, order.ErrUnavailable, order.ErrUnknownOutcome, order.ErrRejected}), 8, 8).Draw(t, "faults")
		before, n := w.mailer.Before, 0
		w.mailer.Before = func(m mail.Message) error {
			mu.Lock()
			kind := kinds[n%len(kinds)]
			n++
			if n > 60 { // enough
				kind = nil
			}
			mu.Unlock()
			if err := before(m); err != nil {
				return err
			}
			if kind != nil {
				return &order.ProviderError{Provider: "fake", Op: "send", Kind: kind}
			}
			return nil
		}
		verbs := []workflows.Update[campaigns.SteerRequest, campaigns.CampaignProgress]{campaigns.PauseCampaign, campaigns.ResumeCampaign, campaigns.PauseCampaign, campaigns.ResumeCampaign, campaigns.CancelCampaign}
		asked := rapid.IntRange(0, 6).Draw(t, "asked")
		for range asked {
			u := rapid.SampledFrom(verbs).Draw(t, "verb")
			if at := rapid.IntRange(0, max(recipients, 1)).Draw(t, "at"); at > 0 {
				was := w.at[at]
				w.at[at] = func() {
					if was != nil {
						was()
					}
					w.steer(u, "because")
				}
			} else {
				w.env.RegisterDelayedCallback(func() { w.steer(u, "because") }, time.Duration(rapid.IntRange(0, 3).Draw(t, "second"))*time.Second)
			}
		}
		for hour := 1; hour <= 4; hour++ { // in the end an operator resumes it
			w.env.RegisterDelayedCallback(func() { w.steer(campaigns.ResumeCampaign, "go on") }, time.Duration(hour)*time.Hour)
		}
		w.play()
		w.checkOnce()
		st := w.status()
		if !st.State.Final() || st.State != w.result.State {
			t.Fatalf("ended as %s, the record says %s", w.result.State, st.State)
		}
		if st.State == mail.CampaignDone && st.Counts.Due > 0 {
			t.Fatalf("done, and %d are due", st.Counts.Due)
		}
	})
}
