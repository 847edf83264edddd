package campaigns_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/workflows/campaigns"
)

// TestCampaignRoundRefused (EML-7): a round that cannot begin leaves the campaign as it
// was, sends nothing, and is refused to its caller.
func TestCampaignRoundRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		last mail.State // the outcome of the second recipient
		ends mail.CampaignState
	}{
		{name: "no outcome is unknown", last: mail.StateSent, ends: mail.CampaignDone},
		{name: "it was rejected, which is known", last: mail.StateRejected, ends: mail.CampaignDone},
		{name: "it is not done", last: mail.StateUnknown, ends: mail.CampaignCancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newCampaign(t, spring, 2)
			for _, err := range []error{
				w.record.SetCampaignState(bare{}, spring.ID, 3, mail.CampaignRunning, ""),
				w.record.RecordRecipients(bare{}, spring.ID, []mail.Recipient{{N: 1, State: mail.StateSent}, {N: 2, State: tt.last}}),
				w.record.SetCampaignState(bare{}, spring.ID, 4, tt.ends, ""),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			w.run = campaigns.CampaignRetryOf(w.status(), mail.Retry{Round: 1, ResolvedBefore: time.Now().Add(time.Hour)})
			w.steer(campaigns.RetryCampaign, "again")
			w.play()
			if st := w.status(); st.State != tt.ends || st.Round != 1 || len(w.mailer.Sent()) != 0 {
				t.Errorf("%s, round %d, %d mails", st.State, st.Round, len(w.mailer.Sent()))
			}
			if diff := cmp.Diff([]string{"RetryCampaign: refused"}, w.results); diff != "" {
				t.Error(diff)
			}
		})
	}
}
