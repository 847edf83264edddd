package campaigns_test

import (
	"strings"
	"testing"
	"time"

	"purser/mail"
	"purser/order"
	"purser/workflows/campaigns"
)

// TestCampaignReputation (F46): while marketing is paused, the campaign is paused, says so,
// and goes on only when an operator resumes it.
func TestCampaignReputation(t *testing.T) {
	w := newCampaign(t, spring, 50)
	w.marketing.SetPaused("complaints are above the limit")
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignPaused || st.Why != "purser: complaints are above the limit" {
			t.Errorf("%s %q", st.State, st.Why)
		}
		w.steer(campaigns.ResumeCampaign, "too early") // it is still paused
	}, time.Hour)
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignPaused || len(w.mailer.Sent()) > 0 {
			t.Errorf("resumed too early: %s, %d sent", st.State, len(w.mailer.Sent()))
		}
		w.marketing.SetPaused("")
		w.steer(campaigns.ResumeCampaign, "mended")
	}, 2*time.Hour)
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 50 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
	w.checkOnce()
}

// TestCampaignPausesOnError: a transient error is retried until the call succeeds; any
// other error pauses the campaign for an operator.
func TestCampaignPausesOnError(t *testing.T) {
	w := newCampaign(t, spring, 40)
	before := w.mailer.Before
	w.mailer.Before = func(m mail.Message) error {
		w.mu.Lock()
		n := w.sent
		w.mu.Unlock()
		if n%13 == 12 { // throttled now and then
			_ = before(m)
			return &order.ProviderError{Provider: "fake", Op: "send", Kind: order.ErrThrottled, RetryAfter: time.Minute}
		}
		return before(m)
	}
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 40 {
		t.Errorf("throttled: %s %+v", st.State, st.Counts)
	}
	w.checkOnce()

	w = newCampaign(t, spring, 5)
	w.record.Before = func(op, _ string) error {
		if op == "DueRecipients" {
			return mail.ErrNoCampaign
		}
		return nil
	}
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignPaused || !strings.Contains(st.Why, "no such campaign") {
			t.Errorf("%s %q", st.State, st.Why)
		}
		w.steer(campaigns.CancelCampaign, "give up")
	}, time.Hour)
	w.play()
	if w.result.State != mail.CampaignCancelled {
		t.Errorf("ended as %s", w.result.State)
	}
}

// TestCampaignWithoutLinks (EML-13): a worker that cannot make links to unsubscribe sends
// no mail, and says which setting is missing.
func TestCampaignWithoutLinks(t *testing.T) {
	w := newCampaign(t, spring, 5)
	w.leaving = mail.Links{Key: []byte("key")}
	w.env.RegisterDelayedCallback(func() {
		if st := w.status(); st.State != mail.CampaignPaused || !strings.Contains(st.Why, "set PURSER_PUBLIC_URL") || st.Counts.Due != 5 {
			t.Errorf("%s %q %+v", st.State, st.Why, st.Counts)
		}
		w.leaving = mail.Links{Key: []byte("key"), Base: "https://shop.example"}
		w.steer(campaigns.ResumeCampaign, "it is set")
	}, time.Hour)
	w.play()
	if st := w.status(); st.State != mail.CampaignDone || st.Counts.Sent != 5 {
		t.Errorf("%s %+v", st.State, st.Counts)
	}
	w.checkOnce()
}
