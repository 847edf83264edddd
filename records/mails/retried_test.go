package mails_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/mail"
	"purser/records"
	"purser/records/recordstest"
)

// TestProvenAfterRetry (EML-9) checks that a provider's report about an earlier
// generation's mail resolves its recipient, even after the decision to retry,
// and that a report about the later generation does so too.
func TestProvenAfterRetry(t *testing.T) {
	recordstest.OnBoth(t, func(t *testing.T, open func(t *testing.T) *records.Store) {
		s := open(t)
		proof := sentTo(t, s, "c", 3)
		recordAs(t, s, "c", mail.StateUnknown, 1, 2, 3)
		if err := s.SetCampaignState(t.Context(), "c", 1, mail.CampaignDone, ""); err != nil {
			t.Fatal(err)
		}
		err := s.RetryCampaign(t.Context(), "c", 2, mail.Retry{Round: 1, ResolvedBefore: time.Now().Add(time.Minute), Actor: "key:ops", Reason: "late"})
		if err != nil {
			t.Fatal(err)
		}
		again := mail.Message{
			ID: mail.MessageID("c", mail.Recipient{Address: "r2@example.com", Generation: 2}), About: mail.CampaignWorkflowID("c"),
			Generation: 2, Stream: mail.Marketing, Template: "campaign", To: []mail.Address{{Email: "r2@example.com"}},
		}
		if before, err := s.ClaimMail(t.Context(), again, "ses"); err != nil || before.State != mail.StateDue {
			t.Fatalf("%+v, %v", before, err)
		}
		if err := s.RecordMailOutcome(t.Context(), again, mail.Outcome{State: mail.StateUnknown}); err != nil {
			t.Fatal(err)
		}
		recordAs(t, s, "c", mail.StateUnknown, 2)
		second := feedback("c-2-again", "r2@example.com", mail.Delivered, "")
		second.MessageID = again.ID
		report(t, s, proof[0], second)
		c, err := s.Campaign(t.Context(), "c")
		if diff := cmp.Diff(mail.CampaignCounts{Total: 3, Due: 1, Sent: 2}, c.Counts); err != nil || diff != "" {
			t.Error(err, diff)
		}
		due, err := s.DueRecipients(t.Context(), "c", 0, 9)
		if err != nil || len(due) != 1 || due[0].N != 3 || due[0].Generation != 2 {
			t.Errorf("due %+v, %v", due, err)
		}
		all, err := s.MailAudit(t.Context(), "", 9)
		if err != nil || len(all) != 1 || all[0].Actor != "key:ops" || all[0].Action != "retry" || all[0].Detail != "campaign c, round 2, 3 recipients: late" {
			t.Errorf("audit %+v, %v", all, err)
		}
	})
}
