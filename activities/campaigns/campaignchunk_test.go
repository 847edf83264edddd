package campaigns_test

import (
	"fmt"
	"testing"

	"purser/activities/campaigns"
	"purser/activities/fake"
	"purser/activities/mails"
	"purser/mail"
	"purser/order"
)

// TestSendCampaignChunk (EML-7): the progress ends before the first recipient without an
// outcome, so that the next chunk begins there; the recipients behind that one who have
// their mail do not get it again.
func TestSendCampaignChunk(t *testing.T) {
	var record fake.Campaigns
	var marketing fake.Marketing
	c := mail.Campaign{ID: "spring", Template: "campaign", Words: map[string]mail.Words{"en": {Subject: "Hello"}}}
	var all []mail.Recipient
	for i := range 4 {
		all = append(all, mail.Recipient{Address: fmt.Sprintf("r%d@example.com", i+1), Name: "R"})
	}
	err := record.CreateCampaign(t.Context(), c, "key:test")
	if err == nil {
		_, err = record.AddRecipients(t.Context(), c.ID, mail.CampaignDraft, all, 0)
	}
	if err == nil { // the third one got the mail in a chunk that was interrupted
		err = record.RecordRecipients(t.Context(), c.ID, []mail.Recipient{{N: 3, State: mail.StateSent}})
	}
	if err != nil {
		t.Fatal(err)
	}
	busy := true
	mailer := fake.Mailer{Before: func(m mail.Message) error {
		if busy && m.To[0].Email == "r2@example.com" {
			return &order.ProviderError{Provider: "fake", Op: "send", Kind: order.ErrThrottled}
		}
		return nil
	}}
	steps := &campaigns.Activities{
		Mails:  &mails.Activities{MailRouter: &mailer, Ledger: new(fake.Ledger), Blocked: new(fake.Suppressions)},
		Record: &record, Recipients: &record, Audience: &marketing, Templates: &marketing, Leaving: &marketing, Reputation: &marketing,
	}
	first, err := steps.SendCampaignChunk(t.Context(), campaigns.ChunkRequest{ID: c.ID})
	if err != nil || first.After != 1 || first.Finished {
		t.Errorf("the first chunk: %+v %v, want the progress 1", first, err)
	}
	busy = false
	second, err := steps.SendCampaignChunk(t.Context(), campaigns.ChunkRequest{ID: c.ID, After: first.After})
	if err != nil || second.After < 2 || second.Counts.Sent != 4 {
		t.Errorf("the second chunk: %+v %v, want all four sent", second, err)
	}
	for id, n := range mailer.Counts() {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}
